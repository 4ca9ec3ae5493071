// What must never become a drift count that is not true, with the real binary: each trap by its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

const Labels kProduction{{"integration", "production"}};

Counts drifted(const Exposition& now) {
  return now.nonzero("okta_external_id_drift_users", kProduction, "kind");
}

Counts true_drift(const World& world) { return nonzero(world.truth()["okta_external_id_drift_users"]); }

double state(const Exposition& now, const std::string& state) {
  return now.value("okta_external_id_users", {{"state", state}});
}

double errors(const Exposition& now, const std::string& sampler, const std::string& error_class) {
  return now.value("okta_servicenow_exporter_sample_errors_total",
                   {{"sampler", sampler}, {"class", error_class}});
}

nlohmann::json users_fault(const std::string& kind, int after, int count) {
  return {{"do", "fault"}, {"api", "servicenow"}, {"endpoint", "table_list"},
          {"kind", kind},  {"status", 500},       {"after", after},
          {"count", count}};
}

std::size_t requests(const World& world, const std::string& api, const std::string& endpoint) {
  return world.truth()["requests"][api].value(endpoint, std::size_t{0});
}

class Traps : public testing::TestWithParam<std::string> {
 protected:
  WorldOptions options(const std::string& scenario) const {
    return {.scenario = scenario, .users = 1200, .users_strategy = GetParam()};
  }
};

INSTANTIATE_TEST_SUITE_P(Drift, Traps, testing::Values("sweep", "lookup"),
                         [](const auto& strategy) { return strategy.param; });

TEST_P(Traps, AListOfOktasThatEndsTooEarlyNeitherEndsDriftNorMakesLeavers) {
  World world(options("mixed"));
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const auto doubted = [](const Exposition& now) { return errors(now, "comparison", "incomplete") > 0; };
  // A list that is overtaken by the next one is not compared: then the fault is made again, well after it.
  for (int i = 0; i < 10 && !doubted(world.scrape()); ++i) {
    world.change(
        {{{"do", "fault"}, {"api", "okta"}, {"endpoint", "app_users"}, {"kind", "short"}, {"count", 1}}});
    ASSERT_TRUE(world.await_new_comparison());
    ASSERT_TRUE(world.await_new_comparison());
  }
  ASSERT_TRUE(doubted(world.scrape()));
  const Exposition now = world.scrape();
  EXPECT_EQ(drifted(now), true_drift(world));
  EXPECT_EQ(now.sum("okta_external_id_drift_resolved_total", kProduction), 0);
  EXPECT_EQ(now.sum("okta_external_id_drift_detected_total", kProduction), 0);
  EXPECT_EQ(now.sum("okta_external_id_former_users", kProduction), 0);
}

