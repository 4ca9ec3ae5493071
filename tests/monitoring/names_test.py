"""Every metric, label and label value that dashboards, rules, runbooks and README name is one that the exporter exposes,
and dashboards, runbooks and alerts lead to each other.

Usage: names_test.py PROJECT_FOLDER
The truth is the README's table of metrics, which a unit test holds equal to the catalogue in the code. Every metric of
the catalogue is in a dashboard or a rule, or in NOT_USED with the reason. Prints each fault as a line, and ends with 1
where there is one.
"""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

# Metrics of the catalogue that no dashboard and no rule uses, and why.
NOT_USED: dict[str, str] = {}

# Not the exporter's: Prometheus makes them.
PROMETHEUS = {
    "up": {"job", "instance"},
    "ALERTS": {"alertname", "alertstate", "severity", "job", "instance", "integration"},
}
TARGET_LABELS = {"job", "instance"}
ALERT_LABELS = {"alertname", "severity", "alertstate"}
KEYWORDS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf", "nan"}
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
STRING = r'"(?:[^"\\]|\\.)*"'
SELECTOR = re.compile(rf"([a-zA-Z_:][\w:]*)?\s*\{{((?:[^{{}}\"]|{STRING})*)\}}")
MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({STRING})")
NAME = re.compile(r"(?<![\w:$.])[a-zA-Z_:][\w:]*(?![\w:]*\s*\()")


@dataclass
class Names:
    """What may be named: metrics with their labels, and the closed sets of values of these."""

    labels: dict[str, set[str]]
    values: dict[tuple[str, str], set[str]]
    faults: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def labels_of(self, metric: str) -> set[str] | None:
        for suffix, more in (("", set()), ("_bucket", {"le"}), ("_sum", set()), ("_count", set())):
            if metric.endswith(suffix) and (base := metric[: len(metric) - len(suffix)]) in self.labels:
                return self.labels[base] | more | TARGET_LABELS
        return None

    def values_of(self, metric: str, label: str) -> set[str]:
        """Empty where any value may be. Of a recorded series: those of the label in any metric."""
        if ":" in metric or not metric:
            return {value for (_, other), found in self.values.items() if other == label for value in found}
        return self.values.get((metric, label), set())


def catalogue(readme: str) -> Names:
    names = Names({}, {})
    table = readme.split("<!-- metrics:begin -->")[1].split("<!-- metrics:end -->")[0]
    for metric, labels in re.findall(r"^\| `(\w+)` \| (?:counter|gauge|histogram) \| ([^|]*) \|", table, re.MULTILINE):
        names.labels[metric] = set()
        for part in labels.split(";"):
            if found := re.fullmatch(r"\s*`(\w+)`(?:: (.*?))?\s*", part):
                names.labels[metric].add(found[1])
                if found[2]:
                    names.values[metric, found[1]] = set(found[2].split(", "))
    for metric, found in PROMETHEUS.items():
        names.labels[metric] = set(found)
    return names


def grouped(expr: str) -> set[str]:
    return {label.strip() for _, labels in GROUPING.findall(expr) for label in labels.split(",") if label.strip()}


def metrics_in(expr: str) -> set[str]:
    """Names of series outside of selectors, strings, groupings and ranges; and those that bear a selector."""
    found = {name for name, _ in SELECTOR.findall(expr) if name}
    bare = SELECTOR.sub(" ", GROUPING.sub(" ", expr))
    bare = re.sub(r"\[[^\]]*\]", " ", re.sub(STRING, " ", bare))
    return found | {name for name in NAME.findall(bare) if name.lower() not in KEYWORDS}


def check_value(names: Names, where: str, metric: str, label: str, operator: str, text: str) -> None:
    allowed = names.values_of(metric, label)
    if not allowed or "$" in text:
        return
    parts = text.split("|") if "~" in operator else [text]
    for part in parts:
        plain = re.fullmatch(r"\w*", part)
        if part == "" or (part in allowed if plain else any(re.fullmatch(part, value) for value in allowed)):
            continue
        names.faults.append(f"{where}: {metric} has no {label}=\"{part}\"")


