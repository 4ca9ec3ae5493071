"""The manual page and the completion name the flags and commands of --help, all of them and no other; the Dockerfile and
the chart say the version that the program says.

usage: words_test.py EXPORTER
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGING = PROJECT / "scripts" / "packaging"
EXPORTER = sys.argv.pop(1)
COMMANDS = ("once", "check", "probe")


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, **more).stdout


def flags_of_help(*command):
    """{"--name": takes a value?}"""
    found = {}
    for line in run(EXPORTER, *command, "--help").splitlines():
        if match := re.match(r"  (?:-h,)?(--[a-z.-]+)( [A-Z]+)?", line):
            found[match[1]] = bool(match[2])
    return found


def complete(line):
    """What bash offers for the line."""
    script = f"""
      source {PACKAGING}/okta-servicenow-exporter.bash
      COMP_LINE=$1 COMP_POINT=${{#1}}
      read -r -a COMP_WORDS <<<"$1"
      COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
      _okta_servicenow_exporter
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return set(run("bash", "-c", script, "bash", line).split())


class TheManualPage(unittest.TestCase):
    page = (PACKAGING / "okta-servicenow-exporter.1").read_text().replace("\\-", "-")

    def test_names_every_flag(self):
        known = {flag for command in ((), *((c,) for c in COMMANDS)) for flag in flags_of_help(*command)}
        named = set(re.findall(r"^\\fB(?:-h, )?(--[a-z.-]+)\\fR", self.page, re.MULTILINE))
        self.assertEqual(named, known)
        for command in COMMANDS:
            self.assertIn(f"\n.B {command}\n", self.page)


class TheCompletion(unittest.TestCase):
    def offered(self, *command):
        return {flag + ("=" if value else "") for flag, value in flags_of_help(*command).items()}

    def test_offers_the_flags_of_each_command(self):
        self.assertEqual(complete("okta-servicenow-exporter "), self.offered() | set(COMMANDS))
        for command in ("once", "check"):
            self.assertEqual(complete(f"okta-servicenow-exporter {command} "),
                             self.offered() | self.offered(command), command)
        self.assertEqual(complete("okta-servicenow-exporter probe "),
                         self.offered("probe") | {"--web.probe-address="})

    def test_offers_values(self):
        self.assertEqual(complete("okta-servicenow-exporter --log.level="), {"debug", "info", "warn", "error"})
        self.assertEqual(complete("okta-servicenow-exporter --web.show-users=n"), {"never", "names"})
        self.assertEqual(complete("okta-servicenow-exporter check --format="), {"text", "json"})
        self.assertEqual(complete("okta-servicenow-exporter --storage.r"), {"--storage.reset-counters"})


class TheVersion(unittest.TestCase):
    def test_is_the_same_everywhere(self):
        version = re.search(r"version (\S+)", run(EXPORTER, "--version"))[1]
        self.assertIn(f"VERSION {version} ", (PROJECT / "CMakeLists.txt").read_text())
        dockerfile = (PROJECT / "Dockerfile").read_text()
        self.assertIn(f'org.opencontainers.image.version="{version}"', dockerfile)
        self.assertIn(f"okta-servicenow-exporter {version} /image", dockerfile)
        chart = (PROJECT / "helm" / "okta-servicenow-exporter" / "Chart.yaml").read_text()
        self.assertIn(f'appVersion: "{version}"', chart)


class TheDockerfile(unittest.TestCase):
    text = (PROJECT / "Dockerfile").read_text()

    def test_gives_the_program_flags_that_it_knows(self):
        known = {**flags_of_help(), **flags_of_help("probe")}
        for name in re.findall(r'"(--[a-z.-]+)=', self.text):
            self.assertIn(name, known)
        self.assertRegex(self.text, r'(?m)^CMD \["--config.file=')
        self.assertRegex(self.text, r'HEALTHCHECK .* CMD \["/usr/bin/okta-servicenow-exporter", "probe",')

    def test_runs_as_the_user_that_the_image_knows(self):
        user = re.search(r"(?m)^USER (\d+):(\d+)$", self.text)
        self.assertIn(f"exporter:x:{user[1]}:{user[2]}:", (PROJECT / "scripts" / "image-root").read_text())
        values = (PROJECT / "helm" / "okta-servicenow-exporter" / "values.yaml").read_text()
        self.assertIn(f"runAsUser: {user[1]}", values)


if __name__ == "__main__":
    unittest.main(verbosity=1)