TEST_P(Traps, ThatOktasAccountCannotBeAskedForAWhileEndsNoDrift) {
  World world(options("healthy"));
  world.change({{{"do", "delete_row"}, {"count", 4}}, {{"do", "recreate_row"}, {"count", 3}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const Counts before = drifted(world.scrape());
  EXPECT_EQ(before, (Counts{{"record_missing", 4}, {"sys_id_changed", 3}}));
  world.change({{{"do", "refuse"}, {"account", "provisioner"}, {"on", true}, {"status", 503}},
                {{"do", "delete_row"}, {"count", 2}}});
  ASSERT_TRUE(world.await([](const Exposition& now) { return state(now, "unverified") == 2; }));
  EXPECT_EQ(drifted(world.scrape()), before) << "what is new is not believed, and what is known stays";
  world.change({{{"do", "refuse"}, {"account", "provisioner"}, {"on", false}}});
  EXPECT_TRUE(world.await([](const Exposition& now) { return state(now, "drifted") == 9; }));
  const Exposition now = world.scrape();
  EXPECT_EQ(now.sum("okta_external_id_drift_resolved_total", kProduction), 0);
  EXPECT_EQ(now.sum("okta_external_id_drift_detected_total", kProduction), 2);
}

TEST_P(Traps, UsersWhoAreUnassignedTogetherAreBelievedWhenTheNextListAgrees) {
  World world(options("healthy"));
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  world.change({{{"do", "unassign"}, {"count", 400}}});
  EXPECT_TRUE(world.await(
      [](const Exposition& now) { return now.sum("okta_external_id_users", kProduction) == 800; }));
  EXPECT_GE(errors(world.scrape(), "comparison", "incomplete"), 1);
}

TEST_P(Traps, AReaderWhoMayNotSeeInactiveUsersCallsNobodyMissing) {
  WorldOptions alone = options("healthy");
  alone.provisioner = false;  // its view would decide
  World world(alone);
  world.change({{{"do", "inactive_visible"}, {"account", "reader"}, {"visible", false}},
                {{"do", "set_active"}, {"count", 9}, {"active", false}},
                {{"do", "delete_row"}, {"count", 4}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const Exposition now = world.scrape();
  EXPECT_TRUE(drifted(now).empty()) << "an inactive row that is not shown looks like a deleted one";
  EXPECT_EQ(state(now, "unverified"), 13);
  EXPECT_NE(world.exporter().errors().find("the reader is not proven to see inactive users"),
            std::string::npos);
}

TEST_P(Traps, ALastPageThatFailsPublishesNothing) {
  World world(options("mixed"));
  world.change({users_fault("status", 1, -1)});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) { return errors(now, "users", "http_5xx") > 0; }));
  EXPECT_FALSE(world.scrape().has("okta_external_id_users"));
  EXPECT_EQ(world.scrape().value("okta_external_id_comparison_complete", kProduction), 0);
  world.change({{{"do", "clear_faults"}}});
  ASSERT_TRUE(world.await_success("comparison", 90));
  EXPECT_EQ(drifted(world.scrape()), true_drift(world));
}

TEST_P(Traps, APageThatIsCutPublishesNothing) {
  World world(options("mixed"));
  world.change({users_fault("truncate", 1, -1)});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) { return errors(now, "users", "incomplete") > 0; }));
  EXPECT_FALSE(world.scrape().has("okta_external_id_users"));
}

