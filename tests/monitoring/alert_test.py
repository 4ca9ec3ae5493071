"""Runs promtool on the cases of one alert, with only the rules that the alert needs.

Usage: alert_test.py PROMTOOL RULES.yml CASES.yml SCRATCH_FOLDER
promtool evaluates every rule of a file at every step, thirty times what the cases of one alert need. So it gets a copy
of the rules with the alert of the cases' name and the recording rules that its expression uses, text unchanged.
"""

import re
import subprocess
import sys
from pathlib import Path

RULE = re.compile(r"^ {6}- (alert|record): (\S+)\n", re.MULTILINE)
GROUP = re.compile(r"^ {2}- name: \S+\n", re.MULTILINE)


def blocks(text: str, start: re.Pattern[str]) -> tuple[str, list[str]]:
    """What is before the first match, and the texts from each match to the next."""
    at = [found.start() for found in start.finditer(text)]
    return text[: at[0]] if at else text, [text[begin:end] for begin, end in zip(at, [*at[1:], len(text)])]


def needed(rules: list[str], alert: str) -> set[str]:
    """The names of the alert and of the records that it uses, directly or by another record."""
    by_name: dict[str, str] = {}
    for rule in rules:
        name = RULE.match(rule)[2]
        by_name[name] = by_name.get(name, "") + rule
    if alert not in by_name:
        sys.exit(f"there is no alert {alert}")
    found: set[str] = set()
    open_names = [alert]
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += [other for other in by_name if other != name and other in by_name[name]]
    return found


def subset(rules: str, alert: str) -> str:
    head, groups = blocks(rules, GROUP)
    parted = [blocks(group, RULE) for group in groups]
    names = needed([rule for _, found in parted for rule in found], alert)
    text = head
    for group_head, found in parted:
        kept = [rule for rule in found if RULE.match(rule)[2] in names]
        if kept:
            text += group_head + "".join(kept)
    return text


def main(promtool: str, rules: Path, cases: Path, scratch: Path) -> int:
    scratch.mkdir(parents=True, exist_ok=True)
    subset_file = scratch / f"{cases.stem}.rules.yml"
    subset_file.write_text(subset(rules.read_text(encoding="utf-8"), cases.stem), encoding="utf-8")
    text, replaced = re.subn(r"^rule_files: .*$", f"rule_files: ['{subset_file}']", cases.read_text(encoding="utf-8"),
                             flags=re.MULTILINE)
    if replaced != 1:
        sys.exit(f"{cases}: has {replaced} lines of rule_files, not one")
    cases_file = scratch / cases.name
    cases_file.write_text(text, encoding="utf-8")
    return subprocess.run([promtool, "test", "rules", str(cases_file)], check=False).returncode


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])))
