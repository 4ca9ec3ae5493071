"""Lets the exporter run with faults, scrapes, reloads and changed secrets, and looks at what it uses up.

Usage: soak_test.py PROJECT_FOLDER BUILD_FOLDER SCRATCH_FOLDER [--seconds N] [--seed N]
Memory, descriptors and threads must not grow after the first third, no interval may be missed, no error may be there that
was not caused, every scrape must be answered, and in the end every counter must equal the simulator's truth.
"""

import gzip
import http.client
import os
import random
import signal
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True

from harness import (Drift, Exporter, Fault, Simulator, Stack, Traffic, attack, await_that, compare_counters, write_config,
                     write_secret)

SCRAPERS = 10
SCRAPE_EVERY = 0.2  # seconds, each
OWN = "okta_servicenow_exporter_"
# What a fault in an answer may be called by the exporter; a rotated secret is refused until its file is read again, and a
# reload cancels what runs.
CLASSES = {"status": {"http_5xx"}, "html": {"not_json"}, "truncate": {"malformed", "incomplete"}, "cut": {"connection"},
           "close": {"connection"}, "empty": {"not_json", "malformed", "incomplete"}, "wrong_json": {"malformed"},
           "short": {"incomplete"}, "delay": set(), "secrets": {"authentication"}, "reloads": {"cancelled"}}
# A sample with a fault is tried again after at most its interval, after up to three retries of its requests.
LONGEST_GAP = 20  # seconds between two samples of the samplers with an interval of 1 s
GROWTH = 1.10


class Clients:
    """Scrape on connections that stay open, as Prometheus does, some with gzip and some without."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.ending = threading.Event()
        self.lock = threading.Lock()
        self.scrapes = 0
        self.slowest = 0.0
        self.faults: list[str] = []
        self.threads = [threading.Thread(target=self.run, args=(number,)) for number in range(SCRAPERS)]

    def __enter__(self) -> "Clients":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def run(self, number: int) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=10)
        headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
        if number % 2:
            headers["Accept-Encoding"] = "gzip"
        while not self.ending.wait(SCRAPE_EVERY):
            began = time.monotonic()
            try:
                connection.request("GET", "/metrics", headers=headers)
                answer = connection.getresponse()
                body = answer.read()
                if answer.getheader("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                fault = "" if answer.status == 200 and body.endswith(b"\n# EOF\n") else f"status {answer.status}"
            except (OSError, http.client.HTTPException, EOFError) as error:
                fault = repr(error)
                connection.close()
            with self.lock:
                self.scrapes += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                if fault:
                    self.faults.append(fault)
        connection.close()


class Usage:
    """What a process uses, looked at from outside."""

    def __init__(self, pid: int) -> None:
        self.folder = Path(f"/proc/{pid}")
        self.memory: list[float] = []  # MiB
        self.descriptors: list[int] = []
        self.threads: list[int] = []

    def look(self) -> None:
        status = dict(line.split(":", 1) for line in (self.folder / "status").read_text().splitlines())
        self.memory.append(int(status["VmRSS"].split()[0]) / 1024)
        self.threads.append(int(status["Threads"]))
        self.descriptors.append(len(os.listdir(self.folder / "fd")))

    def growth(self) -> list[str]:
        """The last third against the middle one; the first is for warming up."""
        third = len(self.memory) // 3
        wrong = []
        middle, last = (statistics.median(part) for part in (self.memory[third:2 * third], self.memory[2 * third:]))
        print(f"  memory {middle:.1f} MiB in the middle third, {last:.1f} MiB in the last, {max(self.memory):.1f} MiB at most")
        if last > middle * GROWTH:
            wrong.append(f"memory grows: {middle:.1f} MiB, then {last:.1f} MiB")
        for name, counts in (("descriptors", self.descriptors), ("threads", self.threads)):
            middle, last = (statistics.median(part) for part in (counts[third:2 * third], counts[2 * third:]))
            print(f"  {name} {middle:.0f}, then {last:.0f}, {max(counts)} at most")
            # Connections to the vendors come and go with the faults.
            if last > middle + (16 if counts is self.descriptors else 0):
                wrong.append(f"{name} grow: {middle:.0f}, then {last:.0f}")
        return wrong


class Gaps:
    """How long each sampler did not end a sample."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.count: Counter[str] = Counter()
        self.last: dict[str, float] = {}

    def look(self, exporter: Exporter) -> None:
        for (name, labels), value in exporter.scrape().items():
            if name != f"{OWN}sample_timestamp_seconds":
                continue
            sampler = dict(labels)["sampler"]
            if value > self.last.get(sampler, 0):
                self.longest[sampler] = max(self.longest.get(sampler, 0.0), value - self.last.get(sampler, value))
                self.last[sampler] = value
                self.count[sampler] += 1

    def missed(self, seconds: float) -> list[str]:
        print("  samples: " + ", ".join(f"{count} {name} (gap {self.longest[name]:.1f} s)"
                                        for name, count in sorted(self.count.items())))
        return [f"{name} did not sample for {gap:.1f} s" for name, gap in self.longest.items()
                if gap > LONGEST_GAP] + \
               [f"{name} sampled {self.count[name]} times in {seconds:.0f} s" for name in ("system_log", "transaction_log")
                if self.count[name] < seconds / 4]


