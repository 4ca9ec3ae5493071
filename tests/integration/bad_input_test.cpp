// Vendors that misbehave: the sample fails with its class, the last good values stay, and nothing is counted
// twice.
#include <algorithm>

#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

double errors(const Exposition& now, const std::string& sampler, const std::string& error_class) {
  return now.value("okta_servicenow_exporter_sample_errors_total",
                   {{"sampler", sampler}, {"class", error_class}});
}

struct Fault {
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

  std::string name;
  nlohmann::json command;
  std::string sampler;
  std::string error_class;
};

class Faults : public testing::TestWithParam<Fault> {};

nlohmann::json fault(const std::string& api, const std::string& endpoint, const std::string& kind,
                     int status = 0) {
  nlohmann::json command{
      {"do", "fault"}, {"api", api}, {"endpoint", endpoint}, {"kind", kind}, {"count", 1000}};
  if (status != 0) {
    command["status"] = status;
  }
  return command;
}

TEST_P(Faults, FailTheSampleWithItsClassAndKeepTheLastGoodValues) {
  World world({.scenario = "mixed", .users = 100});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const Exposition before = world.scrape();
  ASSERT_EQ(errors(before, GetParam().sampler, GetParam().error_class), 0);

  world.change({GetParam().command});
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return errors(now, GetParam().sampler, GetParam().error_class) > 0;
  })) << "no error of class "
      << GetParam().error_class;
  const Exposition during = world.scrape();
  EXPECT_EQ(during.samples().at("okta_app_users"), before.samples().at("okta_app_users"));
  EXPECT_EQ(during.samples().at("servicenow_users"), before.samples().at("servicenow_users"));
  EXPECT_EQ(during.samples().at("okta_external_id_users"), before.samples().at("okta_external_id_users"));
  EXPECT_EQ(during.samples().at("okta_external_id_drift_users"),
            before.samples().at("okta_external_id_drift_users"));
  if (GetParam().sampler != "system_log") {
    EXPECT_EQ(during.value("okta_external_id_comparison_complete", {}), 0);
  }
  const std::string log = world.exporter().errors();
  EXPECT_NE(log.find("class=" + GetParam().error_class), std::string::npos) << log;

  world.change({{{"do", "clear_faults"}}});
  ASSERT_TRUE(world.await_new_comparison(60));
  const Exposition after = world.scrape();
  EXPECT_EQ(after.samples().at("okta_external_id_drift_users"),
            before.samples().at("okta_external_id_drift_users"));
  EXPECT_EQ(after.value("okta_external_id_comparison_complete", {}), 1);
  EXPECT_EQ(after.samples().at("okta_external_id_drift_detected_total"),
            before.samples().at("okta_external_id_drift_detected_total"));
}

INSTANTIATE_TEST_SUITE_P(
    All, Faults,
    testing::Values(
        Fault{"HtmlInsteadOfJson", fault("servicenow", "table_list", "html"), "users", "not_json"},
        Fault{"CutOffBody", fault("servicenow", "table_list", "truncate"), "users", "incomplete"},
        Fault{"ResultAndError", fault("servicenow", "table_list", "result_and_error"), "users", "incomplete"},
        Fault{"EmptyBody", fault("servicenow", "table_list", "empty"), "users", "incomplete"},
        Fault{"RowsWithoutFields", fault("servicenow", "table_list", "missing_fields"), "users",
              "incomplete"},
        Fault{"ServerError", fault("servicenow", "table_list", "status", 503), "users", "http_5xx"},
        Fault{"ClosedConnection", fault("servicenow", "table_list", "close"), "users", "connection"},
        Fault{"OktaHtml", fault("okta", "app_users", "html"), "app_users", "not_json"},
        Fault{"OktaCutOffBody", fault("okta", "app_users", "truncate"), "app_users", "incomplete"},
        Fault{"OktaUsersWithoutFields", fault("okta", "app_users", "missing_fields"), "app_users",
              "incomplete"},
        Fault{"OktaServerError", fault("okta", "logs", "status", 500), "system_log", "http_5xx"},
        Fault{"OktaCutOffLog", fault("okta", "logs", "truncate"), "system_log", "incomplete"}),
    [](const auto& fault_case) { return fault_case.param.name; });

TEST(BadInput, AnUnreachableHostFailsTheSamplesAndTheExporterGoesOn) {
  // Port 9 of the loopback: nobody listens there.
  World world({.servicenow_url = "http://127.0.0.1:9"});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) { return errors(now, "users", "connection") > 0; }));
  const Exposition now = world.scrape();
  EXPECT_EQ(now.value("servicenow_up", {}), 0);
  EXPECT_EQ(now.value("okta_up", {}), 1);
  EXPECT_FALSE(now.has("servicenow_users"));
  EXPECT_FALSE(now.has("servicenow_credentials_valid"));
  EXPECT_TRUE(now.has("okta_app_users"));
  const std::string log = world.exporter().errors();
  EXPECT_NE(log.find("127.0.0.1:9"), std::string::npos);
  world.stop_exporter();
}

