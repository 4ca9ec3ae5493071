// Every source of ACL denials, alone and together, against the simulator's truth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

const Labels kProduction{{"integration", "production"}};
const std::string kGranted = "servicenow_acl_permission_granted";

WorldOptions fast() { return {.scenario = "healthy", .users = 50, .acl_interval = "300ms"}; }

Labels permission(const std::string& account, const std::string& table, const std::string& operation) {
  return {{"integration", "production"}, {"account", account}, {"table", table}, {"operation", operation}};
}

bool is(const Exposition& now, const std::string& metric, const Labels& labels, double value) {
  return now.has(metric, labels) && now.value(metric, labels) == value;
}

bool source_is(const Exposition& now, const std::string& source, double value) {
  return is(now, "servicenow_acl_denial_source_available",
            {{"integration", "production"}, {"source", source}}, value);
}

// What the transaction log holds since the exporter began to count, and nothing of the exporter's own.
void expect_transactions_reach_the_truth(const World& world, const std::string& since,
                                         const std::string& more = "") {
  const auto truth = [&] { return world.truth("since=" + since + more); };
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    return now.nonzero("servicenow_rest_transactions_total", kProduction, "code") ==
           nonzero(truth()["servicenow_rest_transactions_total"]);
  }));
  const Exposition now = world.scrape();
  EXPECT_EQ(now.nonzero("servicenow_rest_transactions_total", kProduction, "code"),
            nonzero(truth()["servicenow_rest_transactions_total"]));
  EXPECT_EQ(now.nonzero("servicenow_acl_denials_total", kProduction, "table", "operation"),
            nonzero(truth()["servicenow_acl_denials_total"]));
  EXPECT_EQ(world.truth()["writes"], 0);
}

void await_log(const World& world) {
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return now.has("servicenow_transaction_log_complete_until_timestamp_seconds");
  }));
}

TEST(Denials, EveryCounterIsThereWithZeroBeforeAnythingIsRefused) {
  World world(fast());
  world.start_exporter();
  await_log(world);
  const Exposition now = world.scrape();
  EXPECT_TRUE(is(now, "servicenow_acl_denials_total",
                 {{"integration", "production"}, {"table", "sys_user"}, {"operation", "write"}}, 0));
  EXPECT_TRUE(
      is(now, "servicenow_rest_transactions_total", {{"integration", "production"}, {"code", "403"}}, 0));
  EXPECT_TRUE(
      is(now, "servicenow_access_changes_total", {{"integration", "production"}, {"kind", "acl_rules"}}, 0));
}

TEST(Denials, TheTransactionLogCountsOktasCallsByCodeAndItsDenialsByTable) {
  World world(fast());
  world.start_exporter();
  await_log(world);
  world.change({{{"do", "rest_call"}, {"status", 403}, {"count", 3}},
                {{"do", "rest_call"}, {"method", "POST"}, {"url", "/api/now/table/sys_user"}},
                {{"do", "rest_call"},
                 {"method", "GET"},
                 {"url", "/api/now/table/sys_user?sysparm_query=user_name%3Dsomebody&sysparm_limit=1"}},
                {{"do", "rest_call"}, {"table", "cmn_department"}, {"status", 403}},
                {{"do", "rest_call"}, {"status", 404}, {"count", 2}},
                {{"do", "rest_call"}, {"status", 200}, {"count", 7}},
                {{"do", "rest_call"}, {"status", 409}},
                {{"do", "rest_call"}, {"status", 503}},
                {{"do", "rest_call"}, {"user_name", "somebody.else"}, {"status", 403}, {"count", 5}}});
  expect_transactions_reach_the_truth(world, world.began());
  EXPECT_EQ(world.scrape().sum("servicenow_acl_denials_total", {{"table", "other"}}), 1);
  EXPECT_GT(world.scrape().sum("okta_servicenow_exporter_unknown_values_total",
                               {{"metric", "servicenow_acl_denials_total"}, {"label", "table"}}),
            0);
}

