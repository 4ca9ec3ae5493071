"""The rules, the example for Alertmanager and the dashboards, end to end, on the exporter and simulated vendors.

Usage: end_to_end_test.py PROJECT_FOLDER BUILD_FOLDER SCRATCH_FOLDER
A world for each scenario, one exporter on all of them and a second one, Debian's Prometheus with the rules, Debian's
Alertmanager with the example, and a webhook receiver. A day passes in some minutes: all durations are divided by FACTOR,
those of the rules and those of the exporter's configuration. Then every world is spoiled and mended. The alerts that each
scenario has to cause, and no others, must arrive and be resolved, and every query of every panel must return data at least
once; those that don't are listed.
"""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import compress
from scenarios import SCENARIOS, A, Scenario, World
from stack import Fault, Stack, await_that, get

FACTOR = 300
SCRAPE = "500ms"
JOB = "okta-servicenow-exporter"
INSTANCE = "okta-servicenow-exporter"
USERS = 120
PATIENCE = 300  # seconds until all alerts have arrived, and until all are resolved; a busy machine needs most of it
SECOND = "second"  # the instance of an exporter that is spoiled itself
OF_SECOND = {"ConfigReloadFailed", "ExporterDown"}

# Look back for a day, so they outlast the test.
LONG = {f"{A}UnknownValues"}

# Say that something is late. A quarter of an hour is three seconds here, and where the machine had no time for a scrape
# for a good part of that, this is what is wrong.
LATE = {"ExporterDown", "SampleStale", "SystemLogBehind", "TransactionLogBehind", "ThrottledTooLong"}
LATE_SCRAPE = 0.5  # seconds; a scrape takes milliseconds

# Queries that nothing here can feed, and why.
NO_DATA: dict[str, str] = {}

INTEGRATION = """
  - name: {name}
    tier: {tier}
    okta:
      url: {okta}
      api_token_file: {name}-token
      app: {{id: 0oaSIMservicenow0001}}
      rate_limit_share: 1
      system_log: {{interval: 500ms, task_settle: 200ms}}
    servicenow:
      url: {servicenow}
      reader: {{basic_auth: {{username: prom_reader, password_file: {name}-reader}}}}
      provisioner: {{basic_auth: {{username: okta.integration, password_file: {name}-provisioner}}}}
      acl: {{interval: 3s, provisioner_requests_per_hour: 100000}}
    drift: {{interval: 6s, grace: 0s}}
"""


def write_config(stack: Stack, worlds: dict[str, World], scenarios: list[Scenario], name: str) -> Path:
    text = "global: {sample_timeout: 30s}\nintegrations:\n"
    for scenario in scenarios:
        world = worlds[scenario.name]
        text += INTEGRATION.format(name=scenario.name, tier=scenario.tier, okta=world.okta, servicenow=world.servicenow)
        world.secret("token", "sim-okta-token")
        world.secret("reader", "sim-reader-password")
        world.secret("provisioner", "sim-okta-password")
    path = stack.folder / f"{name}.yml"
    path.write_text(text)
    return path


class Panels:
    """Every query of every dashboard; those that have returned no data yet are asked again and again."""

    def __init__(self, folder: Path, prometheus) -> None:
        self.prometheus = prometheus
        self.open: dict[str, tuple[str, str]] = {}
        self.count = 0
        for path in sorted(folder.glob("*.json")):
            dashboard = json.loads(path.read_text())
            found = [(panel["title"], target) for panel in dashboard["panels"] for target in panel.get("targets", [])]
            found += [(f"annotation {one['name']}", one["target"]) for one in dashboard["annotations"]["list"]]
            for title, target in found:
                self.count += 1
                self.open[f"{path.stem} / {title} / {target['refId']}"] = (target["expr"], self.compressed(target["expr"]))

    @staticmethod
    def compressed(expr: str) -> str:
        for variable in ("$job", "$instance", "$integration"):
            expr = expr.replace(variable, ".+")
        # Two minutes of the annotations would hold one scrape.
        expr = compress.expression(expr.replace("[2m]", "[$__rate_interval]"), FACTOR)
        return expr.replace("$__rate_interval", "2s").replace("$__range", "60s")

    def look(self) -> None:
        for name, (_, expr) in list(self.open.items()):
            if self.prometheus.query(expr):
                del self.open[name]


