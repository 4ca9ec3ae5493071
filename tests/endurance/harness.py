"""An exporter on a simulated Okta org and ServiceNow instance that is attacked for a while, and the means to see that it
counted the truth: what the simulator says, what the exporter exposes, and what a real Prometheus made of its scrapes.
"""

import argparse
import json
import random
import re
import shutil
import socket
import sys
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "monitoring"))

from stack import Fault, Prometheus, Stack, await_that, get, post  # noqa: E402

INTEGRATION = "production"
# The counters of what happened at the vendors: they go on over restarts.
TASKS = "okta_provisioning_tasks_total"
FAILURES = "okta_provisioning_task_failures_total"
DENIALS = "okta_provisioning_acl_denials_total"
VERDICTS = "okta_provisioning_failure_verdicts_total"
REFUSALS = "servicenow_acl_denials_total"
TRANSACTIONS = "servicenow_rest_transactions_total"
DETECTED = "okta_external_id_drift_detected_total"
RESOLVED = "okta_external_id_drift_resolved_total"
EVENT_COUNTERS = (TASKS, FAILURES, DENIALS, VERDICTS, REFUSALS, TRANSACTIONS, DETECTED, RESOLVED)
AMBIGUOUS = "record_not_found_or_hidden"

CONFIG = """
global: {{sample_timeout: 30s}}
integrations:
  - name: production
    tier: production
    okta:
      url: {okta}
      api_token_file: okta-token
      app: {{id: 0oaSIMservicenow0001}}
      rate_limit_share: 1
      system_log: {{interval: {log_interval}, task_settle: {settle}}}
    servicenow:
      url: {servicenow}
      reader: {{basic_auth: {{username: prom_reader, password_file: reader-password}}}}
      provisioner: {{basic_auth: {{username: okta.integration, password_file: provisioner-password}}}}
      unmetered_requests_per_minute: 1000000
      acl: {{interval: 1s, provisioner_requests_per_hour: 100000}}
    drift: {{interval: {drift_interval}, grace: 0s, mass_threshold: 0.2}}
"""

SERIES = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$", re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Key = tuple[str, tuple[tuple[str, str], ...]]


def parse(exposition: str) -> dict[Key, float]:
    return {(name, tuple(sorted(LABEL.findall(labels or "")))): float(value)
            for name, labels, value in SERIES.findall(exposition)}


def by_labels(samples: dict[Key, float], metric: str, *labels: str) -> dict[str, int]:
    """The series of a metric that are not 0, by these labels' values, joined as the simulator's truth joins them."""
    found: Counter[str] = Counter()
    for (name, pairs), value in samples.items():
        if name == metric and value != 0:
            found["|".join(dict(pairs)[label] for label in labels)] += int(value)
    return dict(found)


def iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03d}Z"


class Simulator:
    def __init__(self, stack: Stack, *arguments: object) -> None:
        addresses = stack.start_simulator("simulator", ["--no-history", "--rate-limit", "1000000", *map(str, arguments)])
        self.okta, self.servicenow, self.control = addresses["okta"], addresses["servicenow"], addresses["control"]

    def do(self, *commands: dict) -> dict:
        return post(f"{self.control}/world", list(commands))

    def truth(self, since: float = 0, **parameters: object) -> dict:
        query = {"since": iso(since), "grace_seconds": 0, **parameters}
        return json.loads(get(f"{self.control}/truth?" + "&".join(f"{name}={value}" for name, value in query.items())))

    def users(self) -> dict[str, tuple[str, str | None]]:
        """Okta id → state and kind"""
        return {user["okta_user_id"]: (user["state"], user["kind"]) for user in self.truth(users=1)["users"]}


def write_secret(folder: Path, name: str, text: str) -> None:
    """Replaced at once: whoever reads it reads the old or the new one."""
    fresh = folder / f"{name}.new"
    fresh.write_text(text + "\n")
    fresh.replace(folder / name)


