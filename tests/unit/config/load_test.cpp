#include "config/load.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "provisioning/vocabulary.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kFile = "conf/config.yml";

// 12 lines, as small as a configuration can be.
const std::string kMinimal = R"(integrations:
  - name: production
    okta:
      url: https://example.okta.com
      api_token_file: /run/secrets/okta-token
      app: {id: 0oa1abcd}
    servicenow:
      url: https://example.service-now.com
      reader:
        basic_auth:
          username: prom_reader
          password_file: sn-reader
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

LoadedConfig good(const std::string& yaml) {
  LoadResult loaded = parse_config(yaml, kFile);
  if (loaded) return std::move(*loaded);
  for (const ConfigError& error : loaded.error()) ADD_FAILURE() << error.to_string();
  return {};
}

std::vector<std::string> errors(const std::string& yaml) {
  const LoadResult loaded = parse_config(yaml, kFile);
  std::vector<std::string> texts;
  if (!loaded) {
    for (const ConfigError& error : loaded.error()) texts.push_back(error.to_string());
  }
  return texts;
}

std::string one_error(const std::string& yaml) {
  const std::vector<std::string> texts = errors(yaml);
  EXPECT_THAT(texts, SizeIs(1)) << yaml;
  return texts.empty() ? "" : texts.front();
}

TEST(LoadConfig, FillsInTheDefaultsOfTheContract) {
  const LoadedConfig loaded = good(kMinimal);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  EXPECT_EQ(loaded.config.global.sample_timeout, 5min);
  EXPECT_EQ(loaded.config.global.keep_resolved, std::chrono::days(30));
  EXPECT_THAT(loaded.config.classification, IsEmpty());
  ASSERT_THAT(loaded.config.integrations, SizeIs(1));
  const Integration& integration = loaded.config.integrations[0];
  EXPECT_EQ(integration.name, "production");
  EXPECT_EQ(integration.tier, Tier::production);
  EXPECT_EQ(integration.okta.url, "https://example.okta.com");
  EXPECT_EQ(integration.okta.api_token, (SecretRef{SecretRef::Source::file, "/run/secrets/okta-token"}));
  EXPECT_EQ(integration.okta.oauth2, std::nullopt);
  EXPECT_EQ(integration.okta.app.id, "0oa1abcd");
  EXPECT_EQ(integration.okta.rate_limit_share, 0.25);
  EXPECT_EQ(integration.okta.system_log.interval, 30s);
  EXPECT_EQ(integration.okta.system_log.initial_lookback, 1h);
  EXPECT_EQ(integration.okta.system_log.max_requests_per_sample, 20);
  EXPECT_EQ(integration.okta.system_log.task_settle, 60s);
  EXPECT_EQ(integration.okta.app_users.page_size, 500);
  EXPECT_EQ(integration.okta.http, HttpConfig{});
  EXPECT_EQ(integration.okta.http.timeout, 30s);
  EXPECT_EQ(user_name(integration.servicenow.reader), "prom_reader");
  EXPECT_EQ(std::get<BasicAuth>(integration.servicenow.reader).password,
            (SecretRef{SecretRef::Source::file, "conf/sn-reader"}));
  EXPECT_EQ(integration.servicenow.provisioner, std::nullopt);
  EXPECT_THAT(integration.servicenow.match,
              ElementsAre(MatchPair{"userName", "user_name"}, MatchPair{"profile.email", "email"}));
  EXPECT_EQ(integration.servicenow.users.table, "sys_user");
  EXPECT_EQ(integration.servicenow.users.strategy, UserStrategy::automatic);
  EXPECT_EQ(integration.servicenow.users.page_size, 1000);
  EXPECT_EQ(integration.servicenow.users.query, "");
  EXPECT_EQ(integration.servicenow.acl.interval, 15min);
  EXPECT_THAT(integration.servicenow.acl.tables,
              ElementsAre("sys_user", "sys_user_group", "sys_user_grmember"));
  EXPECT_EQ(integration.servicenow.acl.transaction_log, TransactionLog::automatic);
  EXPECT_EQ(integration.servicenow.acl.provisioner_requests_per_hour, 60);
  EXPECT_EQ(integration.drift.interval, 1h);
  EXPECT_EQ(integration.drift.grace, 15min);
  EXPECT_EQ(integration.drift.mass_threshold, 0.05);
  EXPECT_EQ(integration.drift.mass_minimum, 10);
}

