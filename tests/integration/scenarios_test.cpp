// Every scenario of the simulator: what the exporter publishes is what is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

const Labels kProduction{{"integration", "production"}};

void expect_drift_is_true(const World& world) {
  const nlohmann::json truth = world.truth();
  const Exposition now = world.scrape();
  EXPECT_EQ(now.nonzero("okta_app_users", kProduction, "status"), nonzero(truth["okta_app_users"]));
  EXPECT_EQ(now.nonzero("okta_app_user_sync_states", kProduction, "sync_state"),
            nonzero(truth["okta_app_user_sync_states"]));
  EXPECT_EQ(now.nonzero("okta_app_provisioning_feature_enabled", kProduction, "feature"),
            nonzero(truth["okta_app_provisioning_feature_enabled"]));
  // Only a sweep can count the table.
  if (now.has("servicenow_users")) {
    EXPECT_EQ(now.nonzero("servicenow_users", kProduction, "active"), nonzero(truth["servicenow_users"]));
  }
  EXPECT_EQ(now.nonzero("okta_external_id_users", kProduction, "state"),
            nonzero(truth["okta_external_id_users"]));
  EXPECT_EQ(now.nonzero("okta_external_id_drift_users", kProduction, "kind"),
            nonzero(truth["okta_external_id_drift_users"]));
  EXPECT_EQ(now.value("okta_external_id_locked_out_users", kProduction),
            truth["okta_external_id_locked_out_users"].get<double>());
  EXPECT_EQ(now.value("okta_external_id_mass_drift", kProduction),
            truth["okta_external_id_mass_drift"].get<double>());
  EXPECT_EQ(now.value("okta_external_id_comparison_complete", kProduction), 1);
  EXPECT_EQ(now.sum("okta_external_id_users", kProduction), now.sum("okta_app_users", kProduction));
  EXPECT_EQ(now.sum("okta_external_id_drift_users", kProduction),
            now.value("okta_external_id_users", {{"state", "drifted"}}));
}

void expect_tasks_are_true(const World& world) {
  const auto truth = [&] { return world.truth("since=" + world.began()); };
  const auto failures = [](const Exposition& now) {
    return now.nonzero("okta_provisioning_task_failures_total", kProduction, "operation", "reason");
  };
  const auto tasks = [](const Exposition& now) {
    return now.nonzero("okta_provisioning_tasks_total", kProduction, "operation");
  };
  world.await([&](const Exposition& now) {
    const nlohmann::json is = truth();
    return tasks(now) == nonzero(is["okta_provisioning_tasks_total"]) &&
           failures(now) == nonzero(is["okta_provisioning_task_failures_total"]);
  });
  const nlohmann::json is = truth();
  const Exposition now = world.scrape();
  EXPECT_EQ(tasks(now), nonzero(is["okta_provisioning_tasks_total"]));
  EXPECT_EQ(failures(now), nonzero(is["okta_provisioning_task_failures_total"]));
  EXPECT_EQ(now.nonzero("okta_provisioning_acl_denials_total", kProduction, "table", "operation"),
            nonzero(is["okta_provisioning_acl_denials_total"]));
}

nlohmann::json pushes_of_every_reason() {
  // Which texts Okta gives for which operation, as the simulator knows them.
  const std::vector<std::pair<std::string, std::vector<std::string>>> reasons{
      {"record_not_found_or_hidden", {"create", "update", "deactivate", "delete", "group_push"}},
      {"acl_denied", {"create", "update", "reactivate", "verify", "group_push", "group_membership"}},
      {"authentication", {"create", "update", "password", "connection"}},
      {"rate_limited", {"update", "activate", "connection"}},
      {"duplicate", {"create", "update"}},
      {"validation", {"create", "update"}},
      {"data_policy", {"create", "update"}},
      {"business_rule", {"create", "update", "deactivate", "delete"}},
      {"no_match", {"create", "update"}},
      {"ambiguous_match", {"create", "update", "verify"}},
      {"unlinked", {"update", "deactivate"}},
      {"license", {"create"}},
      {"remote_error", {"create", "update", "import", "group_push"}},
      {"other", {"update", "delete", "import", "other"}}};
  nlohmann::json commands = nlohmann::json::array();
  int layer = 0;
  for (const auto& [reason, operations] : reasons) {
    for (const std::string& operation : operations) {
      commands.push_back({{"do", "push"},
                          {"count", 2},
                          {"operation", operation},
                          {"reason", reason},
                          {"layers", 1 + layer++ % 3}});
    }
  }
  commands.push_back({{"do", "distractions"}});
  for (const char* operation : {"activate", "deactivate", "reactivate", "password"}) {
    commands.push_back({{"do", "push"}, {"count", 3}, {"operation", operation}});
  }
  commands.push_back(
      {{"do", "push"}, {"count", 2}, {"operation", "update"}, {"reason", "acl_denied"}, {"late_seconds", 5}});
  return commands;
}

class Scenario : public testing::TestWithParam<std::string> {};

