"""Processes of a monitoring stack for one test: simulators, exporters, Prometheus, Alertmanager and a webhook receiver.

All listen on 127.0.0.1 and end with the stack, whatever happens; their logs are in its folder.
"""

import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Fault(Exception):
    """What went wrong, for people."""


def await_that(what: str, condition, seconds: float = 30):
    """Polls until the condition holds, and returns what it then is."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except (OSError, ValueError, KeyError):
            found = None
        if found:
            return found
        if time.monotonic() > deadline:
            raise Fault(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(0.05)


def get(url: str) -> str:
    with OPENER.open(url, timeout=10) as answer:
        return answer.read().decode()


def post(url: str, body: object) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with OPENER.open(request, timeout=10) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise Fault(f"{url} answered {error.code} to {body}: {error.read().decode()[:300]}") from error


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Receiver:
    """Remembers every notification of Alertmanager: per alert when it first fired, and whether it is resolved now."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.first: dict[tuple, tuple[float, dict]] = {}
        self.status: dict[tuple, str] = {}
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.take(body["alerts"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, alerts: list[dict]) -> None:
        with self.lock:
            for alert in alerts:
                key = tuple(sorted(alert["labels"].items()))
                self.status[key] = alert["status"]
                if alert["status"] == "firing":
                    self.first.setdefault(key, (time.monotonic(), alert))

    def seen(self) -> list[tuple[dict, float, bool]]:
        """(labels, when it first fired, is it resolved now)"""
        with self.lock:
            return [(alert["labels"], when, self.status[key] == "resolved") for key, (when, alert) in self.first.items()]

    def annotations(self) -> list[dict]:
        with self.lock:
            return [alert["annotations"] for _, alert in self.first.values()]


class Stack:
    def __init__(self, folder: Path, build: Path, packages: Path) -> None:
        self.folder = folder
        self.simulator_binary = build / "tests/simulator/simulator"
        self.exporter_binary = build / "exporter/app/okta-servicenow-exporter"
        self.packages = packages
        self.processes: dict[str, subprocess.Popen] = {}
        self.receiver = Receiver()
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: list) -> subprocess.Popen:
        log = open(self.folder / f"{name}.log", "ab")
        with log:
            self.processes[name] = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                                                    stderr=log, cwd=self.folder, env={**os.environ, "NO_PROXY": "*", "no_proxy": "*"})
        return self.processes[name]

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)
        self.receiver.server.shutdown()
        self.receiver.server.server_close()

    def __enter__(self) -> "Stack":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_alive(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                tail = (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]
                raise Fault(f"{name} has ended with {process.returncode}:\n{tail}")

    def start_simulator(self, name: str, arguments: list[str]) -> dict:
        addresses = self.folder / f"{name}.addresses.json"
        self.start(name, [self.simulator_binary, "--addresses-file", addresses, *arguments])
        return json.loads(await_that(f"{name} listens", lambda: addresses.is_file() and addresses.read_text(), 60))

    def start_exporter(self, name: str, arguments: list[str], address: str = "127.0.0.1:0") -> str:
        """Returns the address that it listens on."""
        log = self.folder / f"{name}.log"
        known = log.stat().st_size if log.is_file() else 0
        self.start(name, [self.exporter_binary, f"--storage.path={self.folder / name}-state",
                          f"--web.listen-address={address}", *arguments])
        found = await_that(f"{name} listens", lambda: re.search(r"msg=listening address=(\S+) ", log.read_text()[known:]))
        return found[1]

    def start_alertmanager(self, config: dict) -> str:
        path = self.folder / "alertmanager.yml"
        path.write_text(json.dumps(config))
        address = f"127.0.0.1:{free_port()}"
        self.start("alertmanager", [self.relocated_alertmanager(), f"--config.file={path}",
                                    f"--storage.path={self.folder / 'alertmanager'}", "--cluster.listen-address=",
                                    f"--web.listen-address={address}"])
        await_that("Alertmanager is ready", lambda: get(f"http://{address}/-/ready"))
        return address

    def relocated_alertmanager(self) -> Path:
        """Debian's Alertmanager finds its templates under a path that is compiled in, and here it is only unpacked. So a
        copy of it gets a path of the same length, which leads there from this folder."""
        compiled_in, ours = b"/usr/share/prometheus/alertmanager", b"files-of-alertmanager-in-this-test"
        assert len(compiled_in) == len(ours)
        (self.folder / ours.decode()).symlink_to(self.packages.parent / "share/prometheus/alertmanager")
        copy = self.folder / "alertmanager-copy"
        copy.write_bytes((self.packages / "prometheus-alertmanager").read_bytes().replace(compiled_in, ours))
        copy.chmod(0o755)
        return copy

    def start_prometheus(self, config: dict) -> "Prometheus":
        path = self.folder / "prometheus.yml"
        path.write_text(json.dumps(config))
        address = f"127.0.0.1:{free_port()}"
        self.start("prometheus", [self.packages / "prometheus", f"--config.file={path}",
                                  f"--storage.tsdb.path={self.folder / 'tsdb'}", "--rules.alert.resend-delay=2s",
                                  f"--web.listen-address={address}"])
        await_that("Prometheus is ready", lambda: get(f"http://{address}/-/ready"))
        return Prometheus(address, self.processes["prometheus"])


class Prometheus:
    def __init__(self, address: str, process: subprocess.Popen) -> None:
        self.url = f"http://{address}/api/v1"
        self.process = process

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def query(self, expr: str) -> list[dict]:
        try:
            answer = json.loads(get(f"{self.url}/query?{urllib.parse.urlencode({'query': expr})}"))
        except urllib.error.HTTPError as error:
            raise Fault(f"Prometheus refuses {expr}: {error.read().decode()[:300]}") from error
        return answer["data"]["result"]

    def firing(self) -> list[dict]:
        alerts = json.loads(get(f"{self.url}/alerts"))["data"]["alerts"]
        return [alert["labels"] for alert in alerts if alert["state"] == "firing"]
