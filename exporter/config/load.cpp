#include "config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <regex.h>
#include <yaml-cpp/yaml.h>

#include "base/text.h"
#include "config/redact.h"
#include "config/yaml_document.h"
#include "config/yaml_reader.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxPatternBytes = 1000;
constexpr std::size_t kMaxAclTables = 50;  // each is a label value
constexpr Duration kMinInterval = 100ms;
constexpr Duration kMaxDuration = std::chrono::days{365};

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text,
                             [&](char c) { return is_alnum(c) || others.find(c) != std::string_view::npos; });
}

// Reads one line and keeps it where `valid` says yes; else reports `expected`.
template <class Valid>
bool read_checked(const Value& value, std::string& out, const Valid& valid, std::string_view expected) {
  std::string text;
  if (!value.read(text)) return false;
  if (!valid(text)) {
    value.error("must be " + std::string(expected) + ", not " + in_quotes(text));
    return false;
  }
  out = std::move(text);
  return true;
}

// What to_string() of a choice says is the word in the file.
template <class E>
bool read_enum(const Value& value, E& out, const std::vector<E>& choices) {
  std::vector<std::string_view> words;
  words.reserve(choices.size());
  for (const E choice : choices) words.push_back(to_string(choice));
  std::size_t index = 0;
  if (!value.read_word(index, words)) return false;
  out = choices[index];
  return true;
}

bool is_environment_name(std::string_view name) {
  return !name.empty() && (name.front() < '0' || name.front() > '9') && consists_of(name, "_");
}

enum class Need : std::uint8_t { optional, required };
enum class From : std::uint8_t { value_file, value_file_env };

// `key`, `key`_file or, for secrets, `key`_env.
void read_secret(Object& object, const std::string& key, SecretRef& out, Need need,
                 From from = From::value_file_env) {
  std::vector<std::pair<std::string, SecretRef::Source>> forms{{key, SecretRef::Source::value},
                                                               {key + "_file", SecretRef::Source::file}};
  if (from == From::value_file_env) forms.emplace_back(key + "_env", SecretRef::Source::env);
  std::string choices;
  for (std::size_t i = 0; i < forms.size(); ++i) {
    if (i > 0) choices += i + 1 == forms.size() ? " or " : ", ";
    choices += forms[i].first;
  }
  bool given = false;
  for (const auto& [name, source] : forms) {
    const Value value = object[name];
    if (!value.present()) continue;
    if (given) {
      value.error("is one too many: give exactly one of " + choices);
      continue;
    }
    given = true;
    SecretRef ref{.source = source, .text = {}};
    switch (source) {
      case SecretRef::Source::value:
        if (!value.read_block(ref.text)) continue;
        break;
      case SecretRef::Source::file:
        if (!value.read(ref.text)) continue;
        ref.text = value.context().resolve(ref.text);
        break;
      case SecretRef::Source::env:
        // Not shown: it may be the secret itself, put here by mistake.
        if (!value.read(ref.text)) continue;
        if (!is_environment_name(ref.text)) {
          value.error("must be the name of an environment variable: letters, digits and _");
          continue;
        }
        break;
      case SecretRef::Source::none:
        break;
    }
    out = std::move(ref);
  }
  if (!given && need == Need::required) object.missing(key, "give one of " + choices);
}

// The host of an authority without user info: a name, an IPv4 address, or an IPv6 literal in brackets; a port
// may follow.
bool is_authority(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return false;
    host = authority.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos || !consists_of(host, ":.")) return false;
    const std::string_view rest = authority.substr(end + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') return false;
    if (has_port) port = rest.substr(1);
  } else {
    const std::size_t colon = authority.find(':');
    has_port = colon != std::string_view::npos;
    host = authority.substr(0, colon);
    if (has_port) port = authority.substr(colon + 1);
    if (host.empty() || !consists_of(host, "-._") || host.front() == '.' || host.front() == '-') return false;
  }
  if (!has_port) return true;
  if (port.empty() || port.size() > 5) return false;
  int number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number >= 1 && number <= 65535;
}

