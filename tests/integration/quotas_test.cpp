// The exporter as a client: shares of limits, sign-ins by token, and accounts that are left alone.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/world.h"

namespace integration {
namespace {

using testing::HasSubstr;
using testing::Not;

void replace_in_config(const World& world, const std::string& what, const std::string& by) {
  std::string yaml = read_file(world.config_path());
  const std::size_t at = yaml.find(what);
  ASSERT_NE(at, std::string::npos) << what;
  write_file(world.config_path(), yaml.replace(at, what.size(), by));
}

TEST(Quotas, ASweepOf50000UsersNeverExceedsItsShareOfAnyWindowAndDrawsNo429) {
  // 100 pages of 500 users; windows of 4 s for 80 requests, of which a half is ours.
  World world({.users = 50'000,
               .simulator_arguments = {"--rate-limit=80", "--rate-window=4", "--no-history"},
               .provisioner = false,
               .drift_interval = "1h",
               .system_log_interval = "1s",
               .transaction_log = "off"});
  replace_in_config(world, "rate_limit_share: 1", "rate_limit_share: 0.5");
  world.start_exporter();
  ASSERT_TRUE(world.await_success("app_users", 90));
  const nlohmann::json truth = world.truth();
  ASSERT_TRUE(truth["limits"].contains("okta apps"));
  for (const auto& [bucket, used] : truth["limits"].items()) {
    EXPECT_LE(used["most"].get<int>(), used["limit"].get<int>() / 2) << bucket;
    EXPECT_EQ(used["denied"], 0) << bucket;
  }
  EXPECT_GE(truth["requests"]["okta"]["app_users"].get<int>(), 100);
  EXPECT_GT(world.scrape().value("okta_servicenow_exporter_api_throttled_seconds_total", {{"api", "okta"}}),
            0);
  world.stop_exporter();
}

TEST(Quotas, CheckTellsWhatShareOfTheLimitsTheConfigurationCosts) {
  World world(
      {.simulator_arguments = {"--rate-limit=600"}, .drift_interval = "1h", .system_log_interval = "1s"});
  const auto limits = [&world] {
    const Finished report =
        world.run_exporter({"check", "--format=json", "--config.file=" + world.config_path().string()});
    EXPECT_EQ(report.code, 0) << report.output << report.errors;
    const nlohmann::json parsed = nlohmann::json::parse(report.output);
    for (const nlohmann::json& line : parsed["integrations"][0]["checks"]) {
      if (line["check"] == "limits") return line;
    }
    return nlohmann::json();
  };
  const nlohmann::json line = limits();
  ASSERT_FALSE(line.is_null());
  EXPECT_EQ(line["verdict"], "ok") << line;
  EXPECT_THAT(line["message"].get<std::string>(), HasSubstr("Okta logs 10 % of 600 a minute"));
  EXPECT_THAT(line["message"].get<std::string>(), HasSubstr("ServiceNow table as reader"));
  replace_in_config(world, "rate_limit_share: 1", "rate_limit_share: 0.05");
  EXPECT_EQ(limits()["verdict"], "warning");
  EXPECT_THAT(limits()["next"].get<std::string>(),
              HasSubstr("Okta logs needs 3600 requests an hour and may make 1800"));
}

TEST(Credentials, ARefusedAccountIsLeftAloneAfterARestartAndByCheckUnlessForced) {
  World world({.provisioner = false, .transaction_log = "off"});
  world.set_secret("reader-password", "PLANTED-wrong");
  world.start_exporter();
  const auto failed = [&] { return world.truth()["failed_logins"].value("prom_reader", 0); };
  ASSERT_TRUE(World::await_that([&] { return failed() > 0; }));
  ASSERT_TRUE(World::await_that([&] { return std::filesystem::exists(world.state_path() / "pauses.json"); }));
  world.stop_exporter();
  const int before = failed();
  EXPECT_EQ(before, 1) << "not hammered";
  world.start_exporter();
  ASSERT_TRUE(world.await([](const Exposition& now) {
    const std::string metric = "servicenow_credentials_valid";
    return now.has(metric, {{"account", "reader"}}) && now.value(metric, {{"account", "reader"}}) == 0;
  }));
  const auto check = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"check", "--config.file=" + world.config_path().string(),
                                       "--storage.path=" + world.state_path().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return world.run_exporter(arguments);
  };
  EXPECT_THAT(check({}).output, HasSubstr("is paused until"));
  EXPECT_EQ(failed(), before);
  EXPECT_THAT(check({"--force"}).output, Not(HasSubstr("is paused until 2")));
  EXPECT_GT(failed(), before);
  // A changed password takes effect without a restart.
  world.set_secret("reader-password", "sim-reader-password");
  EXPECT_TRUE(world.await_success("users", 60));
  EXPECT_THAT(world.exporter().errors(), Not(HasSubstr("PLANTED")));
  EXPECT_THAT(read_file(world.state_path() / "pauses.json"), Not(HasSubstr("PLANTED")));
  world.stop_exporter();
}

TEST(Credentials, AServiceAppWithDpopAndAnOAuthReaderServeAWholeWorld) {
  World world({.provisioner = false, .transaction_log = "off"});
  const Finished made = run_to_end(
      world.directory(), {"/bin/sh", "-c",
                          "cd '" + world.directory().string() +
                              "' && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "
                              "okta-key.pem && openssl pkey -in okta-key.pem -pubout -out okta-public.pem"});
  ASSERT_EQ(made.code, 0) << made.errors;
  const auto oauth = [&](nlohmann::json command) {
    command["do"] = "oauth";
    return world.change(command);
  };
  oauth({{"okta_client_id", "0oaApp"},
         {"okta_public_key", read_file(world.directory() / "okta-public.pem")},
         {"okta_key_id", "kid-1"},
         {"dpop", true}});
  replace_in_config(world, "api_token_file: okta-token",
                    "oauth2: {client_id: 0oaApp, private_key_file: okta-key.pem, key_id: kid-1}");
  replace_in_config(world, "reader: {basic_auth: {username: prom_reader, password_file: reader-password}}",
                    "reader: {oauth2: {client_id: sim-client, client_secret: sim-client-secret}}");
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison", 60));
  // Every request of both accounts is refused once; a new token mends it.
  oauth({{"revoke", true}, {"renew_nonce", true}});
  EXPECT_TRUE(world.await_new_comparison(60));
  EXPECT_EQ(world.scrape().value("okta_credentials_valid", {}), 1);
  const nlohmann::json truth = world.truth();
  EXPECT_EQ(truth["writes"], 0);
  EXPECT_THAT(world.exporter().errors(), Not(HasSubstr("sim-access-")));
  EXPECT_THAT(world.exporter().errors(), Not(HasSubstr("sim-client-secret")));
  world.stop_exporter();
}

}  // namespace
}  // namespace integration
