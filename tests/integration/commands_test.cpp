// The command line as a person uses it.
#include <cstdlib>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Commands, HelpAndVersionExitZero) {
  World world({.users = 10});
  const Finished help = world.run_exporter({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.output, HasSubstr("--config.file"));
  EXPECT_THAT(help.output, HasSubstr("--web.listen-address"));
  const Finished version = world.run_exporter({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.output, HasSubstr("okta-servicenow-exporter, version 0.1.0"));
}

TEST(Commands, WrongUsageExitsTwo) {
  World world({.users = 10});
  EXPECT_EQ(world.run_exporter({}).code, 2);
  EXPECT_EQ(world.run_exporter({"--no.such.flag"}).code, 2);
  EXPECT_EQ(world.run_exporter({"--config.file=" + world.config_path().string()}).code, 2)
      << "without --storage.path";
}

TEST(Commands, ABrokenConfigurationNamesFileLineAndKeyAndExitsTwo) {
  World world({.users = 10});
  const auto broken = world.directory() / "broken.yml";
  write_file(broken,
             "integrations:\n  - name: production\n    okta:\n      url: https://example.okta.com\n      "
             "api_tokn: x\n");
  for (const char* command : {"--config.check", "--storage.path=:memory:"}) {
    const Finished run = world.run_exporter({"--config.file=" + broken.string(), command});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.errors, HasSubstr("broken.yml:5"));
    EXPECT_THAT(run.errors, HasSubstr("integrations[0].okta.api_tokn"));
  }
}

TEST(Commands, TheExampleConfigurationIsValid) {
  World world({.users = 10});
  const Finished run =
      world.run_exporter({"--config.file=" SOURCE_DIR "/config.example.yml", "--config.check"});
  EXPECT_EQ(run.code, 0) << run.errors;
}

TEST(Commands, OnceWithoutStoragePrintsGaugesOnly) {
  World world({.scenario = "mixed", .users = 100});
  const Finished run = world.run_exporter({"once", "--config.file=" + world.config_path().string()});
  EXPECT_EQ(run.code, 0) << run.errors;
  const Exposition now(run.output);
  EXPECT_TRUE(now.has("okta_external_id_drift_users"));
  for (const auto& [name, type] : now.types()) {
    EXPECT_EQ(type, "gauge") << name;
  }
}

TEST(Commands, OnceReadsLongListingsOfBothSidesAtOnce) {
  World world({.scenario = "mixed", .users = 20'000});
  const Finished run = world.run_exporter({"once", "--config.file=" + world.config_path().string()});
  EXPECT_EQ(run.code, 0) << run.errors;
  const Exposition now(run.output);
  const nlohmann::json truth = world.truth();
  EXPECT_EQ(now.sum("okta_app_users", {}), 20'000);
  EXPECT_EQ(now.value("okta_external_id_comparison_complete", {{"integration", "production"}}), 1);
  Counts found = now.nonzero("okta_external_id_drift_users", {{"integration", "production"}}, "kind");
  Counts expected = nonzero(truth["okta_external_id_drift_users"]);
  // Okta's own account is asked for so many rows an hour, and not for all of them in one comparison.
  EXPECT_LE(found["hidden_by_acl"], expected["hidden_by_acl"]);
  found["hidden_by_acl"] = expected["hidden_by_acl"];
  EXPECT_EQ(found, expected);

  const auto requests = nlohmann::json::parse(http_get(world.control_url() + "/requests?last=2000").body);
  const auto number_of = [&](std::string_view path, std::string_view parameter, bool last) {
    std::ptrdiff_t number = -1;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto target = requests[i].at("target").get<std::string>();
      if ((number < 0 || last) && target.find(path) != std::string::npos &&
          target.find(parameter) != std::string::npos) {
        number = static_cast<std::ptrdiff_t>(i);
      }
    }
    return number;
  };
  const std::ptrdiff_t first_rows = number_of("/table/sys_user?", "ORDERBYsys_id", false);
  ASSERT_GE(first_rows, 0);
  EXPECT_LT(first_rows, number_of("/users?", "after=", true))
      << "the sweep began before the list of app users had ended";
}

TEST(Commands, OnceWritesItsOutputAsAWholeAndExitsOneOnTrouble) {
  World world({.scenario = "healthy", .users = 50});
  const std::string output = (world.directory() / "metrics.prom").string();
  const std::vector<std::string> arguments{"once", "--config.file=" + world.config_path().string(),
                                           "--storage.path=" + world.state_path().string(),
                                           "--output=" + output};
  EXPECT_EQ(world.run_exporter(arguments).code, 0);
  EXPECT_TRUE(Exposition(read_file(output)).has("okta_provisioning_tasks_total"));
  world.set_secret("reader-password", "wrong");
  EXPECT_EQ(world.run_exporter(arguments).code, 1);
  EXPECT_TRUE(Exposition(read_file(output)).has("okta_external_id_users")) << "the last comparison stays";
}

TEST(Commands, SecretsAreInNoLogPageOrMetric) {
  World world({.scenario = "bad-credentials", .users = 20});
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    return now.has("okta_servicenow_exporter_sample_success", {{"sampler", "users"}});
  }));
  const std::string landing =
      http_get(world.metrics_url().substr(0, world.metrics_url().find("/metrics")) + "/").body;
  const std::string metrics = http_get(world.metrics_url()).body;
  const std::string log = world.exporter().errors() + world.exporter().output();
  for (const char* secret : {"sim-okta-token", "sim-reader-password", "sim-okta-password"}) {
    for (const std::string* text : {&landing, &metrics, &log}) {
      EXPECT_THAT(*text, Not(HasSubstr(secret)));
    }
  }
}

