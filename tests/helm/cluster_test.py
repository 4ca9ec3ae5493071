"""The chart, installed into a real kube-apiserver, upgraded, rolled back and removed."""

import base64
import copy
import tempfile
import unittest
from pathlib import Path

import yaml

import chart
import cluster
from chart import integration, minimal

NAMESPACE = "monitoring"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"}
GROUPS = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "GrafanaDashboard": ("/apis/grafana.integreatly.org/v1beta1", "grafanadashboards"),
    "HTTPRoute": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies"),
    "PodMonitor": ("/apis/monitoring.coreos.com/v1", "podmonitors"),
    "PrometheusRule": ("/apis/monitoring.coreos.com/v1", "prometheusrules"),
    "Secret": ("/api/v1", "secrets"),
    "Service": ("/api/v1", "services"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ServiceMonitor": ("/apis/monitoring.coreos.com/v1", "servicemonitors"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
}


def setUpModule():
    global folder, kubernetes
    folder = tempfile.TemporaryDirectory(prefix="cluster.")
    unittest.addModuleCleanup(folder.cleanup)
    kubernetes = cluster.Cluster(folder.name)
    unittest.addModuleCleanup(kubernetes.close)
    kubernetes.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    # Elsewhere a controller makes it.
    kubernetes.call("POST", path_of("ServiceAccount"), {"metadata": {"name": "default"}})
    kubernetes.call("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "important"}, "value": 1000})


def path_of(kind, name=""):
    group, plural = GROUPS[kind]
    return f"{group}/namespaces/{NAMESPACE}/{plural}" + (f"/{name}" if name else "")


def get(kind, name=chart.NAME):
    return kubernetes.call("GET", path_of(kind, name))


def owned(release="release"):
    """Kind and name of everything in the namespace that helm put there for the release."""
    return {(kind, item["metadata"]["name"]) for kind in GROUPS for item in kubernetes.call("GET", path_of(kind))["items"]
            if item["metadata"].get("annotations", {}).get("meta.helm.sh/release-name") == release}


def configuration():
    return yaml.safe_load(base64.b64decode(get("Secret", chart.NAME + "-config")["data"]["config.yml"]))


class Installed(unittest.TestCase):
    def helm(self, *arguments, values=None):
        """helm's output; fails where helm does."""
        done = self.try_helm(*arguments, values=values)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def try_helm(self, *arguments, values=None):
        if isinstance(values, dict):
            file = Path(folder.name) / "values.yaml"
            file.write_text(yaml.safe_dump(values))
            values = file
        return kubernetes.helm(*arguments, *(["--values", str(values)] if values else []), namespace=NAMESPACE)

    def install(self, values, release="release"):
        self.remove(release)
        self.addCleanup(self.remove, release)
        return self.helm("install", release, str(chart.CHART), values=values)

    def upgrade(self, values):
        return self.helm("upgrade", "release", str(chart.CHART), values=values)

    def remove(self, release="release"):
        if release in self.helm("list", "--short").split():
            self.helm("uninstall", release)
        self.assertEqual(owned(release), set())

    def revisions(self):
        return [(r["revision"], r["status"]) for r in
                yaml.safe_load(self.helm("history", "release", "--output", "json"))]

    # --- what Kubernetes says ------------------------------------------------------------------------------------

    def test_every_example_is_taken_and_removed_again(self):
        for values in chart.CI_VALUES:
            with self.subTest(values.name):
                rendered = chart.render(values)
                expected = {(d["kind"], d["metadata"]["name"]) for d in rendered if d["kind"] in GROUPS}
                self.assertEqual({d["kind"] for d in rendered} - set(GROUPS), {"Pod"} if chart.all_of(rendered, "Pod") else set())
                notes = self.install(values)
                self.assertIn("helm test release --namespace monitoring", notes)
                self.assertEqual(owned(), expected)
                self.remove()

    def admit(self, spec, labels=None):
        """Would Kubernetes take the pod? It is not made."""
        kubernetes.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All&fieldValidation=Strict",
                        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "try", "labels": labels or {}}, "spec": spec})

    def test_the_pods_are_admitted_where_pod_security_is_restricted(self):
        for values in chart.CI_VALUES:
            with self.subTest(values.name):
                self.install(values)
                name = "provisioning-exporter" if "everything" in values.name else \
                    "okta-servicenow-emea" if "one-of-several" in values.name else chart.NAME
                template = get("StatefulSet", name)["spec"]["template"]
                spec = template["spec"]
                # The claim's volume comes from the controller, which does not run here.
                spec.setdefault("volumes", []).append({"name": "state", "persistentVolumeClaim": {"claimName": f"state-{name}-0"}})
                seen = {volume["name"]: volume for volume in reversed(spec["volumes"])}
                spec["volumes"] = list(seen.values())
                self.admit(spec, template["metadata"]["labels"])
                for pod in chart.all_of(chart.render(values), "Pod"):
                    self.admit(pod["spec"], pod["metadata"]["labels"])
                # Would it notice?
                for change in ({"runAsNonRoot": False}, {"seccompProfile": {"type": "Unconfined"}}):
                    open_spec = copy.deepcopy(spec)
                    open_spec["securityContext"].update(change)
                    with self.assertRaises(cluster.Refused) as refused:
                        self.admit(open_spec)
                    self.assertIn('violates PodSecurity "restricted', refused.exception.message)
                self.remove()

    def test_wrong_values_that_the_chart_lets_pass_are_refused_by_kubernetes(self):
        done = self.try_helm("install", "release", str(chart.CHART), values=minimal(
            serviceMonitor={"enabled": True, "relabelings": [{"action": "dorp"}]}))
        self.addCleanup(self.remove)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("dorp", done.stderr)

    # --- over time -----------------------------------------------------------------------------------------------

    def test_an_upgrade_changes_what_changed_and_a_rollback_takes_it_back(self):
        self.install(minimal())
        first = get("StatefulSet")
        self.assertEqual(configuration(), {"integrations": [integration()]})

        self.upgrade(minimal())
        self.assertEqual(get("StatefulSet")["metadata"]["generation"], first["metadata"]["generation"],
                         "the same values restart nothing")

        self.upgrade(minimal(integrations=[integration(drift={"interval": "30m"})],
                             serviceMonitor={"enabled": True}, log={"level": "debug"}))
        second = get("StatefulSet")
        self.assertEqual(second["metadata"]["generation"], first["metadata"]["generation"] + 1)
        self.assertNotEqual(second["spec"]["template"]["metadata"]["annotations"]["checksum/config"],
                            first["spec"]["template"]["metadata"]["annotations"]["checksum/config"])
        self.assertIn("--log.level=debug", second["spec"]["template"]["spec"]["containers"][0]["args"])
        self.assertEqual(configuration()["integrations"][0]["drift"], {"interval": "30m"})
        self.assertEqual(second["metadata"]["uid"], first["metadata"]["uid"], "it is the same StatefulSet, with its claim")
        get("ServiceMonitor")

        self.helm("rollback", "release", "1")
        third = get("StatefulSet")
        self.assertEqual(third["spec"]["template"], first["spec"]["template"])
        self.assertEqual(third["metadata"]["uid"], first["metadata"]["uid"])
        self.assertEqual(configuration(), {"integrations": [integration()]})
        with self.assertRaises(cluster.Refused):
            get("ServiceMonitor")
        self.assertEqual(self.revisions(), [(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "deployed")])

    def test_an_upgrade_with_wrong_values_changes_nothing(self):
        self.install(minimal())
        before = get("StatefulSet")["metadata"]["resourceVersion"]
        done = self.try_helm("upgrade", "release", str(chart.CHART), values=minimal(integrations=[]))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("there is no integration: write at least one", done.stderr)
        self.assertEqual(get("StatefulSet")["metadata"]["resourceVersion"], before)
        self.assertEqual(self.revisions(), [(1, "deployed")])

    def test_a_larger_volume_needs_the_way_that_the_readme_tells(self):
        self.install(minimal())
        larger = minimal(persistence={"size": "2Gi"})
        done = self.try_helm("upgrade", "release", str(chart.CHART), values=larger)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stderr, "field is immutable|updates to statefulset spec .* are forbidden")
        # kubectl delete statefulset <name> --cascade=orphan; removing what orphans is a controller's work.
        kubernetes.call("DELETE", path_of("StatefulSet", chart.NAME), {"propagationPolicy": "Orphan"})
        waiting = get("StatefulSet")
        self.assertEqual(waiting["metadata"]["finalizers"], ["orphan"])
        kubernetes.call("PATCH", path_of("StatefulSet", chart.NAME), {"metadata": {"finalizers": None}},
                        "application/merge-patch+json")
        self.upgrade(larger)
        claim = get("StatefulSet")["spec"]["volumeClaimTemplates"][0]
        self.assertEqual(claim["spec"]["resources"]["requests"]["storage"], "2Gi")

    def test_several_releases_stand_side_by_side(self):
        self.install(minimal(integrations=[integration("emea")], prometheusRule={"enabled": True}))
        self.install(minimal(integrations=[integration("apac")]), "second")
        self.assertIn(("StatefulSet", chart.NAME), owned())
        self.assertIn(("StatefulSet", "second-okta-servicenow-exporter"), owned("second"))
        selectors = [get("Service", name)["spec"]["selector"] for name in (chart.NAME, "second-okta-servicenow-exporter")]
        self.assertNotEqual(*selectors)
        self.remove("second")
        self.assertIn(("StatefulSet", chart.NAME), owned())


if __name__ == "__main__":
    cluster.need()
    unittest.main(module="__main__", verbosity=1)
