"""A Kubernetes without nodes: Debian's etcd and a kube-apiserver on ports of this machine's loopback, no controllers. Objects
are admitted, checked against their schemas and stored; no pod ever starts. `scripts/setup --cluster` brings both."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

import chart

TOOLS = chart.PROJECT / "build" / "tools"
ETCD = TOOLS / "etcd" / "usr" / "bin" / "etcd"
APISERVER = TOOLS / "bin" / "kube-apiserver"
OWN_CRDS = Path(__file__).resolve().parent / "crds"
TOKEN = "test-only"
SECONDS_TO_START = 90


def need():
    """Ends as skipped, which ctest tells by name, where a part is not on this machine."""
    chart.need("helm")
    for part in (ETCD, APISERVER, TOOLS / "crds" / "versions"):
        if not part.exists():
            print(f"{part.name} is not here: scripts/setup --tools --cluster installs it where Go is on the machine")
            sys.exit(chart.SKIPPED)


class Refused(Exception):
    """What the API server says no with."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


class Cluster:
    """Runs in a folder until it is closed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.processes = []
        try:
            self._start_etcd()
            self._start_api_server()
            self._add_custom_resources()
        except BaseException:
            self.close()
            raise

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def call(self, method, path, body=None, kind="application/json"):
        """The answer to a request, as an object; raises Refused."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", data, method=method, headers={
            "Authorization": f"Bearer {TOKEN}", "Content-Type": kind, "Accept": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            try:
                text = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                pass
            raise Refused(error.code, text) from error
        return json.loads(text) if text.startswith(b"{") else text.decode()

    def helm(self, *arguments, namespace="monitoring"):
        environment = {**os.environ, "HELM_CACHE_HOME": str(self.folder / "helm"), "HELM_DATA_HOME": str(self.folder / "helm"),
                       "HELM_CONFIG_HOME": str(self.folder / "helm")}
        return subprocess.run([chart.tool("helm"), "--kubeconfig", str(self.folder / "kubeconfig"), "--namespace", namespace,
                               *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment)

    # --- starting --------------------------------------------------------------------------------------------------

    def _start(self, name, *command):
        log = self.folder / f"{name}.log"
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT)
        self.processes.append(process)
        return process, log

    def _await(self, name, process, log, ready):
        end = time.monotonic() + SECONDS_TO_START
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{name} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)

    def _start_etcd(self):
        # A socket in the folder, and a port that nobody uses: there is no other member.
        peer = "http://127.0.0.1:0"
        process, log = self._start("etcd", str(ETCD), "--data-dir", "data", "--listen-client-urls", "unix://etcd:0",
                                   "--advertise-client-urls", "http://127.0.0.1:0", "--listen-peer-urls", peer,
                                   "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}",
                                   "--unsafe-no-fsync")
        self._await("etcd", process, log, lambda: "ready to serve client requests" in log.read_text())

    def _start_api_server(self):
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "accounts.key"],
                       cwd=self.folder, check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f"{TOKEN},admin,1,system:masters\n")
        for _ in range(3):
            self.port = free_port()
            process, log = self._start(
                "kube-apiserver", str(APISERVER), "--etcd-servers=unix://etcd:0", "--bind-address=127.0.0.1",
                f"--secure-port={self.port}", "--cert-dir=certificates", "--endpoint-reconciler-type=none", "--external-hostname=localhost",
                "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC", "--token-auth-file=tokens.csv",
                "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=accounts.key",
                "--service-account-signing-key-file=accounts.key")
            try:
                self._await("kube-apiserver", process, log, self._ready)
            except RuntimeError as error:
                if "address already in use" not in str(error):
                    raise
            else:
                break
        else:
            raise RuntimeError("no port was free for kube-apiserver")
        server = {"server": f"https://127.0.0.1:{self.port}",
                  "certificate-authority": str(self.folder / "certificates" / "apiserver.crt")}
        (self.folder / "kubeconfig").write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": server}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        }))

    def _ready(self):
        certificate = self.folder / "certificates" / "apiserver.crt"
        try:
            self.trust = ssl.create_default_context(cafile=certificate)
            return self.call("GET", "/readyz") == "ok"
        except (OSError, Refused):
            return False

    def _add_custom_resources(self):
        definitions = [document for folder in (TOOLS / "crds", OWN_CRDS) for file in sorted(folder.glob("*.yaml"))
                       for document in yaml.load_all(file.read_text(), Loader=chart.Loader)
                       if document and document["kind"] == "CustomResourceDefinition"]
        base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        for definition in definitions:
            self.call("POST", base, definition)
        end = time.monotonic() + SECONDS_TO_START
        waiting = {definition["metadata"]["name"] for definition in definitions}
        while waiting:
            if time.monotonic() > end:
                raise RuntimeError(f"not established: {waiting}")
            for found in self.call("GET", base)["items"]:
                for condition in found.get("status", {}).get("conditions") or []:
                    if condition["type"] == "Established" and condition["status"] == "True":
                        waiting.discard(found["metadata"]["name"])
            time.sleep(0.1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