def check_expression(names: Names, where: str, expr: str) -> set[str]:
    """Returns the labels that its result may have."""
    metrics = metrics_in(expr)
    known: set[str] = set()
    for metric in sorted(metrics):
        labels = names.labels_of(metric)
        if labels is None:
            names.faults.append(f"{where}: there is no metric {metric}")
        else:
            known |= labels
            names.used |= {metric, re.sub(r"_(bucket|sum|count)$", "", metric)}
    for metric, matchers in SELECTOR.findall(expr):
        labels = names.labels_of(metric) if metric else None
        for label, operator, quoted in MATCHER.findall(matchers):
            if labels is not None and label not in labels:
                names.faults.append(f"{where}: {metric} has no label {label}")
            check_value(names, where, metric, label, operator, quoted[1:-1])
    for label in sorted(grouped(expr) - known):
        names.faults.append(f"{where}: no metric in it has the label {label}")
    return known


def check_templates(names: Names, where: str, text: str, pattern: str, known: set[str]) -> None:
    for label in re.findall(pattern, text):
        if label not in known:
            names.faults.append(f"{where}: no label {label} for \"{text}\"")


def check_rules(names: Names, path: Path) -> None:
    rules = [rule for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    for rule in rules:
        if "record" in rule:
            names.labels.setdefault(rule["record"], set()).update(grouped(rule["expr"]) | set(rule.get("labels", {})))
    for rule in rules:
        name = rule.get("record") or rule["alert"]
        known = check_expression(names, f"rule {name}", rule["expr"])
        for text in [*rule.get("annotations", {}).values(), *rule.get("labels", {}).values()]:
            check_templates(names, f"rule {name}", text, r"\$labels\.(\w+)", known)


def check_panel(names: Names, where: str, panel: dict) -> None:
    known: set[str] = set()
    legends = ""
    metrics: set[str] = set()
    for target in panel.get("targets", []):
        found = check_expression(names, where, target["expr"])
        check_templates(names, where, target["legendFormat"], r"\{\{\s*(\w+)\s*\}\}", found)
        known |= found
        metrics |= metrics_in(target["expr"])
        legends += " " + target["legendFormat"]
    for step in panel.get("transformations", []):
        for label in set(step["options"]["indexByName"]) - known - {"Value"}:
            names.faults.append(f"{where}: no label {label} for a column")
    possible = {value for (metric, _), values in names.values.items() if metric in metrics for value in values}
    for override in panel.get("fieldConfig", {}).get("overrides", []):
        if override["matcher"]["id"] == "byRegexp":
            word = re.sub(r"^/(\(\^\| \))?|\$/$", "", override["matcher"]["options"])
            if word not in possible and word not in legends:
                names.faults.append(f"{where}: a colour for \"{word}\", which none of its series is called")


def check_dashboard(names: Names, path: Path) -> None:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        check_panel(names, f"{path.name}, {panel['title']}", panel)
    for one in dashboard["annotations"]["list"]:
        known = check_expression(names, f"{path.name}, annotation {one['name']}", one["target"]["expr"])
        check_templates(names, f"{path.name}, annotation {one['name']}", one["titleFormat"] + one["textFormat"],
                        r"\{\{\s*(\w+)\s*\}\}", known)
    for one in dashboard["templating"]["list"]:
        if one["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", one["query"]["query"])
            known = check_expression(names, f"{path.name}, variable {one['name']}", found[1])
            if found[2] not in known:
                names.faults.append(f"{path.name}, variable {one['name']}: no label {found[2]}")


def check_links(names: Names, project: Path, dashboards: list[Path]) -> None:
    """Dashboards lead to runbooks and to pages that are there, alerts to dashboards that are."""
    uids = set()
    pages = {"/drift", "/failures"}
    for path in dashboards:
        text = path.read_text(encoding="utf-8")
        uids.add(json.loads(text)["uid"])
        for file in set(re.findall(r"\$\{runbooks_url\}/([^\"]*)", text)):
            if not (project / "alerts/runbooks" / file).is_file():
                names.faults.append(f"{path.name}: there is no runbook {file}")
        for address in set(re.findall(r"\$\{exporter_url\}([^?\"]*)", text)) - pages:
            names.faults.append(f"{path.name}: links to {address}, not to one of {sorted(pages)}")
    rules = yaml.safe_load((project / "alerts/okta-servicenow.rules.yml").read_text(encoding="utf-8"))
    for rule in (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule):
        found = re.fullmatch(r"https://grafana\.example\.com/d/([\w-]+)(\?.*)?", rule["annotations"].get("dashboard_url", ""))
        if not found or found[1] not in uids:
            names.faults.append(f"{rule['alert']}: has no dashboard_url that leads to one of {sorted(uids)}")


def check_inhibition(names: Names, project: Path) -> None:
    """The example for Alertmanager names alerts that there are, by labels that alerts have."""
    rules = yaml.safe_load((project / "alerts/okta-servicenow.rules.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule}
    example = yaml.safe_load((project / "alerts/alertmanager.example.yml").read_text(encoding="utf-8"))
    for rule in example["inhibit_rules"]:
        for label, operator, quoted in MATCHER.findall(" ".join(rule["source_matchers"] + rule["target_matchers"])):
            found = re.fullmatch(r"(\w*)\((.*)\)", quoted[1:-1])
            head, words = (found[1], found[2]) if found else ("", quoted[1:-1])
            parts = [head + word for word in (words.split("|") if "~" in operator else [words])]
            if label == "alertname":
                names.faults += [f"alertmanager.example.yml: there is no alert {part}" for part in parts if part not in alerts]
            else:
                check_value(names, "alertmanager.example.yml", "", label, operator, quoted[1:-1])


def composed(name: str, literals: set[str]) -> bool:
    """Is it a string in the code, or two of them joined, the second with a leading _?"""
    return name in literals or any(name.endswith(end) and name[: -len(end)] in literals for end in literals if end[0] == "_")


def check_text(names: Names, path: Path, literals: set[str]) -> None:
    """Markdown: blocks of PromQL, and what stands in backquotes and looks like a metric."""
    text = path.read_text(encoding="utf-8")
    for expr in re.findall(r"^ *```promql\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        check_expression(names, path.name, expr)
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    values = {value for found in names.values.values() for value in found}
    for code in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", text):
        for name in re.findall(r"(?<![\w:.-])(?:okta|servicenow|process)_\w+(?![\w.-]*[./]\w)", code):
            if names.labels_of(name) is None and name not in values and not composed(name, literals):
                names.faults.append(f"{path.name}: `{code}` names {name}, which is no metric")
        for rest in re.findall(r"…_?(\w+)", code):
            if not any(metric.endswith(f"_{rest}") for metric in names.labels):
                names.faults.append(f"{path.name}: no metric ends as `{code}` does")
        for metric, matchers in SELECTOR.findall(code):
            labels = names.labels_of(metric)
            for label, operator, quoted in MATCHER.findall(matchers) if labels is not None else []:
                if label not in labels:
                    names.faults.append(f"{path.name}: {metric} has no label {label}")
                check_value(names, path.name, metric, label, operator, quoted[1:-1])


def main(project: Path) -> int:
    names = catalogue((project / "README.md").read_text(encoding="utf-8"))
    exposed = set(names.labels) - set(PROMETHEUS)
    check_rules(names, project / "alerts/okta-servicenow.rules.yml")
    dashboards = sorted((project / "dashboards").glob("*.json"))
    for path in dashboards:
        check_dashboard(names, path)
    check_links(names, project, dashboards)
    check_inhibition(names, project)
    used = set(names.used)
    # Runbooks also name lines of `check` and words of the configuration: strings in the code.
    code = [path.read_text(encoding="utf-8") for path in (project / "exporter").rglob("*.cpp")]
    literals = {word for text in code for word in re.findall(r'"(\w+)"', text)}
    texts = [project / "README.md", *sorted((project / "alerts/runbooks").glob("*.md"))]
    for path in texts:
        check_text(names, path, literals)
    for metric in sorted(exposed - used - set(NOT_USED)):
        names.faults.append(f"{metric}: is in no dashboard and no rule; use it, or say why not in NOT_USED")
    for metric in sorted(set(NOT_USED) & used | set(NOT_USED) - exposed):
        names.faults.append(f"{metric}: is in NOT_USED and used, or is no metric")
    if len(exposed) < 50 or not dashboards or len(texts) < 30:
        names.faults.append(f"only {len(exposed)} metrics, {len(dashboards)} dashboards, {len(texts)} texts were found")
    for fault in names.faults:
        print(fault)
    print(f"{len(exposed)} metrics, {len(dashboards)} dashboards, {len(texts)} texts, {len(names.faults)} faults")
    return 1 if names.faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
