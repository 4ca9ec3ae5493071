"""Whose external ID does not lead to the right record, in which way, and since when?"""

from parts import (BAD, GOOD, GREY, KINDS, SELECT, STATES, WARN, GREEN, ORANGE, VERMILION, dashboard, fixed, graph, page,
                   query, row, runbook, stat, steps, table, words)


def state(name: str, description: str, thresholds: dict, links: list[dict]) -> dict:
    return stat(name.capitalize(), description,
                f'sum by (integration) (okta_external_id_users{{{SELECT}, state="{name}"}})', none="no comparison yet",
                thresholds=thresholds, links=links)


def make() -> dict:
    drift_page = page("/drift", "Drifted users")
    calm = steps((None, GOOD))
    return dashboard("drift", "External-ID drift",
                     "Whose external ID in Okta does not lead to the right, visible record in ServiceNow, in which way, "
                     "since when; is it one user, or a clone of the instance?", [
        row("How many, now"),
        state("linked", "Users whose external ID leads to the right record.", calm, [drift_page]),
        state("drifted", "Users whose external ID does not lead to the right, visible record.",
              steps((None, GOOD), (1, WARN), (50, BAD)), [runbook("OktaServiceNowDriftPresent"), drift_page]),
        state("unverified", "Users of whom the exporter can't tell. More than one in ten: the reader sees too little, or "
              "these are no sys_ids of this instance.", calm, [runbook("OktaServiceNowLinksUnverified")]),
        state("exempt", "Users who are not expected to have a record.", calm, []),
        stat("Mass drift", "Did so many links break at once that ServiceNow's database was probably replaced: a clone, a "
             "migration, a restore?",
             f"max by (integration) (okta_external_id_mass_drift{{{SELECT}}})", none="no comparison yet", unit="none",
             mappings=words(v0=("no", GOOD), v1=("MASS DRIFT", BAD)), links=[runbook("OktaServiceNowMassDrift")]),
        stat("Last comparison", "Time since the last complete comparison: how old the numbers here are.",
             f"time() - max by (integration) (okta_external_id_comparison_timestamp_seconds{{{SELECT}}})", unit="s",
             none="no comparison yet", decimals=0, thresholds=steps((None, GOOD), (3 * 3600, WARN)),
             links=[runbook("OktaServiceNowComparisonIncomplete")]),
        row("In which way, and since when"),
        graph("Drifted users by kind", "Each user counts once, under the first kind that fits. All kinds rising at the same "
              "time: a clone. One kind alone: a job, an import or somebody's hand.",
              [query(f"sum by (integration, kind) (okta_external_id_drift_users{{{SELECT}}})", "{{integration}} {{kind}}")],
              none="no comparison yet", width=16, height=9, stack=True, overrides=fixed(KINDS), decimals=0, legend="table",
              links=[runbook("OktaServiceNowDriftPresent"), runbook("OktaServiceNowWrongUserLinked"), drift_page]),
        table("Oldest drift", "How long the longest drifted user of each kind has been so.",
              f"time() - min by (integration, kind) (okta_external_id_drift_oldest_timestamp_seconds{{{SELECT}}})",
              {"integration": "Integration", "kind": "Kind"}, value="For", unit="s", none="nobody is drifted", width=8,
              height=9, thresholds=steps((None, GOOD), (86400, WARN), (7 * 86400, BAD)), decimals=0,
              links=[runbook("OktaServiceNowDriftOld"), drift_page]),
        graph("Newly drifted", "Users found drifted, as many as in a step. What the first comparison finds was there "
              "before, and is not counted.",
              [query("sum by (integration, kind) "
                     f"(increase(okta_external_id_drift_detected_total{{{SELECT}}}[$__rate_interval]))",
                     "{{integration}} {{kind}}")],
              bars=True, stack=True, overrides=fixed(KINDS), decimals=0, links=[runbook("OktaServiceNowDriftGrowing")]),
        graph("Resolved", "Drifted users that are drifted no more, as many as in a step, by the kind that ended: repaired, "
              "unassigned, or of another kind now.",
              [query("sum by (integration, kind) "
                     f"(increase(okta_external_id_drift_resolved_total{{{SELECT}}}[$__rate_interval]))",
                     "{{integration}} {{kind}}")],
              bars=True, stack=True, overrides=fixed(KINDS), decimals=0,
              links=[page("/drift?state=resolved", "Resolved drift")]),
        graph("Users by the state of their link", "The sum is every user who is assigned to the app.",
              [query(f"sum by (integration, state) (okta_external_id_users{{{SELECT}}})", "{{integration}} {{state}}")],
              none="no comparison yet", stack=True, overrides=fixed(STATES), decimals=0,
              links=[runbook("OktaServiceNowLinksUnverified")]),
        graph("What failed users' links turned out to be", "After an ambiguous 404 the user's link is looked at at once. "
              "linked_ok: the link is good, so look at permissions.",
              [query("sum by (integration, verdict) "
                     f"(increase(okta_provisioning_failure_verdicts_total{{{SELECT}}}[$__rate_interval]))",
                     "{{integration}} {{verdict}}")],
              bars=True, stack=True, overrides=fixed({**KINDS, "linked_ok": GREEN, "unverified": ORANGE}), decimals=0,
              links=[page("/failures", "Failed tasks")]),
        row("Who has access, and who has not"),
        stat("Leavers with access", "Users who left the app within the last 30 days and are still active in ServiceNow.",
             f'sum by (integration) (okta_external_id_former_users{{{SELECT}, state="active"}})',
             none="not looked up yet, or Deactivate Users is off", thresholds=steps((None, GOOD), (1, WARN)), width=6,
             links=[runbook("OktaServiceNowLeaversWithAccess")]),
        stat("Locked out", "Users who are linked and active, and locked out in ServiceNow.",
             f"sum by (integration) (okta_external_id_locked_out_users{{{SELECT}}})", none="no comparison yet", width=6,
             thresholds=steps((None, GOOD), (5, WARN)), links=[runbook("OktaServiceNowUsersLockedOut")]),
        graph("Former users", "Users who left the app within the last 30 days, by what ServiceNow still has of them.",
              [query(f"sum by (integration, state) (okta_external_id_former_users{{{SELECT}}})", "{{integration}} {{state}}")],
              none="not looked up yet, or Deactivate Users is off", width=6, stack=True, decimals=0,
              overrides=fixed({"active": VERMILION, "inactive": GREY, "gone": "#C7C7C7"}),
              links=[runbook("OktaServiceNowLeaversWithAccess")]),
        graph("Records in ServiceNow", "User records that the reader sees. A sudden fall: a restored or a cloned table, or a "
              "reader that sees less.",
              [query(f'sum by (integration) (servicenow_users{{{SELECT}, active="true"}})', "{{integration}} active"),
               query(f'sum by (integration) (servicenow_users{{{SELECT}, active="false"}})', "{{integration}} inactive")],
              none="not listed yet", width=6, decimals=0),
    ])