def write_config(folder: Path, simulator: Simulator, **intervals: str) -> Path:
    write_secret(folder, "okta-token", "sim-okta-token")
    write_secret(folder, "reader-password", "sim-reader-password")
    write_secret(folder, "provisioner-password", "sim-okta-password")
    path = folder / "config.yml"
    path.write_text(CONFIG.format(okta=simulator.okta, servicenow=simulator.servicenow,
                                  **{"log_interval": "200ms", "settle": "300ms", "drift_interval": "1s", **intervals}))
    return path


def lasting_port() -> int:
    """One that stays free while the exporter is down: below those that the kernel gives to whoever asks for any."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Exporter:
    """One state, and one process at a time on it."""

    def __init__(self, stack: Stack, config: Path, *arguments: str) -> None:
        self.stack, self.config, self.arguments = stack, config, arguments
        self.log = stack.folder / "exporter.log"
        self.state = stack.folder / "state"
        self.move()

    def move(self) -> None:
        """Listens on another port from the next start on."""
        self.address = f"127.0.0.1:{lasting_port()}"

    def start(self, *prefix: str) -> None:
        """Does not wait for anything."""
        self.stack.start("exporter", [*prefix, self.stack.exporter_binary, f"--config.file={self.config}",
                                      f"--storage.path={self.state}", f"--web.listen-address={self.address}",
                                      *self.arguments])

    @property
    def process(self):
        return self.stack.processes["exporter"]

    def kill(self) -> None:
        process = self.stack.processes.pop("exporter")
        if process.poll() is not None:
            raise Fault(f"the exporter had ended by itself with {process.returncode}: {self.log_text()[-2000:]}")
        process.kill()
        process.wait()

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def scrape(self) -> dict[Key, float]:
        return parse(get(f"http://{self.address}/metrics"))

    def value(self, metric: str, **labels: str) -> float | None:
        wanted = set(labels.items())
        found = [value for (name, pairs), value in self.scrape().items() if name == metric and wanted <= set(pairs)]
        return sum(found) if found else None

    def await_samples(self, seconds: float = 30) -> None:
        """Until every sampler has succeeded since the process started."""
        def good() -> bool:
            self.stack.check_alive()
            success = {dict(pairs)["sampler"]: value for (name, pairs), value in self.scrape().items()
                       if name == "okta_servicenow_exporter_sample_success"}
            return len(success) >= 7 and all(value == 1 for value in success.values())
        await_that("every sampler has succeeded", good, seconds)

    def drifted(self) -> dict[str, str]:
        """Okta id → kind, of the ledger's open entries"""
        listed = json.loads(get(f"http://{self.address}/drift?format=json&limit=100000"))
        return {item["okta_user_id"]: item["kind"] for item in listed["items"]}


class Scraper:
    """Debian's Prometheus, which scrapes each second with the relabelling that README.md tells people to use."""

    def __init__(self, stack: Stack, project: Path, exporter: Exporter) -> None:
        readme = (project / "README.md").read_text()
        shown = yaml.safe_load(re.search(r"```yaml\n(scrape_configs:.*?)```", readme, re.S)[1])["scrape_configs"][0]
        self.targets = stack.folder / "targets.json"
        self.exporter = exporter
        self.follow()
        shown.pop("static_configs")
        shown["file_sd_configs"] = [{"files": [str(self.targets)], "refresh_interval": "1s"}]
        self.job = shown["job_name"]
        self.prometheus: Prometheus = stack.start_prometheus(
            {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [shown]})

    def follow(self) -> None:
        """Scrapes where the exporter is now."""
        fresh = self.targets.with_suffix(".new")
        fresh.write_text(json.dumps([{"targets": [self.exporter.address]}]))
        fresh.replace(self.targets)

    def await_scrape(self) -> None:
        """Until a scrape that began after this call is in."""
        now = time.time()
        up = f'up{{job="{self.job}"}}'
        # timestamp() tells the time of a sample only of a bare selector.
        await_that("Prometheus has scraped", lambda: any(
            float(one["value"][1]) > now for one in self.prometheus.query(f"timestamp({up}) and {up} == 1")), 30)

    def increase(self, metric: str) -> dict[Key, float]:
        """What increase() makes of each series between its first and its last sample. increase() extrapolates to the
        bounds of its range, so the range is made to end exactly at those two."""
        selector = f'{metric}{{job="{self.job}"}}'
        found = {}
        for one in self.prometheus.query(f"{selector}[1d]"):
            times = [round(float(moment) * 1000) for moment, _ in one["values"]]
            labels = {name: value for name, value in one["metric"].items() if name != "__name__"}
            series = metric + json_selector(labels)
            [answer] = self.prometheus.query(f"increase({series}[{times[-1] - times[0]}ms] @ {times[-1] / 1000:.3f})")
            if float(one["values"][0][1]) != 0:
                raise Fault(f"the first scrape of {series} was not 0: increase() can't know what came before")
            key = tuple(sorted((n, v) for n, v in labels.items() if n not in ("job", "instance")))
            if (metric, key) in found:
                raise Fault(f"Prometheus has two series of {metric} {key}: the relabelling did not keep them one")
            found[metric, key] = float(answer["value"][1])
        return found


