"""What the chart renders, value by value."""

import hashlib
import re
import shutil
import tempfile
import unittest
from pathlib import Path

import yaml

import chart
from chart import all_of, container_of, documents, integration, minimal, one, pod_of, render, text

RULES = yaml.load((chart.PROJECT / "alerts" / "okta-servicenow.rules.yml").read_text(), Loader=chart.Loader)
THRESHOLDS = yaml.load((chart.CHART / "files" / "thresholds.yaml").read_text(), Loader=chart.Loader)


def alerts(rendered):
    groups = one(rendered, "PrometheusRule")["spec"]["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


class AStatefulSet(unittest.TestCase):
    def setUp(self):
        self.rendered = render(minimal())

    def test_is_one_replica_with_a_volume_of_its_own(self):
        spec = one(self.rendered, "StatefulSet")["spec"]
        self.assertEqual(spec["replicas"], 1)
        claim = spec["volumeClaimTemplates"][0]
        self.assertEqual(claim["spec"], {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}})
        mounts = {m["name"]: m["mountPath"] for m in container_of(self.rendered)["volumeMounts"]}
        self.assertEqual(mounts["state"], "/var/lib/okta-servicenow-exporter")
        self.assertIn("--storage.path=/var/lib/okta-servicenow-exporter/state", container_of(self.rendered)["args"])

    def test_is_probed_on_a_port_without_tls_and_passwords(self):
        container = container_of(self.rendered)
        self.assertIn("--web.probe-address=:10718", container["args"])
        self.assertIn({"name": "probes", "containerPort": 10718, "protocol": "TCP"}, container["ports"])
        for probe, path in (("startupProbe", "/-/ready"), ("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")):
            self.assertEqual(container[probe]["httpGet"], {"path": path, "port": "probes"})
        service = one(self.rendered, "Service")
        self.assertEqual([p["name"] for p in service["spec"]["ports"]], ["metrics"])

    def test_finds_configuration_and_secrets_where_its_flags_say(self):
        container, pod = container_of(self.rendered), pod_of(self.rendered)
        self.assertIn("--config.file=/etc/okta-servicenow-exporter/config/config.yml", container["args"])
        volumes = {v["name"]: v for v in pod["volumes"]}
        self.assertEqual(volumes["config"]["secret"]["secretName"], chart.NAME + "-config")
        self.assertEqual(volumes["secrets"]["secret"]["secretName"], "okta-servicenow")
        mounts = {m["name"]: m for m in container["volumeMounts"]}
        self.assertEqual(mounts["secrets"]["mountPath"], chart.SECRETS)
        self.assertTrue(mounts["config"]["readOnly"] and mounts["secrets"]["readOnly"])

    def test_restarts_for_a_changed_configuration_and_not_for_a_new_chart(self):
        def annotations(values):
            template = one(render(values), "StatefulSet")["spec"]["template"]["metadata"]
            self.assertNotIn("helm.sh/chart", template["labels"])
            return template["annotations"]["checksum/config"]

        self.assertEqual(annotations(minimal()), annotations(minimal()))
        self.assertNotEqual(annotations(minimal()), annotations(minimal(integrations=[integration("other")])))
        with_secret = minimal(secrets={"values": {"okta-token": "1", "sn-reader": "2"}})
        changed_secret = minimal(secrets={"values": {"okta-token": "3", "sn-reader": "2"}})
        self.assertEqual(annotations(with_secret), annotations(changed_secret))

    def test_has_no_token_for_kubernetes(self):
        self.assertFalse(pod_of(self.rendered)["automountServiceAccountToken"])
        self.assertFalse(one(self.rendered, "ServiceAccount")["automountServiceAccountToken"])

    def test_says_why_it_is_one(self):
        self.assertIn("A StatefulSet of one replica, because", text(minimal()))

    def test_takes_a_claim_that_is_there_or_none(self):
        existing = render(minimal(persistence={"existingClaim": "mine"}))
        self.assertNotIn("volumeClaimTemplates", one(existing, "StatefulSet")["spec"])
        self.assertIn({"name": "state", "persistentVolumeClaim": {"claimName": "mine"}}, pod_of(existing)["volumes"])
        none = render(minimal(persistence={"enabled": False}))
        self.assertIn({"name": "state", "emptyDir": {}}, pod_of(none)["volumes"])
        without_class = one(render(minimal(persistence={"storageClass": "-"})), "StatefulSet")["spec"]
        self.assertEqual(without_class["volumeClaimTemplates"][0]["spec"]["storageClassName"], "")


