"""The table of values in the chart's README is made of values.yaml and its comments, the table of thresholds of
files/thresholds.yaml; and every value has its place in the schema and its comment.

After a change: /usr/bin/python3 tests/helm/readme_test.py --write
"""

import json
import re
import sys
import unittest
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[2] / "helm" / "okta-servicenow-exporter"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


def comments():
    """Key path to comment, in the file's order: {("image", "tag"): "Tag of …"}."""
    found, stack, pending = {}, [], None
    for line in (CHART / "values.yaml").read_text().splitlines():
        if begin := re.match(r" *# -- (.*)", line):
            pending = begin[1].strip()
        elif pending is not None and (more := re.match(r" *# (.*)", line)):
            pending += " " + more[1].strip()
        elif key := re.match(r"( *)([A-Za-z]+):", line):
            stack = [*stack[: len(key[1]) // 2], key[2]]
            if pending:
                found[tuple(stack)] = pending
            pending = None
    return found


def value_at(path):
    value = VALUES
    for key in path:
        value = value[key]
    return value


def tables():
    rows = ["| value | default | |", "|---|---|---|"]
    for path, comment in comments().items():
        default = json.dumps(value_at(path), ensure_ascii=False)
        rows.append(f"| `{'.'.join(path)}` | `{default}` | {comment.replace('|', chr(92) + '|')} |")
    thresholds = ["| alert | threshold | default | in |", "|---|---|---|---|"]
    for alert, names in yaml.safe_load((CHART / "files" / "thresholds.yaml").read_text()).items():
        for name, threshold in names.items():
            quoted = ", ".join(f"`{text}`" for text in threshold["in"])
            thresholds.append(f"| `{alert}` | `{name}` | {threshold['default']} | {quoted} |")
    return {"values": rows, "thresholds": thresholds}


def with_tables(readme):
    for name, rows in tables().items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        head, _, rest = readme.partition(begin)
        _, _, tail = rest.partition(end)
        readme = "\n".join([head + begin, "", *rows, "", end]) + tail
    return readme


def leaves(value, path=()):
    """Values that a person sets: what has a comment of its own ends the walk."""
    if path in comments() or not isinstance(value, dict):
        yield path
        return
    for key, part in value.items():
        yield from leaves(part, (*path, key))


def in_schema(path):
    node = SCHEMA
    for key in path:
        while "$ref" in node or "allOf" in node:
            reference = node["$ref"] if "$ref" in node else node["allOf"][0]["$ref"]
            node = SCHEMA["definitions"][reference.rpartition("/")[2]]
        if key not in node.get("properties", {}):
            return False
        node = node["properties"][key]
    return True


class TheReadme(unittest.TestCase):
    maxDiff = None

    def test_has_the_tables_of_the_values_file(self):
        readme = (CHART / "README.md").read_text()
        self.assertIn("<!-- values:begin -->", readme)
        self.assertEqual(readme, with_tables(readme), "run this test with --write")


class EveryValue(unittest.TestCase):
    def test_has_a_comment(self):
        without = [".".join(path) for path in leaves(VALUES) if path not in comments()]
        self.assertEqual(without, [])

    def test_is_in_the_schema(self):
        without = [".".join(path) for path in leaves(VALUES) if not in_schema(path)]
        self.assertEqual(without, [])

    def test_of_the_schema_is_in_the_file(self):
        for name in SCHEMA["properties"]:
            self.assertIn(name, VALUES)
        self.assertEqual(SCHEMA["$schema"], "http://json-schema.org/draft-07/schema#")

    def test_is_part_of_a_closed_object(self):
        """Objects with named keys take no others, and say which there are; `global` is shared with other charts."""
        def walk(node, path):
            if isinstance(node, list):
                for index, part in enumerate(node):
                    walk(part, f"{path}/{index}")
            if not isinstance(node, dict):
                return
            if isinstance(node.get("properties"), dict) and path != "/properties/global":
                self.assertIs(node.get("additionalProperties"), False, path)
                self.assertEqual(node["propertyNames"]["enum"], sorted(node["properties"]), path)
            for key, part in node.items():
                walk(part, f"{path}/{key}")

        walk(SCHEMA, "")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README = CHART / "README.md"
        README.write_text(with_tables(README.read_text()))
    else:
        unittest.main(verbosity=1)