bool is_loopback(std::string_view authority) {
  if (authority.starts_with("[::1]")) return true;
  const std::string_view host = authority.substr(0, authority.find(':'));
  // 127.example.com is a name like any other.
  return host == "localhost" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

// Messages never show the URL: somebody may have put a password into it.
void read_origin(Object& object, std::string_view example, std::string& out) {
  const Value value = object["url"];
  if (!value.present()) {
    object.missing("url", "write the address, such as " + std::string(example));
    return;
  }
  std::string text;
  if (!value.read(text)) return;
  const std::string lower = to_lower(text);
  const std::size_t scheme_end = lower.find("://");
  const std::string_view scheme = std::string_view(lower).substr(0, scheme_end);
  if (scheme_end == std::string::npos || (scheme != "https" && scheme != "http")) {
    value.error("must begin with https://, such as " + std::string(example));
    return;
  }
  std::string_view authority = std::string_view(lower).substr(scheme_end + 3);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find('@') != std::string_view::npos) {
    value.error("must not hold a user name or password; credentials have keys of their own");
    return;
  }
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    value.error("must be scheme and host only, without a path, such as " + std::string(example));
    return;
  }
  if (!is_authority(authority)) {
    value.error("has no valid host and port; write it as " + std::string(example));
    return;
  }
  if (scheme == "http" && !is_loopback(authority)) {
    value.warn("is plain http: credentials and personal data travel unencrypted; use https");
  }
  out = std::string(scheme) + "://" + std::string(authority);
}

void read_interval(const Value& value, Duration& out) { value.read(out, kMinInterval, kMaxDuration); }

// A mapping of names to lists; RFC 9110 tokens as names.
bool is_header_name(std::string_view name) { return !name.empty() && consists_of(name, "!#$%&'*+-.^_`|~"); }

// Those that the exporter or libcurl sets itself; a second one would change who we are or how long the
// message is.
bool is_reserved_header(std::string_view name) {
  static const std::set<std::string, std::less<>> kReserved{"accept",
                                                            "accept-encoding",
                                                            "authorization",
                                                            "connection",
                                                            "content-encoding",
                                                            "content-length",
                                                            "content-type",
                                                            "dpop",
                                                            "expect",
                                                            "host",
                                                            "keep-alive",
                                                            "proxy-authenticate",
                                                            "proxy-authorization",
                                                            "te",
                                                            "trailer",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "user-agent",
                                                            "www-authenticate",
                                                            "x-sn-apikey"};
  return kReserved.contains(to_lower(name));
}

// Each element of a list of secrets that have no key of their own.
void read_secret_list(const Value& value, SecretRef::Source source, std::vector<SecretRef>& out) {
  if (!value.present()) return;
  for (const Value& item : value.items()) {
    std::string text;
    if (!item.read(text)) continue;
    if (source == SecretRef::Source::file) text = value.context().resolve(text);
    out.push_back({.source = source, .text = std::move(text)});
  }
}

template <class Read>
void read_headers(const Value& value, std::vector<HeaderSetting>& out, const Read& read) {
  read_object(value, [&](Object& object) {
    std::vector<std::string> names;
    const std::vector<Value> values = object.any_keys(names);
    for (std::size_t i = 0; i < values.size(); ++i) {
      HeaderSetting header{.name = names[i], .values = {}, .secrets = {}};
      if (!is_header_name(names[i])) values[i].error("is no valid name of a header");
      read(values[i], header);
      const auto same = [&](const HeaderSetting& other) {
        return equals_ignore_case(other.name, header.name);
      };
      if (std::ranges::any_of(out, same)) {
        values[i].error("is given twice (names of headers are compared without case); join the two");
      }
      out.push_back(std::move(header));
    }
  });
}

