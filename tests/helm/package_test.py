"""The packaged chart: it holds the files of alerts/ and dashboards/ as they are, and renders as the folder does.

usage: package_test.py PACKAGE_SCRIPT
"""

import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import chart

SCRIPT = sys.argv.pop(1) if len(sys.argv) > 1 else str(chart.PROJECT / "scripts" / "package-chart")


class ThePackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        done = subprocess.run([SCRIPT, cls.folder.name], capture_output=True, text=True, timeout=60, check=False)
        cls.message = done.stdout + done.stderr
        cls.packages = sorted(Path(cls.folder.name).glob("*.tgz"))
        cls.files = {}
        for package in cls.packages:
            with tarfile.open(package) as archive:
                for member in archive.getmembers():
                    if member.isfile():
                        cls.files[member.name.partition("/")[2]] = archive.extractfile(member).read()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_is_one_file_with_the_charts_version(self):
        self.assertEqual([p.name for p in self.packages], ["okta-servicenow-exporter-0.1.0.tgz"], self.message)

    def test_holds_the_rules_and_the_dashboards_themselves(self):
        sources = [chart.PROJECT / "alerts" / "okta-servicenow.rules.yml",
                   *sorted((chart.PROJECT / "dashboards").glob("*.json"))]
        self.assertGreaterEqual(len(sources), 1)
        for source in sources:
            name = str(source.relative_to(chart.PROJECT))
            self.assertEqual(self.files.get(name), source.read_bytes(), name)
        packed = {name for name in self.files if name.startswith(("alerts/", "dashboards/"))}
        self.assertEqual(packed, {str(source.relative_to(chart.PROJECT)) for source in sources})

    def test_leaves_out_what_is_of_no_use_there(self):
        for name in self.files:
            self.assertFalse(name.startswith(("ci/", "alerts/runbooks/")), name)
        for name in ("values.schema.json", "README.md", "values.yaml", "files/thresholds.yaml"):
            self.assertIn(name, self.files)

    def test_renders_as_the_folder_does(self):
        values = chart.CHART / "ci" / "monitoring-values.yaml"
        arguments = ("--namespace", "monitoring", "--kube-version", chart.NEWEST, "--values", str(values))
        packed = chart.run_helm("template", "release", str(self.packages[0]), *arguments)
        self.assertEqual(packed.stdout, chart.text(values))
        self.assertNotIn("symbolic link", packed.stderr)

    def test_tells_artifact_hub_what_it_is(self):
        manifest = chart.yaml.safe_load(self.files["Chart.yaml"])
        self.assertEqual(manifest["apiVersion"], "v2")
        self.assertEqual(manifest["kubeVersion"], ">=1.25.0-0")
        annotations = manifest["annotations"]
        self.assertEqual({type(value) for value in annotations.values()}, {str}, "Helm takes strings only")
        self.assertEqual(annotations["artifacthub.io/category"], "monitoring-logging")
        changes = chart.yaml.safe_load(annotations["artifacthub.io/changes"])
        self.assertGreaterEqual(len(changes), 1)
        for change in changes:
            self.assertEqual(set(change), {"kind", "description"})
            self.assertIn(change["kind"], ("added", "changed", "deprecated", "removed", "fixed", "security"))

    def test_has_versions_that_agree_with_the_build(self):
        build = (chart.PROJECT / "CMakeLists.txt").read_text()
        manifest = chart.yaml.safe_load(self.files["Chart.yaml"])
        self.assertIn(f"VERSION {manifest['appVersion']} ", build)


if __name__ == "__main__":
    chart.main("helm")
