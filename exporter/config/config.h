// The configuration as types. What the YAML file says is in config.example.yml; load.h turns one into the
// other. Plain values: copy them freely, compare them to find out what a reload changed. Secrets are
// references, read by a SecretSource at the moment of use; an inline secret lies in its SecretRef, so nothing
// here may be printed as a whole.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/secret.h"

namespace exporter::config {

using Duration = std::chrono::milliseconds;

// One header of http_headers or proxy_connect_header. The order of sending is: values, then secrets.
struct HeaderSetting {
  std::string name;
  std::vector<std::string> values;
  std::vector<SecretRef> secrets;  // `secrets` as written (source value), then `files` (source file)
  friend bool operator==(const HeaderSetting&, const HeaderSetting&) = default;
};

enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };

struct TlsConfig {
  // Sources none, value (PEM text) or file; only the key may come from the environment. ca unset: the
  // system's.
  SecretRef ca;
  SecretRef cert;  // set exactly when key is
  SecretRef key;
  std::string server_name;  // empty: the URL's host
  std::optional<TlsVersion> min_version;
  std::optional<TlsVersion> max_version;
  bool insecure_skip_verify = false;
  friend bool operator==(const TlsConfig&, const TlsConfig&) = default;
};

// Prometheus's http_config, as far as a client of two vendors needs it.
struct HttpConfig {
  std::string proxy_url;                // empty: none. May hold the proxy's password: never log or show it.
  std::string no_proxy;                 // comma-separated, only with proxy_url
  bool proxy_from_environment = false;  // excludes proxy_url
  std::vector<HeaderSetting> proxy_connect_header;
  TlsConfig tls_config;
  std::vector<HeaderSetting> http_headers;
  Duration timeout{30'000};  // of one exchange, connect included
  friend bool operator==(const HttpConfig&, const HttpConfig&) = default;
};

enum class Dpop : std::uint8_t { automatic, always, never };

// An Okta service app: client credentials by private_key_jwt at the org's own authorization server.
struct OktaOAuth2 {
  std::string client_id;
  SecretRef private_key;  // PEM or JWK
  std::string key_id;     // empty: the JWK's own, or none
  std::vector<std::string> scopes{"okta.logs.read", "okta.apps.read"};
  Dpop dpop = Dpop::automatic;
  friend bool operator==(const OktaOAuth2&, const OktaOAuth2&) = default;
};

// Either the id, or name, label or both.
struct AppSelector {
  std::string id;
  std::string name;
  std::string label;
  friend bool operator==(const AppSelector&, const AppSelector&) = default;
};

struct SystemLogConfig {
  Duration interval{30'000};
  Duration initial_lookback{60 * 60'000};
  int max_requests_per_sample = 20;
  Duration task_settle{60'000};
  friend bool operator==(const SystemLogConfig&, const SystemLogConfig&) = default;
};

struct AppUsersConfig {
  int page_size = 500;  // 1 to 500
  friend bool operator==(const AppUsersConfig&, const AppUsersConfig&) = default;
};

struct OktaConfig {
  std::string url;  // scheme://host[:port], lower case, no path
  // Exactly one of the two.
  SecretRef api_token;
  std::optional<OktaOAuth2> oauth2;
  AppSelector app;
  double rate_limit_share = 0.25;          // 0 < share <= 1
  int unmetered_requests_per_minute = 60;  // while the answers tell no limit; at least 1
  SystemLogConfig system_log;
  AppUsersConfig app_users;
  HttpConfig http;
  friend bool operator==(const OktaConfig&, const OktaConfig&) = default;
};

struct BasicAuth {
  std::string username;
  SecretRef password;
  friend bool operator==(const BasicAuth&, const BasicAuth&) = default;
};

enum class GrantType : std::uint8_t { client_credentials, password, refresh_token, jwt_bearer };

// At the instance's own /oauth_token.do.
struct OAuth2 {
  std::string client_id;
  SecretRef client_secret;  // may be unset with jwt_bearer (a public client)
  GrantType grant_type = GrantType::client_credentials;
  std::vector<std::string> scopes;
  // grant_type password
  std::string username;
  SecretRef password;
  // grant_type refresh_token
  SecretRef refresh_token;
  // grant_type jwt_bearer
  SecretRef private_key;
  std::string key_id;
  std::string subject;
  friend bool operator==(const OAuth2&, const OAuth2&) = default;
};

struct ApiKey {
  SecretRef key;
  friend bool operator==(const ApiKey&, const ApiKey&) = default;
};

// Sources of certificate: value (PEM text) or file.
struct ClientCertificate {
  SecretRef certificate;
  SecretRef key;
  friend bool operator==(const ClientCertificate&, const ClientCertificate&) = default;
};

// How an account of ServiceNow proves itself.
using Account = std::variant<BasicAuth, OAuth2, ApiKey, ClientCertificate>;

// The account's user_name; empty where the configuration does not tell it (client credentials, API key,
// certificate).
std::string_view user_name(const Account& account);

struct MatchPair {
  std::string okta;        // "userName" or "profile.<name>"
  std::string servicenow;  // a field of the users' table
  friend bool operator==(const MatchPair&, const MatchPair&) = default;
};

enum class UserStrategy : std::uint8_t { automatic, sweep, lookup };

struct UsersConfig {
  std::string table = "sys_user";
  UserStrategy strategy = UserStrategy::automatic;
  int page_size = 1000;  // 1 to 10,000
  std::string query;     // an encoded query that is joined by ^ to ours; no ^NQ and no ORDERBY
  friend bool operator==(const UsersConfig&, const UsersConfig&) = default;
};

enum class TransactionLog : std::uint8_t { automatic, on, off };

struct AclConfig {
  Duration interval{15 * 60'000};
  std::vector<std::string> tables{"sys_user", "sys_user_group", "sys_user_grmember"};
  TransactionLog transaction_log = TransactionLog::automatic;
  int provisioner_requests_per_hour = 60;  // 0: the provisioner is never asked
  friend bool operator==(const AclConfig&, const AclConfig&) = default;
};

struct ServiceNowConfig {
  std::string url;  // scheme://host[:port], lower case, no path
  Account reader;
  // basic_auth may be without a password: then it is a name in ServiceNow's transaction log and nobody asks
  // as it.
  std::optional<Account> provisioner;
  std::vector<MatchPair> match{{"userName", "user_name"}, {"profile.email", "email"}};  // never empty
  UsersConfig users;
  AclConfig acl;
  double rate_limit_share = 0.5;            // of an account's own limit; 0 < share <= 1
  int unmetered_requests_per_minute = 600;  // of an account, while the answers tell no limit; at least 1
  HttpConfig http;
  friend bool operator==(const ServiceNowConfig&, const ServiceNowConfig&) = default;
};

struct DriftConfig {
  Duration interval{60 * 60'000};
  Duration grace{15 * 60'000};
  double mass_threshold = 0.05;  // 0 < threshold <= 1
  int mass_minimum = 10;         // at least 1
  friend bool operator==(const DriftConfig&, const DriftConfig&) = default;
};

enum class Tier : std::uint8_t { production, other };

struct Integration {
  std::string name;  // [a-zA-Z0-9_.-]{1,64}, unique
  OktaConfig okta;
  ServiceNowConfig servicenow;
  DriftConfig drift;
  Tier tier = Tier::production;
  friend bool operator==(const Integration&, const Integration&) = default;
};

struct ClassificationRule {
  std::string match;   // POSIX extended regular expression, applied without case; compiles
  std::string reason;  // one of kClassificationReasons
  friend bool operator==(const ClassificationRule&, const ClassificationRule&) = default;
};

struct GlobalConfig {
  Duration sample_timeout{5 * 60'000};              // time without progress
  Duration keep_resolved{30LL * 24 * 60 * 60'000};  // entries of the drift ledger
  friend bool operator==(const GlobalConfig&, const GlobalConfig&) = default;
};

struct Config {
  GlobalConfig global;
  std::vector<Integration> integrations;  // never empty
  std::vector<ClassificationRule> classification;
  friend bool operator==(const Config&, const Config&) = default;
};

// The label values of `reason`. Spelled here too because provisioning/ stands after config/.
inline constexpr std::array<std::string_view, 14> kClassificationReasons{"record_not_found_or_hidden",
                                                                         "acl_denied",
                                                                         "authentication",
                                                                         "rate_limited",
                                                                         "duplicate",
                                                                         "validation",
                                                                         "data_policy",
                                                                         "business_rule",
                                                                         "no_match",
                                                                         "ambiguous_match",
                                                                         "unlinked",
                                                                         "license",
                                                                         "remote_error",
                                                                         "other"};

std::string_view to_string(Dpop value);
std::string_view to_string(GrantType value);
std::string_view to_string(UserStrategy value);
std::string_view to_string(TransactionLog value);
std::string_view to_string(Tier value);
std::string_view to_string(TlsVersion value);

}  // namespace exporter::config
