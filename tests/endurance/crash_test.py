"""Kills the exporter with -9 again and again while tasks fail and links drift, and compares every counter with the truth.

Usage: crash_test.py PROJECT_FOLDER BUILD_FOLDER SCRATCH_FOLDER [--kills N] [--seed N]
In the end every counter of events must equal the simulator's truth, the increase() of a Prometheus that scraped all the
while must equal the counters, and the ledger must hold the drifted users and no others. The seed that is printed repeats
the same kills and the same events, at the times that the machine allows.
"""

import random
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from harness import (Drift, Exporter, Fault, Scraper, Simulator, Stack, Traffic, attack, await_that, compare_counters,
                     compare_prometheus, write_config)

SETTLED_WITHIN = 60  # seconds


def kill_and_restart(exporter: Exporter, scraper: Scraper, drift: Drift, dice: random.Random) -> float:
    """Returns after how many seconds it was killed."""
    # Some while it starts and restores, most while it samples and commits.
    alive = dice.uniform(0, 0.15) if dice.random() < 0.25 else dice.uniform(0.15, 2)
    time.sleep(alive)
    if dice.random() < 0.3:
        drift.mend_what_is_shown(exporter)
    exporter.kill()
    if dice.random() < 0.1:
        exporter.move()
        scraper.follow()
    time.sleep(dice.choice([0, 0, 0.3]))
    exporter.start()
    return alive


def run(project: Path, stack: Stack, kills: int, dice: random.Random) -> list[str]:
    simulator = Simulator(stack, "--users", max(100, 3 * kills))
    exporter = Exporter(stack, write_config(stack.folder, simulator))
    began = time.time()
    exporter.start()
    scraper = Scraper(stack, project, exporter)
    exporter.await_samples()
    scraper.await_scrape()
    drift = Drift(simulator, dice)
    # Threads that share dice would not repeat themselves.
    with Traffic(simulator, random.Random(dice.random()), pause=0.1) as traffic:
        for number in range(1, kills + 1):
            drift.break_one()
            alive = kill_and_restart(exporter, scraper, drift, dice)
            if number % 20 == 0 or number == kills:
                print(f"{time.time() - began:6.1f} s  kill {number} of {kills}, after {alive:.3f} s", flush=True)
    if traffic.fault:
        raise traffic.fault
    exporter.await_samples(60)

    wrong: list[str] = ["nothing was compared"]

    def equal() -> bool:
        wrong[:] = compare_counters(exporter, simulator, drift, began)
        return not wrong

    try:
        await_that("every counter equals the truth", equal, SETTLED_WITHIN)
    except Fault:
        return wrong
    # It must stay so: nothing is counted once more by the samples after it.
    for sampler in ("system_log", "transaction_log", "comparison"):
        metric = "okta_servicenow_exporter_sample_timestamp_seconds"
        before = exporter.value(metric, sampler=sampler)
        await_that(f"{sampler} has sampled again", lambda: exporter.value(metric, sampler=sampler) > before)
    faults = compare_counters(exporter, simulator, drift, began) + compare_prometheus(scraper, exporter)
    if "damaged" in exporter.log_text() or list(exporter.state.glob("*.damaged-*")):
        faults.append("a kill damaged the state")
    now = exporter.scrape()
    print(f"{time.time() - began:6.1f} s  compared: " + ", ".join(
        f"{sum(value for key, value in now.items() if key[0] == metric):.0f} {name}" for metric, name in (
            ("okta_provisioning_tasks_total", "tasks"), ("okta_provisioning_task_failures_total", "failures"),
            ("servicenow_rest_transactions_total", "transactions"), ("okta_external_id_drift_detected_total", "drifted"),
            ("okta_external_id_drift_resolved_total", "repaired"))))
    return faults


if __name__ == "__main__":
    sys.exit(attack(__doc__, "kills", 15, run))
