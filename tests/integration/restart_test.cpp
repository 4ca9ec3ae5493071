// What a restart and a kill -9 must not change: every counter equals the truth, nothing lost, nothing counted
// twice.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "integration/world.h"

namespace integration {
namespace {

nlohmann::json failing_pushes(int count) {
  return {
      {{"do", "push"}, {"count", count}, {"operation", "update"}, {"reason", "record_not_found_or_hidden"}},
      {{"do", "push"}, {"count", count}, {"operation", "create"}, {"reason", "acl_denied"}},
      {{"do", "push"}, {"count", count}, {"operation", "update"}}};
}

void expect_counters_reach_the_truth(const World& world) {
  const auto counted = [&](const Exposition& now) {
    const nlohmann::json truth = world.truth("since=" + world.began());
    return now.nonzero("okta_provisioning_tasks_total", {}, "operation") ==
               nonzero(truth["okta_provisioning_tasks_total"]) &&
           now.nonzero("okta_provisioning_task_failures_total", {}, "operation", "reason") ==
               nonzero(truth["okta_provisioning_task_failures_total"]);
  };
  world.await(counted);
  const nlohmann::json truth = world.truth("since=" + world.began());
  const Exposition now = world.scrape();
  EXPECT_EQ(now.nonzero("okta_provisioning_tasks_total", {}, "operation"),
            nonzero(truth["okta_provisioning_tasks_total"]));
  EXPECT_EQ(now.nonzero("okta_provisioning_task_failures_total", {}, "operation", "reason"),
            nonzero(truth["okta_provisioning_task_failures_total"]));
  EXPECT_EQ(now.nonzero("okta_provisioning_acl_denials_total", {}, "table", "operation"),
            nonzero(truth["okta_provisioning_acl_denials_total"]));
}

TEST(Restart, CountersGoOnAndGaugesComeBackWithTheirTime) {
  World world({.scenario = "mixed", .drift_interval = "1h"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  ASSERT_TRUE(world.await_success("system_log"));
  world.change(failing_pushes(3));
  expect_counters_reach_the_truth(world);
  const Exposition before = world.scrape();
  world.stop_exporter();

  world.change(failing_pushes(2));  // while nobody looks
  // Both vendors are away, so that all there is comes from the state.
  world.change({{{"do", "unavailable"}, {"api", "okta"}, {"on", true}},
                {{"do", "unavailable"}, {"api", "servicenow"}, {"on", true}}});
  world.start_exporter();
  const Exposition after = world.scrape();
  for (const char* metric :
       {"okta_provisioning_tasks_total", "okta_provisioning_task_failures_total", "okta_external_id_users",
        "okta_external_id_drift_users", "okta_external_id_drift_detected_total",
        "okta_external_id_comparison_timestamp_seconds", "okta_external_id_drift_oldest_timestamp_seconds",
        "okta_external_id_mass_drift", "okta_external_id_locked_out_users",
        "okta_system_log_complete_until_timestamp_seconds"}) {
    ASSERT_TRUE(before.has(metric)) << metric;
    ASSERT_TRUE(after.has(metric)) << metric;
    EXPECT_EQ(after.samples().at(metric), before.samples().at(metric)) << metric;
  }
  const Labels comparison{{"sampler", "comparison"}};
  EXPECT_EQ(after.value("okta_servicenow_exporter_sample_success_timestamp_seconds", comparison),
            before.value("okta_servicenow_exporter_sample_success_timestamp_seconds", comparison));

  world.change({{{"do", "unavailable"}, {"api", "okta"}, {"on", false}},
                {{"do", "unavailable"}, {"api", "servicenow"}, {"on", false}}});
  expect_counters_reach_the_truth(world);
}

TEST(Restart, KillMinusNineLosesNothingAndCountsNothingTwice) {
  World world({.scenario = "healthy", .users = 50, .system_log_interval = "100ms"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("system_log"));
  for (int round = 0; round < 8; ++round) {
    world.change(failing_pushes(5));
    // At another point of polling, settling and committing in each round.
    const double seen = world.scrape().sum("okta_system_log_events_total", {});
    world.await([&](const Exposition& now) { return now.sum("okta_system_log_events_total", {}) > seen; },
                0.15 * round);
    world.kill_exporter();
    world.change(failing_pushes(1));
    world.start_exporter();
  }
  expect_counters_reach_the_truth(world);
}

TEST(Restart, AnExpiredCursorIsReplacedAndNothingIsCountedTwice) {
  World world({.scenario = "healthy", .users = 50});
  world.start_exporter();
  // What Okta published before the first poll moves no counter.
  ASSERT_TRUE(world.await_success("system_log"));
  world.change(failing_pushes(4));
  expect_counters_reach_the_truth(world);
  world.change({{{"do", "expire_cursors"}}});
  world.change(failing_pushes(2));
  expect_counters_reach_the_truth(world);
  EXPECT_GT(world.scrape().value("okta_system_log_events_total", {{"disposition", "duplicate"}}), 0);
}

TEST(Restart, ASecondExporterOnTheSameStateIsRefusedAndNamesTheLock) {
  World world;
  world.start_exporter();
  const Finished second = world.run_exporter({"--config.file=" + world.config_path().string(),
                                              "--storage.path=" + world.state_path().string(),
                                              "--web.listen-address=127.0.0.1:0"});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.errors.find("state.db"), std::string::npos) << second.errors;
}

TEST(Restart, TheStateIsReadableByItsOwnerOnly) {
  World world;
  world.start_exporter();
  struct stat info{};
  ASSERT_EQ(::stat(world.state_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((world.state_path() / "state.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace integration
