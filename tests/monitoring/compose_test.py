"""The compose file is whole: what it mounts is there, all dashboards are among it, and what refers to each other agrees.

Usage: compose_test.py PROJECT_FOLDER
It can't start containers; promtool checks Prometheus's configuration in a test of its own. Prints each fault as a line,
and ends with 1 where there is one.
"""

import re
import sys
from pathlib import Path

import yaml


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def mounts(service: dict, folder: Path, faults: list[str], volumes: set[str]) -> dict[str, Path]:
    """Path in the container → file here; named volumes only have to be declared."""
    found = {}
    for volume in service.get("volumes", []):
        source, target, *_ = volume.split(":")
        if source.startswith("."):
            found[target] = (folder / source).resolve()
            if not found[target].is_file():
                faults.append(f"{source} is mounted and is no file")
            if not volume.endswith(":ro"):
                faults.append(f"{source} is mounted so that a container may write to it")
        elif source not in volumes:
            faults.append(f"the volume {source} is not declared")
    return found


def check(project: Path) -> list[str]:
    faults: list[str] = []
    folder = project / "dashboards"
    compose = load(folder / "docker-compose.yml")
    services = compose["services"]
    for name, service in services.items():
        if not re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", service["image"]):
            faults.append(f"{name}: the image {service['image']} has no whole version")
        for port in service["ports"]:
            if not port.startswith("127.0.0.1:"):
                faults.append(f"{name}: the port {port} is open to other machines")
        faults += [f"{name}: depends on {other}, which is no service" for other in set(service.get("depends_on", [])) - set(services)]
    volumes = set(compose["volumes"])
    prometheus = mounts(services["prometheus"], folder, faults, volumes)
    grafana = mounts(services["grafana"], folder, faults, volumes)

    mounted = {path for target, path in grafana.items() if target.startswith("/etc/dashboards/")}
    dashboards = set(folder.glob("*.json"))
    if mounted != dashboards:
        faults.append(f"mounted and not there, or there and not mounted: {sorted(path.name for path in mounted ^ dashboards)}")
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    if home not in grafana:
        faults.append(f"the home dashboard {home} is not mounted")
    provider = load(grafana["/etc/grafana/provisioning/dashboards/dashboards.yml"])["providers"][0]
    if provider["options"]["path"] != "/etc/dashboards":
        faults.append("Grafana looks for dashboards elsewhere than where they are mounted")

    source = load(grafana["/etc/grafana/provisioning/datasources/datasources.yml"])["datasources"][0]
    config = load(prometheus["/etc/prometheus/prometheus.yml"])
    if source["url"] != "http://prometheus:9090" or "prometheus" not in services or source["type"] != "prometheus":
        faults.append("Grafana's data source is not the service prometheus")
    if source["jsonData"]["timeInterval"] != config["global"]["scrape_interval"]:
        faults.append("Grafana takes another scrape interval for true than Prometheus has")
    if not any(re.fullmatch(pattern.replace("*", "[^/]*"), target) for pattern in config["rule_files"] for target in prometheus):
        faults.append("no mounted file is among Prometheus's rule_files")
    rules = (project / "alerts/okta-servicenow.rules.yml").read_text(encoding="utf-8")
    job = config["scrape_configs"][0]["job_name"]
    if f'job="{job}"' not in rules:
        faults.append(f"the rules don't know the job {job}")
    host = config["scrape_configs"][0]["static_configs"][0]["targets"][0].split(":")[0]
    if not any(line.startswith(f"{host}:") for line in services["prometheus"]["extra_hosts"]):
        faults.append(f"the container does not know the host {host}")
    return faults


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found = check(Path(sys.argv[1]).resolve())
    for fault in found:
        print(fault)
    print(f"{len(found)} faults")
    sys.exit(1 if found else 0)
