#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace exporter::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedactedConfiguration, HidesEverySecretAndKeepsTheRest) {
  const LoadResult loaded = parse_config(R"(integrations:
  - name: production   # a comment
    okta:
      url: https://example.okta.com
      api_token: hush-token
      app: {id: 0oa1abcd}
      http:
        proxy_url: http://proxy-user:hush-proxy@proxy.example.com:3128
        proxy_connect_header: {Proxy-Authorization: ["Basic hush-connect", hush-too]}
        http_headers: {X-Key: {values: [shown], secrets: [hush-header]}}
    servicenow:
      url: https://example.service-now.com
      reader: {basic_auth: {username: prom_reader, password: hush-reader}}
      provisioner: {basic_auth: {username: okta.integration, password_file: /run/secrets/okta}}
      http: {tls_config: {cert_file: client.pem, key: hush-key}}
)",
                                         "config.yml");
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  const std::string& shown = loaded->redacted;
  EXPECT_THAT(shown, Not(HasSubstr("hush")));
  for (const char* kept : {"https://example.okta.com", "prom_reader", "/run/secrets/okta", "client.pem",
                           "0oa1abcd", "- shown", "http://<secret>@proxy.example.com:3128",
                           "api_token: <secret>", "password: <secret>", "key: <secret>"}) {
    EXPECT_THAT(shown, HasSubstr(kept));
  }
  EXPECT_THAT(shown, Not(HasSubstr("comment")));
}

// Found by fuzzing: yaml-cpp's LoadAll() never returned.
TEST(ConfigurationFile, ThatBeginsWithACommaEnds) {
  for (const char* text : {",", ",t,", "- a\n,", "a: 1\n---\n,\n"}) {
    const LoadResult loaded = parse_config(text, "config.yml");
    ASSERT_FALSE(loaded) << text;
    EXPECT_FALSE(loaded.error().empty()) << text;
  }
}

TEST(RedactedConfiguration, KnowsEveryKeyThatCanComeFromTheEnvironmentAsASecret) {
  // What redacted_yaml() goes by: a new secret is one of these or it is not hidden.
  for (const std::string& path : known_key_paths()) {
    for (const char* word : {"password", "secret", "token", "private_key", "api_key"}) {
      const std::string last = path.substr(path.rfind('.') + 1);
      if (last != word) continue;
      const std::vector<std::string> paths = known_key_paths();
      const bool is_group =
          std::ranges::any_of(paths, [&](const std::string& other) { return other.starts_with(path + "."); });
      EXPECT_TRUE(is_group || std::ranges::find(paths, path + "_env") != paths.end()) << path;
    }
  }
}

}  // namespace
}  // namespace exporter::config
