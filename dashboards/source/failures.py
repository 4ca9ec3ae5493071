"""Which provisioning tasks fail, since when, and why?"""

from parts import (BAD, BLUE, GOOD, GREEN, GREY, ORANGE, PURPLE, REASONS, SELECT, SKY, VERMILION, WARN, YELLOW, dashboard,
                   fixed, graph, page, query, row, runbook, stat, steps, table, timeline, words)

OPERATIONS = {"create": BLUE, "update": ORANGE, "activate": GREEN, "deactivate": VERMILION, "reactivate": SKY,
              "delete": PURPLE, "password": YELLOW}
LOGGED = 'operation=~"create|update|activate|deactivate|reactivate|delete|password"'


def make() -> dict:
    failed = f"okta_provisioning_task_failures_total{{{SELECT}}}"
    failing = runbook("OktaServiceNowProvisioningFailing")
    failed_tasks = page("/failures", "Failed tasks")
    return dashboard("failures", "Provisioning failures",
                     "Which provisioning tasks fail, since when, and why, as Okta's System Log tells.", [
        row("What fails, and why"),
        graph("Failed tasks by reason", "Tasks that failed, as many as in a step, by the reason in Okta's text. "
              "record_not_found_or_hidden is the ambiguous 404: the record is gone, or an ACL hides it.",
              [query(f"sum by (integration, reason) (increase({failed}[$__rate_interval])) > 0", "{{integration}} {{reason}}")],
              none="no task failed in this time", width=14, height=9, bars=True, stack=True, overrides=fixed(REASONS),
              decimals=0, legend="table", links=[failing, failed_tasks]),
        table("Failed, in the time shown", "Tasks that failed in the time shown, by operation and reason.",
              f"sum by (integration, operation, reason) (increase({failed}[$__range])) >= 0.5",
              {"integration": "Integration", "operation": "Operation", "reason": "Reason"}, value="Failed", decimals=0,
              none="no task failed in this time", width=10, height=9, links=[failing, failed_tasks]),
        graph("Share of tasks that fail", "Failed tasks by operation as a share of those attempted, over an hour. Only "
              "operations whose attempts Okta logs. The lines are the burn rates 1 and 14.4 of an objective of 99 %.",
              [query("sum by (integration, operation) "
                     f"(increase(okta_provisioning_task_failures_total{{{SELECT}, {LOGGED}}}[1h]))\n"
                     f"/ (sum by (integration, operation) (increase(okta_provisioning_tasks_total{{{SELECT}}}[1h])) > 0)",
                     "{{integration}} {{operation}}")],
              unit="percentunit", maximum=1, none="no task in this time", overrides=fixed(OPERATIONS),
              thresholds=steps((None, GOOD), (0.01, WARN), (0.144, BAD)), show_thresholds=True,
              links=[failing, runbook("OktaServiceNowProvisioningDegraded"), runbook("OktaServiceNowCreateFailing")]),
        graph("Tasks", "Provisioning tasks that Okta attempted, as many as in a step, by operation. No tasks at all where "
              "there should be some: look at the features and at the delay below.",
              [query("sum by (integration, operation) "
                     f"(increase(okta_provisioning_tasks_total{{{SELECT}}}[$__rate_interval])) > 0",
                     "{{integration}} {{operation}}")],
              none="no task in this time", bars=True, stack=True, overrides=fixed(OPERATIONS), decimals=0),
        row("What became of it"),
        graph("Users by the state of their last push", "Users by how far Okta has synchronised them. ERROR: Okta holds a "
              "failed task open. Some tenants show DISABLED for everyone; there this says nothing.",
              [query(f"sum by (integration, sync_state) (okta_app_user_sync_states{{{SELECT}}})", "{{integration}} {{sync_state}}")],
              none="not listed yet", width=8, decimals=0, scale={"type": "symlog", "log": 10, "linearThreshold": 1},
              overrides=fixed({"ERROR": VERMILION, "SYNCHRONIZED": BLUE, "SYNCING": SKY, "OUT_OF_SYNC": ORANGE,
                               "DISABLED": GREY, "other": YELLOW}),
              links=[runbook("OktaServiceNowOpenFailedTasksRising")]),
        graph("What the ambiguous 404 turned out to be", "Failed tasks with the ambiguous 404, as many as in a step, by what a "
              "look at both sides found.",
              [query("sum by (integration, verdict) "
                     f"(increase(okta_provisioning_failure_verdicts_total{{{SELECT}}}[$__rate_interval])) > 0",
                     "{{integration}} {{verdict}}")],
              none="no such failure in this time", width=8, bars=True, stack=True, decimals=0,
              overrides=fixed({"record_missing": VERMILION, "sys_id_changed": BLUE, "hidden_by_acl": ORANGE,
                               "linked_ok": GREEN, "unverified": GREY, "wrong_user": PURPLE}),
              links=[failed_tasks]),
        graph("Assigned users", "Users assigned to the app, by the status of the assignment.",
              [query(f"sum by (integration, status) (okta_app_users{{{SELECT}}})", "{{integration}} {{status}}")],
              none="not listed yet", width=8, decimals=0, scale={"type": "symlog", "log": 10, "linearThreshold": 1}),
        row("Is anything switched off, or behind?"),
        timeline("Provisioning features of the app", "What is switched on in the app's Provisioning tab. What Okta skips while "
                 "a feature is off is never made up for.",
                 [query(f"min by (integration, feature) (okta_app_provisioning_feature_enabled{{{SELECT}}})",
                        "{{integration}} {{feature}}")],
                 none="the app was not read yet", mappings=words(v0=("off", GREY), v1=("on", GOOD)),
                 links=[runbook("OktaServiceNowFeatureSwitchedOff")]),
        graph("Groups that can't be pushed", "Group push mappings whose last push failed, by why, as Okta's text tells it. "
              "Empty where the credentials may not read them, or the app pushes no groups.",
              [query(f"sum by (integration, reason) (okta_group_push_mappings_in_error{{{SELECT}}}) > 0",
                     "{{integration}} {{reason}}")],
              none="no group push in error", width=24, decimals=0, links=[runbook("OktaServiceNowGroupPushFailing")]),
        graph("Events read from the System Log", "Events of the System Log each second, by what became of them. malformed ones "
              "lack fields that every event has.",
              [query("sum by (integration, disposition) "
                     f"(rate(okta_system_log_events_total{{{SELECT}}}[$__rate_interval])) > 0",
                     "{{integration}} {{disposition}}")],
              unit="cps", width=6, none="no event in this time", overrides=fixed({
                  "counted": BLUE, "correlated": SKY, "duplicate": GREY, "ignored": ORANGE, "malformed": VERMILION})),
        graph("Behind the System Log", "How far behind the exporter is in reading the System Log: failures show that much "
              "later.",
              [query(f"time() - max by (integration) (okta_system_log_complete_until_timestamp_seconds{{{SELECT}}})",
                     "{{integration}}")],
              unit="s", width=6, none="the log was not read yet", links=[runbook("OktaServiceNowSystemLogBehind")]),
    ])