TEST(LoadConfig, ReadsEveryKey) {
  const LoadedConfig loaded = good(R"(
global: {sample_timeout: 1m, keep_resolved: 90d}
integrations:
  - name: a.b_c-1
    okta:
      url: HTTPS://Example.okta.com:8443/
      oauth2: {client_id: c1, private_key_env: KEY, key_id: k1, scopes: [okta.logs.read], dpop: always}
      app: {name: servicenow_ud, label: "Service Now"}
      rate_limit_share: 1
      system_log: {interval: 100ms, initial_lookback: 0s, max_requests_per_sample: 1, task_settle: 2s}
      app_users: {page_size: 1}
      http:
        proxy_url: http://user:pass@proxy.example.com:3128
        no_proxy: localhost,.example.com
        proxy_connect_header: {X-Proxy: [one, two]}
        tls_config: {ca_file: ca.pem, cert: CERT, key_env: CKEY, server_name: okta, min_version: TLS12,
                     max_version: TLS13, insecure_skip_verify: false}
        http_headers: {X-A: {values: [v1, v2], secrets: [s1], files: [f1, /abs/f2]}}
        timeout: 1h30m
    servicenow:
      url: http://[::1]:8080
      reader: {oauth2: {client_id: c2, client_secret: s2, grant_type: password, scopes: [useraccount], username: u2, password_env: P2}}
      provisioner: {api_key_file: ../key}
      match: {okta: profile.employeeNumber, servicenow: u_company.employee_number}
      users: {table: u_people, strategy: lookup, page_size: 10000, query: "active=true^company=x"}
      acl: {interval: 1m, tables: [sys_user], transaction_log: on, provisioner_requests_per_hour: 0}
      http: {proxy_from_environment: true}
    drift: {interval: 10m, grace: 0s, mass_threshold: 1, mass_minimum: 1}
    tier: other
  - name: second
    okta: {url: https://o.example, api_token: t, app: {id: x}}
    servicenow:
      url: https://s.example
      reader: {client_certificate: {cert_file: c.pem, key_file: k.pem}}
      provisioner: {oauth2: {client_id: c3, grant_type: jwt_bearer, private_key_file: j.pem, key_id: kid, subject: sub}}
classification:
  - {match: "a|b", reason: business_rule}
  - {match: "^c", reason: other}
)");
  EXPECT_THAT(loaded.warnings, IsEmpty());
  ASSERT_THAT(loaded.config.integrations, SizeIs(2));
  const Integration& first = loaded.config.integrations[0];
  EXPECT_EQ(first.okta.url, "https://example.okta.com:8443");
  ASSERT_TRUE(first.okta.oauth2);
  EXPECT_EQ(*first.okta.oauth2,
            (OktaOAuth2{"c1", {SecretRef::Source::env, "KEY"}, "k1", {"okta.logs.read"}, Dpop::always}));
  EXPECT_FALSE(first.okta.api_token.set());
  EXPECT_EQ(first.okta.app, (AppSelector{"", "servicenow_ud", "Service Now"}));
  EXPECT_EQ(first.okta.rate_limit_share, 1.0);
  EXPECT_EQ(first.okta.system_log, (SystemLogConfig{100ms, 0ms, 1, 2s}));
  EXPECT_EQ(first.okta.app_users.page_size, 1);
  const HttpConfig& http = first.okta.http;
  EXPECT_EQ(http.proxy_url, "http://user:pass@proxy.example.com:3128");
  EXPECT_EQ(http.no_proxy, "localhost,.example.com");
  EXPECT_THAT(http.proxy_connect_header,
              ElementsAre(HeaderSetting{
                  "X-Proxy", {}, {{SecretRef::Source::value, "one"}, {SecretRef::Source::value, "two"}}}));
  EXPECT_EQ(http.tls_config.ca, (SecretRef{SecretRef::Source::file, "conf/ca.pem"}));
  EXPECT_EQ(http.tls_config.cert, (SecretRef{SecretRef::Source::value, "CERT"}));
  EXPECT_EQ(http.tls_config.key, (SecretRef{SecretRef::Source::env, "CKEY"}));
  EXPECT_EQ(http.tls_config.server_name, "okta");
  EXPECT_EQ(http.tls_config.min_version, TlsVersion::tls12);
  EXPECT_EQ(http.tls_config.max_version, TlsVersion::tls13);
  EXPECT_THAT(http.http_headers, ElementsAre(HeaderSetting{"X-A",
                                                           {"v1", "v2"},
                                                           {{SecretRef::Source::value, "s1"},
                                                            {SecretRef::Source::file, "conf/f1"},
                                                            {SecretRef::Source::file, "/abs/f2"}}}));
  EXPECT_EQ(http.timeout, 90min);
  EXPECT_EQ(first.servicenow.url, "http://[::1]:8080");
  const auto& oauth2 = std::get<OAuth2>(first.servicenow.reader);
  EXPECT_EQ(oauth2.grant_type, GrantType::password);
  EXPECT_EQ(oauth2.client_secret, (SecretRef{SecretRef::Source::value, "s2"}));
  EXPECT_EQ(oauth2.password, (SecretRef{SecretRef::Source::env, "P2"}));
  EXPECT_EQ(user_name(first.servicenow.reader), "u2");
  ASSERT_TRUE(first.servicenow.provisioner);
  EXPECT_EQ(std::get<ApiKey>(*first.servicenow.provisioner).key, (SecretRef{SecretRef::Source::file, "key"}));
  EXPECT_EQ(user_name(*first.servicenow.provisioner), "");
  EXPECT_THAT(first.servicenow.match,
              ElementsAre(MatchPair{"profile.employeeNumber", "u_company.employee_number"}));
  EXPECT_EQ(first.servicenow.users,
            (UsersConfig{"u_people", UserStrategy::lookup, 10000, "active=true^company=x"}));
  EXPECT_EQ(first.servicenow.acl, (AclConfig{1min, {"sys_user"}, TransactionLog::on, 0}));
  EXPECT_TRUE(first.servicenow.http.proxy_from_environment);
  EXPECT_EQ(first.drift, (DriftConfig{10min, 0ms, 1.0, 1}));
  EXPECT_EQ(first.tier, Tier::other);
  const Integration& second = loaded.config.integrations[1];
  EXPECT_EQ(second.okta.api_token, (SecretRef{SecretRef::Source::value, "t"}));
  EXPECT_EQ(std::get<ClientCertificate>(second.servicenow.reader).key,
            (SecretRef{SecretRef::Source::file, "conf/k.pem"}));
  EXPECT_EQ(std::get<OAuth2>(*second.servicenow.provisioner).subject, "sub");
  EXPECT_THAT(loaded.config.classification,
              ElementsAre(ClassificationRule{"a|b", "business_rule"}, ClassificationRule{"^c", "other"}));
}

struct BadCase {
  const char* from;  // what of kMinimal is replaced
  const char* to;
  std::vector<const char*> expected;  // each "line: key path: beginning of the message"
};

TEST(LoadConfig, NamesFileLineAndKeyPathOfEveryFault) {
  const std::string okta = "integrations[0].okta.";
  const std::vector<BadCase> cases = {
      // Keys.
      {"api_token_file:",
       "api_token_fle:",
       {"3: integrations[0].okta.api_token: is missing; give one of api_token, api_token_file or "
        "api_token_env",
        "5: integrations[0].okta.api_token_fle: is not a known key; did you mean api_token_file?"}},
      {"    okta:",
       "    otka:",
       {"2: integrations[0].okta: is missing",
        "3: integrations[0].otka: is not a known key; did you mean okta?"}},
      {"reader:",
       "reader:\n        zzz: 1",
       {"10: integrations[0].servicenow.reader.zzz: is not a known key; known here: basic_auth, "}},
      {"      app:",
       "      url: https://b.example\n      app:",
       {"6: integrations[0].okta.url: is given twice, first on line 4; remove one of the two"}},
      {"      url: https://example.okta.com\n",
       "",
       {"3: integrations[0].okta.url: is missing; write the address"}},
      {"      app: {id: 0oa1abcd}\n", "", {"3: integrations[0].okta.app: is missing"}},
      {"          username: prom_reader\n",
       "",
       {"10: integrations[0].servicenow.reader.basic_auth.username: is missing"}},
      {"name: production", "tier: other", {"2: integrations[0].name: is missing"}},
      // Types.
      {"name: production", "name: [a]", {"2: integrations[0].name: must be a text, not a list"}},
      {"name: production", "name:", {"2: integrations[0].name: has no value"}},
      {"{id: 0oa1abcd}", "0oa1abcd", {"6: integrations[0].okta.app: must be a mapping"}},
      {"integrations:\n  - name", "integrations:\n    name", {"1: integrations: must be a list"}},
      {"name: production", "name: \"\"", {"2: integrations[0].name: must not be empty"}},
      {"name: production", "name: \"a\\nb\"", {"2: integrations[0].name: must be one line"}},
      {"prom_reader",
       "!vault x",
       {"11: integrations[0].servicenow.reader.basic_auth.username: has a YAML tag"}},
      {"      app:",
       "      rate_limit_share: \"0.5\"\n      app:",
       {"6: integrations[0].okta.rate_limit_share: must be a number"}},
      {"      app:",
       "      rate_limit_share: 25%\n      app:",
       {"6: integrations[0].okta.rate_limit_share: must be a number"}},
      {"      app:",
       "      rate_limit_share: 0\n      app:",
       {"6: integrations[0].okta.rate_limit_share: must be above 0"}},
      {"      app:",
       "      rate_limit_share: 1.01\n      app:",
       {"6: integrations[0].okta.rate_limit_share: must be above 0"}},
      {"      app:",
       "      rate_limit_share: nan\n      app:",
       {"6: integrations[0].okta.rate_limit_share: must be a number"}},
      {"      app:",
       "      app_users: {page_size: 501}\n      app:",
       {"6: integrations[0].okta.app_users.page_size: must be from 1 to 500, not 501"}},
      {"      app:",
       "      app_users: {page_size: 99999999999}\n      app:",
       {"6: integrations[0].okta.app_users.page_size: must be from 1 to 500"}},
      {"      app:",
       "      app_users: {page_size: 5.0}\n      app:",
       {"6: integrations[0].okta.app_users.page_size: must be a whole number"}},
      {"      app:",
       "      app_users: {page_size: '5'}\n      app:",
       {"6: integrations[0].okta.app_users.page_size: must be a whole number"}},
      {"      app:",
       "      system_log: {interval: 30}\n      app:",
       {"6: integrations[0].okta.system_log.interval: \"30\" is not a duration"}},
      {"      app:",
       "      system_log: {interval: 99ms}\n      app:",
       {"6: integrations[0].okta.system_log.interval: must be from 100ms to 1y, not 99ms"}},
      {"      app:",
       "      system_log: {initial_lookback: 91d}\n      app:",
       {"6: integrations[0].okta.system_log.initial_lookback: must be from 0s to 90d, not 91d"}},
      // Secrets.
      {"      app:",
       "      api_token: abc\n      app:",
       {"5: integrations[0].okta.api_token_file: is one too many: give exactly one of api_token, "
        "api_token_file or"}},
      {"      api_token_file: /run/secrets/okta-token",
       "      api_token_env: 1-A",
       {"5: integrations[0].okta.api_token_env: must be the name of an environment variable"}},
      {"      app:",
       "      oauth2: {client_id: a, private_key: b}\n      app:",
       {"6: integrations[0].okta.oauth2: excludes api_token"}},
      {"prom_reader",
       "prom:reader",
       {"11: integrations[0].servicenow.reader.basic_auth.username: must not hold a colon"}},
      {"      reader:\n",
       "      reader:\n        api_key: x\n",
       {"9: integrations[0].servicenow.reader: has basic_auth and api_key: give exactly one"}},
      {"      reader:\n",
       "      provisioner: {}\n      reader:\n",
       {"9: integrations[0].servicenow.provisioner.basic_auth: is missing; give one of basic_auth, oauth2"}},
      {"      reader:\n",
       "      provisioner: {oauth2: {client_id: a, client_secret: b, username: c, password: d}}\n      "
       "reader:\n",
       {"9: integrations[0].servicenow.provisioner.oauth2.username: has no meaning with grant_type "
        "client_credentials",
        "9: integrations[0].servicenow.provisioner.oauth2: password has no meaning with grant_type"}},
      {"      reader:\n",
       "      provisioner: {oauth2: {client_id: a, grant_type: jwt_bearer}}\n      reader:\n",
       {"9: integrations[0].servicenow.provisioner.oauth2.private_key: is missing",
        "9: integrations[0].servicenow.provisioner.oauth2.subject: is missing"}},
      // Addresses.
      {"https://example.okta.com",
       "example.okta.com",
       {"4: integrations[0].okta.url: must begin with https://"}},
      {"https://example.okta.com",
       "ftp://example.okta.com",
       {"4: integrations[0].okta.url: must begin with https://"}},
      {"https://example.okta.com",
       "https://example.okta.com/api",
       {"4: integrations[0].okta.url: must be scheme and host only"}},
      {"https://example.okta.com",
       "https://u:p@example.okta.com",
       {"4: integrations[0].okta.url: must not hold a user name"}},
      {"https://example.okta.com", "https://", {"4: integrations[0].okta.url: has no valid host"}},
      {"https://example.okta.com", "https://a b", {"4: integrations[0].okta.url: has no valid host"}},
      {"https://example.okta.com", "https://a:0", {"4: integrations[0].okta.url: has no valid host"}},
      {"https://example.okta.com", "https://a:65536", {"4: integrations[0].okta.url: has no valid host"}},
      {"https://example.okta.com", "https://[::1", {"4: integrations[0].okta.url: has no valid host"}},
      // Names and choices.
      {"name: production",
       "name: pro duction",
       {"2: integrations[0].name: must be 1 to 64 letters, digits, _ . or -"}},
      {"name: production",
       "name: a\n    tier: prod",
       {"3: integrations[0].tier: must be production or other, not \"prod\""}},
      {"{id: 0oa1abcd}", "{id: 0oa1, label: x}", {"6: integrations[0].okta.app.id: excludes name and label"}},
      {"{id: 0oa1abcd}", "{}", {"6: integrations[0].okta.app.id: is missing"}},
      {"{id: 0oa1abcd}", "{id: a/b}", {"6: integrations[0].okta.app.id: must be the app's ID"}},
      {"      reader:\n",
       "      match: []\n      reader:\n",
       {"9: integrations[0].servicenow.match: must hold at least one pair"}},
      {"      reader:\n",
       "      match: {okta: email, servicenow: email}\n      reader:\n",
       {"9: integrations[0].servicenow.match.okta: must be userName or profile.<attribute>"}},
      {"      reader:\n",
       "      match:\n        - {okta: userName, servicenow: \"a^b\"}\n      reader:\n",
       {"10: integrations[0].servicenow.match[0].servicenow: must be a field"}},
      {"      reader:\n",
       "      match: [{okta: userName}]\n      reader:\n",
       {"9: integrations[0].servicenow.match[0].servicenow: is missing"}},
      {"      reader:\n",
       "      users: {table: Sys_User}\n      reader:\n",
       {"9: integrations[0].servicenow.users.table: must be the name of a table"}},
      {"      reader:\n",
       "      users: {strategy: swep}\n      reader:\n",
       {"9: integrations[0].servicenow.users.strategy: must be auto, sweep or lookup, not \"swep\""}},
      {"      reader:\n",
       "      users: {query: active=true^NQactive=false}\n      reader:\n",
       {"9: integrations[0].servicenow.users.query: must not hold ^NQ"}},
      {"      reader:\n",
       "      users: {query: ORDERBYname}\n      reader:\n",
       {"9: integrations[0].servicenow.users.query: must not hold ^NQ"}},
      {"      reader:\n",
       "      acl: {tables: [sys_user, sys_user]}\n      reader:\n",
       {"9: integrations[0].servicenow.acl.tables: holds sys_user twice"}},
      {"      reader:\n",
       "      acl: {tables: sys_user}\n      reader:\n",
       {"9: integrations[0].servicenow.acl.tables: must be a list"}},
      {"      reader:\n",
       "      acl: {tables: [other]}\n      reader:\n",
       {"9: integrations[0].servicenow.acl.tables: must not hold \"other\""}},
      // HTTP.
      {"      app:",
       "      http: {no_proxy: a}\n      app:",
       {"6: integrations[0].okta.http.no_proxy: needs proxy_url"}},
      {"      app:",
       "      http: {proxy_url: 'proxy:3128'}\n      app:",
       {"6: integrations[0].okta.http.proxy_url: must be the address of a proxy"}},
      {"      app:",
       "      http: {proxy_url: 'http://p:1', proxy_from_environment: true}\n      app:",
       {"6: integrations[0].okta.http.proxy_from_environment: excludes proxy_url"}},
      {"      app:",
       "      http: {proxy_from_environment: yes}\n      app:",
       {"6: integrations[0].okta.http.proxy_from_environment: must be true or false"}},
      {"      app:",
       "      http: {proxy_connect_header: {A: [b]}}\n      app:",
       {"6: integrations[0].okta.http.proxy_connect_header: needs proxy_url"}},
      {"      app:",
       "      http: {tls_config: {cert_file: a}}\n      app:",
       {"6: integrations[0].okta.http.tls_config.key: is missing"}},
      {"      app:",
       "      http: {tls_config: {min_version: TLS13, max_version: TLS12}}\n      app:",
       {"6: integrations[0].okta.http.tls_config.max_version: is lower than min_version"}},
      {"      app:",
       "      http: {tls_config: {min_version: '1.2'}}\n      app:",
       {"6: integrations[0].okta.http.tls_config.min_version: must be TLS10, TLS11, TLS12 or TLS13"}},
      {"      app:",
       "      http: {http_headers: {Authorization: {values: [x]}}}\n      app:",
       {"6: integrations[0].okta.http.http_headers.Authorization: is a header that the exporter sets "
        "itself"}},
      {"      app:",
       "      http: {http_headers: {'X Y': {values: [x]}}}\n      app:",
       {"6: integrations[0].okta.http.http_headers.X Y: is no valid name"}},
      {"      app:",
       "      http: {http_headers: {X: {values: [\"a\\r\\nB: c\"]}}}\n      app:",
       {"6: integrations[0].okta.http.http_headers.X.values[0]: must be one line"}},
      {"      app:",
       "      http: {http_headers: {X: {}}}\n      app:",
       {"6: integrations[0].okta.http.http_headers.X.values: is missing"}},
      {"      app:",
       "      http: {http_headers: {X: {values: [a]}, x: {values: [b]}}}\n      app:",
       {"6: integrations[0].okta.http.http_headers.x: is given twice"}},
      // Rules.
      {"integrations:",
       "classification: [{match: 'a(', reason: other}]\nintegrations:",
       {"1: classification[0].match: is not a POSIX extended regular expression: "}},
      {"integrations:",
       "classification: [{match: a, reason: busines_rule}]\nintegrations:",
       {"1: classification[0].reason: must be record_not_found_or_hidden, "}},
      {"integrations:",
       "classification: [{match: ''}]\nintegrations:",
       {"1: classification[0].reason: is missing", "1: classification[0].match: must not be empty"}},
      {"integrations:",
       "drift: {}\nintegrations:",
       {"1: drift: is not a known key; known here: global, integrations or classification"}},
  };
  for (const BadCase& bad : cases) {
    const std::string yaml = replaced(kMinimal, bad.from, bad.to);
    const std::vector<std::string> texts = errors(yaml);
    ASSERT_THAT(texts, SizeIs(bad.expected.size())) << yaml << ::testing::PrintToString(texts);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string expected = std::string(kFile) + ":" + bad.expected[i];
      EXPECT_EQ(texts[i].substr(0, expected.size()), expected) << yaml;
    }
  }
}