class TheImage(unittest.TestCase):
    def image(self, **values):
        return container_of(render(minimal(**values)))["image"]

    def test_is_registry_repository_and_tag(self):
        self.assertEqual(self.image(), "okta-servicenow-exporter:0.1.0")
        self.assertEqual(self.image(image={"registry": "r.example.com", "tag": "1"}),
                         "r.example.com/okta-servicenow-exporter:1")

    def test_is_pinned_by_digest(self):
        digest = "sha256:" + "0" * 64
        self.assertEqual(self.image(image={"registry": "r", "digest": digest, "tag": "1"}),
                         "r/okta-servicenow-exporter@" + digest)

    def test_comes_from_the_global_registry(self):
        values = {"image": {"registry": "a.example.com"}, "global": {"imageRegistry": "b.example.com"}}
        self.assertEqual(self.image(**values), "b.example.com/okta-servicenow-exporter:0.1.0")

    def test_is_pulled_with_each_secret_once(self):
        rendered = render(minimal(imagePullSecrets=["a", "b"], **{"global": {"imagePullSecrets": ["a"]}}))
        self.assertEqual(pod_of(rendered)["imagePullSecrets"], [{"name": "a"}, {"name": "b"}])


class TheConfiguration(unittest.TestCase):
    def test_is_the_integrations_in_a_secret(self):
        secret = one(render(minimal()), "Secret", chart.NAME + "-config")
        self.assertEqual(yaml.safe_load(secret["stringData"]["config.yml"]), {"integrations": [integration()]})

    def test_is_in_a_config_map_where_that_is_asked_for(self):
        rendered = render(minimal(config={"kind": "ConfigMap", "global": {"sample_timeout": "1m"}}))
        config = yaml.safe_load(one(rendered, "ConfigMap")["data"]["config.yml"])
        self.assertEqual(config["global"], {"sample_timeout": "1m"})
        self.assertEqual(all_of(rendered, "Secret"), [])
        self.assertIn("configMap", {k for v in pod_of(rendered)["volumes"] for k in v})

    def test_may_be_a_secret_that_is_there(self):
        rendered = render({"existingConfigSecret": "mine"})
        self.assertEqual(all_of(rendered, "Secret"), [])
        self.assertEqual(pod_of(rendered)["volumes"][0]["secret"]["secretName"], "mine")
        self.assertNotIn("checksum/config", one(rendered, "StatefulSet")["spec"]["template"]["metadata"]["annotations"])

    def test_brings_its_secrets_from_values(self):
        rendered = render(minimal(secrets={"values": {"okta-token": "token", "sn-reader": "password"}}))
        self.assertEqual(one(rendered, "Secret", chart.NAME + "-secrets")["data"]["okta-token"], "dG9rZW4=")

    def test_signs_in_by_keys_and_certificates_of_the_secret(self):
        values = yaml.safe_load((chart.CHART / "ci" / "sign-in-values.yaml").read_text())
        rendered = render(values)
        config = yaml.safe_load(one(rendered, "Secret", chart.NAME + "-config")["stringData"]["config.yml"])
        self.assertEqual(config["integrations"], values["integrations"], "nothing is lost or changed on the way")
        mounts = {m["name"]: m["mountPath"] for m in container_of(rendered)["volumeMounts"]}
        self.assertEqual(mounts["secrets"], chart.SECRETS)
        secrets = next(v for v in pod_of(rendered)["volumes"] if v["name"] == "secrets")["secret"]
        self.assertEqual((secrets["secretName"], secrets["defaultMode"]), ("okta-servicenow", 0o440))
        self.assertNotIn("items", secrets, "every key of the Secret becomes a file")
        self.assertEqual([e["name"] for e in container_of(rendered)["env"]], ["OKTA_PREVIEW_KEY", "HTTPS_PROXY"])
        ports = [p["port"] for p in one(rendered, "NetworkPolicy")["spec"]["egress"][1]["ports"]]
        self.assertEqual(ports, [443, 3128, 8080])
        # The comment in the example names the files that the Secret needs.
        comment = set(re.findall(r"--from-file=(\S+)", (chart.CHART / "ci" / "sign-in-values.yaml").read_text()))
        self.assertEqual(comment, set(re.findall(re.escape(chart.SECRETS) + r"/(\S+)", str(config).replace("'", " "))))

    def test_of_the_web_is_mounted_with_the_certificate(self):
        rendered = render(chart.CHART / "ci" / "web-config-values.yaml")
        web = next(v for v in pod_of(rendered)["volumes"] if v["name"] == "web")
        self.assertEqual([s["secret"]["name"] for s in web["projected"]["sources"]],
                         ["exporter-tls", chart.NAME + "-web-config"])
        self.assertIn("--web.config.file=/etc/okta-servicenow-exporter/web/web-config.yml", container_of(rendered)["args"])
        self.assertEqual(all_of(rendered, "Service"), [])