class Trouble:
    """Faults, reloads and new secrets, one after the other at random."""

    def __init__(self, exporter: Exporter, simulator: Simulator, dice: random.Random) -> None:
        self.exporter, self.simulator, self.dice = exporter, simulator, dice
        self.folder = exporter.config.parent
        self.good = exporter.config.read_text()
        self.caused: Counter[str] = Counter()
        self.version = 0
        self.next_short = 0.0

    def go_on(self) -> None:
        one = self.dice.choice((self.fault, self.fault, self.fault, self.reload, self.new_secret))
        one()

    def fault(self) -> None:
        kind = self.dice.choice([name for name in CLASSES if name not in ("secrets", "reloads")])
        api, count = self.dice.choice(("okta", "servicenow")), self.dice.randint(1, 3)
        if kind == "short":
            # Two in a row are believed, as they have to be: a list of Okta's that ends too early, and rows of ServiceNow's
            # that are counted and not shown, which is what an ACL makes of an answer.
            if time.monotonic() < self.next_short:
                return
            self.next_short, count = time.monotonic() + 10, 1
        self.simulator.do({"do": "fault", "kind": kind, "api": api, "count": count,
                           "status": self.dice.choice((500, 502, 503)), "delay_ms": 300})
        self.caused[kind] += 1

    def reload(self) -> None:
        """As it is, with a change, or with a mistake, which changes nothing."""
        text = self.dice.choice((self.good, self.good.replace("mass_threshold: 0.2", "mass_threshold: 0.3"),
                                 self.good.replace("integrations:", "integration:")))
        fresh = self.exporter.config.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.exporter.config)
        self.exporter.process.send_signal(signal.SIGHUP)
        self.caused["reloads"] += 1

    def new_secret(self) -> None:
        self.version += 1
        secret = f"secret-{self.version}"
        # The vendor first: the exporter would leave an account alone whose new secret is refused.
        match self.dice.choice(("okta", "reader", "provisioner")):
            case "okta":
                self.simulator.do({"do": "set_okta_token", "token": secret})
                write_secret(self.folder, "okta-token", secret)
            case account:
                self.simulator.do({"do": "set_password", "account": account, "password": secret})
                write_secret(self.folder, f"{account}-password", secret)
        self.caused["secrets"] += 1

    def end(self) -> None:
        self.exporter.config.write_text(self.good)
        self.exporter.process.send_signal(signal.SIGHUP)
        self.simulator.do({"do": "clear_faults"})


def strange_errors(exporter: Exporter, trouble: Trouble) -> list[str]:
    allowed = set().union(*(CLASSES[kind] for kind in trouble.caused))
    # A comparison whose own look failed is tried again, and may find no new pair of listings yet.
    if allowed - {"cancelled", "authentication"}:
        allowed.add("incomplete")
    found: Counter[str] = Counter()
    for (name, labels), value in exporter.scrape().items():
        if name == f"{OWN}sample_errors_total":
            found[dict(labels)["class"]] += int(value)
    print("  failed samples: " + (", ".join(f"{count} {name}" for name, count in sorted(found.items()) if count) or "none"))
    wrong = [f"{count} samples failed with {name}, which nothing caused" for name, count in found.items()
             if count and name not in allowed]
    return wrong + [line for line in exporter.log_text().splitlines()
                    if "level=error" in line and "integration:" not in line and "\"integration\"" not in line][:5]


def run(_: Path, stack: Stack, seconds: float, dice: random.Random) -> list[str]:
    simulator = Simulator(stack, "--users", 300)
    config = write_config(stack.folder, simulator, log_interval="1s")
    exporter = Exporter(stack, config)
    began = time.time()
    exporter.start()
    exporter.await_samples()
    drift = Drift(simulator, dice)
    trouble = Trouble(exporter, simulator, dice)
    usage, gaps = Usage(exporter.process.pid), Gaps()
    with Clients(exporter.address) as clients, Traffic(simulator, random.Random(dice.random()), pause=1) as traffic:
        ends = time.monotonic() + seconds
        next_trouble = next_drift = 0.0
        while (now := time.monotonic()) < ends:
            stack.check_alive()
            usage.look()
            gaps.look(exporter)
            if now > next_trouble:
                trouble.go_on()
                next_trouble = now + dice.uniform(0.5, 2.5)
            if now > next_drift:
                drift.break_one()
                drift.mend_what_is_shown(exporter)
                next_drift = now + max(2.0, seconds / 100)
            time.sleep(0.5)
    if traffic.fault:
        raise traffic.fault
    trouble.end()
    print(f"  {time.time() - began:.0f} s: {clients.scrapes} scrapes, the slowest in {clients.slowest * 1000:.0f} ms; caused: "
          + ", ".join(f"{count} {name}" for name, count in sorted(trouble.caused.items())))
    faults = usage.growth() + gaps.missed(seconds) + strange_errors(exporter, trouble)
    if clients.faults:
        faults.append(f"{len(clients.faults)} scrapes failed: {Counter(clients.faults).most_common(3)}")
    exporter.await_samples(60)
    try:
        await_that("every counter equals the truth", lambda: not compare_counters(exporter, simulator, drift, began), 60)
    except Fault:
        faults += compare_counters(exporter, simulator, drift, began)
    return faults


if __name__ == "__main__":
    sys.exit(attack(__doc__, "seconds", 30.0, run))