TEST_P(Scenario, PublishesWhatIsTrue) {
  World world({.scenario = GetParam()});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(world.await_success("system_log"));
  expect_drift_is_true(world);
  world.change(pushes_of_every_reason());
  expect_tasks_are_true(world);
  const nlohmann::json truth = world.truth();
  EXPECT_EQ(truth["writes"], 0);
  EXPECT_TRUE(truth["failed_logins"].empty()) << truth["failed_logins"];
  world.stop_exporter();
}

INSTANTIATE_TEST_SUITE_P(All, Scenario, testing::Values("healthy", "acl-lockout", "instance-clone", "mixed"),
                         [](const auto& scenario) {
                           std::string name = scenario.param;
                           std::erase(name, '-');
                           return name;
                         });

// Both ways to the users' table tell the same of the same world.
class Strategy : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(Strategy, TellsTheSameTruth) {
  const auto& [strategy, scenario] = GetParam();
  World world({.scenario = scenario, .users_strategy = strategy});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  expect_drift_is_true(world);
  EXPECT_EQ(world.scrape().has("servicenow_users"), strategy == "sweep");
  EXPECT_EQ(world.truth()["writes"], 0);
}

INSTANTIATE_TEST_SUITE_P(All, Strategy,
                         testing::Combine(testing::Values("sweep", "lookup"),
                                          testing::Values("mixed", "instance-clone")),
                         [](const auto& one) {
                           std::string name = std::get<0>(one.param) + std::get<1>(one.param);
                           std::erase(name, '-');
                           return name;
                         });

TEST(Strategy, AReaderWhoMayNotSortIsServedByLookups) {
  World world({.scenario = "mixed"});
  world.change({{{"do", "query_range"}, {"account", "reader"}, {"mode", "403"}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  expect_drift_is_true(world);
  EXPECT_TRUE(World::await_that([&] {
    return world.exporter().errors().find("the reader is refused the cheaper way") != std::string::npos;
  }));
}

TEST(Scenario, BadCredentialsAreSaidOnceAndNotHammered) {
  World world({.scenario = "bad-credentials"});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return now.has("servicenow_credentials_valid", {{"account", "reader"}}) &&
           now.has("okta_servicenow_exporter_sample_success", {{"sampler", "users"}});
  }));
  const Exposition now = world.scrape();
  EXPECT_EQ(now.value("servicenow_credentials_valid", {{"account", "reader"}}), 0);
  EXPECT_EQ(now.value("okta_servicenow_exporter_sample_success", {{"sampler", "users"}}), 0);
  EXPECT_GT(now.value("okta_servicenow_exporter_sample_errors_total",
                      {{"sampler", "users"}, {"class", "authentication"}}),
            0);
  // ServiceNow answered, so it is up; what it holds is not known, so it is not there.
  EXPECT_EQ(now.value("servicenow_up", kProduction), 1);
  EXPECT_FALSE(now.has("servicenow_users"));
  EXPECT_FALSE(now.has("okta_external_id_users"));
  EXPECT_EQ(now.value("okta_external_id_comparison_complete", kProduction), 0);
  // Several samples later there was still one login: a locked account would stop provisioning itself.
  ASSERT_TRUE(world.await([](const Exposition& later) {
    return later.value("okta_servicenow_exporter_sample_errors_total",
                       {{"sampler", "users"}, {"class", "authentication"}}) > 3;
  }));
  EXPECT_EQ(world.truth()["failed_logins"]["prom_reader"], 1);
  ASSERT_TRUE(world.await_success("system_log"));
  world.change(pushes_of_every_reason());
  expect_tasks_are_true(world);
}

TEST(Scenario, ACloneThatReplacesTheAccountsShowsItsDriftOnceTheNewPasswordsAreThere) {
  World world({.scenario = "instance-clone-accounts"});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return now.has("servicenow_credentials_valid", {{"account", "reader"}}) &&
           now.has("okta_external_id_comparison_complete");
  }));
  EXPECT_EQ(world.scrape().value("servicenow_credentials_valid", {{"account", "reader"}}), 0);
  EXPECT_FALSE(world.scrape().has("okta_external_id_users"));

  world.change({{{"do", "set_password"}, {"account", "reader"}, {"password", "new-reader"}},
                {{"do", "set_password"}, {"account", "provisioner"}, {"password", "new-provisioner"}}});
  world.set_secret("reader-password", "new-reader");
  world.set_secret("provisioner-password", "new-provisioner");
  ASSERT_TRUE(world.await_success("comparison"));
  EXPECT_EQ(world.scrape().value("servicenow_credentials_valid", {{"account", "reader"}}), 1);
  EXPECT_EQ(world.scrape().value("servicenow_credentials_valid", {{"account", "provisioner"}}), 1);
  expect_drift_is_true(world);
  EXPECT_EQ(world.scrape().value("okta_external_id_mass_drift", kProduction), 1);
}