TEST_P(Traps, RowsHiddenFromTheReaderAreNotCalledMissing) {
  World world(options("healthy"));
  world.change(
      {{{"do", "hide_rows"}, {"account", "reader"}, {"count", 30}}, {{"do", "delete_row"}, {"count", 2}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  EXPECT_EQ(drifted(world.scrape()), true_drift(world));
}

TEST_P(Traps, AnInstanceThatKnowsNoneOfTheIdsIsNotAClone) {
  World world(options("healthy"));
  world.change({{{"do", "clone"}, {"changed", 0}, {"missing", 1}, {"wrong", 0}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const Exposition now = world.scrape();
  EXPECT_TRUE(drifted(now).empty());
  EXPECT_EQ(now.value("okta_external_id_mass_drift", kProduction), 0);
  EXPECT_NE(world.exporter().errors().find("these external IDs are no sys_ids of this instance"),
            std::string::npos);
}

// Half of the table was read before the clone, half of it after: nothing may be said that is not so.
TEST_P(Traps, ACloneInMidRunIsToldAsItIsOrNotAtAll) {
  World world(options("healthy"));
  nlohmann::json slow = users_fault("delay", 1, 1);
  slow["delay_ms"] = 1500;
  world.change({slow});
  world.start_exporter();
  ASSERT_TRUE(World::await_that([&] { return requests(world, "servicenow", "table_list") >= 2; }));
  world.change({{{"do", "clone"}}});
  const Counts truth = true_drift(world);
  bool never_false = true;
  ASSERT_TRUE(world.await([&](const Exposition& now) {
    const Counts said = drifted(now);
    for (const auto& [kind, users] : said) {
      const auto is = truth.find(kind);
      never_false = never_false && is != truth.end() && users <= is->second;
    }
    return said == truth;
  }));
  EXPECT_TRUE(never_false);
}

// Ended in the middle of a listing, by whatever `end` is, and started again on a world that has changed.
void expect_an_end_in_mid_listing_loses_nothing(const WorldOptions& options, void (World::*end)()) {
  World world(options);
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const Counts before = drifted(world.scrape());
  nlohmann::json slow = users_fault("delay", 1, 1);
  slow["delay_ms"] = 3000;
  const std::size_t asked = requests(world, "servicenow", "table_list");
  world.change({slow});
  ASSERT_TRUE(World::await_that([&] { return requests(world, "servicenow", "table_list") >= asked + 2; }));
  (world.*end)();
  world.change({{{"do", "clear_faults"}}, {{"do", "delete_row"}, {"count", 3}}});
  world.start_exporter();
  EXPECT_EQ(drifted(world.scrape()), before) << "what was known is there at once";
  const Counts truth = true_drift(world);
  ASSERT_TRUE(world.await([&](const Exposition& now) { return drifted(now) == truth; }));
  const Exposition now = world.scrape();
  for (const auto& [kind, users] : truth) {
    const Labels labels{{"kind", kind}};
    const auto first = before.find(kind);
    EXPECT_EQ(now.value("okta_external_id_drift_detected_total", labels) -
                  now.value("okta_external_id_drift_resolved_total", labels) +
                  (first == before.end() ? 0 : first->second),
              users)
        << kind;
  }
}

TEST_P(Traps, AKillInTheMiddleOfAListingLosesAndInventsNothing) {
  expect_an_end_in_mid_listing_loses_nothing(options("mixed"), &World::kill_exporter);
}

TEST_P(Traps, AStopInTheMiddleOfAListingIsQuickAndLosesAndInventsNothing) {
  expect_an_end_in_mid_listing_loses_nothing(options("mixed"), &World::stop_exporter);
}

TEST(Drift, AUserWhoIsAssignedAgainIsResolvedAndThePageSaysHowLongItTook) {
  World world({.scenario = "healthy"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const nlohmann::json answers = world.change({{{"do", "recreate_row"}, {"count", 1}}});
  const Labels changed{{"kind", "sys_id_changed"}};
  ASSERT_TRUE(world.await(
      [&](const Exposition& now) { return now.value("okta_external_id_drift_users", changed) == 1; }));
  EXPECT_EQ(world.scrape().value("okta_external_id_drift_detected_total", changed), 1);
  const auto open = nlohmann::json::parse(http_get(world.url("/drift?format=json")).body);
  ASSERT_EQ(open["total"], 1) << open;

  world.change({{{"do", "reassign"}, {"all", true}}});
  ASSERT_TRUE(world.await([&](const Exposition& now) {
    return now.value("okta_external_id_drift_resolved_total", changed) == 1;
  }));
  EXPECT_EQ(world.scrape().value("okta_external_id_drift_users", changed), 0);
  EXPECT_FALSE(world.scrape().has("okta_external_id_drift_oldest_timestamp_seconds", changed));
  const auto resolved = nlohmann::json::parse(http_get(world.url("/drift?state=resolved&format=json")).body);
  ASSERT_EQ(resolved["total"], 1) << resolved;
  const nlohmann::json& item = resolved["items"][0];
  EXPECT_EQ(item["okta_user_id"], open["items"][0]["okta_user_id"]);
  EXPECT_EQ(item["first_seen"], open["items"][0]["first_seen"]);
  EXPECT_GT(item["resolved"].get<std::string>(), item["first_seen"].get<std::string>());
  const std::string page = http_get(world.url("/drift?state=resolved")).body;
  EXPECT_NE(page.find("1 user repaired"), std::string::npos);
  const std::string took = "data-label=\"Took\">";
  const std::size_t at = page.find(took);
  ASSERT_NE(at, std::string::npos);
  EXPECT_THAT(page.substr(at + took.size(), 20), testing::MatchesRegex("[0-9]+ (s|min)<.*"));
}

}  // namespace
}  // namespace integration
