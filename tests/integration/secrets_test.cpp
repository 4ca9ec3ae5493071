// Secrets of every kind, planted in the configuration of the real binary, and looked for in everything that
// it says.
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "integration/world.h"

namespace integration {
namespace {

using testing::HasSubstr;
using testing::Not;

// "secret" in the clear; the hash must not be shown either, because a weak password can be guessed from it.
constexpr const char* kHash = "$2b$04$bzVkfzDCTmwW6iMXVwZiO.fw7dsoDq6nTDNppW25oev9s4JWDCduO";

// All begin alike, so that one look finds any of them, whole or cut short.
constexpr const char* kMark = "PLANTED";

std::string raw_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Secrets : public testing::Test {
 protected:
  // A private key, and the middle of it, which is in no other file.
  std::string make_key(const World& world) {
    const Finished made = run_to_end(world.directory(), {"/bin/sh", "-c",
                                                         "cd '" + world.directory().string() +
                                                             "' && openssl genpkey -algorithm EC -pkeyopt "
                                                             "ec_paramgen_curve:P-256 -out planted-key.pem"});
    EXPECT_EQ(made.code, 0) << made.errors;
    std::string key = read_file(world.directory() / "planted-key.pem");
    const std::size_t body = key.find('\n') + 1;
    key_ = key.substr(body, key.find('\n', body) - body);
    EXPECT_GE(key_.size(), 40U);
    return key;
  }
  void expect_clean(const std::string& text, const std::string& where) const {
    EXPECT_THAT(text, Not(HasSubstr(kMark))) << where;
    EXPECT_THAT(text, Not(HasSubstr(key_))) << where;
    EXPECT_THAT(text, Not(HasSubstr(std::string(kHash).substr(7, 20)))) << where;
    // Basic dXNlcjpQTEFOVEVE…: "user:PLANTED" as a header holds it.
    EXPECT_THAT(text, Not(HasSubstr("UExBTlRFR"))) << where;
    EXPECT_THAT(text, Not(HasSubstr("pQTEFOVEVE"))) << where;
  }
  void expect_clean(const Finished& finished, const std::string& where) const {
    EXPECT_FALSE((finished.output + finished.errors).empty()) << where;
    expect_clean(finished.output, where);
    expect_clean(finished.errors, where);
  }

  std::string key_;
};

TEST_F(Secrets, AreInNothingThatTheExporterSays) {
  World world({.users = 20});
  make_key(world);
  world.set_secret("planted-token", "PLANTED-ssws-token");
  world.set_secret("planted-password", "PLANTED-reader-password");
  world.set_secret("planted-header", "PLANTED-header-file");
  const std::string okta = world.okta_url();
  const std::string servicenow = world.servicenow_url();
  // The first is refused by both vendors, the second can't reach its proxy, the third's accounts sign in by
  // token.
  write_file(world.config_path(), R"(global: {sample_timeout: 30s}
integrations:
  - name: refused
    okta:
      url: )" + okta + R"(
      api_token_file: planted-token
      app: {id: 0oaIntegration000001}
      http: {http_headers: {X-Planted: {secrets: [PLANTED-header], files: [planted-header]}}}
      system_log: {interval: 1s}
    servicenow:
      url: )" + servicenow + R"(
      reader: {basic_auth: {username: prom_reader, password_file: planted-password}}
      provisioner: {api_key: PLANTED-api-key}
    drift: {interval: 1s}
  - name: behind-a-proxy
    okta:
      url: https://example.test
      oauth2: {client_id: 0oaApp, private_key_file: planted-key.pem, key_id: kid-1}
      app: {id: 0oaIntegration000001}
      http:
        proxy_url: http://user:PLANTED-proxy-password@127.0.0.1:1
        proxy_connect_header: {X-Planted: [PLANTED-connect-header]}
    servicenow:
      url: https://example.test
      reader: {oauth2: {client_id: c, client_secret: PLANTED-client-secret, grant_type: password, username: u, password: PLANTED-oauth-password}}
      http: {proxy_url: "http://user:PLANTED-proxy-password@127.0.0.1:1"}
  - name: by-token
    okta:
      url: )" + okta + R"(
      api_token: PLANTED-inline-token
      app: {id: 0oaIntegration000001}
    servicenow:
      url: )" + servicenow + R"(
      reader: {oauth2: {client_id: sim-client, client_secret: PLANTED-client-secret, grant_type: refresh_token, refresh_token: PLANTED-refresh}}
)");

  const std::string config = "--config.file=" + world.config_path().string();
  const std::string storage = "--storage.path=" + world.state_path().string();
  world.start_exporter();
  for (const std::string name : {"refused", "behind-a-proxy", "by-token"}) {
    ASSERT_TRUE(world.await(
        [&](const Exposition& now) {
          return now.has("okta_servicenow_exporter_sample_success",
                         {{"integration", name}, {"sampler", "users"}}) &&
                 now.has("okta_servicenow_exporter_sample_success",
                         {{"integration", name}, {"sampler", "system_log"}});
        },
        60))
        << name;
  }
  for (const std::string path : {"/config", "/metrics", "/", "/drift", "/drift?format=json", "/failures",
                                 "/failures?format=csv", "/none"}) {
    const HttpAnswer answer = http_get(world.url(path));
    EXPECT_FALSE(answer.body.empty()) << path;
    expect_clean(answer.body, path);
  }
  EXPECT_THAT(http_get(world.url("/config")).body, HasSubstr("behind-a-proxy"));
  expect_clean(raw_file("/proc/" + std::to_string(world.exporter().pid()) + "/cmdline"), "the arguments");
  world.stop_exporter();
  const std::string log = world.exporter().errors();
  EXPECT_THAT(log, HasSubstr("level=debug"));
  EXPECT_THAT(log, HasSubstr("class=authentication"));
  expect_clean(log, "the log");
  expect_clean(world.exporter().output(), "the standard output");

  expect_clean(world.run_exporter({"check", config, "--log.level=debug"}), "check");
  expect_clean(world.run_exporter({"once", config, storage, "--log.level=debug"}), "once");
  expect_clean(world.run_exporter({config, "--config.check", "--log.level=debug"}), "--config.check");
  for (const auto& file : std::filesystem::directory_iterator(world.state_path())) {
    expect_clean(raw_file(file.path().string()), file.path().string());
  }
}

TEST_F(Secrets, OfThePagesOwnPasswordAreNotShownToThoseWhoKnowIt) {
  const auto web =
      std::filesystem::path(testing::TempDir()) / ("secrets-web-" + std::to_string(::getpid()) + ".yml");
  write_file(web, std::string("basic_auth_users: {user: \"") + kHash + "\"}\n");
  {
    World world({.users = 20, .exporter_arguments = {"--web.config.file=" + web.string()}});
    make_key(world);
    world.start_exporter();
    EXPECT_EQ(http_get(world.url("/config")).status, 401);
    const HttpAnswer config =
        http_get(world.url("/config"), "identity", {{"Authorization", "Basic dXNlcjpzZWNyZXQ="}});
    EXPECT_EQ(config.status, 200);
    expect_clean(config.body, "/config");
    world.stop_exporter();
    expect_clean(world.exporter().errors(), "the log");
    EXPECT_THAT(world.exporter().errors(), Not(HasSubstr("dXNlcjpzZWNyZXQ")));
  }
  std::filesystem::remove(web);
}

// What is wrong with a configuration is said by place and key.
TEST_F(Secrets, AreInNoComplaintAboutTheConfiguration) {
  World world({.users = 20});
  const std::string good = read_file(world.config_path());
  const std::string token = "api_token_file: okta-token";
  for (const std::string& line :
       {std::string("api_token: [PLANTED-list]"), std::string("api_token: {PLANTED-map: 1}"),
        std::string("api_token: PLANTED-a\n      api_token_file: okta-token"),
        std::string("api_tokn: PLANTED-misspelt"),
        std::string("api_token_env: PLANTED_ENV\n      api_token: PLANTED"),
        std::string("oauth2: {client_id: x, private_key: PLANTED-no-key, key_id: k, scopes: PLANTED-scope, "
                    "dpop: PLANTED}"),
        std::string("api_token: \"PLANTED-never-closed")}) {
    std::string yaml = good;
    write_file(world.config_path(), yaml.replace(yaml.find(token), token.size(), line));
    const Finished checked =
        world.run_exporter({"--config.file=" + world.config_path().string(), "--config.check"});
    EXPECT_EQ(checked.code, 2) << line;
    if (line.find("_env") == std::string::npos && line.find("scopes") == std::string::npos) {
      EXPECT_THAT(checked.errors + checked.output, Not(HasSubstr(kMark))) << line;
    }
  }
  write_file(world.config_path(), good);
  write_file(world.directory() / "web.yml", "basic_auth_users: {pages: PLANTED-in-the-clear}\n");
  const Finished refused = world.run_exporter(
      {"--config.file=" + world.config_path().string(), "--storage.path=" + world.state_path().string(),
       "--web.listen-address=127.0.0.1:0", "--web.config.file=" + (world.directory() / "web.yml").string()});
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.errors + refused.output, Not(HasSubstr(kMark)));
}

}  // namespace
}  // namespace integration
