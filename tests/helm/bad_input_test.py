"""Wrong values: helm refuses each with words that say what to write instead."""

import unittest

import chart
from chart import integration, minimal, refusal


class WrongValues(unittest.TestCase):
    def refused(self, values, *words):
        message = refusal(values)
        for word in words:
            self.assertIn(word, message)
        return message

    def test_without_an_integration(self):
        self.refused({}, "there is no integration: write at least one under integrations, such as", "existingConfigSecret")

    def test_with_two_configurations(self):
        self.refused(minimal(existingConfigSecret="mine"), "existingConfigSecret and integrations",
                     "leave existingConfigSecret empty")

    def test_with_both_forms_of_secrets(self):
        self.refused(minimal(secrets={"existingSecret": "mine", "values": {"okta-token": "x"}}),
                     "secrets.existingSecret and secrets.values are both set", "leave secrets.values empty")

    def test_with_a_secret_given_twice(self):
        self.refused(minimal(integrations=[integration(okta={"api_token": "x"})]),
                     "integrations[0].okta has api_token and api_token_file: keep one of them, best api_token_file")
        account = {"basic_auth": {"username": "u", "password_file": "/a", "password_env": "B"}}
        self.refused(minimal(integrations=[integration(servicenow={"provisioner": account})]),
                     "integrations[0].servicenow.provisioner.basic_auth has password_file and password_env")

    def test_with_two_ways_to_sign_in_or_none(self):
        oauth2 = {"client_id": "x", "private_key_env": "KEY"}
        self.refused(minimal(integrations=[integration(okta={"oauth2": oauth2})]),
                     "integrations[0].okta has api_token and oauth2: keep exactly one way to sign in")
        self.refused(minimal(integrations=[integration(servicenow={"reader": {}})]),
                     "integrations[0].servicenow.reader does not say how to sign in: write one of basic_auth, oauth2")

    def test_with_half_a_way_to_sign_in(self):
        okta = integration(okta={"oauth2": {"client_id": "x"}})
        del okta["okta"]["api_token_file"]
        self.refused(minimal(integrations=[okta]), "integrations[0].okta.oauth2 needs private_key_file: put the private key "
                     "into a key of secrets.existingSecret and write private_key_file: " + chart.SECRETS)
        for account, words in (
                ({"client_certificate": {"cert_file": "/c"}}, "client_certificate needs key_file"),
                ({"oauth2": {"client_id": "x"}}, "oauth2 with grant_type client_credentials needs client_secret_file"),
                ({"oauth2": {"client_id": "x", "client_secret_env": "S", "grant_type": "password", "username": "u"}},
                 "oauth2 with grant_type password needs password_file"),
                ({"oauth2": {"client_id": "x", "client_secret_env": "S", "grant_type": "refresh_token"}},
                 "needs refresh_token_file: put the refresh token into"),
                ({"oauth2": {"client_id": "x", "grant_type": "jwt_bearer", "private_key_env": "K"}},
                 "oauth2 with grant_type jwt_bearer needs subject: write it"),
                ({"oauth2": {"client_id": "x", "client_secret_env": "S", "private_key_env": "K"}},
                 "has private_key_env, which has no meaning there: remove it, or write the grant_type")):
            self.refused(minimal(integrations=[integration(servicenow={"reader": account})]),
                         "integrations[0].servicenow.reader.", words)

    def test_with_a_name_given_twice(self):
        self.refused(minimal(integrations=[integration("a"), integration("b"), integration("a")]),
                     'integrations[2].name: "a" is the name of integrations[0] too; names must differ, so write another')

    def test_with_an_app_that_is_none(self):
        for app in ({"name": "servicenow_ud"}, {"id": "0oa1", "label": "ServiceNow"}, {}):
            self.refused(minimal(integrations=[integration(okta={"app": app})]),
                         "integrations[0].okta.app must lead to exactly one app: write {id: 0oa1abcd}, or {name:")

    def test_with_a_secret_in_a_config_map(self):
        inline = integration(servicenow={"reader": {"basic_auth": {"username": "u", "password": "p"}}})
        self.refused(minimal(integrations=[inline], config={"kind": "ConfigMap"}),
                     "integrations[0].servicenow.reader.basic_auth.password is a secret in plain text",
                     "write password_file and put the secret into secrets.existingSecret")
        for account, key in (({"oauth2": {"client_id": "x", "grant_type": "refresh_token", "client_secret_env": "S",
                                          "refresh_token": "t"}}, "oauth2.refresh_token"),
                             ({"api_key": "k"}, "api_key"),
                             ({"client_certificate": {"cert": "c", "key": "k"}}, "client_certificate.key")):
            self.refused(minimal(integrations=[integration(servicenow={"reader": account})], config={"kind": "ConfigMap"}),
                         f"servicenow.reader.{key} is a secret in plain text")
        proxy = integration(okta={"http": {"proxy_url": "http://user:password@proxy:3128"}})
        self.refused(minimal(integrations=[proxy], config={"kind": "ConfigMap"}), "okta.http.proxy_url holds a password")
        header = integration(okta={"http": {"http_headers": {"X-Key": {"secrets": ["s"]}}}})
        self.refused(minimal(integrations=[header], config={"kind": "ConfigMap"}), "set config.kind to Secret")

    def test_with_a_file_that_no_secret_has(self):
        self.refused({"integrations": [integration()]},
                     "integrations[0].okta.api_token_file names the file okta-token of the chart's secrets, and there are "
                     "none: create a Secret with the key okta-token and name it in secrets.existingSecret")
        self.refused({"integrations": [integration()], "secrets": {"values": {"okta-token": "x"}}},
                     "names the file sn-reader, which secrets.values does not have: add it there; it has okta-token")

    def test_with_a_file_beside_the_configuration(self):
        self.refused(minimal(integrations=[integration(okta={"api_token_file": "okta-token"})]),
                     "integrations[0].okta.api_token_file: okta-token is a relative path, and beside the configuration there "
                     f"are no files: write {chart.SECRETS}/okta-token, for the key okta-token of secrets.existingSecret")
        header = integration(okta={"http": {"http_headers": {"X-Key": {"files": ["key"]}}}})
        self.refused(minimal(integrations=[header]), "okta.http.http_headers.X-Key.files[0]: key is a relative path")

    def test_with_an_unknown_key(self):
        self.refused(minimal(persistance={"enabled": True}), "additional properties 'persistance' not allowed",
                     "'persistence'")
        self.refused(minimal(persistence={"enable": True}), "at '/persistence': additional properties 'enable' not allowed",
                     "'enabled'")
        self.refused(minimal(integrations=[integration(okta={"api_tokn": "x"})]),
                     "at '/integrations/0/okta': additional properties 'api_tokn' not allowed", "'api_token'")

    def test_of_the_wrong_kind(self):
        self.refused(minimal(integrations=[integration(tier="prod")]),
                     "at '/integrations/0/tier': value must be one of 'production', 'other'")
        self.refused(minimal(integrations=[integration(drift={"interval": "5 minutes"})]),
                     "at '/integrations/0/drift/interval': '5 minutes' does not match pattern")
        self.refused(minimal(integrations=[integration(okta={"url": "https://example.okta.com/admin"})]),
                     "at '/integrations/0/okta/url'")
        self.refused(minimal(containerPort=80), "at '/containerPort': minimum: got 80, want 1,024")
        self.refused(minimal(image={"digest": "sha256:abc"}), "at '/image/digest'")
        self.refused(minimal(dashboards={"grafanaOperator": {"resyncPeriod": "1d"}}), "'1d' does not match pattern")
        self.refused(minimal(integrations=[integration(okta={"oauth2": {"client_id": "x", "dpop": "sometimes"}})]),
                     "at '/integrations/0/okta/oauth2/dpop': value must be one of 'auto', 'always', 'never'")
        self.refused(minimal(integrations=[integration(okta={"rate_limit_share": 25})]),
                     "at '/integrations/0/okta/rate_limit_share': maximum: got 25, want 1")
        self.refused(minimal(log={"level": "verbose"}), "value must be one of 'debug', 'info', 'warn', 'error'")
        self.refused(minimal(integrations=[{"name": "a"}]), "at '/integrations/0': missing properties 'okta', 'servicenow'")

    def test_with_a_rule_that_does_not_exist(self):
        self.refused(minimal(prometheusRule={"alerts": {"OktaServiceNowDriftWeird": {"enabled": False}}}),
                     "prometheusRule.alerts.OktaServiceNowDriftWeird: there is no such alert; write one of",
                     "OktaServiceNowDriftOld")
        change = {"OktaServiceNowDriftOld": {"thresholds": {"hours": 1}}}
        self.refused(minimal(prometheusRule={"alerts": change}),
                     "OktaServiceNowDriftOld.thresholds.hours: this alert has no such threshold; it has seconds")

    def test_that_exclude_each_other(self):
        self.refused(minimal(serviceMonitor={"enabled": True}, podMonitor={"enabled": True}), "keep one of the two")
        self.refused(minimal(serviceMonitor={"enabled": True}, service={"enabled": False}), "or use podMonitor")
        self.refused(minimal(ingress={"enabled": True}), "ingress.enabled needs ingress.hosts: write hosts:")
        self.refused(minimal(httpRoute={"enabled": True}), "write parentRefs:")
        self.refused(minimal(probes={"port": 10717}), "give the probes a port of their own")
        self.refused(minimal(persistence={"enabled": False, "existingClaim": "c"}), "set persistence.enabled to true")
        self.refused(minimal(web={"tls": True}), "name the Secret with web-config.yml")

    def test_with_a_flag_that_the_chart_sets(self):
        for flag, instead in (("--log.level=debug", "log.level"), ("--config.file=x", "existingConfigSecret"),
                              ("--web.listen-address=:1", "containerPort"), ("--storage.path=/x", "persistence")):
            self.refused(minimal(extraArgs=[flag]), "which the chart sets itself: use", instead)

    def test_on_a_kubernetes_that_is_too_old(self):
        done = chart.template(minimal(), kubernetes="v1.24.0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("chart requires kubeVersion: >=1.25.0-0", done.stderr)


if __name__ == "__main__":
    chart.main("helm")