class Monitors(unittest.TestCase):
    def endpoint(self, kind, **values):
        spec = one(render(minimal(**values)), kind)["spec"]
        return spec["endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"][0]

    def test_keep_instance_and_job_over_restarts(self):
        for kind, value in (("ServiceMonitor", "serviceMonitor"), ("PodMonitor", "podMonitor")):
            relabelings = self.endpoint(kind, **{value: {"enabled": True}})["relabelings"]
            self.assertEqual(relabelings[0],
                             {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"}, kind)
            self.assertEqual(relabelings[1], {"targetLabel": "job", "replacement": "okta-servicenow-exporter"}, kind)
            self.assertEqual(relabelings[2], {"regex": "pod|container|endpoint|node", "action": "labeldrop"}, kind)

    def test_use_tls_where_it_is_on(self):
        tls = {"tls_server_config": {"cert_file": "tls.crt", "key_file": "tls.key"}}
        on = self.endpoint("ServiceMonitor", serviceMonitor={"enabled": True}, web={"config": tls})
        self.assertEqual((on["scheme"], on["path"]), ("https", "/metrics"))
        password_only = {"config": {"basic_auth_users": {"a": "b"}}}
        off = self.endpoint("ServiceMonitor", serviceMonitor={"enabled": True}, web=password_only)
        self.assertEqual(off["scheme"], "http")
        existing = self.endpoint("PodMonitor", podMonitor={"enabled": True}, web={"existingSecret": "w", "tls": True})
        self.assertEqual(existing["scheme"], "https")

    def test_follow_the_prefix(self):
        for web, path in (({"routePrefix": "/a/"}, "/a/metrics"), ({"externalUrl": "https://h/b"}, "/b/metrics"),
                          ({"externalUrl": "https://h/b", "routePrefix": "/"}, "/metrics"),
                          ({"telemetryPath": "/m"}, "/m")):
            endpoint = self.endpoint("ServiceMonitor", serviceMonitor={"enabled": True}, web=web)
            self.assertEqual(endpoint["path"], path, web)

    def test_select_this_release_only(self):
        rendered = render(minimal(serviceMonitor={"enabled": True}))
        selector = one(rendered, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
        service = one(rendered, "Service")["metadata"]["labels"]
        self.assertEqual(selector["app.kubernetes.io/instance"], "release")
        self.assertEqual({k: service[k] for k in selector}, selector)
        test = one(rendered, "Pod")["metadata"]["labels"]
        self.assertNotEqual({k: test[k] for k in selector}, selector, "the test's pod is no target")


class Rules(unittest.TestCase):
    def test_are_the_shipped_ones(self):
        rendered = render(minimal(prometheusRule={"enabled": True}))
        self.assertEqual(one(rendered, "PrometheusRule")["spec"]["groups"], RULES["groups"])

    def test_are_changed_one_by_one(self):
        found = alerts(render(chart.CHART / "ci" / "monitoring-values.yaml"))
        shipped = {rule["alert"]: rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule}
        self.assertEqual(set(shipped) - set(found), {"OktaServiceNowUsersLockedOut"})
        old = found["OktaServiceNowDriftOld"]
        self.assertEqual(old["for"], "1h")
        self.assertEqual(old["labels"], {"severity": "info", "team": "identity", "queue": "slow"})
        self.assertIn("> 172800", old["expr"])
        failing = found["OktaServiceNowProvisioningFailing"]
        self.assertEqual(failing["expr"], shipped["OktaServiceNowProvisioningFailing"]["expr"].replace("0.01", "0.02"))
        self.assertEqual((failing["keep_firing_for"], failing["labels"]["severity"]), ("30m", "critical"))
        self.assertEqual(found["OktaServiceNowOktaDown"]["expr"], shipped["OktaServiceNowOktaDown"]["expr"])
        self.assertEqual(found["OktaServiceNowOktaDown"]["annotations"]["runbook_url"],
                         "https://wiki.example.com/runbooks/OktaServiceNowOktaDown.md")
        for alert, rule in found.items():
            self.assertNotIn("https://grafana.example.com", str(rule), alert)
            self.assertNotIn("https://runbooks.example.com", str(rule), alert)
        for alert, rule in shipped.items():
            if alert in found and "dashboard_url" in rule["annotations"]:
                self.assertEqual(found[alert]["annotations"]["dashboard_url"],
                                 rule["annotations"]["dashboard_url"].replace("https://grafana.example.com",
                                                                              "https://mon.example.com/grafana"))
        self.assertEqual(found["OwnAlert"]["expr"], "vector(1) > 0")

    def test_follow_the_job(self):
        rendered = render(minimal(prometheusRule={"enabled": True}, monitoring={"job": "mine"}))
        self.assertEqual(alerts(rendered)["OktaServiceNowExporterAbsent"]["expr"], 'absent(up{job="mine"}) == 1')

    def test_hold_each_threshold_and_take_another(self):
        for group in RULES["groups"]:
            for rule in group["rules"]:
                for name, threshold in THRESHOLDS.get(rule.get("alert"), {}).items():
                    for quoted in threshold["in"]:
                        old = quoted.replace("{}", str(threshold["default"]))
                        found = re.findall(re.escape(old) + r"(?![\d.])", rule["expr"])
                        self.assertEqual(len(found), rule["expr"].count(old), f"{rule['alert']} {name}: {old}")
                        self.assertGreaterEqual(len(found), 1, f"{rule['alert']} {name}: {old}")
        changes = {alert: {"thresholds": {name: 7.5 for name in names}} for alert, names in THRESHOLDS.items()}
        found = alerts(render(minimal(prometheusRule={"enabled": True, "alerts": changes})))
        for alert, names in THRESHOLDS.items():
            for threshold in names.values():
                for quoted in threshold["in"]:
                    self.assertIn(quoted.replace("{}", "7.5"), found[alert]["expr"])

    def test_have_a_threshold_wherever_they_compare_with_a_number_that_somebody_may_change(self):
        without = {rule["alert"] for group in RULES["groups"] for rule in group["rules"]
                   if "alert" in rule and rule["alert"] not in THRESHOLDS
                   and re.search(r"[<>]=? *[\d.]*[1-9]", rule["expr"])}
        self.assertEqual(without, set())


class Dashboards(unittest.TestCase):
    shipped = sorted((chart.PROJECT / "dashboards").glob("*.json"))

    def test_are_the_shipped_ones(self):
        rendered = render(minimal(dashboards={"enabled": True, "folder": "Identity", "labels": {"a": "b"}}))
        maps = all_of(rendered, "ConfigMap")
        self.assertEqual({name: data for m in maps for name, data in m["data"].items()},
                         {file.name: file.read_text().rstrip("\n") for file in self.shipped})
        for config_map in maps:
            self.assertEqual(config_map["metadata"]["labels"]["grafana_dashboard"], "1")
            self.assertEqual(config_map["metadata"]["labels"]["a"], "b")
            self.assertEqual(config_map["metadata"]["annotations"]["grafana_folder"], "Identity")
        self.assertEqual(all_of(rendered, "GrafanaDashboard"), [])

    def test_are_resources_of_grafana_operator_too(self):
        rendered = render(minimal(dashboards={"enabled": True, "grafanaOperator": {"enabled": True}}))
        boards = all_of(rendered, "GrafanaDashboard")
        self.assertEqual(len(boards), len(self.shipped))
        for board in boards:
            reference = board["spec"]["configMapRef"]
            self.assertIn(reference["key"], one(rendered, "ConfigMap", reference["name"])["data"])
            self.assertEqual(board["spec"]["instanceSelector"], {"matchLabels": {"dashboards": "grafana"}})

    def test_fit_into_a_config_map(self):
        for file in self.shipped:
            self.assertLess(file.stat().st_size, 1_000_000, file.name)


class TheNetworkPolicy(unittest.TestCase):
    def policy(self, **values):
        return one(render(minimal(networkPolicy={"enabled": True, **values.pop("policy", {})}, **values)),
                   "NetworkPolicy")["spec"]

    def ports(self, rule):
        return [(p["port"], p["protocol"]) for p in rule["ports"]]

    def test_lets_out_names_and_https_and_nothing_else(self):
        policy = self.policy()
        self.assertEqual(policy["policyTypes"], ["Ingress", "Egress"])
        self.assertEqual(self.ports(policy["egress"][0]), [(53, "UDP"), (53, "TCP")])
        self.assertEqual(self.ports(policy["egress"][1]), [(443, "TCP")])
        self.assertEqual(len(policy["egress"]), 2)

    def test_knows_the_ports_of_urls_and_proxies(self):
        one_integration = integration(
            okta={"http": {"proxy_url": "http://user:pw@proxy.example.com:3128"}},
            servicenow={"url": "https://example.service-now.com:8443", "http": {"proxy_url": "socks5h://proxy"}})
        policy = self.policy(integrations=[one_integration], policy={"egress": {"extraPorts": [8080]}})
        self.assertEqual(self.ports(policy["egress"][1]), [(port, "TCP") for port in (443, 3128, 8443, 1080, 8080)])

    def test_lets_in_the_scrapes_of_whom_it_names_the_probes_and_the_test(self):
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
        values = minimal(networkPolicy={"enabled": True, "ingress": {"from": [peer]}})
        rendered = render(values)
        scrapes, probes = one(rendered, "NetworkPolicy")["spec"]["ingress"]
        self.assertEqual(self.ports(scrapes), [("metrics", "TCP")])
        self.assertEqual(scrapes["from"][0], peer)
        test = one(rendered, "Pod")["metadata"]["labels"]
        selector = scrapes["from"][1]["podSelector"]["matchLabels"]
        self.assertEqual({k: test[k] for k in selector}, selector)
        self.assertEqual((self.ports(probes), "from" in probes), ([("probes", "TCP")], False))

    def test_may_leave_egress_alone(self):
        self.assertEqual(self.policy(policy={"egress": {"enabled": False}})["policyTypes"], ["Ingress"])


class Routes(unittest.TestCase):
    def setUp(self):
        self.rendered = render(chart.CHART / "ci" / "network-values.yaml")
        self.service = one(self.rendered, "Service")

    def test_of_the_ingress_lead_to_the_service(self):
        spec = one(self.rendered, "Ingress")["spec"]
        self.assertEqual(spec["ingressClassName"], "nginx")
        rule = spec["rules"][0]
        self.assertEqual(rule["host"], "mon.example.com")
        backend = rule["http"]["paths"][0]["backend"]["service"]
        self.assertEqual(backend["name"], self.service["metadata"]["name"])
        port = self.service["spec"]["ports"][0]
        self.assertIn(backend["port"], ({"name": port["name"]}, {"number": port["port"]}))
        self.assertEqual(spec["tls"], [{"secretName": "mon-tls", "hosts": ["mon.example.com"]}])

    def test_of_the_gateway_lead_to_the_service(self):
        spec = one(self.rendered, "HTTPRoute")["spec"]
        self.assertEqual(spec["parentRefs"], [{"name": "gateway", "namespace": "gateways"}])
        self.assertEqual(spec["hostnames"], ["mon.example.com"])
        rule = spec["rules"][0]
        self.assertEqual(rule["matches"], [{"path": {"type": "PathPrefix", "value": "/exporter"}}])
        backend = rule["backendRefs"][0]
        self.assertEqual((backend["name"], backend["port"]),
                         (self.service["metadata"]["name"], self.service["spec"]["ports"][0]["port"]))


class TheTest(unittest.TestCase):
    def test_scrapes_the_service_with_the_exporters_own_image(self):
        rendered = render(minimal(web={"routePrefix": "/x"}, service={"port": 80}))
        pod = one(rendered, "Pod")
        self.assertEqual(pod["metadata"]["annotations"]["helm.sh/hook"], "test")
        container = pod["spec"]["containers"][0]
        self.assertEqual(container["image"], container_of(rendered)["image"])
        self.assertEqual(container["args"], [
            "probe", f"--url=http://{chart.NAME}.monitoring.svc:80/x/metrics",
            "--metric=okta_servicenow_exporter_build_info"])


class Everything(unittest.TestCase):
    def test_else_goes_where_it_belongs(self):
        rendered = render(chart.CHART / "ci" / "everything-values.yaml")
        pod = pod_of(rendered)
        for key in ("nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "hostAliases", "dnsConfig"):
            self.assertTrue(pod[key], key)
        self.assertEqual((pod["priorityClassName"], pod["dnsPolicy"]), ("important", "ClusterFirst"))
        self.assertEqual([c["name"] for c in pod["containers"]], ["exporter", "sidecar"])
        self.assertEqual([c["name"] for c in pod["initContainers"]], ["wait"])
        container = container_of(rendered)
        self.assertIn("--storage.reset-counters", container["args"])
        self.assertEqual(container["env"][0]["name"], "HTTPS_PROXY")
        self.assertIn("company-ca", str(pod["volumes"]))
        self.assertIn("/etc/company-ca", str(container["volumeMounts"]))
        self.assertEqual(one(rendered, "ConfigMap", "provisioning-exporter-extra")["data"], {"release": "release"})
        one(rendered, "ConfigMap", "text-release")
        for document in rendered:
            if "extra" not in document["metadata"]["name"] and "text" not in document["metadata"]["name"]:
                self.assertEqual(document["metadata"]["labels"]["team"], "identity", document["kind"])
                self.assertEqual(document["metadata"]["annotations"]["example.com/owner"], "identity", document["kind"])

    def test_has_names_that_kubernetes_takes(self):
        name = one(render(minimal(fullnameOverride="a" * 80)), "StatefulSet")["metadata"]["name"]
        self.assertEqual(name, "a" * 52)

    def test_is_rendered_the_same_each_time(self):
        digests = {hashlib.sha256(text(file).encode()).hexdigest()
                   for file in chart.CI_VALUES[:1] for _ in range(3)}
        self.assertEqual(len(digests), 1)

    def test_notes_tell_the_next_commands(self):
        # helm shows notes with a cluster only, so here they are part of a manifest.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "chart"
            shutil.copytree(chart.CHART, copy)
            notes = copy / "templates" / "NOTES.txt"
            (copy / "templates" / "notes.yaml").write_text(
                '{{- define "notes" }}' + notes.read_text() + "{{ end -}}\n"
                'apiVersion: v1\nkind: Notes\nmetadata: {name: notes}\ntext: {{ include "notes" . | quote }}\n')
            done = chart.run_helm("template", "release", str(copy), "--namespace", "monitoring", "--values",
                                  str(chart.CHART / "ci" / "inline-secrets-values.yaml"))
        self.assertEqual(done.returncode, 0, done.stderr)
        notes = one(documents(done.stdout), "Notes")["text"]
        self.assertIn(f"exec {chart.NAME}-0 -- okta-servicenow-exporter check --config.file=/etc/okta-servicenow-exporter/"
                      "config/config.yml --storage.path=/var/lib/okta-servicenow-exporter/state", notes)
        self.assertIn("helm test release --namespace monitoring", notes)
        self.assertIn("WARNING: persistence is off", notes)
        self.assertIn("Nothing scrapes it yet", notes)


class PodSecurity(unittest.TestCase):
    """The standard "restricted", on every pod of every example."""

    def check(self, pod, where):
        context = pod.get("securityContext", {})
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            self.assertFalse(pod.get(key), f"{where} {key}")
        for volume in pod.get("volumes", []):
            kinds = set(volume) - {"name"}
            self.assertLessEqual(kinds, {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
                                         "persistentVolumeClaim", "projected", "secret"}, where)
        for container in pod["containers"] + pod.get("initContainers", []):
            own = container.get("securityContext", {})
            name = f"{where} {container['name']}"
            self.assertIs(own.get("allowPrivilegeEscalation"), False, name)
            self.assertEqual(own["capabilities"].get("drop"), ["ALL"], name)
            self.assertLessEqual(set(own["capabilities"].get("add", [])), {"NET_BIND_SERVICE"}, name)
            self.assertFalse(own.get("privileged"), name)
            self.assertIs(own.get("runAsNonRoot", context.get("runAsNonRoot")), True, name)
            self.assertNotEqual(own.get("runAsUser", context.get("runAsUser")), 0, name)
            profile = own.get("seccompProfile", context.get("seccompProfile", {}))
            self.assertIn(profile.get("type"), ("RuntimeDefault", "Localhost"), name)
            self.assertFalse([p for p in container.get("ports", []) if p.get("hostPort")], name)
            if container["name"] in ("exporter", "scrape"):
                self.assertIs(own.get("readOnlyRootFilesystem"), True, name)

    def test_is_restricted_everywhere(self):
        pods = 0
        for file in chart.CI_VALUES:
            for document in documents(text(file)):
                if document["kind"] == "Pod":
                    self.check(document["spec"], file.name)
                    pods += 1
                elif document["kind"] == "StatefulSet":
                    self.check(document["spec"]["template"]["spec"], file.name)
                    pods += 1
        self.assertGreaterEqual(pods, 2 * len(chart.CI_VALUES) - 1)


if __name__ == "__main__":
    chart.main("helm")
