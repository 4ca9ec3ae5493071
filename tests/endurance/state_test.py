"""The exporter on a full disk, and on state files that it can't use.

Usage: state_test.py PROJECT_FOLDER BUILD_FOLDER SCRATCH_FOLDER full_disk|files
Ends with 77 where no small disk can be made: that takes a user namespace of its own.
"""

import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from harness import (AMBIGUOUS, TASKS, Exporter, Fault, Simulator, Stack, await_that, by_labels, compare_tasks,
                     write_config)

DISK_BYTES = 4 << 20
ERRORS = "okta_servicenow_exporter_sample_errors_total"


class Disk:
    """A small disk at the exporter's state, seen only by processes that are started with `prefix`; it lives as long as the
    stack, so that the exporter can be killed on it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        folder.mkdir()
        ready = stack.folder / "disk-is-there"
        holder = stack.start("disk", ["unshare", "--map-root-user", "--mount", "sh", "-c",
                                      f'mount -t tmpfs -o size={DISK_BYTES} none "$1" && touch "$2" && exec sleep infinity',
                                      "sh", folder, ready])
        def there() -> bool:
            stack.check_alive()
            return ready.exists()
        await_that("the small disk is there", there)
        self.prefix = ("nsenter", f"--target={holder.pid}", "--user", "--mount", "--preserve-credentials", "--wd=.")
        self.filler = Path(f"/proc/{holder.pid}/root{folder}/filler")

    def fill(self) -> None:
        with open(self.filler, "wb", buffering=0) as file:
            for size in (1 << 16, 4096, 1):
                try:
                    while file.write(b"x" * size):
                        pass
                except OSError:
                    pass

    def free(self) -> None:
        self.filler.unlink()


def can_make_disks() -> bool:
    return subprocess.run(["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
                          capture_output=True, check=False).returncode == 0


def fail_some(simulator: Simulator, count: int) -> None:
    simulator.do({"do": "push", "count": count, "operation": "update", "reason": AMBIGUOUS},
                 {"do": "push", "count": count, "operation": "create", "reason": "acl_denied"},
                 {"do": "push", "count": count, "operation": "update"})


def wrong_counters(exporter: Exporter, simulator: Simulator, began: float) -> list[str]:
    truth = simulator.truth(began)
    return compare_tasks(exporter.scrape(), truth)


def await_truth(exporter: Exporter, simulator: Simulator, began: float) -> None:
    try:
        await_that("counters equal the truth", lambda: not wrong_counters(exporter, simulator, began))
    except Fault as fault:
        raise Fault(f"{fault}: {wrong_counters(exporter, simulator, began)}") from fault


def full_disk(stack: Stack, simulator: Simulator, exporter: Exporter) -> None:
    """Counting stands still while the disk is full, also over a crash, and goes on where it stood."""
    disk = Disk(stack, exporter.state)
    began = time.time()
    exporter.start(*disk.prefix)
    exporter.await_samples()
    fail_some(simulator, 5)
    await_truth(exporter, simulator, began)

    disk.fill()

    def failed() -> bool:
        fail_some(simulator, 3)
        return bool(exporter.value(ERRORS, sampler="system_log", **{"class": "storage"}))
    await_that("a sample fails because the disk is full", failed)
    if "the disk is full: free space or enlarge the volume" not in exporter.log_text():
        raise Fault("the log does not say that the disk is full")
    truth = simulator.truth(began)
    counted = by_labels(exporter.scrape(), TASKS, "operation")
    if any(value > truth[TASKS][operation] for operation, value in counted.items()):
        raise Fault(f"{counted} was counted and not stored, and the truth is {truth[TASKS]}")

    exporter.kill()
    fail_some(simulator, 2)
    exporter.start(*disk.prefix)
    # Whether SQLite can open a state without a free byte is its own affair; what is said then is ours.
    await_that("it runs or has ended", lambda: exporter.process.poll() is not None or exporter.scrape())
    if (code := exporter.process.poll()) is not None:
        if code != 1 or "cannot start" not in exporter.log_text():
            raise Fault(f"it ended with {code} on a full disk: {exporter.log_text()[-500:]}")
        print("  it does not start on a full disk, and says so")
        disk.free()
        exporter.start(*disk.prefix)
    else:
        print("  it starts on a full disk")
        disk.free()
    await_truth(exporter, simulator, began)
    exporter.await_samples(60)
    if ".damaged-" in exporter.log_text():
        raise Fault("a full disk was taken for a damaged state")
    stack.stop("exporter")


def unusable_file(stack: Stack, simulator: Simulator, exporter: Exporter, spoil, said: str, kind: str) -> None:
    """It is moved aside as it is, an error says so, and the exporter goes on."""
    exporter.start()
    exporter.await_samples()
    stack.stop("exporter")
    file = exporter.state / "state.db"
    spoil(file)
    spoilt = file.read_bytes()
    known = len(exporter.log_text())
    began = time.time()
    exporter.start()
    exporter.await_samples()
    fail_some(simulator, 2)
    await_truth(exporter, simulator, began)
    [line] = [line for line in exporter.log_text()[known:].splitlines() if "level=error" in line]
    [aside] = exporter.state.glob(f"state.db.{kind}-*[0-9Z]")
    if said not in line or f"moved_to={aside}" not in line:
        raise Fault(f"the error should say \"{said}\" and name {aside}: {line}")
    if aside.read_bytes() != spoilt:
        raise Fault(f"{aside} is not the file that was found")
    stack.stop("exporter")
    shutil.rmtree(exporter.state)


def overwrite(file: Path) -> None:
    with open(file, "r+b") as opened:
        opened.seek(4096)
        opened.write(b"Z" * 8192)


def replace_by_another_database(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as theirs:
        theirs.execute("CREATE TABLE theirs (id INTEGER)")
    theirs.close()


def newer_version(stack: Stack, exporter: Exporter) -> None:
    """It is refused and left alone."""
    exporter.start()
    exporter.await_samples()
    stack.stop("exporter")
    file = exporter.state / "state.db"
    database = sqlite3.connect(file)
    database.execute("PRAGMA user_version = 999")
    database.commit()
    database.close()
    found = file.read_bytes()
    known = len(exporter.log_text())
    exporter.start()
    if (code := exporter.process.wait(10)) != 1 or "newer version" not in exporter.log_text()[known:]:
        raise Fault(f"a newer state should be refused, but it ended with {code}: {exporter.log_text()[known:]}")
    if file.read_bytes() != found or len(list(exporter.state.glob("state.db*"))) != 1:
        raise Fault("a newer state was not left alone")


def main(project: Path, build: Path, scratch: Path, which: str) -> int:
    def overwritten(stack, simulator, exporter) -> None:
        unusable_file(stack, simulator, exporter, overwrite, "damaged", "damaged")

    def no_database(stack, simulator, exporter) -> None:
        unusable_file(stack, simulator, exporter, lambda file: file.write_text("no database\n" * 1000), "damaged", "damaged")

    def foreign(stack, simulator, exporter) -> None:
        unusable_file(stack, simulator, exporter, replace_by_another_database, "another program", "foreign")

    def newer(stack, _, exporter) -> None:
        newer_version(stack, exporter)

    if which == "full_disk" and not can_make_disks():
        print("skipped: no user namespace can be had here, and so no small disk")
        return 77
    failed = 0
    for attack in {"full_disk": (full_disk,), "files": (overwritten, no_database, foreign, newer)}[which]:
        folder = scratch / attack.__name__
        shutil.rmtree(folder, ignore_errors=True)
        with Stack(folder, build, project / "build/tools/prometheus/usr/bin") as stack:
            simulator = Simulator(stack, "--users", 50)
            exporter = Exporter(stack, write_config(stack.folder, simulator))
            try:
                attack(stack, simulator, exporter)
                print(f"ok    {attack.__name__}", flush=True)
            except Fault as fault:
                print(f"FAULT {attack.__name__}: {fault}", flush=True)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*(Path(argument).resolve() for argument in sys.argv[1:4]), sys.argv[4]))