TEST(Denials, WhereTheLogHasAMethodTheOperationComesFromIt) {
  World world(fast());
  world.change({{{"do", "transaction_log"}, {"method", true}}});
  world.start_exporter();
  await_log(world);
  world.change({{{"do", "rest_call"}, {"method", "PATCH"}},
                {{"do", "rest_call"}, {"method", "DELETE"}, {"count", 2}},
                {{"do", "rest_call"}, {"method", "POST"}, {"url", "/api/now/table/sys_user"}},
                {{"do", "rest_call"},
                 {"method", "POST"},
                 {"table", "sys_user_grmember"},
                 {"url", "/api/now/table/sys_user_grmember"}}});
  expect_transactions_reach_the_truth(world, world.began(), "&method=1");
}

TEST(Denials, OnlyOktasNameIsNeededForTheTransactionLog) {
  WorldOptions options = fast();
  options.provisioner_password = false;
  World world(options);
  world.start_exporter();
  await_log(world);
  world.change({{{"do", "rest_call"}, {"status", 403}, {"count", 2}}});
  expect_transactions_reach_the_truth(world, world.began());
  EXPECT_TRUE(source_is(world.scrape(), "probe", 0));
  EXPECT_EQ(world.truth()["requests"]["servicenow_by_account"].value("provisioner", 0), 0);
}

TEST(Denials, TheSameRefusedPushIsOneInEachMetric) {
  World world(fast());
  world.start_exporter();
  await_log(world);
  ASSERT_TRUE(world.await_success("system_log"));
  const std::string since = iso_now();
  world.change(
      {{{"do", "push"},
        {"operation", "update"},
        {"reason", "acl_denied"},
        {"text", "403. Operation Failed. ACL Exception Update Failed due to security constraints"}}});
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return now.sum("okta_provisioning_acl_denials_total", kProduction) == 1 &&
           now.sum("servicenow_acl_denials_total", kProduction) == 1;
  })) << world.exporter().errors();
  ASSERT_TRUE(world.await_new_comparison());
  EXPECT_EQ(world.scrape().sum("okta_provisioning_acl_denials_total", kProduction), 1);
  EXPECT_EQ(world.scrape().sum("servicenow_acl_denials_total", kProduction), 1);
}

TEST(Denials, TheCountsSurviveKillMinusNineAndNothingIsCountedTwice) {
  World world(fast());
  world.start_exporter();
  await_log(world);
  for (int round = 0; round < 5; ++round) {
    world.change(
        {{{"do", "rest_call"}, {"status", 403}, {"count", 3}}, {{"do", "rest_call"}, {"status", 200}}});
    world.await(
        [&](const Exposition& now) { return now.sum("servicenow_acl_denials_total", {}) > 3 * round; },
        0.1 * round);
    world.kill_exporter();
    world.change({{{"do", "rest_call"}, {"status", 403}}});
    world.start_exporter();
  }
  expect_transactions_reach_the_truth(world, world.began());
}

TEST(Denials, AReleaseWithoutTheColumnFallsBackAndSaysSo) {
  World world(fast());
  world.change({{{"do", "transaction_log"}, {"response_code", false}}});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return source_is(now, "transaction_log", 0) && source_is(now, "okta_task", 1) &&
           source_is(now, "probe", 1);
  }));
  EXPECT_THAT(world.exporter().errors(), testing::HasSubstr("http_response_code"));
  EXPECT_TRUE(world.await_success("transaction_log"));
  // Never put an unproven column into a query.
  const HttpAnswer requests = http_get(world.control_url() + "/requests?last=1000");
  EXPECT_THAT(requests.body, testing::Not(testing::HasSubstr("http_response_code%3D")));
  EXPECT_THAT(requests.body, testing::Not(testing::HasSubstr("group_by=http_response_code")));
}

TEST(Denials, ATransactionLogThatIsDemandedAndNotThereFailsItsSample) {
  WorldOptions options = fast();
  options.transaction_log = "on";
  World world(options);
  world.change({{{"do", "deny_table"}, {"account", "reader"}, {"table", "syslog_transaction"}}});
  world.start_exporter();
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return is(now, "okta_servicenow_exporter_sample_success",
              {{"integration", "production"}, {"sampler", "transaction_log"}}, 0);
  }));
  EXPECT_GT(world.scrape().value("okta_servicenow_exporter_sample_errors_total",
                                 {{"sampler", "transaction_log"}, {"class", "permission"}}),
            0);
}

