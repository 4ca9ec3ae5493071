// Between two comparisons: what changes is shown without another listing, and what can't be followed is said
// once and left to the next one.
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

const Labels kProduction{{"integration", "production"}};

Counts drifted(const Exposition& now) {
  return now.nonzero("okta_external_id_drift_users", kProduction, "kind");
}

// What changed a moment ago counts: these worlds have no grace.
Counts true_drift(const World& world) {
  return nonzero(world.truth("grace_seconds=0")["okta_external_id_drift_users"]);
}

double comparison_time(const World& world) {
  return world.scrape().value("okta_external_id_comparison_timestamp_seconds", kProduction);
}

std::string first_user(const nlohmann::json& answer) {
  return answer["users"][0]["okta_user_id"].get<std::string>();
}

// Whole listings once a minute, rows every five seconds.
WorldOptions options(const std::string& scenario = "healthy") {
  return {.scenario = scenario, .drift_interval = "60s"};
}

bool says(World& world, const std::string& text) {
  return World::await_that([&] { return world.exporter().errors().find(text) != std::string::npos; });
}

TEST(Changes, AUserWhoIsAssignedAgainIsResolvedBeforeTheNextComparison) {
  WorldOptions hourly = options();
  hourly.drift_interval = "1h";
  World world(hourly);
  const std::string user = first_user(world.change({{{"do", "recreate_row"}, {"count", 1}}})["results"][0]);
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(world.await_success("system_log"));
  const Labels changed{{"kind", "sys_id_changed"}};
  ASSERT_EQ(world.scrape().value("okta_external_id_drift_users", changed), 1);
  const double compared = comparison_time(world);
  world.change(
      {{{"do", "reassign"}, {"user", user}}, {{"do", "push"}, {"operation", "create"}, {"user", user}}});
  ASSERT_TRUE(world.await(
      [&](const Exposition& now) { return now.value("okta_external_id_drift_users", changed) == 0; }));
  const Exposition now = world.scrape();
  EXPECT_EQ(now.value("okta_external_id_drift_resolved_total", changed), 1);
  EXPECT_EQ(now.value("okta_external_id_users", {{"state", "linked"}}),
            world.truth("grace_seconds=0")["okta_external_id_users"]["linked"].get<double>());
  EXPECT_EQ(now.value("okta_external_id_comparison_timestamp_seconds", kProduction), compared);
  const auto resolved = nlohmann::json::parse(http_get(world.url("/drift?state=resolved&format=json")).body);
  ASSERT_EQ(resolved["total"], 1) << resolved;
  EXPECT_EQ(resolved["items"][0]["okta_user_id"], user);
  EXPECT_EQ(world.truth()["requests"]["okta"]["app_users"], 1) << "no second listing";
}

TEST(Changes, ADeletedARenamedAndASwitchedOffRowShowBeforeTheNextComparison) {
  World world(options());
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const double compared = comparison_time(world);
  world.change({{{"do", "delete_row"}, {"count", 1}, {"age_seconds", 0}},
                {{"do", "recreate_row"}, {"count", 1}, {"age_seconds", 0}},
                {{"do", "set_active"}, {"count", 1}, {"active", false}, {"age_seconds", 0}},
                {{"do", "rename_row"}, {"count", 1}, {"age_seconds", 0}}});
  const Counts truth = true_drift(world);
  ASSERT_EQ(truth.size(), 4U);
  ASSERT_TRUE(world.await([&](const Exposition& now) { return drifted(now) == truth; }, 25));
  EXPECT_EQ(comparison_time(world), compared);
  const Exposition now = world.scrape();
  for (const auto& [kind, users] : truth) {
    EXPECT_EQ(now.value("okta_external_id_drift_detected_total", {{"kind", kind}}), users) << kind;
  }
  EXPECT_EQ(now.nonzero("okta_external_id_users", kProduction, "state"),
            nonzero(world.truth("grace_seconds=0")["okta_external_id_users"]));
  EXPECT_EQ(world.truth()["writes"], 0);
}

TEST(Changes, SourcesThatAreRefusedAreSaidOnceAndTheComparisonFindsItAllTheSame) {
  WorldOptions refused = options();
  refused.drift_interval = "15s";
  refused.users_strategy = "lookup";
  World world(refused);
  world.change({{{"do", "query_range"}, {"account", "reader"}, {"mode", "403"}},
                {{"do", "deny_table"}, {"account", "reader"}, {"table", "sys_audit_delete"}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const std::string rows = "rows that change cannot be followed";
  const std::string deletions = "deletions of rows cannot be followed";
  ASSERT_TRUE(says(world, rows));
  ASSERT_TRUE(says(world, deletions));
  const double compared = comparison_time(world);
  world.change({{{"do", "delete_row"}, {"count", 2}, {"age_seconds", 0}}});
  const Counts truth = true_drift(world);
  ASSERT_TRUE(world.await([&](const Exposition& now) { return drifted(now) == truth; }, 40));
  EXPECT_GT(comparison_time(world), compared);
  const std::string log = world.exporter().errors();
  EXPECT_EQ(log.find(rows), log.rfind(rows));
  EXPECT_EQ(log.find(deletions), log.rfind(deletions));
}

TEST(Changes, AnIgnoredRangeQueryIsNoticedAndNothingFalseIsSaid) {
  World world(options());
  world.change({{{"do", "query_range"}, {"account", "reader"}, {"mode", "silent"}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(says(world, "the range query on sys_updated_on of sys_user is ignored"));
  EXPECT_TRUE(drifted(world.scrape()).empty());
}

}  // namespace
}  // namespace integration
