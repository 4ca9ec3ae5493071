"""Every alert has its runbook, every runbook its alert, and none leads nowhere.

Usage: runbooks_test.py RULES.yml RUNBOOKS_FOLDER
Prints each fault as a line, and ends with 1 where there is one.
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

HEADINGS = [
    "What it means",
    "Who is hurt",
    "How to confirm",
    "Causes by likelihood",
    "What to do",
    "When to escalate",
    "How to know that it is over",
    "What not to do",
]
SHARED = "remedies.md"  # what several runbooks link to; belongs to no alert


def runbook_urls(rules: str) -> dict[str, list[str]]:
    """The runbook_url of every alert. The rules are read by line: promtool has checked that they are YAML."""
    urls: dict[str, list[str]] = {}
    alert = ""
    for line in rules.splitlines():
        if found := re.fullmatch(r"\s*- (alert|record): (\S+)", line):
            alert = found[2] if found[1] == "alert" else ""
            if alert:
                urls.setdefault(alert, [])
        elif alert and (found := re.fullmatch(r"\s*runbook_url: *['\"]?([^\s'\"]*)['\"]?", line)):
            urls[alert].append(found[1])
    return urls


def without_code(markdown: str) -> str:
    markdown = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`]*`", "", markdown)


def headings(markdown: str, level: str = "#{1,6}") -> list[str]:
    text = re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^{level} +(.+?) *$", text, flags=re.MULTILINE)


def anchors(markdown: str) -> set[str]:
    """As GitHub makes them of headings: lower case, no punctuation but - and _, - for a blank."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(markdown)}


def alert_faults(urls: dict[str, list[str]], folder: Path) -> list[str]:
    faults = []
    for alert, found in urls.items():
        if len(found) != 1:
            faults.append(f"{alert}: has {len(found)} runbook_url annotations, not one")
        for url in found:
            name = urlsplit(url).path.rpartition("/")[2]
            if name != f"{alert}.md":
                faults.append(f"{alert}: runbook_url names {name}, not {alert}.md")
            if not (folder / name).is_file():
                faults.append(f"{alert}: its runbook {folder / name} does not exist")
    return faults


def heading_faults(path: Path, markdown: str) -> list[str]:
    faults = []
    if headings(markdown, "#") != [path.stem]:
        faults.append(f"{path.name}: the title is not \"# {path.stem}\"")
    found = headings(markdown, "##")
    if found != HEADINGS:
        faults.append(f"{path.name}: the headings are {found}, not {HEADINGS}")
    sections = re.split(r"^## .*$", markdown, flags=re.MULTILINE)[1:]
    faults += [f"{path.name}: nothing is under \"{heading}\"" for heading, text in zip(found, sections) if not text.strip()]
    return faults


def link_faults(path: Path, markdown: str) -> list[str]:
    faults = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(markdown)):
        parts = urlsplit(target)
        if parts.scheme or parts.netloc:
            continue
        file = path.parent / unquote(parts.path) if parts.path else path
        if not file.exists():
            faults.append(f"{path.name}: the link {target} leads to no file")
        elif parts.fragment and parts.fragment not in anchors(file.read_text(encoding="utf-8")):
            faults.append(f"{path.name}: the link {target} leads to no heading")
    return faults


def main(rules: Path, folder: Path) -> int:
    urls = runbook_urls(rules.read_text(encoding="utf-8"))
    faults = alert_faults(urls, folder)
    if not urls:
        faults.append(f"{rules}: no alert was found")
    if not (folder / SHARED).is_file():
        faults.append(f"{folder / SHARED} does not exist")
    for path in sorted(folder.iterdir()):
        if path.suffix != ".md":
            faults.append(f"{path.name}: is no runbook")
            continue
        markdown = path.read_text(encoding="utf-8")
        if path.name != SHARED:
            if path.stem not in urls:
                faults.append(f"{path.name}: there is no alert {path.stem}")
            faults += heading_faults(path, markdown)
        faults += link_faults(path, markdown)
    for fault in faults:
        print(fault)
    print(f"{len(urls)} alerts, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
