"""What does ServiceNow refuse our integration by ACL, on which table and operation, and who says so?"""

from parts import (BAD, BLUE, GOOD, GREEN, GREY, ORANGE, PURPLE, SELECT, SKY, VERMILION, WARN, YELLOW, dashboard, fixed, graph,
                   page, query, row, runbook, stat, steps, table, timeline, words)

OPERATIONS = {"create": BLUE, "read": VERMILION, "write": ORANGE, "delete": PURPLE, "query_match": GREEN,
              "query_range": SKY, "execute": YELLOW, "unknown": GREY}
CODES = {"2xx": BLUE, "3xx": GREY, "400": SKY, "401": PURPLE, "403": VERMILION, "404": ORANGE, "429": YELLOW,
         "other_4xx": GREEN, "5xx": "#C7C7C7"}


def make() -> dict:
    rising = runbook("OktaServiceNowAclDenialsRising")
    hidden = runbook("OktaServiceNowHiddenRecords")
    denied = f"servicenow_acl_denials_total{{{SELECT}}}"
    return dashboard("acl-denials", "ACL denials",
                     "What ServiceNow refuses Okta's account by ACL, on which table and operation. The three sources see the "
                     "same refusals from different sides: they are never added.", [
        row("What was refused"),
        graph("Refused, as Okta's failure texts tell", "Failed tasks whose text is an ACL refusal, as many as in a step, by "
              "table and operation of the ACL.",
              [query("sum by (integration, table, operation) "
                     f"(increase(okta_provisioning_acl_denials_total{{{SELECT}}}[$__rate_interval])) > 0",
                     "{{integration}} {{table}} {{operation}}")],
              bars=True, stack=True, overrides=fixed(OPERATIONS), decimals=0, links=[rising, page("/failures", "Failed tasks")]),
        graph("Refused, as ServiceNow's transaction log tells", "REST transactions of Okta's account that were answered 403, "
              "as many as in a step. A 403 of a business rule looks the same.",
              [query(f"sum by (integration, table, operation) (increase({denied}[$__rate_interval])) > 0",
                     "{{integration}} {{table}} {{operation}}")],
              bars=True, stack=True, overrides=fixed(OPERATIONS), decimals=0, links=[rising]),
        table("Refused, in the time shown", "Failed tasks by what was refused, as Okta's texts tell.",
              f"sum by (integration, table, operation) (increase(okta_provisioning_acl_denials_total{{{SELECT}}}[$__range])) >= 0.5",
              {"integration": "Integration", "table": "Table", "operation": "Operation"}, value="Refused", decimals=0,
              none="nothing was refused in this time", width=8, links=[rising]),
        graph("Answers to Okta's account", "REST transactions of Okta's account by the HTTP status of the answer, each "
              "second. The exporter's own requests are not among them.",
              [query("sum by (integration, code) "
                     f"(rate(servicenow_rest_transactions_total{{{SELECT}}}[$__rate_interval])) > 0",
                     "{{integration}} {{code}}")],
              unit="reqps", stack=True, overrides=fixed(CODES), width=8, none="the transaction log is not read here"),
        graph("Share that is refused", "Share of the REST transactions of Okta's account that were answered 403.",
              [query(f"sum by (integration) (increase({denied}[1h]))\n"
                     f"/ (sum by (integration) (increase(servicenow_rest_transactions_total{{{SELECT}}}[1h])) > 0)",
                     "{{integration}}")],
              unit="percentunit", maximum=1, width=8, none="the transaction log is not read here, or is quiet",
              links=[rising]),
        row("What the accounts may do"),
        timeline("Permissions", "What the last probes proved that an account may do. Only reading can be proved: whether it "
                 "may create or write can't be found out without writing.",
                 [query("min by (integration, account, table, operation) "
                        f"(servicenow_acl_permission_granted{{{SELECT}}})",
                        "{{integration}} {{account}} {{operation}} {{table}}")],
                 none="not probed yet", width=24, height=9, mappings=words(v0=("refused", BAD), v1=("granted", GOOD)),
                 links=[runbook("OktaServiceNowAclLockout"), runbook("OktaServiceNowPermissionLost")]),
        table("Who speaks of denials here", "The sources of denials that can be read here. The log says why one can't, and "
              "what would let it.",
              f"min by (integration, source) (servicenow_acl_denial_source_available{{{SELECT}}})",
              {"integration": "Integration", "source": "Source"}, value="Speaks", unit="none", none="not looked for yet",
              width=8, height=7, mappings=words(v0=("no", GREY), v1=("yes", GOOD))),
        graph("Changes of access", "Changes seen between two looks, as many as in a step: roles of Okta's account, ACL rules "
              "on the configured tables, the build or the name of the instance. Denials that begin here have their cause "
              "here.",
              [query("sum by (integration, kind) "
                     f"(increase(servicenow_access_changes_total{{{SELECT}}}[$__rate_interval])) > 0",
                     "{{integration}} {{kind}}")],
              bars=True, stack=True, width=16, height=7, decimals=0, none="nothing changed, or it may not be read",
              overrides=fixed({"roles": ORANGE, "acl_rules": BLUE, "instance": PURPLE})),
        row("What is hidden"),
        graph("Hidden links", "Share of the links that were asked for within a day whose record is there and was not shown.",
              [query(f"sum by (integration, account) (servicenow_acl_hidden_links{{{SELECT}}})\n"
                     f"/ sum by (integration, account) (servicenow_acl_probed_links{{{SELECT}}})",
                     "{{integration}} {{account}}")],
              unit="percentunit", maximum=1, width=8, none="no link was asked for yet",
              overrides=fixed({"provisioner": VERMILION, "reader": BLUE}), links=[runbook("OktaServiceNowAclLockout")]),
        graph("Hidden records", "Records that ServiceNow counted and did not show to an account.",
              [query(f"max by (integration, account, table) (servicenow_acl_hidden_records{{{SELECT}}})",
                     "{{integration}} {{table}} {{account}}")],
              width=8, decimals=0, none="not listed yet", overrides=fixed({"provisioner": VERMILION, "reader": BLUE}),
              links=[hidden]),
        graph("Hidden fields", "Fields that a push writes and that were not shown in any record.",
              [query(f"max by (integration, account, table) (servicenow_acl_hidden_fields{{{SELECT}}})",
                     "{{integration}} {{table}} {{account}}")],
              width=8, decimals=0, none="not probed yet", overrides=fixed({"provisioner": VERMILION, "reader": BLUE}),
              links=[runbook("OktaServiceNowPermissionLost")]),
    ])
