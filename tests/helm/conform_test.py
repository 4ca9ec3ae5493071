"""Is what the chart renders from each of its examples what others take? helm's linter, Kubernetes, Prometheus, and the
exporter itself.

usage: conform_test.py lint | kubernetes | rules PROMTOOL | config EXPORTER
"""

import base64
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import chart

SCHEMAS = chart.PROJECT / "build" / "tools" / "kubernetes-schemas"
# Custom resources of which no Go module or package holds the definition.
CRDS = Path(__file__).resolve().parent / "crds"
SCHEMA_MAKER = chart.PROJECT / "scripts" / "tools" / "kubernetes_schemas.py"


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)


def lint():
    chart.need("helm")
    for values in chart.CI_VALUES:
        done = chart.run_helm("lint", "--strict", str(chart.CHART), "--values", str(values))
        found = re.findall(r"\[(?:WARNING|ERROR)\].*", done.stdout + done.stderr)
        if done.returncode != 0 or found:
            yield f"{values.name}: {done.stdout}{done.stderr}"


def kubernetes():
    chart.need("helm", "kubeconform")
    if not (SCHEMAS / "versions").exists():
        print("the Kubernetes schemas are not here: scripts/setup --tools fetches them where Go is on the machine")
        sys.exit(chart.SKIPPED)
    versions = (SCHEMAS / "versions").read_text().split()
    if versions[:2] != [chart.OLDEST, chart.NEWEST]:
        yield f"the schemas are those of {versions[:2]}, and chart.py names others"
    with tempfile.TemporaryDirectory() as own:
        made = run(sys.executable, "-B", str(SCHEMA_MAKER), own, *(str(crd) for crd in sorted(CRDS.glob("*.yaml"))))
        if made.returncode != 0:
            yield f"{CRDS}: {made.stderr}"
        dashboards = 0
        for version in (chart.OLDEST, chart.NEWEST):
            for values in chart.CI_VALUES:
                rendered = chart.text(values, kubernetes=version)
                dashboards += rendered.count("\nkind: GrafanaDashboard\n")
                done = conform(rendered, version, own)
                if done.returncode != 0 or "Errors: 0, Skipped: 0" not in done.stdout:
                    yield f"{values.name}, Kubernetes {version}: {done.stdout}{done.stderr}"
        if dashboards == 0:
            yield "no example rendered a GrafanaDashboard"
        # Would it notice?
        grafana = chart.minimal(dashboards={"enabled": True, "grafanaOperator": {"enabled": True}})
        for values, good, bad in ((chart.CI_VALUES[0], "serviceAccountName:", "serviceAcountName:"),
                                  (grafana, "configMapRef:", "configMapReference:"),
                                  (grafana, "resyncPeriod: 10m", "resyncPeriod: 1d")):
            done = conform(chart.text(values).replace(good, bad), chart.NEWEST, own)
            if done.returncode == 0 or bad.partition(":")[0] not in done.stdout:
                yield f"kubeconform took {bad}: {done.stdout}{done.stderr}"


def conform(manifests, version, own):
    return run(chart.tool("kubeconform"), "-strict", "-summary", "-kubernetes-version", version.removeprefix("v"),
               "-schema-location", f"{SCHEMAS}/{{{{.NormalizedKubernetesVersion}}}}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
               "-schema-location", f"{SCHEMAS}/crds/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
               "-schema-location", f"{own}/crds/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", input=manifests)


def rules(promtool):
    """promtool on the rules of every example that has some, and on rules with all thresholds changed."""
    chart.need("helm")
    thresholds = yaml.safe_load((chart.CHART / "files" / "thresholds.yaml").read_text())
    changed = {alert: {"for": "3m", "thresholds": {name: 1500000.5 for name in names}}
               for alert, names in thresholds.items()}
    looked = 0
    for values in [*chart.CI_VALUES, chart.minimal(prometheusRule={"enabled": True, "alerts": changed})]:
        for document in chart.all_of(chart.render(values), "PrometheusRule"):
            looked += 1
            with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
                yaml.safe_dump(document["spec"], file)
                file.flush()
                done = run(promtool, "check", "rules", file.name)
            if done.returncode != 0 or "SUCCESS" not in done.stdout:
                yield f"{values}: {done.stdout}{done.stderr}"
    if looked < 2:
        yield f"only {looked} PrometheusRule rendered"


def config(exporter):
    """The exporter's own check of each rendered configuration, with the flags of the rendered container."""
    chart.need("helm")
    looked = 0
    for values in chart.CI_VALUES:
        rendered = chart.render(values)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_volumes(rendered, root)
            flags = [re.sub(r"=/etc/", f"={root}/etc/", flag) for flag in chart.container_of(rendered)["args"]]
            if not (root / "etc/okta-servicenow-exporter/config/config.yml").exists():
                continue  # existingConfigSecret
            if "--web.config.file" in " ".join(flags) and not list(root.glob("**/web-config.yml")):
                flags = [flag for flag in flags if not flag.startswith("--web.config.file")]  # web.existingSecret
            looked += 1
            done = run(exporter, *flags, "--config.check")
            if done.returncode != 0:
                yield f"{values.name}: {done.stdout}{done.stderr}"
    if looked < len(chart.CI_VALUES) - 1:
        yield f"only {looked} configurations were there to check"


def write_volumes(rendered, root):
    """The files of the container, from the Secrets and ConfigMaps that were rendered with it."""
    contents = {}
    for document in chart.all_of(rendered, "Secret") + chart.all_of(rendered, "ConfigMap"):
        data = dict(document.get("stringData", {}))
        for name, text in document.get("data", {}).items():
            data[name] = base64.b64decode(text).decode() if document["kind"] == "Secret" else text
        contents[document["metadata"]["name"]] = data
    mounts = {mount["name"]: mount["mountPath"] for mount in chart.container_of(rendered)["volumeMounts"]}
    for volume in chart.pod_of(rendered)["volumes"]:
        sources = volume.get("projected", {}).get("sources", [volume])
        for source in sources:
            name = source.get("secret", {}).get("secretName") or source.get("secret", {}).get("name") or \
                source.get("configMap", {}).get("name")
            for file, text in contents.get(name, {}).items():
                path = root / mounts[volume["name"]].lstrip("/") / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    # The certificate of the example comes from a Secret of the user's.
    web = root / "etc/okta-servicenow-exporter/web"
    if web.exists():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=exporter", "-keyout", str(web / "tls.key"), "-out", str(web / "tls.crt"))


def main():
    checks = {"lint": lint, "kubernetes": kubernetes, "rules": rules, "config": config}
    if len(sys.argv) < 2 or sys.argv[1] not in checks:
        sys.exit(__doc__)
    faults = list(checks[sys.argv[1]](*sys.argv[2:]))
    for fault in faults:
        print(fault)
    print(f"{sys.argv[1]}: {len(faults)} faults, {len(chart.CI_VALUES)} examples")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