def json_selector(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"


# Operation → reasons that Okta has a text for; "" succeeds.
PUSHES = {
    "update": ["", "", AMBIGUOUS, "acl_denied", "authentication", "rate_limited", "duplicate", "validation", "data_policy",
               "business_rule", "no_match", "ambiguous_match", "unlinked", "remote_error", "other"],
    "create": ["", "", "acl_denied", "duplicate", "license", "no_match", "remote_error"],
    "deactivate": ["", AMBIGUOUS, "acl_denied", "business_rule"],
    "reactivate": ["", AMBIGUOUS],
    "activate": ["", AMBIGUOUS, "acl_denied"],
    "password": ["", AMBIGUOUS],
    "group_push": ["acl_denied", "remote_error"],
    "group_membership": ["acl_denied"],
    "import": ["remote_error"],
    "connection": ["authentication"],
}


class Traffic:
    """Okta pushes all the time, some of it in vain, and ServiceNow notes calls in its transaction log."""

    def __init__(self, simulator: Simulator, dice: random.Random, pause: float) -> None:
        self.simulator, self.dice, self.pause = simulator, dice, pause
        self.ending = threading.Event()
        self.fault: Exception | None = None
        self.thread = threading.Thread(target=self.run)

    def __enter__(self) -> "Traffic":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.ending.set()
        self.thread.join()

    def run(self) -> None:
        try:
            while not self.ending.wait(self.pause * self.dice.random() * 2):
                self.simulator.do(*self.some())
        except (Fault, OSError) as fault:
            self.fault = fault

    def some(self) -> list[dict]:
        commands = []
        for _ in range(self.dice.randint(1, 3)):
            operation = self.dice.choice(list(PUSHES))
            commands.append({"do": "push", "operation": operation, "reason": self.dice.choice(PUSHES[operation]),
                             "layers": self.dice.randint(1, 3), "step_ms": self.dice.choice([1, 5, 60])})
        if self.dice.random() < 0.3:
            commands.append({"do": "rest_call", "age_seconds": 0, "status": self.dice.choice([200, 200, 403, 403, 404, 500]),
                             "count": self.dice.randint(1, 3)})
        if self.dice.random() < 0.1:
            commands.append({"do": "distractions"})
        return commands


class Drift:
    """Breaks links and mends them again once the exporter has shown them, and knows what it has to count for that."""

    MENDS = {"sys_id_changed": lambda user: {"do": "reassign", "user": user},
             "active_mismatch": lambda user: {"do": "set_active", "user": user, "active": True}}
    BREAKS = {"sys_id_changed": lambda user: {"do": "recreate_row", "user": user},
              "active_mismatch": lambda user: {"do": "set_active", "user": user, "active": False},
              "record_missing": lambda user: {"do": "delete_row", "user": user}}

    def __init__(self, simulator: Simulator, dice: random.Random) -> None:
        self.simulator, self.dice = simulator, dice
        # Of somebody who is switched off in Okta nobody expects an active row.
        self.good = sorted(user["okta_user_id"] for user in simulator.truth(users=1)["users"]
                           if user["state"] == "linked" and user["status"] in ("ACTIVE", "PROVISIONED"))
        dice.shuffle(self.good)
        self.broken: dict[str, str] = {}
        self.detected: Counter[str] = Counter()
        self.resolved: Counter[str] = Counter()

    def break_one(self) -> None:
        if self.good:
            user, kind = self.good.pop(), self.dice.choice(list(self.BREAKS))
            self.simulator.do(self.BREAKS[kind](user))
            self.broken[user] = kind
            self.detected[kind] += 1

    def mend_what_is_shown(self, exporter: Exporter) -> None:
        try:
            shown = exporter.drifted()
        except (OSError, ValueError, urllib.error.URLError):
            return  # it is starting
        for user, kind in list(self.broken.items()):
            if kind in self.MENDS and shown.get(user) == kind:
                self.simulator.do(self.MENDS[kind](user))
                self.resolved[kind] += 1
                del self.broken[user]


def differences(what: str, ours: dict, truth: dict) -> list[str]:
    """One line for each value that differs; zeros count as absent."""
    return [f"{what} {key}: {ours.get(key, 0)}, and the truth is {truth.get(key, 0)}"
            for key in sorted(set(ours) | set(truth)) if ours.get(key, 0) != truth.get(key, 0)]


def compare_tasks(now: dict[Key, float], truth: dict) -> list[str]:
    return (differences(TASKS, by_labels(now, TASKS, "operation"), truth[TASKS]) +
            differences(FAILURES, by_labels(now, FAILURES, "operation", "reason"), truth[FAILURES]) +
            differences(DENIALS, by_labels(now, DENIALS, "table", "operation"), truth[DENIALS]))


def compare_counters(exporter: Exporter, simulator: Simulator, drift: Drift, began: float) -> list[str]:
    truth = simulator.truth(began, tasks=1)
    now = exporter.scrape()
    ambiguous = sum(task["reason"] == AMBIGUOUS and task["user"] is not None for task in truth["tasks"])
    wrong = compare_tasks(now, truth)
    wrong += differences(REFUSALS, by_labels(now, REFUSALS, "table", "operation"), truth[REFUSALS])
    wrong += differences(TRANSACTIONS, by_labels(now, TRANSACTIONS, "code"), truth[TRANSACTIONS])
    wrong += differences(VERDICTS, {"all": sum(by_labels(now, VERDICTS, "verdict").values())}, {"all": ambiguous})
    wrong += differences(DETECTED, by_labels(now, DETECTED, "kind"), drift.detected)
    wrong += differences(RESOLVED, by_labels(now, RESOLVED, "kind"), drift.resolved)
    drifted = {user: kind for user, (state, kind) in simulator.users().items() if state == "drifted"}
    wrong += differences("the ledger's entry of", exporter.drifted(), drifted)
    if truth["writes"]:
        wrong.append(f"the exporter wrote to a vendor: {truth['writes']}")
    return wrong


def compare_prometheus(scraper: Scraper, exporter: Exporter) -> list[str]:
    scraper.await_scrape()
    now = exporter.scrape()
    wrong = []
    for metric in EVENT_COUNTERS:
        ours = {key: value for key, value in now.items() if key[0] == metric}
        increases = scraper.increase(metric)
        if set(ours) != set(increases):
            wrong.append(f"Prometheus has other series of {metric}: {sorted(set(ours) ^ set(increases))[:3]}")
        wrong += [f"increase() of {key}: {increases[key]}, and the exporter counted {value}"
                  for key, value in ours.items() if abs(increases.get(key, 0) - value) > 1e-6]
    return wrong


def attack(usage: str, amount: str, default: float, run: Callable[[Path, Stack, float, random.Random], list[str]]) -> int:
    """The main function of an attack: `run` takes the project's folder, a stack, the option `amount` and the dice, and
    returns the faults that it found."""
    parser = argparse.ArgumentParser(usage=usage.split("\n")[2].removeprefix("Usage: "))
    for folder in ("project", "build", "scratch"):
        parser.add_argument(folder, type=lambda text: Path(text).resolve())
    parser.add_argument(f"--{amount}", dest="amount", type=type(default), default=default)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    shutil.rmtree(options.scratch, ignore_errors=True)
    with Stack(options.scratch, options.build, options.project / "build/tools/prometheus/usr/bin") as stack:
        try:
            faults = run(options.project, stack, options.amount, random.Random(options.seed))
        except Fault as fault:
            faults = [str(fault)]
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0