// Both vendors over HTTPS with a certificate of our own, and the app by its name instead of its id.
TEST(Scenario, HttpsWithAnOwnCaAndAnAppFoundByItsName) {
  World world({.scenario = "mixed", .tls = true, .app = "{name: servicenow_ud, label: ServiceNow}"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(world.await_success("system_log"));
  expect_drift_is_true(world);
  world.change(pushes_of_every_reason());
  expect_tasks_are_true(world);
}

TEST(Scenario, ACertificateThatNobodyKnowsFailsTheSampleWithClassTls) {
  World world({.users = 20, .tls = true, .ca = false});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return now.value("okta_servicenow_exporter_sample_errors_total",
                     {{"sampler", "users"}, {"class", "tls"}}) > 0;
  }));
  EXPECT_TRUE(world.truth()["requests"]["servicenow"].empty()) << "no credentials to whom we do not know";
}

TEST(Scenario, RowsHiddenFromTheReaderAreCountedAndNotTakenForDrift) {
  World world({.scenario = "healthy"});
  world.change({{{"do", "hide_rows"}, {"account", "reader"}, {"count", 7}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  expect_drift_is_true(world);
  EXPECT_EQ(
      world.scrape().value("servicenow_acl_hidden_records", {{"account", "reader"}, {"table", "sys_user"}}),
      7);
}

TEST(Scenario, AWorldThatChangesWhileTheExporterRunsIsFollowed) {
  World world({.scenario = "healthy"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  EXPECT_EQ(world.scrape().sum("okta_external_id_drift_users", {}), 0);
  world.change({{{"do", "clone"}}});
  ASSERT_TRUE(world.await_new_comparison());
  expect_drift_is_true(world);
  const Exposition cloned = world.scrape();
  EXPECT_GT(cloned.sum("okta_external_id_drift_users", {}), 0);
  // The first comparison found nothing, so for each kind what was detected and not resolved is what is there.
  for (const auto& [labels, users] : cloned.samples().at("okta_external_id_drift_users")) {
    EXPECT_EQ(cloned.value("okta_external_id_drift_detected_total", labels) -
                  cloned.value("okta_external_id_drift_resolved_total", labels),
              users)
        << labels.at("kind");
    EXPECT_EQ(cloned.has("okta_external_id_drift_oldest_timestamp_seconds", labels), users > 0)
        << labels.at("kind");
  }
}

// For an ambiguous 404: is the record gone, re-created, or hidden? One failed push for a user of each kind.
TEST(Scenario, AFailedUserIsLookedAtAndTheVerdictIsCounted) {
  World world({.scenario = "mixed", .users = 300, .drift_interval = "1h"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(world.await_success("system_log"));
  Counts expected;
  nlohmann::json pushes = nlohmann::json::array();
  std::map<std::string, int> of_kind;
  const nlohmann::json users = world.truth("users=1")["users"];
  for (const nlohmann::json& user : users) {
    const std::string state = user["state"];
    const std::string verdict = state == "linked"    ? "linked_ok"
                                : state == "drifted" ? user["kind"].get<std::string>()
                                                     : "";
    if (verdict.empty() || ++of_kind[verdict] > 1) {
      continue;
    }
    expected[verdict] = 1;
    pushes.push_back({{"do", "push"},
                      {"operation", "update"},
                      {"reason", "record_not_found_or_hidden"},
                      {"user", user["okta_user_id"]}});
  }
  ASSERT_GE(expected.size(), 8U);
  world.change(pushes);
  const auto verdicts = [](const Exposition& now) {
    return now.nonzero("okta_provisioning_failure_verdicts_total", kProduction, "verdict");
  };
  world.await([&](const Exposition& now) { return verdicts(now) == expected; });
  EXPECT_EQ(verdicts(world.scrape()), expected);
  EXPECT_EQ(world.truth()["writes"], 0);
}

TEST(Scenario, WhoLeftTheAppAndIsStillActiveIsALeaverWithAccess) {
  World world({.scenario = "healthy"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const auto leavers = [](const Exposition& now) {
    return now.nonzero("okta_external_id_former_users", kProduction, "state");
  };
  EXPECT_TRUE(leavers(world.scrape()).empty());
  // Okta's own deactivation never came for two of them; one is switched off, one deleted.
  const nlohmann::json users = world.truth("users=1")["users"];
  std::vector<std::string> gone;
  for (const nlohmann::json& user : users) {
    if (user["state"] == "linked" && gone.size() < 4) {
      gone.push_back(user["okta_user_id"]);
    }
  }
  world.change({{{"do", "set_active"}, {"user", gone[0]}, {"active", true}},
                {{"do", "set_active"}, {"user", gone[1]}, {"active", true}},
                {{"do", "set_active"}, {"user", gone[2]}, {"active", false}},
                {{"do", "delete_row"}, {"user", gone[3]}},
                {{"do", "unassign"}, {"users", gone}}});
  const Counts expected{{"active", 2}, {"inactive", 1}, {"gone", 1}};
  world.await([&](const Exposition& now) { return leavers(now) == expected; });
  EXPECT_EQ(leavers(world.scrape()), expected);
}

}  // namespace
}  // namespace integration
