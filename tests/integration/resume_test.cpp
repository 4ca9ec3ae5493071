// Listings that break off in their middle, with the real binary: they go on where they were, and nothing
// false is said of those who moved meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

using testing::HasSubstr;

constexpr int kAttempts = 4;  // of one request

nlohmann::json fault(const std::string& api, const std::string& endpoint, int after, int count) {
  return {{"do", "fault"}, {"api", api},     {"endpoint", endpoint}, {"kind", "status"},
          {"status", 503}, {"after", after}, {"count", count}};
}

double failures(const Exposition& now, const std::string& sampler) {
  return now.value("okta_servicenow_exporter_sample_errors_total",
                   {{"sampler", sampler}, {"class", "http_5xx"}});
}

// 503 for longer than the retries last, after three of six pages of 500 users. While the listing stands
// there, some of the users are given new rows and linked to them: what was read of them is old.
TEST(Resume, AListingOfAppUsersGoesOnBehindTheLastPageThatItRead) {
  World world({.users = 3000,
               .simulator_arguments = {"--no-history"},
               .drift_interval = "8s",
               .transaction_log = "off",
               .users_strategy = "sweep"});
  world.change({fault("okta", "app_users", 3, kAttempts)});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) { return failures(now, "app_users") > 0; }));
  const nlohmann::json answers = world.change({{{"do", "recreate_row"}, {"count", 12}}});
  const nlohmann::json& moved = answers.at("results").at(0).at("users");
  ASSERT_EQ(moved.size(), 12U);
  for (const nlohmann::json& user : moved) {
    const auto id = user["okta_user_id"].get<std::string>();
    world.change({{{"do", "reassign"}, {"user", id}},
                  {{"do", "push"}, {"operation", "update"}, {"reason", ""}, {"user", id}}});
  }
  bool never_false = true;
  ASSERT_TRUE(world.await([&](const Exposition& now) {
    never_false = never_false && now.nonzero("okta_external_id_drift_users", {}, "kind").empty();
    return now.has("okta_servicenow_exporter_sample_success_timestamp_seconds", {{"sampler", "app_users"}});
  }));
  EXPECT_EQ(world.truth()["requests"]["okta"]["app_users"], 3 + kAttempts + 3) << "no page was read twice";
  EXPECT_THAT(world.exporter().errors(), HasSubstr("the listing of app users goes on where it broke off"));
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(world.await_new_comparison());
  const Exposition now = world.scrape();
  never_false = never_false && now.nonzero("okta_external_id_drift_users", {}, "kind").empty();
  EXPECT_TRUE(never_false);
  EXPECT_EQ(now.value("okta_external_id_drift_detected_total", {{"kind", "sys_id_changed"}}), 0);
  EXPECT_EQ(now.value("okta_external_id_users", {{"state", "linked"}}),
            world.truth()["okta_external_id_users"]["linked"].get<double>());
}

TEST(Resume, ASweepOfServiceNowGoesOnBehindTheLastRowThatItRead) {
  World world({.scenario = "mixed",
               .users = 3000,
               .drift_interval = "8s",
               .transaction_log = "off",
               .users_strategy = "sweep"});
  std::string yaml = read_file(world.config_path());
  const std::string strategy = "strategy: sweep";
  yaml.replace(yaml.find(strategy), strategy.size(), "strategy: sweep, page_size: 100");
  write_file(world.config_path(), yaml);
  // Probes ask for a few lists too: of thirty pages some have been read by then, and some not.
  world.change({fault("servicenow", "table_list", 22, -1)});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) { return failures(now, "users") > 0; }));
  EXPECT_FALSE(world.scrape().has("okta_external_id_users"));
  world.change({{{"do", "clear_faults"}}});
  ASSERT_TRUE(world.await_success("comparison", 60));
  EXPECT_THAT(world.exporter().errors(),
              HasSubstr("the listing of ServiceNow's users goes on where it broke off"));
  EXPECT_EQ(world.scrape().nonzero("okta_external_id_drift_users", {}, "kind"),
            nonzero(world.truth()["okta_external_id_drift_users"]));
}

}  // namespace
}  // namespace integration