TEST(Denials, ALockOutOfOktasAccountShowsAndClears) {
  World world(fast());
  world.start_exporter();
  const auto reads = [](double value) {
    return [=](const Exposition& now) {
      return is(now, kGranted, permission("provisioner", "sys_user", "read"), value);
    };
  };
  ASSERT_TRUE(world.await(reads(1)));
  world.change({{{"do", "deny_table"}, {"account", "provisioner"}}});
  EXPECT_TRUE(world.await(reads(0), 5));
  EXPECT_TRUE(is(world.scrape(), kGranted, permission("reader", "sys_user", "read"), 1));
  world.change({{{"do", "deny_table"}, {"account", "provisioner"}, {"on", false}}});
  EXPECT_TRUE(world.await(reads(1), 5));
  EXPECT_EQ(world.scrape().sum("servicenow_acl_denials_total", kProduction), 0) << "a probe moves no counter";
  EXPECT_EQ(world.truth()["writes"], 0);
}

TEST(Denials, EveryRowHiddenIsALockOutToo) {
  World world({.scenario = "acl-lockout", .users = 50, .acl_interval = "300ms"});
  world.start_exporter();
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return is(now, kGranted, permission("provisioner", "sys_user", "read"), 0) &&
           now.has("servicenow_acl_hidden_links", {{"account", "provisioner"}}) &&
           now.value("servicenow_acl_hidden_links", {{"account", "provisioner"}}) > 0;
  }));
}

TEST(Denials, RefusedCredentialsShowAndThenNothingIsSaidOfPermissions) {
  World world(fast());
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return is(now, kGranted, permission("provisioner", "sys_user", "read"), 1);
  }));
  world.change({{{"do", "set_password"}, {"account", "provisioner"}, {"password", "changed"}}});
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return is(now, "servicenow_credentials_valid",
              {{"integration", "production"}, {"account", "provisioner"}}, 0) &&
           !now.has(kGranted, permission("provisioner", "sys_user", "read")) && source_is(now, "probe", 0);
  }));
}

TEST(Denials, HiddenRowsFieldsAndRefusedQueriesAreToldApart) {
  World world(fast());
  world.start_exporter();
  const Labels hidden{{"integration", "production"}, {"account", "provisioner"}};
  ASSERT_TRUE(world.await_new_comparison());
  world.change({{{"do", "hide_rows"}, {"account", "provisioner"}, {"count", 3}},
                {{"do", "hide_fields"}, {"account", "provisioner"}, {"fields", {"email", "title"}}},
                {{"do", "query_range"}, {"account", "provisioner"}, {"mode", "403"}}});
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    return is(now, "servicenow_acl_hidden_links", hidden, 3) &&
           is(now, "servicenow_acl_hidden_fields",
              {{"integration", "production"}, {"account", "provisioner"}, {"table", "sys_user"}}, 2) &&
           is(now, kGranted, permission("provisioner", "sys_user", "query_range"), 0) &&
           is(now, kGranted, permission("provisioner", "sys_user", "query_match"), 1);
  })) << world.exporter().errors();
  world.change({{{"do", "unhide_rows"}},
                {{"do", "hide_fields"}, {"account", "provisioner"}},
                {{"do", "query_range"}, {"account", "provisioner"}, {"mode", "silent"}}});
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    return is(now, "servicenow_acl_hidden_links", hidden, 0) &&
           is(now, "servicenow_acl_hidden_fields",
              {{"integration", "production"}, {"account", "provisioner"}, {"table", "sys_user"}}, 0) &&
           is(now, kGranted, permission("provisioner", "sys_user", "query_range"), 0);
  }));
}

// Rows of another domain are out of the count too, so that they look deleted to the account; the other
// account knows better.
TEST(Denials, RowsOfAnotherDomainAreHiddenFromOktaAndNotDeleted) {
  World world(fast());
  world.start_exporter();
  ASSERT_TRUE(world.await_new_comparison());
  world.change({{{"do", "domain_visible"}, {"account", "provisioner"}, {"visible", false}}});
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return now.sum("okta_external_id_drift_users", {{"kind", "hidden_by_acl"}}) > 10;
  })) << world.exporter().errors();
  EXPECT_EQ(world.scrape().sum("okta_external_id_drift_users", {{"kind", "record_missing"}}), 0);
  EXPECT_EQ(world.scrape().value("servicenow_acl_permission_granted",
                                 permission("provisioner", "sys_user", "read")),
            1)
      << "it sees the rows of its own domain";
}