TEST(Commands, PromtoolFindsNothingToCorrect) {
  const char* promtool = std::getenv("PROMTOOL");
  ASSERT_NE(promtool, nullptr) << "PROMTOOL names the promtool to use; scripts/test sets it";
  World world({.scenario = "mixed", .users = 100});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const auto scrape = world.directory() / "scrape.txt";
  write_file(scrape, http_get(world.metrics_url()).body);
  const Finished check = run_to_end(
      world.directory(),
      {"/bin/sh", "-c", "exec '" + std::string(promtool) + "' check metrics < '" + scrape.string() + "'"});
  EXPECT_EQ(check.code, 0) << check.errors << check.output;
  EXPECT_EQ(check.errors + check.output, "");
}

TEST(Commands, TheExporterAnswersItsPages) {
  World world({.users = 20});
  world.start_exporter();
  const std::string origin = world.metrics_url().substr(0, world.metrics_url().find("/metrics"));
  EXPECT_EQ(http_get(world.metrics_url()).content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(http_get(origin + "/-/healthy").status, 200);
  EXPECT_EQ(http_get(origin + "/-/ready").status, 200);
  EXPECT_EQ(http_get(origin + "/none").status, 404);
  const HttpAnswer landing = http_get(origin + "/");
  EXPECT_EQ(landing.status, 200);
  EXPECT_THAT(landing.body, HasSubstr("href=\"metrics\""));
  EXPECT_THAT(landing.body, HasSubstr("production"));
}

TEST(Commands, ItStopsWithinTwoSecondsWithRequestsInFlight) {
  World world({.users = 20});
  world.change({{{"do", "fault"},
                 {"api", "servicenow"},
                 {"endpoint", "table_list"},
                 {"kind", "delay"},
                 {"delay_ms", 20000},
                 {"count", 100}},
                {{"do", "fault"},
                 {"api", "okta"},
                 {"endpoint", "logs"},
                 {"kind", "delay"},
                 {"delay_ms", 20000},
                 {"count", 100}}});
  world.start_exporter();
  ASSERT_TRUE(
      world.await([&](const Exposition&) { return world.truth()["requests"]["okta"].value("logs", 0) > 0; }));
  world.stop_exporter();
}

TEST(Commands, CheckSaysWhyUsersCanNotBeVerifiedAndOfHowManyOfTheSample) {
  World world({.provisioner = false});
  world.change({{{"do", "inactive_visible"}, {"account", "reader"}, {"visible", false}},
                {{"do", "delete_row"}, {"share", 0.4}}});
  const std::string config = "--config.file=" + world.config_path().string();
  const Finished run = world.run_exporter({"check", config, "--format=json"});
  const auto report = nlohmann::json::parse(run.output);
  const nlohmann::json& causes = report["integrations"][0]["unverified"];
  ASSERT_EQ(causes.size(), 1U) << run.output;
  EXPECT_EQ(causes[0]["cause"], "the reader is not proven to see inactive users");
  EXPECT_GT(causes[0]["users"], 5);
  EXPECT_LT(causes[0]["users"], 50);
  EXPECT_THAT(world.run_exporter({"check", config}).output,
              HasSubstr("the reader is not proven to see inactive users"));
}

// Sorting needs query_range, which lookups do without.
TEST(Commands, CheckFindsNothingWrongWithAReaderThatOnlyLooksUp) {
  World world({.users_strategy = "lookup"});
  world.change({{{"do", "query_range"}, {"account", "reader"}, {"mode", "403"}}});
  const Finished run =
      world.run_exporter({"check", "--config.file=" + world.config_path().string(), "--format=json"});
  const auto report = nlohmann::json::parse(run.output);
  std::map<std::string, std::string> verdicts;
  for (const nlohmann::json& line : report["integrations"][0]["checks"]) {
    verdicts[line["check"]] = line["verdict"];
  }
  EXPECT_EQ(verdicts["servicenow_reader_list"], "ok") << run.output;
  EXPECT_EQ(verdicts["servicenow_reader_range"], "warning");
  EXPECT_EQ(verdicts["unverified"], "ok");
  EXPECT_EQ(verdicts["links_reader"], "ok");
}

}  // namespace
}  // namespace integration