TEST(LoadConfig, RefusesTwoIntegrationsOfOneName) {
  std::string second = replaced(kMinimal, "integrations:\n", "");
  EXPECT_EQ(one_error(kMinimal + second),
            "conf/config.yml:13: integrations[1].name: \"production\" is the name of another integration "
            "too, on line "
            "2; names must differ");
}

TEST(LoadConfig, ReportsAllFaultsInOnePassInTheOrderOfTheFile) {
  EXPECT_THAT(
      errors("integrations:\n  - nam: x\n    okta: {ur: 1}\n    servicenow: 5\nglobl: 1\n"),
      ElementsAre(HasSubstr(":2: integrations[0].name: is missing"), HasSubstr(":2: integrations[0].nam: "),
                  HasSubstr(":3: integrations[0].okta.url: is missing"),
                  HasSubstr(":3: integrations[0].okta.api_token: is missing"),
                  HasSubstr(":3: integrations[0].okta.app: is missing"),
                  HasSubstr(":3: integrations[0].okta.ur: is not a known key; did you mean url?"),
                  HasSubstr(":4: integrations[0].servicenow: must be a mapping"),
                  HasSubstr(":5: globl: is not a known key; did you mean global?")));
}

TEST(LoadConfig, RefusesWhatIsNoSingleYamlMapping) {
  EXPECT_EQ(one_error(""), "conf/config.yml: is empty; config.example.yml shows what to write");
  EXPECT_THAT(one_error("# nothing\n"), HasSubstr("conf/config.yml: is empty"));
  EXPECT_THAT(one_error("---\n"), HasSubstr("is empty"));
  EXPECT_THAT(one_error("- a\n"), HasSubstr("conf/config.yml:1: must be a mapping"));
  EXPECT_THAT(one_error("hello\n"), HasSubstr("conf/config.yml:1: must be a mapping"));
  EXPECT_THAT(one_error("integrations: []\n"), HasSubstr(":1: integrations: must hold at least one"));
  EXPECT_THAT(one_error("integrations:\n"), HasSubstr(":1: integrations: has no value; write a list"));
  EXPECT_THAT(one_error("global: {}\n"), HasSubstr(":1: integrations: is missing"));
  EXPECT_THAT(one_error(kMinimal + "---\na: 1\n"), HasSubstr("conf/config.yml:14: a second YAML document"));
  EXPECT_THAT(one_error("a: [1\n"), HasSubstr("conf/config.yml:2: is not valid YAML: "));
  EXPECT_THAT(one_error("a:\n\tb: 1\n"), HasSubstr("conf/config.yml:2: is not valid YAML: "));
  EXPECT_THAT(one_error(std::string(100'000, '[')), HasSubstr("is not valid YAML"));
  EXPECT_THAT(one_error(std::string("\0\xFF\xFE", 3)), HasSubstr("conf/config.yml"));
}

TEST(LoadConfig, StopsListingFaultsAtAHundred) {
  std::string yaml = kMinimal;
  for (int i = 0; i < 300; ++i) yaml += "unknown" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(errors(yaml), SizeIs(100));
}

TEST(LoadConfig, FollowsAnchorsAndMerges) {
  const LoadedConfig loaded = good(R"(
integrations:
  - &base
    name: one
    tier: other
    okta: {url: https://o.example, api_token: t, app: {id: x}}
    servicenow:
      url: https://s.example
      reader: &account {basic_auth: {username: u, password: p}}
      provisioner: *account
  - <<: *base
    name: two
  - <<: [{name: three, tier: production}, *base]
)");
  ASSERT_THAT(loaded.config.integrations, SizeIs(3));
  EXPECT_EQ(loaded.config.integrations[1].name, "two");
  EXPECT_EQ(loaded.config.integrations[1].tier, Tier::other);
  EXPECT_EQ(loaded.config.integrations[1].okta, loaded.config.integrations[0].okta);
  EXPECT_EQ(loaded.config.integrations[2].name, "three");
  EXPECT_EQ(loaded.config.integrations[2].tier, Tier::production);
  EXPECT_EQ(loaded.config.integrations[0].servicenow.provisioner,
            loaded.config.integrations[0].servicenow.reader);
}

TEST(LoadConfig, EndsOnMergesThatNeverDo) {
  EXPECT_THAT(errors("integrations:\n  - &a {<<: *a}\n"), Not(IsEmpty()));
  EXPECT_THAT(errors("integrations: &a [*a]\n"), Not(IsEmpty()));
  EXPECT_THAT(errors("integrations:\n  - {<<: 5}\n").front(), HasSubstr("merges only mappings"));
  std::string bomb = "a0: &a0 {x: 1}\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: [";
    for (int j = 0; j < 20; ++j) bomb += (j > 0 ? ", " : "") + alias;
    bomb += "]}\n";
  }
  EXPECT_THAT(errors(bomb + "<<: *a11\n"), Not(IsEmpty()));
}

TEST(LoadConfig, NeverShowsASecretNotEvenAMisplacedOne) {
  for (const char* line :
       {"api_token_env: s3cr3t-token", "api_token: [s3cr3t]", "api_token: {s3cr3t: 1}", "api_token:s3cr3t",
        "api_token: !s3cr3t", "api_token: *s3cr3t", "api_token: &s3cr3t", "api_token: a: s3cr3t",
        "api_token: \"s3cr3t", "oauth2: s3cr3t", "api_token: s3cr3t\n      api_token_file: s3cr3t"}) {
    const std::string yaml = replaced(kMinimal, "api_token_file: /run/secrets/okta-token", line);
    const std::vector<std::string> texts = errors(yaml);
    EXPECT_THAT(texts, Not(IsEmpty())) << line;
    for (const std::string& text : texts) EXPECT_THAT(text, Not(HasSubstr("s3cr3t"))) << line;
  }
  for (const char* url : {"s3cr3t", "https://u:s3cr3t@x", "https://s3cr3t/s3cr3t", "https://s3cr3t s3cr3t"}) {
    for (const std::string& text : errors(replaced(kMinimal, "https://example.okta.com", url))) {
      EXPECT_THAT(text, Not(HasSubstr("s3cr3t"))) << url;
    }
  }
}

TEST(LoadConfig, TakesOnAndOffAlsoAsTheBooleansThatOtherToolsMakeOfThem) {
  const auto transaction_log = [](const char* value) {
    const std::string line = std::string("      acl: {transaction_log: ") + value + "}\n      reader:\n";
    return good(replaced(kMinimal, "      reader:\n", line))
        .config.integrations.at(0)
        .servicenow.acl.transaction_log;
  };
  EXPECT_EQ(transaction_log("on"), TransactionLog::on);
  EXPECT_EQ(transaction_log("off"), TransactionLog::off);
  EXPECT_EQ(transaction_log("true"), TransactionLog::on);
  EXPECT_EQ(transaction_log("false"), TransactionLog::off);
}

TEST(LoadConfig, WarnsOfWhatIsAllowedButUnsafe) {
  EXPECT_THAT(good(replaced(kMinimal, "https://example.okta.com", "http://example.okta.com")).warnings,
              ElementsAre(HasSubstr("conf/config.yml:4: integrations[0].okta.url: is plain http")));
  EXPECT_THAT(good(replaced(kMinimal, "https://example.okta.com", "http://127.0.0.1:8080")).warnings,
              IsEmpty());
  EXPECT_THAT(good(replaced(kMinimal, "https://example.okta.com", "http://localhost:8080")).warnings,
              IsEmpty());
  EXPECT_THAT(good(replaced(kMinimal, "https://example.okta.com", "http://127.0.0.1.example.com")).warnings,
              SizeIs(1));
  EXPECT_THAT(good(replaced(kMinimal, "https://example.okta.com", "http://127.example.com")).warnings,
              SizeIs(1));
  EXPECT_THAT(good(replaced(kMinimal, "      app:",
                            "      http: {tls_config: {insecure_skip_verify: true}}\n      app:"))
                  .warnings,
              ElementsAre(HasSubstr("integrations[0].okta.http.tls_config.insecure_skip_verify: is on")));
}

TEST(LoadConfig, NamesAFileThatCannotBeRead) {
  const LoadResult missing = load_config("/nonexistent/config.yml");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().at(0).to_string(),
              HasSubstr("/nonexistent/config.yml: cannot be read: No such file or directory"));
  const LoadResult directory = load_config(std::filesystem::temp_directory_path().string());
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().at(0).to_string(), HasSubstr("is a directory"));
}

TEST(LoadedConfig, TheProvisionersNameAloneIsEnoughTheReadersIsNot) {
  const auto with = [](std::string_view reader) {
    return std::string(R"(
integrations:
  - name: a
    okta: {url: https://o.example, api_token: t, app: {id: x}}
    servicenow:
      url: https://s.example
      reader: {basic_auth: )") +
           std::string(reader) + R"(}
      provisioner: {basic_auth: {username: okta.integration}}
)";
  };
  const Config config = good(with("{username: r, password: p}")).config;
  ASSERT_TRUE(config.integrations[0].servicenow.provisioner);
  EXPECT_EQ(user_name(*config.integrations[0].servicenow.provisioner), "okta.integration");
  EXPECT_FALSE(std::get<BasicAuth>(*config.integrations[0].servicenow.provisioner).password.set());
  EXPECT_FALSE(parse_config(with("{username: r}"), "config.yml"));
}

TEST(ClassificationReasons, AreThoseOfProvisioning) {
  EXPECT_TRUE(std::ranges::equal(kClassificationReasons, provisioning::kReasons));
}

std::string read_example() {
  std::ifstream file(EXAMPLE_CONFIG);
  return {std::istreambuf_iterator<char>(file), {}};
}

void collect_paths(const YAML::Node& node, const std::string& path, std::vector<std::string>& out) {
  if (node.IsMap()) {
    for (const auto& pair : node) {
      const std::string child = (path.empty() ? "" : path + ".") + pair.first.Scalar();
      out.push_back(child);
      collect_paths(pair.second, child, out);
    }
  }
  if (node.IsSequence()) {
    for (const YAML::Node& item : node) collect_paths(item, path + "[]", out);
  }
}

TEST(ExampleConfig, LoadsWithoutWarnings) {
  const LoadResult loaded = load_config(EXAMPLE_CONFIG);
  ASSERT_TRUE(loaded) << loaded.error().front().to_string();
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST(ExampleConfig, ShowsTheDefaults) {
  const Integration shown = load_config(EXAMPLE_CONFIG)->config.integrations.at(0);
  Integration expected = good(kMinimal).config.integrations.at(0);
  expected.servicenow.reader = shown.servicenow.reader;
  expected.servicenow.provisioner = shown.servicenow.provisioner;
  EXPECT_EQ(shown, expected);
}

TEST(ExampleConfig, ShowsEveryKeyOfTheSchemaLiveOrCommentedOut) {
  const std::string text = read_example();
  std::vector<std::string> live;
  collect_paths(YAML::Load(text), "", live);
  const std::vector<std::string> known = known_key_paths();
  EXPECT_GT(known.size(), 100U);
  for (const std::string& path : known) {
    if (path.ends_with(".*")) continue;
    // Both http blocks are the same, and so are both accounts: the second of each may leave out what the
    // first shows.
    std::string first = path;
    if (const std::size_t at = first.find(".servicenow.http."); at != std::string::npos) {
      first.replace(at, 17, ".okta.http.");
    }
    if (std::ranges::find(live, first) != live.end()) continue;
    const std::string key =
        path.substr(path.find_last_of(".[]") == std::string::npos ? 0 : path.find_last_of(".[]") + 1);
    const std::regex commented("(^|\n) *# +(\\{?)" + key + ":[ \n]");
    EXPECT_TRUE(std::regex_search(text, commented)) << path;
  }
}

TEST(ExampleConfig, HoldsNoKeyThatTheSchemaLacksInItsComments) {
  const std::vector<std::string> known = known_key_paths();
  std::istringstream lines(read_example());
  const std::regex commented("^ *# +([a-z_]+):( .*)?$");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, commented)) continue;
    const std::string key = match[1];
    // Explanations of what stands below, at the left edge or beside it.
    if (key == "x" || key == "x_file" || key == "x_env") continue;
    EXPECT_TRUE(std::ranges::any_of(known, [&](const std::string& path) {
      return path == key || path.ends_with("." + key);
    })) << line;
  }
}

}  // namespace
}  // namespace exporter::config