void read_tls(Object& object, TlsConfig& tls) {
  read_secret(object, "ca", tls.ca, Need::optional, From::value_file);
  read_secret(object, "cert", tls.cert, Need::optional, From::value_file);
  read_secret(object, "key", tls.key, Need::optional);
  if (tls.cert.set() && !tls.key.set()) object.missing("key", "a client certificate needs its key");
  if (tls.key.set() && !tls.cert.set()) object.missing("cert", "a client key needs its certificate");
  object["server_name"].read(tls.server_name);
  const auto read_version = [](const Value& value, std::optional<TlsVersion>& out) {
    TlsVersion version{};
    if (read_enum(value, version,
                  {TlsVersion::tls10, TlsVersion::tls11, TlsVersion::tls12, TlsVersion::tls13}))
      out = version;
  };
  const Value min_version = object["min_version"];
  const Value max_version = object["max_version"];
  read_version(min_version, tls.min_version);
  read_version(max_version, tls.max_version);
  if (tls.min_version && tls.max_version && *tls.min_version > *tls.max_version) {
    max_version.error("is lower than min_version");
  }
  const Value insecure = object["insecure_skip_verify"];
  insecure.read(tls.insecure_skip_verify);
  if (tls.insecure_skip_verify) {
    insecure.warn(
        "is on: anybody on the way can read and change what is exchanged, credentials too; "
        "trust the server's own CA with ca_file instead");
  }
}

void read_http(Object& object, HttpConfig& http) {
  const Value proxy_url = object["proxy_url"];
  if (std::string url; proxy_url.read(url)) {
    const std::string lower = to_lower(url);
    const std::size_t scheme_end = lower.find("://");
    const std::string scheme = lower.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
    std::string_view authority =
        scheme_end == std::string::npos ? std::string_view() : std::string_view(lower).substr(scheme_end + 3);
    if (authority.ends_with('/')) authority.remove_suffix(1);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
      authority.remove_prefix(at + 1);
    if ((scheme != "http" && scheme != "https" && scheme != "socks5" && scheme != "socks5h") ||
        !is_authority(authority)) {
      proxy_url.error("must be the address of a proxy, such as http://proxy.example.com:3128");
    } else {
      http.proxy_url = std::move(url);
    }
  }
  const Value no_proxy = object["no_proxy"];
  no_proxy.read(http.no_proxy);
  const Value from_environment = object["proxy_from_environment"];
  from_environment.read(http.proxy_from_environment);
  const Value connect_header = object["proxy_connect_header"];
  read_headers(connect_header, http.proxy_connect_header, [](const Value& value, HeaderSetting& header) {
    if (value.present() || value.context().describing()) {
      read_secret_list(value, SecretRef::Source::value, header.secrets);
    }
  });
  if (http.proxy_from_environment && proxy_url.present()) {
    from_environment.error("excludes proxy_url: give one of the two");
  }
  if (no_proxy.present() && !proxy_url.present()) {
    no_proxy.error(http.proxy_from_environment
                       ? "excludes proxy_from_environment, which takes NO_PROXY from the environment"
                       : "needs proxy_url");
  }
  if (connect_header.present() && !proxy_url.present() && !http.proxy_from_environment) {
    connect_header.error("needs proxy_url or proxy_from_environment");
  }
  read_object(object["tls_config"], [&](Object& tls) { read_tls(tls, http.tls_config); });
  read_headers(object["http_headers"], http.http_headers, [](const Value& value, HeaderSetting& header) {
    if (is_reserved_header(header.name)) {
      value.error("is a header that the exporter sets itself; leave it out");
    }
    read_object(value, [&](Object& lists) {
      const Value values = lists["values"];
      values.read(header.values);
      read_secret_list(lists["secrets"], SecretRef::Source::value, header.secrets);
      read_secret_list(lists["files"], SecretRef::Source::file, header.secrets);
      if (!lists.has("values") && !lists.has("secrets") && !lists.has("files")) {
        lists.missing("values", "give at least one of values, secrets or files");
      }
    });
  });
  read_interval(object["timeout"], http.timeout);
}

void read_required(Object& object, std::string_view key, std::string& out, std::string_view hint) {
  const Value value = object[key];
  if (!value.present()) object.missing(key, hint);
  value.read(out);
}

void read_okta_oauth2(Object& object, OktaOAuth2& oauth2) {
  read_required(object, "client_id", oauth2.client_id, "write the client ID of the service app");
  read_secret(object, "private_key", oauth2.private_key, Need::required);
  object["key_id"].read(oauth2.key_id);
  const Value scopes = object["scopes"];
  if (scopes.read(oauth2.scopes) && oauth2.scopes.empty()) {
    scopes.error("must name at least one scope; the exporter needs okta.logs.read and okta.apps.read");
  }
  read_enum(object["dpop"], oauth2.dpop, {Dpop::automatic, Dpop::always, Dpop::never});
}

