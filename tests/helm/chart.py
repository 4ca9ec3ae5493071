"""What the chart's tests share: rendering with helm, and finding things in what it rendered."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
CHART = PROJECT / "helm" / "okta-servicenow-exporter"
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
NAME = "release-okta-servicenow-exporter"
# The oldest and the newest Kubernetes whose schemas `scripts/setup --tools` has fetched.
OLDEST, NEWEST = "v1.25.16", "v1.37.2"
SECRETS = "/etc/okta-servicenow-exporter/secrets"
SKIPPED = 77

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def tool(name):
    """A tool from build/tools/bin, or from the search path; $HELM is another helm."""
    if name == "helm" and "HELM" in os.environ:
        return os.environ["HELM"] if Path(os.environ["HELM"]).exists() else None
    own = PROJECT / "build" / "tools" / "bin" / name
    if own.exists():
        return str(own)
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and (Path(folder) / name).is_file() and os.access(Path(folder) / name, os.X_OK):
            return str(Path(folder) / name)
    return None


def need(*tools):
    """Ends as skipped, which ctest tells by name, where a tool is not on this machine."""
    for name in tools:
        if not tool(name):
            option = "--cluster" if name == "helm" and "HELM" in os.environ else "--tools"
            print(f"{name} is not here: scripts/setup {option} installs it where Go is on the machine")
            sys.exit(SKIPPED)


def minimal(**more):
    """The least values, and more top-level ones."""
    return {
        "integrations": [integration()],
        "secrets": {"existingSecret": "okta-servicenow"},
        **more,
    }


def integration(name="production", okta=None, servicenow=None, **more):
    return {
        "name": name,
        "okta": {
            "url": "https://example.okta.com",
            "api_token_file": f"{SECRETS}/okta-token",
            "app": {"id": "0oa1abcd"},
            **(okta or {}),
        },
        "servicenow": {
            "url": "https://example.service-now.com",
            "reader": {"basic_auth": {"username": "prom_reader", "password_file": f"{SECRETS}/sn-reader"}},
            **(servicenow or {}),
        },
        **more,
    }


def run_helm(*arguments):
    return subprocess.run([tool("helm"), *arguments], capture_output=True, text=True, timeout=60, check=False)


def template(values, *arguments, kubernetes=NEWEST):
    """helm template with values (a file or an object)."""
    if isinstance(values, Path):
        return run_helm("template", "release", str(CHART), "--namespace", "monitoring", "--kube-version", kubernetes,
                        "--values", str(values), *arguments)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(values, file)
        file.flush()
        return template(Path(file.name), *arguments, kubernetes=kubernetes)


def text(values, *arguments, kubernetes=NEWEST):
    done = template(values, *arguments, kubernetes=kubernetes)
    if done.returncode != 0:
        raise AssertionError(f"helm template failed:\n{done.stderr}")
    return done.stdout


def documents(rendered):
    return [document for document in yaml.load_all(rendered, Loader=Loader) if document]


def render(values, *arguments):
    return documents(text(values, *arguments))


def all_of(rendered, kind):
    return [document for document in rendered if document["kind"] == kind]


def one(rendered, kind, name=None):
    found = [d for d in all_of(rendered, kind) if name is None or d["metadata"]["name"] == name]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} of kind {kind} {name or ''}: {[d['metadata']['name'] for d in found]}")
    return found[0]


def pod_of(rendered):
    return one(rendered, "StatefulSet")["spec"]["template"]["spec"]


def container_of(rendered):
    return next(c for c in pod_of(rendered)["containers"] if c["name"] == "exporter")


def refusal(values, *arguments):
    """What helm says when it refuses the values; fails where it takes them."""
    done = template(values, *arguments)
    if done.returncode == 0:
        raise AssertionError("helm template took these values")
    return "\n".join(line for line in done.stderr.splitlines() if "walk.go" not in line)


def main(*tools):
    need(*tools)
    unittest.main(module="__main__", verbosity=1)
