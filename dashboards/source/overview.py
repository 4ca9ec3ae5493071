"""Is provisioning healthy, since when not, and can these numbers be trusted?"""

from parts import (BAD, GOOD, GREY, ORANGE, PURPLE, SELECT, TARGET, VERMILION, WARN, alerts, dashboard, fixed, graph, page,
                   query, row, runbook, stat, steps, table, timeline, words)

LOGGED = 'operation=~"create|update|activate|deactivate|reactivate|delete|password"'


def make() -> dict:
    return dashboard("overview", "Overview",
                     "Is provisioning from Okta to ServiceNow healthy, since when not, why, and can the numbers be trusted?", [
        row("Is provisioning healthy?"),
        stat("Failed tasks", "Share of the provisioning tasks of the last hour that failed. Only operations whose attempts "
             "Okta logs. The objective is 1 %.",
             f"sum by (integration) (increase(okta_provisioning_task_failures_total{{{SELECT}, {LOGGED}}}[1h]))\n"
             f"/ (sum by (integration) (increase(okta_provisioning_tasks_total{{{SELECT}}}[1h])) > 0)",
             unit="percentunit", none="no task in the last hour", decimals=1,
             thresholds=steps((None, GOOD), (0.01, WARN), (0.144, BAD)),
             links=[runbook("OktaServiceNowProvisioningFailing"), page("/failures", "Failed tasks")]),
        stat("Open failed tasks", "Users for whom Okta holds a failed task open that somebody has to retry.",
             f'sum by (integration) (okta_app_user_sync_states{{{SELECT}, sync_state="ERROR"}})',
             thresholds=steps((None, GOOD), (1, WARN), (50, BAD)), links=[runbook("OktaServiceNowOpenFailedTasksRising")]),
        stat("Drifted users", "Users whose external ID does not lead to the right, visible record.",
             f'sum by (integration) (okta_external_id_users{{{SELECT}, state="drifted"}})',
             none="no comparison yet", thresholds=steps((None, GOOD), (1, WARN), (50, BAD)),
             links=[runbook("OktaServiceNowDriftPresent"), page("/drift", "Drifted users")]),
        stat("Mass drift", "Did so many links break at once that ServiceNow's database was probably replaced: a clone, a "
             "migration, a restore?",
             f"max by (integration) (okta_external_id_mass_drift{{{SELECT}}})", none="no comparison yet", unit="none",
             mappings=words(v0=("no", GOOD), v1=("MASS DRIFT", BAD)), links=[runbook("OktaServiceNowMassDrift")]),
        stat("Refused by ACL", "Operations that ServiceNow refused Okta by ACL in the last hour, as Okta's failure texts "
             "tell. The transaction log may hold the same ones: never add the two.",
             f"sum by (integration) (increase(okta_provisioning_acl_denials_total{{{SELECT}}}[1h]))",
             decimals=0, thresholds=steps((None, GOOD), (0.5, WARN), (5, BAD)),
             links=[runbook("OktaServiceNowAclDenialsRising")]),
        stat("Accounts refused", "Credentials that a vendor refuses with 401: Okta's token, the reader, the provisioner.",
             f"sum by (integration) (\n"
             f"  label_replace(okta_credentials_valid{{{SELECT}}} == bool 0, \"account\", \"okta\", \"\", \"\")\n"
             f"  or servicenow_credentials_valid{{{SELECT}}} == bool 0\n)",
             decimals=0, thresholds=steps((None, GOOD), (1, BAD)),
             links=[runbook("OktaServiceNowProvisionerCredentialsInvalid"),
                    runbook("OktaServiceNowOktaCredentialsInvalid"),
                    runbook("OktaServiceNowReaderCredentialsInvalid")]),
        graph("Failures, denials and drift", "Failed tasks and ACL refusals, each as many as happened in a step, and the "
              "users that are drifted, on one axis; the axis shows 3 beside 3,000. What goes up first is near the cause. "
              "Vertical marks: configuration loaded, access changed in ServiceNow, mass drift.", [
                  query(f"sum by (integration) (increase(okta_provisioning_task_failures_total{{{SELECT}}}[$__rate_interval]))",
                        "{{integration}} failed tasks"),
                  query(f"sum by (integration) (increase(okta_provisioning_acl_denials_total{{{SELECT}}}[$__rate_interval]))",
                        "{{integration}} ACL refusals"),
                  query(f'sum by (integration) (okta_external_id_users{{{SELECT}, state="drifted"}})',
                        "{{integration}} drifted users"),
              ], width=24, height=9, scale={"type": "symlog", "log": 10, "linearThreshold": 1}, legend="table", decimals=0,
              overrides=[
                  {"matcher": {"id": "byRegexp", "options": "/failed tasks$/"}, "properties": [
                      {"id": "custom.drawStyle", "value": "bars"}, {"id": "custom.fillOpacity", "value": 70},
                      {"id": "color", "value": {"mode": "fixed", "fixedColor": VERMILION}}]},
                  {"matcher": {"id": "byRegexp", "options": "/ACL refusals$/"}, "properties": [
                      {"id": "custom.drawStyle", "value": "bars"}, {"id": "custom.fillOpacity", "value": 70},
                      {"id": "color", "value": {"mode": "fixed", "fixedColor": ORANGE}}]},
                  {"matcher": {"id": "byRegexp", "options": "/drifted users$/"}, "properties": [
                      {"id": "color", "value": {"mode": "fixed", "fixedColor": PURPLE}}]},
              ], links=[page("/failures", "Failed tasks"), page("/drift", "Drifted users")]),
        row("What is wrong now"),
        alerts("Alerts", "Alerts of the rules in alerts/okta-servicenow.rules.yml that are pending or firing. Each has a "
               "runbook.", width=12, height=9),
        timeline("Vendors and accounts", "Whether the APIs of Okta and ServiceNow answer, and whether they accept the "
                 "credentials. Both ServiceNow accounts refused within an hour: the first sign of a clone.", [
                     query(f"min by (integration) (okta_up{{{SELECT}}})", "{{integration}} Okta answers"),
                     query(f"min by (integration) (servicenow_up{{{SELECT}}})", "{{integration}} ServiceNow answers"),
                     query(f"min by (integration) (okta_credentials_valid{{{SELECT}}})", "{{integration}} Okta's token"),
                     query(f"min by (integration, account) (servicenow_credentials_valid{{{SELECT}}})",
                           "{{integration}} ServiceNow {{account}}"),
                 ], height=9, mappings=words(v0=("no", BAD), v1=("yes", GOOD)),
                 links=[runbook("OktaServiceNowServiceNowDown"), runbook("OktaServiceNowOktaDown")]),
        row("Can these numbers be trusted?"),
        graph("Age of the samples, in intervals", "Time since each sampler last succeeded, in its own intervals. Above 3 it "
              "is stale, and its metrics show the last good values.", [
                  query(f"(time() - max by (integration, sampler) "
                        f"(okta_servicenow_exporter_sample_success_timestamp_seconds{{{SELECT}}}))\n"
                        f"/ max by (integration, sampler) (okta_servicenow_exporter_sampler_interval_seconds{{{SELECT}}})",
                        "{{integration}} {{sampler}}"),
              ], unit="none", decimals=1, none="no sample yet", thresholds=steps((None, GOOD), (3, BAD)),
              show_thresholds=True, links=[runbook("OktaServiceNowSampleStale")]),
        timeline("Last comparison complete", "Whether the last comparison of the two sides had two complete listings that "
                 "could be believed. If not, the numbers on drift are those of the last complete one.",
                 [query(f"min by (integration) (okta_external_id_comparison_complete{{{SELECT}}})", "{{integration}}")],
                 none="no comparison yet", width=6,
                 mappings=words(v0=("incomplete", WARN), v1=("complete", GOOD)),
                 links=[runbook("OktaServiceNowComparisonIncomplete")]),
        graph("Behind the vendors' logs", "How far behind the exporter is in reading Okta's System Log and ServiceNow's "
              "transaction log. What happened since then is not counted yet.", [
                  query(f"time() - max by (integration) (okta_system_log_complete_until_timestamp_seconds{{{SELECT}}})",
                        "{{integration}} System Log"),
                  query("time() - max by (integration) "
                        f"(servicenow_transaction_log_complete_until_timestamp_seconds{{{SELECT}}})",
                        "{{integration}} transaction log"),
              ], unit="s", width=6, none="no log was read yet",
              links=[runbook("OktaServiceNowSystemLogBehind"), runbook("OktaServiceNowTransactionLogBehind")]),
        table("Integrations", "Which Okta app and which ServiceNow instance an integration joins. Critical alerts look at "
              "those of the tier production.",
              f"max by (integration, tier, okta_host, app_id, servicenow_host) "
              f"(okta_servicenow_exporter_integration_info{{{SELECT}}})",
              {"integration": "Integration", "tier": "Tier", "okta_host": "Okta", "app_id": "App", "servicenow_host": "ServiceNow"},
              value=None, none="the exporter is not scraped", width=16, height=6),
        stat("Exporter", "Whether Prometheus can scrape the exporter.", f"min by (instance) (up{{{TARGET}}})",
             legend="{{instance}}", unit="none", none="no target", width=8, height=6,
             mappings=words(v0=("DOWN", BAD), v1=("up", GOOD)),
             links=[runbook("OktaServiceNowExporterDown"), runbook("OktaServiceNowExporterAbsent")]),
    ])