void read_app(Object& object, AppSelector& app) {
  const Value id = object["id"];
  const Value name = object["name"];
  const Value label = object["label"];
  read_checked(
      id, app.id, [](std::string_view text) { return consists_of(text, "") && text.size() <= 64; },
      "the app's ID, such as 0oa1abcd2EFGHIJKL3m4, which stands in the address of its admin page");
  read_checked(
      name, app.name, [](std::string_view text) { return consists_of(text, "_-."); },
      "the app's technical name, such as servicenow_ud");
  label.read(app.label);
  if (id.present() && (name.present() || label.present())) {
    id.error("excludes name and label: give either the id, or name and label");
  }
  if (!id.present() && !name.present() && !label.present()) {
    object.missing("id", "give the id, or name and label; they must lead to exactly one app");
  }
}

void read_okta(Object& object, OktaConfig& okta) {
  read_origin(object, "https://example.okta.com", okta.url);
  const Value oauth2 = object["oauth2"];
  read_secret(object, "api_token", okta.api_token, oauth2.present() ? Need::optional : Need::required);
  if (oauth2.present() || object.describing()) {
    if (okta.api_token.set()) oauth2.error("excludes api_token: give one of the two");
    read_object(oauth2, [&](Object& fields) { read_okta_oauth2(fields, okta.oauth2.emplace()); });
  }
  const Value app = object["app"];
  if (app.present() || object.describing()) {
    read_object(app, [&](Object& fields) { read_app(fields, okta.app); });
  } else {
    object.missing("app", "write app: {id: …} of the app that provisions to ServiceNow");
  }
  object["rate_limit_share"].read_share(okta.rate_limit_share);
  object["unmetered_requests_per_minute"].read(okta.unmetered_requests_per_minute, 1, 1'000'000);
  read_object(object["system_log"], [&](Object& log) {
    read_interval(log["interval"], okta.system_log.interval);
    // Okta keeps its log for 90 days.
    log["initial_lookback"].read(okta.system_log.initial_lookback, 0ms, std::chrono::days{90});
    log["max_requests_per_sample"].read(okta.system_log.max_requests_per_sample, 1, 10'000);
    log["task_settle"].read(okta.system_log.task_settle, kMinInterval, 1h);
  });
  read_object(object["app_users"],
              [&](Object& users) { users["page_size"].read(okta.app_users.page_size, 1, 500); });
  read_object(object["http"], [&](Object& http) { read_http(http, okta.http); });
}

void read_basic_auth(Object& object, BasicAuth& basic, Need password) {
  const Value username = object["username"];
  if (!username.present()) object.missing("username", "write the account's user name in ServiceNow");
  if (username.read(basic.username) && basic.username.find(':') != std::string::npos) {
    // Not shown: what follows the colon may be the password.
    username.error("must not hold a colon, which basic authentication can't carry");
  }
  read_secret(object, "password", basic.password, password);
}

void read_oauth2(Object& object, OAuth2& oauth2) {
  read_required(object, "client_id", oauth2.client_id, "write the client ID of the OAuth registry's entry");
  read_enum(
      object["grant_type"], oauth2.grant_type,
      {GrantType::client_credentials, GrantType::password, GrantType::refresh_token, GrantType::jwt_bearer});
  const bool password = oauth2.grant_type == GrantType::password;
  const bool jwt = oauth2.grant_type == GrantType::jwt_bearer;
  read_secret(object, "client_secret", oauth2.client_secret, jwt ? Need::optional : Need::required);
  object["scopes"].read(oauth2.scopes);
  const std::string grant(to_string(oauth2.grant_type));
  const auto read_text_for = [&](bool belongs, std::string_view key, std::string& out, Need need,
                                 std::string_view hint) {
    const Value value = object[key];
    value.read(out);
    if (!belongs && value.present()) value.error("has no meaning with grant_type " + grant + "; remove it");
    if (belongs && need == Need::required && !value.present()) object.missing(key, hint);
  };
  const auto read_secret_for = [&](bool belongs, const std::string& key, SecretRef& out) {
    read_secret(object, key, out, belongs ? Need::required : Need::optional);
    if (!belongs && out.set()) {
      object.error(key + " has no meaning with grant_type " + grant + "; remove it");
    }
  };
  read_text_for(password, "username", oauth2.username, Need::required, "grant_type password needs it");
  read_secret_for(password, "password", oauth2.password);
  read_secret_for(oauth2.grant_type == GrantType::refresh_token, "refresh_token", oauth2.refresh_token);
  read_secret_for(jwt, "private_key", oauth2.private_key);
  read_text_for(jwt, "key_id", oauth2.key_id, Need::optional, {});
  read_text_for(jwt, "subject", oauth2.subject, Need::required,
                "write the value of the user field that the JWT provider of ServiceNow is set up with");
}

// As an optional, because a Value of no account must leave none.
std::optional<Account> read_account(const Value& value, Need password = Need::required) {
  std::optional<Account> account;
  read_object(value, [&](Object& object) {
    std::vector<std::string> kinds;
    const Value basic = object["basic_auth"];
    const Value oauth2 = object["oauth2"];
    const Value certificate = object["client_certificate"];
    SecretRef api_key;
    const bool has_api_key = object.has("api_key") || object.has("api_key_file") || object.has("api_key_env");
    read_secret(object, "api_key", api_key, Need::optional);
    if (basic.present() || object.describing()) {
      kinds.emplace_back("basic_auth");
      read_object(basic, [&](Object& fields) {
        read_basic_auth(fields, account.emplace().emplace<BasicAuth>(), password);
      });
    }
    if (oauth2.present() || object.describing()) {
      kinds.emplace_back("oauth2");
      read_object(oauth2, [&](Object& fields) { read_oauth2(fields, account.emplace().emplace<OAuth2>()); });
    }
    if (certificate.present() || object.describing()) {
      kinds.emplace_back("client_certificate");
      read_object(certificate, [&](Object& fields) {
        auto& files = account.emplace().emplace<ClientCertificate>();
        read_secret(fields, "cert", files.certificate, Need::required, From::value_file);
        read_secret(fields, "key", files.key, Need::required);
      });
    }
    if (has_api_key) {
      kinds.emplace_back("api_key");
      account = ApiKey{.key = std::move(api_key)};
    }
    if (kinds.size() > 1) {
      object.error("has " + kinds[0] + " and " + kinds[1] + ": give exactly one way to sign in");
    } else if (kinds.empty()) {
      object.missing(
          "basic_auth",
          "give one of basic_auth, oauth2, api_key (api_key_file, api_key_env) or client_certificate");
    }
  });
  return account;
}

bool is_field_name(std::string_view text) { return consists_of(text, "_."); }

bool is_table_name(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

void read_match_pair(const Value& value, std::vector<MatchPair>& out) {
  read_object(value, [&](Object& object) {
    MatchPair pair;
    const Value okta = object["okta"];
    const Value servicenow = object["servicenow"];
    if (!okta.present()) object.missing("okta", "write userName or profile.<attribute>");
    if (!servicenow.present())
      object.missing("servicenow", "write a field of the users' table, such as user_name");
    read_checked(
        okta, pair.okta,
        [](std::string_view text) {
          constexpr std::string_view kProfile = "profile.";
          return text == "userName" ||
                 (text.starts_with(kProfile) && text.size() > kProfile.size() && is_field_name(text));
        },
        "userName or profile.<attribute>, such as profile.email");
    read_checked(servicenow, pair.servicenow, is_field_name,
                 "a field of the users' table, such as user_name");
    out.push_back(std::move(pair));
  });
}

void read_match(const Value& value, std::vector<MatchPair>& out) {
  if (!value.present() && !value.context().describing()) return;
  std::vector<MatchPair> pairs;
  if (!value.context().describing() && value.node().IsMap()) {
    read_match_pair(value, pairs);
  } else {
    for (const Value& item : value.items()) read_match_pair(item, pairs);
    if (value.node().IsSequence() && pairs.empty()) {
      value.error("must hold at least one pair, such as {okta: userName, servicenow: user_name}");
    }
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (std::find(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(i), pairs[i]) !=
        pairs.begin() + static_cast<std::ptrdiff_t>(i)) {
      value.error("holds the same pair twice");
    }
  }
  out = std::move(pairs);
}

// ^NQ begins a second query that our own conditions do not bind, and a second order breaks paging by sys_id.
bool is_safe_query(std::string_view query) {
  return std::ranges::none_of(split(query, '^'), [](std::string_view term) {
    return term.starts_with("NQ") || term.starts_with("ORDERBY") || term.starts_with("GROUPBY") ||
           term == "EQ";
  });
}

void read_users(Object& object, UsersConfig& users) {
  read_checked(object["table"], users.table, is_table_name, "the name of a table, such as sys_user");
  read_enum(object["strategy"], users.strategy,
            {UserStrategy::automatic, UserStrategy::sweep, UserStrategy::lookup});
  object["page_size"].read(users.page_size, 1, 10'000);
  const Value query = object["query"];
  // An empty query is how the default is written.
  if (query.present() && query.node().IsScalar() && query.node().Scalar().empty()) return;
  std::string text;
  if (!query.read(text)) return;
  if (!is_safe_query(text)) {
    query.error(
        "must not hold ^NQ, ^EQ, ^ORDERBY or ^GROUPBY: the exporter adds its own conditions and order");
    return;
  }
  users.query = std::move(text);
}

void read_acl(Object& object, AclConfig& acl) {
  read_interval(object["interval"], acl.interval);
  const Value tables = object["tables"];
  if (tables.read(acl.tables)) {
    std::set<std::string> seen;
    for (const std::string& table : acl.tables) {
      if (!is_table_name(table)) tables.error(in_quotes(table) + " is not the name of a table");
      if (table == "other")
        tables.error("must not hold \"other\", which stands for all tables that are not listed");
      if (!seen.insert(table).second) tables.error("holds " + table + " twice");
    }
    if (acl.tables.size() > kMaxAclTables) {
      tables.error("must hold at most " + std::to_string(kMaxAclTables) +
                   " tables: each one is a value of a label");
    }
  }
  read_enum(object["transaction_log"], acl.transaction_log,
            {TransactionLog::automatic, TransactionLog::on, TransactionLog::off});
  object["provisioner_requests_per_hour"].read(acl.provisioner_requests_per_hour, 0, 100'000);
}

void read_servicenow(Object& object, ServiceNowConfig& servicenow) {
  read_origin(object, "https://example.service-now.com", servicenow.url);
  const Value reader = object["reader"];
  if (reader.present() || object.describing()) {
    if (std::optional<Account> account = read_account(reader)) servicenow.reader = std::move(*account);
  } else {
    object.missing("reader", "write the account with which the exporter reads: reader: {basic_auth: …}");
  }
  const Value provisioner = object["provisioner"];
  if (provisioner.present() || object.describing())
    servicenow.provisioner = read_account(provisioner, Need::optional);
  read_match(object["match"], servicenow.match);
  read_object(object["users"], [&](Object& users) { read_users(users, servicenow.users); });
  read_object(object["acl"], [&](Object& acl) { read_acl(acl, servicenow.acl); });
  object["rate_limit_share"].read_share(servicenow.rate_limit_share);
  object["unmetered_requests_per_minute"].read(servicenow.unmetered_requests_per_minute, 1, 1'000'000);
  read_object(object["http"], [&](Object& http) { read_http(http, servicenow.http); });
}

void read_drift(Object& object, DriftConfig& drift) {
  read_interval(object["interval"], drift.interval);
  object["grace"].read(drift.grace, 0ms, kMaxDuration);
  object["mass_threshold"].read_share(drift.mass_threshold);
  object["mass_minimum"].read(drift.mass_minimum, 1, 1'000'000'000);
}

void read_integration(const Value& value, Config& config, std::map<std::string, int>& names) {
  read_object(value, [&](Object& object) {
    Integration& integration = config.integrations.emplace_back();
    const Value name = object["name"];
    if (!name.present()) object.missing("name", "write a name; it is the value of the label integration");
    const bool named = read_checked(
        name, integration.name,
        [](std::string_view text) { return text.size() <= kMaxNameBytes && consists_of(text, "_.-"); },
        "1 to 64 letters, digits, _ . or -");
    if (named) {
      const auto [first, is_new] = names.emplace(integration.name, name.mark().line + 1);
      if (!is_new) {
        name.error(in_quotes(integration.name) + " is the name of another integration too, on line " +
                   std::to_string(first->second) + "; names must differ");
      }
    }
    const auto read_required_object = [&](std::string_view key, const auto& body) {
      const Value part = object[key];
      if (!part.present() && !object.describing()) {
        object.missing(key, "every integration has an Okta side and a ServiceNow side");
        return;
      }
      read_object(part, body);
    };
    read_required_object("okta", [&](Object& okta) { read_okta(okta, integration.okta); });
    read_required_object("servicenow",
                         [&](Object& servicenow) { read_servicenow(servicenow, integration.servicenow); });
    read_object(object["drift"], [&](Object& drift) { read_drift(drift, integration.drift); });
    read_enum(object["tier"], integration.tier, {Tier::production, Tier::other});
  });
}

// The reason why the pattern does not compile, empty when it does.
std::string pattern_fault(const std::string& pattern) {
  if (pattern.size() > kMaxPatternBytes) {
    return "is longer than " + std::to_string(kMaxPatternBytes) + " characters";
  }
  regex_t compiled;
  const int code = ::regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
  if (code != 0) {
    std::string text(256, '\0');
    // The size counts the ending zero.
    const std::size_t size = ::regerror(code, &compiled, text.data(), text.size());
    text.resize(std::min(size, text.size()) - 1);
    return "is not a POSIX extended regular expression: " + text;
  }
  ::regfree(&compiled);
  return {};
}

void read_rule(const Value& value, Config& config) {
  read_object(value, [&](Object& object) {
    ClassificationRule rule;
    const Value match = object["match"];
    const Value reason = object["reason"];
    if (!match.present()) object.missing("match", "write a regular expression for the text of the failure");
    if (!reason.present()) object.missing("reason", "write the reason that a matching failure gets");
    if (match.read(rule.match)) {
      if (const std::string fault = pattern_fault(rule.match); !fault.empty()) match.error(fault);
    }
    std::size_t index = 0;
    if (reason.read_word(index, {kClassificationReasons.begin(), kClassificationReasons.end()})) {
      rule.reason = kClassificationReasons[index];
    }
    config.classification.push_back(std::move(rule));
  });
}

void read_document(const Value& document, Config& config) {
  read_object(document, [&](Object& object) {
    read_object(object["global"], [&](Object& global) {
      read_interval(global["sample_timeout"], config.global.sample_timeout);
      read_interval(global["keep_resolved"], config.global.keep_resolved);
    });
    const Value integrations = object["integrations"];
    std::map<std::string, int> names;
    for (const Value& item : integrations.items()) read_integration(item, config, names);
    if (!integrations.present()) {
      object.missing("integrations", "write at least one integration; config.example.yml shows how");
    } else if (integrations.node().IsSequence() && config.integrations.empty()) {
      integrations.error("must hold at least one integration");
    }
    for (const Value& item : object["classification"].items()) read_rule(item, config);
  });
}

}  // namespace

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line > 0) text += ':' + std::to_string(line);
  text += ": ";
  if (!key_path.empty()) text += key_path + ": ";
  return text + message;
}

LoadResult load_config(const std::string& path) {
  const auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_config(*text, path);
}

LoadResult parse_config(std::string_view yaml, const std::string& path) {
  ReadContext context(path);
  const auto document = parse_document(yaml, context);
  if (!document) return std::unexpected(document.error());
  if (!*document) return whole_file_error(path, "is empty; config.example.yml shows what to write");
  LoadedConfig loaded;
  read_document(Value(context, **document), loaded.config);
  if (!context.errors().empty()) return std::unexpected(std::move(context.errors()));
  loaded.warnings = std::move(context.warnings());
  loaded.redacted = redacted_yaml(**document);
  return loaded;
}

std::vector<std::string> known_key_paths() {
  ReadContext context = ReadContext::for_description();
  Config config;
  read_document(Value(context, {}, YAML::Node(), YAML::Mark::null_mark(), false), config);
  return {context.key_paths().begin(), context.key_paths().end()};
}

}  // namespace exporter::config