TEST(BadInput, AnIgnoredRangeQueryStillGivesTheTruth) {
  World world({.scenario = "mixed", .users = 150});
  world.change({{{"do", "query_range"}, {"account", "reader"}, {"mode", "silent"}}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  EXPECT_EQ(world.scrape().nonzero("okta_external_id_drift_users", {}, "kind"),
            nonzero(world.truth()["okta_external_id_drift_users"]));
}

// Sorting needs query_range too, so there is no order to read the table in, and lookups were not allowed.
TEST(BadInput, ARefusedRangeQueryFailsTheSampleAndSaysWhichAclToGrant) {
  World world({.scenario = "mixed", .users = 150, .users_strategy = "sweep"});
  world.change({{{"do", "query_range"}, {"account", "reader"}, {"mode", "403"}}});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) { return errors(now, "users", "permission") > 0; }));
  const Exposition now = world.scrape();
  EXPECT_FALSE(now.has("okta_external_id_drift_users"));
  EXPECT_FALSE(now.has("servicenow_users"));
  EXPECT_EQ(now.value("servicenow_credentials_valid", {{"account", "reader"}}), 1);
  EXPECT_NE(world.exporter().errors().find("query_range"), std::string::npos);
}

TEST(BadInput, ALogPageWithAMalformedEventCountsTheOthers) {
  World world({.users = 20});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("system_log"));
  world.change(
      {{{"do", "fault"}, {"api", "okta"}, {"endpoint", "logs"}, {"kind", "missing_fields"}, {"count", 1}},
       {{"do", "push"}, {"count", 1}, {"operation", "update"}}});
  EXPECT_TRUE(world.await([](const Exposition& now) {
    return now.value("okta_system_log_events_total", {{"disposition", "malformed"}}) > 0;
  }));
}

// Whatever Okta holds for an external ID or a name: each user ends in a kind that is true, by a sweep and by
// lookups, and nothing of it gets into a query.
class OddUsers : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(BadInput, OddUsers, testing::Values("sweep", "lookup"),
                         [](const auto& strategy) { return strategy.param; });

TEST_P(OddUsers, EndInADefinedKindAndInNoQuery) {
  World world({.scenario = "healthy", .users_strategy = GetParam()});
  std::vector<std::string> linked;
  const nlohmann::json users = world.truth("users=1")["users"];
  for (const nlohmann::json& user : users) {
    if (user["state"] == "linked" && user["status"] == "PROVISIONED") linked.push_back(user["okta_user_id"]);
  }
  ASSERT_GT(linked.size(), 30U);
  std::size_t next = 0;
  nlohmann::json commands = nlohmann::json::array();
  const std::vector<std::string> odd_ids{"x^active=true",
                                         "a,b=c",
                                         "with \"quotes\" and 'others'",
                                         "не-ASCII-é",
                                         std::string(1000, 'f'),
                                         "",
                                         "6816F79CC0A8016401C5A33BE04BE441",
                                         "glean_user_role",
                                         "javascript:gs.getUserID()",
                                         " leading and trailing "};
  for (const std::string& odd : odd_ids) {
    commands.push_back({{"do", "set_external_id"}, {"user", linked[next++]}, {"external_id", odd}});
  }
  // The same odd text twice is one id with two holders.
  for (int i = 0; i < 2; ++i) {
    commands.push_back({{"do", "set_external_id"}, {"user", linked[next++]}, {"external_id", "same^odd=id"}});
  }
  // A row that is gone, of a user whose name and address may not stand in a query, or are null.
  const std::string odd_keyed = linked[next];
  for (const char* const name : {"odd^name", "odd,name", "javascript:x", ""}) {
    commands.push_back({{"do", "delete_row"}, {"user", linked[next]}});
    commands.push_back({{"do", "rename_user"}, {"user", linked[next++]}, {"user_name", name}, {"email", ""}});
  }
  // Two app users of one name, one of them without a row; and two rows of one name for a link without one.
  commands.push_back({{"do", "rename_user"}, {"user", linked[next]}, {"user_name", "TWIN@example.com"}});
  commands.push_back({{"do", "rename_row"}, {"user", linked[next++]}, {"user_name", "twin@example.com"}});
  commands.push_back({{"do", "duplicate_row"}, {"user", linked[next]}});
  commands.push_back({{"do", "duplicate_row"}, {"user", linked[next]}});
  commands.push_back({{"do", "delete_row"}, {"user", linked[next++]}});
  world.change(commands);
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const Exposition now = world.scrape();
  const nlohmann::json truth = world.truth("users=1");
  // Without a key that can be asked for nobody can say that a row is gone.
  std::map<std::string, std::string> expected;
  double unverified = 0;
  for (const nlohmann::json& user : truth["users"]) {
    const std::string id = user["okta_user_id"];
    const bool unaskable =
        std::find(linked.begin(), linked.end(), id) >= std::find(linked.begin(), linked.end(), odd_keyed) &&
        std::find(linked.begin(), linked.end(), id) < std::find(linked.begin(), linked.end(), odd_keyed) + 4;
    if (unaskable) {
      ++unverified;
    } else if (user["state"] == "drifted") {
      expected[id] = user["kind"];
    }
  }
  std::map<std::string, std::string> said;
  const auto page = nlohmann::json::parse(http_get(world.url("/drift?format=json")).body);
  for (const nlohmann::json& item : page["items"]) said[item["okta_user_id"]] = item["kind"];
  EXPECT_EQ(said, expected);
  EXPECT_EQ(now.value("okta_external_id_users", {{"state", "unverified"}}), unverified);
  EXPECT_EQ(now.sum("okta_external_id_users", {}), now.sum("okta_app_users", {}));
  const auto asked = http_get(world.control_url() + "/requests?last=1000").body;
  for (const char* const odd : {"x%5Eactive", "a%2Cb%3Dc", "quotes", "ffffffffffffffffffffffffffffffffff",
                                "same%5Eodd", "odd%5Ename", "odd%2Cname", "javascript"}) {
    EXPECT_EQ(asked.find(odd), std::string::npos) << odd;
  }
}

}  // namespace
}  // namespace integration