TEST(Denials, RowsOutsideTheReadersDomainAreNoDrift) {
  World world(fast());
  world.start_exporter();
  ASSERT_TRUE(world.await_new_comparison());
  world.change({{{"do", "domain_visible"}, {"account", "reader"}, {"visible", false}}});
  ASSERT_TRUE(world.await_new_comparison());
  ASSERT_TRUE(world.await_new_comparison());
  for (const char* kind : {"record_missing", "sys_id_changed", "wrong_user"}) {
    EXPECT_EQ(world.scrape().sum("okta_external_id_drift_users", {{"kind", kind}}), 0) << kind;
  }
}

TEST(Denials, APassingRefusalIsNotBelieved) {
  World world(fast());
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return is(now, kGranted, permission("provisioner", "sys_user", "read"), 1);
  }));
  for (int i = 0; i < 5; ++i) {
    world.change({{{"do", "transient_refusal"}}});
    EXPECT_FALSE(world.await(
        [](const Exposition& now) {
          return is(now, kGranted, permission("provisioner", "sys_user", "read"), 0) ||
                 is(now, kGranted, permission("reader", "sys_user", "read"), 0);
        },
        0.5));
  }
  EXPECT_GT(world.truth()["requests"]["codes"]["servicenow"].value("403", 0), 0);
  world.change({{{"do", "api_acl"}, {"account", "provisioner"}}});
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return is(now, kGranted, permission("provisioner", "sys_user", "read"), 0);
  })) << "one that stays is";
}

TEST(Denials, ABusinessRuleIsNoAclAndAnUnknownTextIsLogged) {
  World world(fast());
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return is(now, kGranted, permission("provisioner", "sys_user", "read"), 1);
  }));
  world.change({{{"do", "refuse"},
                 {"account", "provisioner"},
                 {"message", "Operation Failed"},
                 {"detail",
                  "Operation against file 'sys_user' was aborted by Business Rule 'Guard^1'. Business Rule "
                  "Stack:Guard: ACL Exception Update Failed due to security constraints"}}});
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return !now.has(kGranted, permission("provisioner", "sys_user", "read"));
  }));
  EXPECT_THAT(world.exporter().errors(), testing::HasSubstr("reason=business_rule"));
  world.change({{{"do", "refuse"}, {"account", "provisioner"}, {"message", "Zugriff verweigert"}}});
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return is(now, kGranted, permission("provisioner", "sys_user", "read"), 0);
  }));
  EXPECT_THAT(world.exporter().errors(), testing::HasSubstr("Zugriff verweigert"));
}