def make_certificate(folder: Path) -> Path:
    """A web configuration with TLS, so that there is a certificate that can expire."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
                    "-subj", "/CN=exporter", "-keyout", folder / "web.key", "-out", folder / "web.pem"],
                   check=True, capture_output=True)
    path = folder / "web.yml"
    path.write_text("tls_server_config: {cert_file: web.pem, key_file: web.key}\n")
    return path


class SecondExporter:
    """Its configuration is spoiled and reloaded; then it is stopped, and started again with a good one."""

    def __init__(self, stack: Stack, config: Path, address: str = "127.0.0.1:0") -> None:
        self.stack, self.config, self.good = stack, config, config.read_text()
        self.arguments = [f"--config.file={config}", f"--web.config.file={make_certificate(stack.folder)}"]
        self.address = stack.start_exporter(SECOND, self.arguments, address)
        self.step = 0

    def go_on(self, seen: set[str]) -> None:
        if self.step == 0:
            self.config.write_text("integrations: none\n")
            self.stack.processes[SECOND].send_signal(signal.SIGHUP)
            self.step = 1
        elif self.step == 1 and "ConfigReloadFailed" in seen:
            self.stack.stop(SECOND)
            self.step = 2

    def mend(self) -> None:
        if self.step == 2:
            self.config.write_text(self.good)
            self.stack.start_exporter(SECOND, self.arguments, self.address)


def settled(prometheus, count: int) -> bool:
    complete = prometheus.query("sum(okta_external_id_comparison_complete)")
    failed = prometheus.query("okta_servicenow_exporter_sample_success == 0")
    return bool(complete) and float(complete[0]["value"][1]) == count and not failed


def arrived(stack: Stack) -> dict[str, dict[str, list]]:
    """integration → alert → [severity, resolved] of each"""
    found: dict[str, dict[str, list]] = {}
    for labels, _, resolved in stack.receiver.seen():
        name = labels["alertname"].removeprefix(A)
        found.setdefault(labels.get("integration", labels.get("instance", "")), {}).setdefault(name, []).append(
            (labels["severity"], resolved))
    return found


def is_expected(labels: dict) -> bool:
    alert = labels["alertname"].removeprefix(A)
    must = {scenario.name: scenario.must for scenario in SCENARIOS} | {SECOND: OF_SECOND}
    return alert in must.get(labels.get("integration", labels.get("instance", "")), set())


def check(stack: Stack, scenarios: list[Scenario], slowest_scrape: float) -> list[str]:
    faults = []
    found = arrived(stack)
    excused = LATE if slowest_scrape > LATE_SCRAPE else set()
    if excused:
        print(f"The machine was busy: a scrape took {slowest_scrape:.1f} s. Not held against the rules: {sorted(excused)}")
    for scenario in scenarios:
        alerts = found.pop(scenario.name, {})
        missing = scenario.must - set(alerts)
        strangers = set(alerts) - scenario.must - scenario.may - excused
        if missing:
            faults.append(f"{scenario.name}: did not arrive: {sorted(missing)}")
        if strangers:
            faults.append(f"{scenario.name}: should not have arrived: {sorted(strangers)}")
        for alert, severity in scenario.severity.items():
            if any(one != severity for one, _ in alerts.get(alert, [])):
                faults.append(f"{scenario.name}: {alert} arrived as {alerts[alert][0][0]}, not as {severity}")
        for alert in scenario.must & set(alerts):
            if not all(resolved for _, resolved in alerts[alert]):
                faults.append(f"{scenario.name}: {alert} was never resolved")
    ours = found.pop(SECOND, {})
    if set(ours) != OF_SECOND or not all(resolved for alerts in ours.values() for _, resolved in alerts):
        faults.append(f"{SECOND}: not {sorted(OF_SECOND)}, all resolved, but {ours}")
    if set(found.get(INSTANCE, {})) <= excused:
        found.pop(INSTANCE, None)
    if set(found.get("", {})) <= {name.removeprefix(A) for name in LONG}:
        found.pop("", None)
    faults += [f"{name}: should not have arrived: {sorted(alerts)}" for name, alerts in found.items()]
    for annotations in stack.receiver.annotations():
        if any(mark in text for text in annotations.values() for mark in ("<no value>", "<error", "{{")):
            faults.append(f"an annotation is not filled in: {annotations}")
    return faults


def run(project: Path, stack: Stack) -> list[str]:
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)

    worlds = {}
    for number, scenario in enumerate(SCENARIOS, start=1):
        arguments = ["--users", str(USERS), "--seed", str(number), "--event-rate", "4", "--event-failure-share", "0",
                     "--no-history", *scenario.start]
        worlds[scenario.name] = World(scenario.name, stack.start_simulator(scenario.name, arguments), stack.folder)
    config = write_config(stack, worlds, SCENARIOS, "config")
    second = SecondExporter(stack, write_config(stack, worlds, SCENARIOS[:1], SECOND))
    exporter = stack.start_exporter("exporter", [f"--config.file={config}"])

    rules = stack.folder / "rules.yml"
    # Not before the first samples are in: Prometheus takes seconds to find its target, and these are hours here.
    rules.write_text("groups: []\n")
    compressed = compress.rules((project / "alerts/okta-servicenow.rules.yml").read_text(), FACTOR, SCRAPE)
    example = (project / "alerts/alertmanager.example.yml").read_text()
    alertmanager = stack.start_alertmanager(compress.alertmanager(example, stack.receiver.url))
    prometheus = stack.start_prometheus({
        "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": SCRAPE},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{
            "job_name": JOB,
            "static_configs": [{"targets": [exporter], "labels": {"instance": INSTANCE}},
                               {"targets": [second.address],
                                "labels": {"instance": SECOND, "__scheme__": "https"}}],
            "tls_config": {"insecure_skip_verify": True},
        }],
    })
    panels = Panels(project / "dashboards", prometheus)
    say(f"{len(SCENARIOS)} worlds, an exporter, Prometheus and Alertmanager run")
    await_that("all samples are in", lambda: settled(prometheus, len(SCENARIOS) + 1), 60)
    say("all samples are in")
    rules.write_text(compressed)
    prometheus.reload()
    time.sleep(8)
    if early := {name: sorted(alerts) for name, alerts in arrived(stack).items() if name != "mixed"}:
        raise Fault(f"alerts before anything was spoiled: {early}")

    for scenario in SCENARIOS:
        scenario.spoil(worlds[scenario.name])
    say("all worlds are spoiled")
    spoiled = time.monotonic()
    deadline = spoiled + PATIENCE
    first_seen: dict[tuple[str, str], float] = {}
    missing: dict[str, list[str]] = {}
    while time.monotonic() < deadline:
        stack.check_alive()
        for scenario in SCENARIOS:
            if time.monotonic() > spoiled + scenario.goes_on_after:
                scenario.goes_on(worlds[scenario.name])
        panels.look()
        found = arrived(stack)
        for name, alerts in found.items():
            for alert in alerts:
                first_seen.setdefault((name, alert), time.monotonic() - spoiled)
        second.go_on(set(found.get(SECOND, {})))
        expected = {scenario.name: scenario.must for scenario in SCENARIOS} | {SECOND: OF_SECOND}
        missing = {name: sorted(lack) for name, must in expected.items() if (lack := must - set(found.get(name, {})))}
        if not missing:
            break
        time.sleep(0.5)
    say(f"alerts have arrived; missing: {missing or 'none'}")
    last = sorted(first_seen.items(), key=lambda item: -item[1])[:5]
    say("the last of them: " + ", ".join(f"{name} {alert} after {after:.0f} s" for (name, alert), after in last))

    for scenario in SCENARIOS:
        scenario.mend(worlds[scenario.name])
    second.mend()
    say("all worlds are mended")
    deadline = time.monotonic() + PATIENCE
    firing: list[dict] = []
    quiet_since = None
    next_reload = 0.0
    while time.monotonic() < deadline:
        stack.check_alive()
        # For the annotation of reloads, until a scrape has come soon enough after one.
        if time.monotonic() > next_reload and any("annotation Reloads" in name for name in panels.open):
            stack.processes["exporter"].send_signal(signal.SIGHUP)
            next_reload = time.monotonic() + 5
        panels.look()
        firing = [one for one in prometheus.firing() if one["alertname"] not in LONG]
        waiting = [labels for labels, _, resolved in stack.receiver.seen() if not resolved and is_expected(labels)]
        # Without a scrape nothing fires either.
        scraped = prometheus.query("min(min_over_time(up[3s])) == 1")
        if firing or waiting or not scraped:
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
        elif time.monotonic() > quiet_since + 5:
            break
        time.sleep(0.5)
    say("alerts are resolved" if not firing else f"still firing: {firing}")
    slowest, average = (float(prometheus.query(f"max({over}(scrape_duration_seconds[15m]))")[0]["value"][1])
                        for over in ("max_over_time", "avg_over_time"))
    print(f"slowest scrape: {slowest:.3f} s, average {average:.3f} s")

    faults = check(stack, SCENARIOS, slowest)
    for name, alerts in sorted(arrived(stack).items()):
        print(f"  {name:18} {', '.join(sorted(alerts))}")
    if firing:
        faults.append(f"still firing: {sorted((one.get('integration', ''), one['alertname']) for one in firing)}")
    print(f"{panels.count} queries of dashboards; without data: {sorted(panels.open) or 'none'}")
    for name, (expr, _) in panels.open.items():
        if name not in NO_DATA:
            faults.append(f"{name}: never returned data: {expr}")
    for name in set(NO_DATA) - set(panels.open):
        faults.append(f"{name}: returned data; take it out of NO_DATA")
    return faults


def main(project: Path, build: Path, scratch: Path) -> int:
    subprocess.run(["rm", "-rf", str(scratch)], check=True)
    with Stack(scratch, build, project / "build/tools/prometheus/usr/bin") as stack:
        try:
            faults = run(project, stack)
        except Fault as fault:
            faults = [str(fault)]
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()))
