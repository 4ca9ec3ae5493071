"""Writes the dashboards: Grafana's classic JSON, one file each, out of the modules beside this one.

Usage: generate.py [--check] FOLDER
With --check it writes nothing, says which files in FOLDER are not what it would write, and ends with 1 if any.
"""

import json
import sys
from pathlib import Path

import denials
import drift
import failures
import overview
import resources

DASHBOARDS = {
    "overview": overview.make,
    "external-id-drift": drift.make,
    "acl-denials": denials.make,
    "provisioning-failures": failures.make,
    "exporter-and-api-budget": resources.make,
}


def main(folder: Path, check: bool) -> int:
    wrong = 0
    for name, make in DASHBOARDS.items():
        path = folder / f"{name}.json"
        text = json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not what dashboards/source writes: run python3 dashboards/source/generate.py dashboards")
            wrong += 1
    strangers = {path.stem for path in folder.glob("*.json")} - set(DASHBOARDS)
    for name in sorted(strangers):
        print(f"{folder / name}.json is made by nothing in dashboards/source")
    return 1 if wrong or strangers else 0


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    sys.exit(main(Path(arguments[0]), "--check" in sys.argv[1:]))