TEST(Denials, ChangesOfRolesRulesAndTheInstanceAreCountedAndLogged) {
  World world(fast());
  const nlohmann::json role = {{"sys_id", "00000000000000000000000000000001"},
                               {"user.user_name", "okta.integration"},
                               {"role.name", "user_admin"}};
  world.change({{{"do", "put_row"}, {"table", "sys_user_has_role"}, {"row", role}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("access_changes"));
  const auto changes = [&](const std::string& kind) {
    return world.scrape().sum("servicenow_access_changes_total", {{"kind", kind}});
  };
  EXPECT_EQ(changes("roles") + changes("acl_rules") + changes("instance"), 0)
      << "what was there is no change";
  world.change(
      {{{"do", "remove_row"}, {"table", "sys_user_has_role"}, {"sys_id", role["sys_id"]}},
       {{"do", "put_row"},
        {"table", "sys_security_acl"},
        {"row",
         {{"name", "sys_user.email"}, {"operation", "write"}, {"active", "true"}, {"sys_mod_count", "0"}}}},
       {{"do", "put_row"},
        {"table", "sys_security_acl"},
        {"row", {{"name", "incident"}, {"operation", "write"}, {"active", "true"}}}}});
  EXPECT_TRUE(world.await([&](const Exposition&) {
    return changes("roles") == 1 && changes("acl_rules") == 1;
  })) << changes("roles")
      << " " << changes("acl_rules");
  EXPECT_THAT(world.exporter().errors(), testing::HasSubstr("what=user_admin"));
  world.kill_exporter();
  world.change({{{"do", "put_row"},
                 {"table", "sys_user_has_role"},
                 {"row",
                  {{"sys_id", "00000000000000000000000000000002"},
                   {"user.user_name", "okta.integration"},
                   {"role.name", "itil"}}}}});
  world.start_exporter();
  EXPECT_TRUE(world.await([&](const Exposition&) { return changes("roles") == 2; })) << "also over a restart";
  EXPECT_EQ(changes("acl_rules"), 1);
}

TEST(GroupPush, MappingsInErrorAreCountedByTheirReasonUntilTheyAreMended) {
  World world(fast());
  for (int i = 0; i < 3; ++i) {
    world.change(
        {{{"do", "group_push_mapping"},
          {"id", "gPm" + std::to_string(i)},
          {"error_summary", i < 2 ? "ACL Exception Insert Failed due to security constraints"
                                  : "Service Unavailable. Errors reported by remote server: maintenance"}}});
  }
  world.change({{{"do", "group_push_mapping"}, {"id", "gPm9"}, {"status", "ACTIVE"}}});
  world.start_exporter();
  const auto in_error = [&](const Exposition& now) {
    return now.nonzero("okta_group_push_mappings_in_error", kProduction, "reason");
  };
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    return in_error(now) == Counts{{"acl_denied", 2}, {"remote_error", 1}};
  }));
  for (int i = 0; i < 2; ++i) {
    world.change({{{"do", "group_push_mapping"}, {"id", "gPm" + std::to_string(i)}, {"status", "ACTIVE"}}});
  }
  EXPECT_TRUE(
      world.await([&](const Exposition& now) { return in_error(now) == Counts{{"remote_error", 1}}; }));
  world.change({{{"do", "group_push_readable"}, {"on", false}}});
  EXPECT_TRUE(
      world.await([](const Exposition& now) { return !now.has("okta_group_push_mappings_in_error"); }));
  EXPECT_EQ(world.truth()["writes"], 0);
}

// The rights that the README's first row names, and no more.
TEST(Denials, TheLeastPrivilegedReaderIsEnoughForWhatTheReadmeSays) {
  World world(fast());
  for (const char* table : {"syslog_transaction", "sys_security_acl", "sys_user_has_role", "sys_properties",
                            "sys_user_group", "sys_user_grmember"}) {
    world.change({{{"do", "deny_table"}, {"account", "reader"}, {"table", table}}});
  }
  world.start_exporter();
  ASSERT_TRUE(world.await_new_comparison());
  for (const char* sampler :
       {"system_log", "app_users", "users", "comparison", "transaction_log", "acl_probe", "access_changes"}) {
    EXPECT_TRUE(world.await_success(sampler)) << sampler;
  }
  const Exposition now = world.scrape();
  EXPECT_EQ(now.value("okta_external_id_comparison_complete", kProduction), 1);
  EXPECT_TRUE(source_is(now, "okta_task", 1));
  EXPECT_TRUE(source_is(now, "probe", 1));
  EXPECT_TRUE(source_is(now, "transaction_log", 0));
  EXPECT_TRUE(is(now, kGranted, permission("reader", "sys_user", "query_match"), 1));
  EXPECT_TRUE(is(now, kGranted, permission("reader", "sys_user_group", "read"), 0));
}

TEST(Denials, TheCapHoldsForEverythingThatIsAskedAsOktasAccount) {
  WorldOptions options = fast();
  options.provisioner_requests_per_hour = 12;
  World world(options);
  world.start_exporter();
  ASSERT_TRUE(world.await_new_comparison());
  world.await([](const Exposition&) { return false; }, 2);
  EXPECT_LE(world.truth()["requests"]["servicenow_by_account"].value("provisioner", 0), 12);
  EXPECT_TRUE(world.await_success("acl_probe"));
}

}  // namespace
}  // namespace integration
