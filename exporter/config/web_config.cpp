#include "config/web_config.h"

#include <algorithm>
#include <array>

#include "config/yaml_document.h"
#include "config/yaml_reader.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

struct HeaderRule {
  std::string_view name;
  std::vector<std::string_view> values;  // empty: any
};

const std::vector<HeaderRule>& header_rules() {
  static const std::vector<HeaderRule> kRules{{"Strict-Transport-Security", {}},
                                              {"X-Content-Type-Options", {"nosniff"}},
                                              {"X-Frame-Options", {"deny", "sameorigin"}},
                                              {"X-XSS-Protection", {}},
                                              {"Content-Security-Policy", {}}};
  return kRules;
}

// Go's tls.CipherSuites(): those without known weakness. The first three belong to TLS 1.3, where nothing is
// chosen: they are accepted and change nothing.
constexpr std::array<std::string_view, 13> kCipherSuites{"TLS_AES_128_GCM_SHA256",
                                                         "TLS_AES_256_GCM_SHA384",
                                                         "TLS_CHACHA20_POLY1305_SHA256",
                                                         "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
                                                         "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
                                                         "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
                                                         "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
                                                         "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                                                         "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                                                         "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                                                         "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                                         "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                                                         "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"};
constexpr std::array<std::string_view, 4> kCurves{"CurveP256", "CurveP384", "CurveP521", "X25519"};

// A key that stands there with nothing, as the toolkit's own examples have it, is a key that is not there.
bool is_blank(const Value& value) {
  return !value.present() || value.node().IsNull() ||
         (value.node().IsScalar() && value.node().Scalar().empty());
}

// `<name>` as PEM text or `<name>_file`; the file wins, as in exporter-toolkit.
SecretRef read_pem(Object& object, const std::string& name) {
  SecretRef ref;
  const Value inline_text = object[name];
  const Value file = object[name + "_file"];
  if (!is_blank(inline_text) && inline_text.read_block(ref.text)) ref.source = SecretRef::Source::value;
  std::string path;
  if (!is_blank(file) && file.read(path)) {
    ref = {.source = SecretRef::Source::file, .text = file.context().resolve(path)};
  }
  return ref;
}

template <std::size_t N>
void read_names(const Value& value, const std::array<std::string_view, N>& known, std::string_view what,
                std::vector<std::string>& out) {
  if (is_blank(value)) return;
  for (const Value& item : value.items()) {
    std::string name;
    if (!item.read(name)) continue;
    if (std::ranges::find(known, name) == known.end()) {
      item.error("unknown " + std::string(what) + " " + in_quotes(name) +
                 suggestion(name, {known.begin(), known.end()}));
      continue;
    }
    out.push_back(std::move(name));
  }
}

void read_version(const Value& value, TlsVersion& out) {
  std::size_t index = 0;
  if (value.read_word(index, {"TLS10", "TLS11", "TLS12", "TLS13"})) out = static_cast<TlsVersion>(index);
}

void read_client_auth(const Value& value, ClientAuth& out) {
  static const std::vector<std::string_view> kWords{"NoClientCert",
                                                    "RequestClientCert",
                                                    "RequireAnyClientCert",
                                                    "VerifyClientCertIfGiven",
                                                    "RequireAndVerifyClientCert",
                                                    "RequireClientCert"};
  std::size_t index = 0;
  if (is_blank(value) || !value.read_word(index, kWords)) return;
  // The last one is an old name of the third.
  out = index == kWords.size() - 1 ? ClientAuth::require_any : static_cast<ClientAuth>(index);
}

std::optional<ServerTls> read_tls(const Value& value) {
  ServerTls tls;
  bool enabled = false;
  if (is_blank(value)) return std::nullopt;
  read_object(value, [&](Object& object) {
    tls.cert = read_pem(object, "cert");
    tls.key = read_pem(object, "key");
    tls.client_ca = read_pem(object, "client_ca");
    const Value client_auth = object["client_auth_type"];
    read_client_auth(client_auth, tls.client_auth);
    const Value sans = object["client_allowed_sans"];
    if (!is_blank(sans)) sans.read(tls.client_allowed_sans);
    read_version(object["min_version"], tls.min_version);
    read_version(object["max_version"], tls.max_version);
    read_names(object["cipher_suites"], kCipherSuites, "cipher", tls.cipher_suites);
    object["prefer_server_cipher_suites"].read(tls.prefer_server_cipher_suites);
    read_names(object["curve_preferences"], kCurves, "curve", tls.curve_preferences);

    enabled = tls.cert.set() || tls.key.set() || tls.client_ca.set() || !is_blank(client_auth) ||
              object.has("cert_file") || object.has("cert") || object.has("key_file") || object.has("key");
    if (!enabled) {
      // Nobody who writes versions or ciphers wants passwords to go in the clear.
      if (!value.node().IsMap() || value.node().size() == 0) return;
      object.error("sets up TLS without a certificate; add cert_file and key_file, or remove the block");
      return;
    }
    if (!tls.cert.set()) object.missing("cert", "missing one of cert or cert_file");
    if (!tls.key.set()) object.missing("key", "missing one of key or key_file");
    if (tls.client_ca.set() && tls.client_auth == ClientAuth::none) {
      object.error(
          "a client CA is given and no client_auth_type, so nobody would be asked for a certificate; write "
          "client_auth_type: RequireAndVerifyClientCert");
    }
    if (!is_blank(sans) && tls.client_auth != ClientAuth::require_any &&
        tls.client_auth != ClientAuth::require_and_verify) {
      sans.error(
          "needs client_auth_type RequireAndVerifyClientCert or RequireAnyClientCert: with the others a "
          "client may come without a certificate");
    }
    if (tls.min_version > tls.max_version) {
      object.error("min_version is above max_version, so that no version is left");
    }
  });
  return enabled ? std::optional(std::move(tls)) : std::nullopt;
}

void read_headers(const Value& value, WebConfig& config) {
  if (is_blank(value)) return;
  read_object(value, [&](Object& object) {
    for (const HeaderRule& rule : header_rules()) {
      const Value header = object[rule.name];
      std::string text;
      if (is_blank(header) || !header.read(text)) continue;
      if (!rule.values.empty() && std::ranges::find(rule.values, text) == rule.values.end()) {
        std::string allowed;
        for (const std::string_view word : rule.values)
          allowed += (allowed.empty() ? "" : " or ") + std::string(word);
        header.error("must be " + allowed + ", not " + in_quotes(text));
        continue;
      }
      config.headers.emplace_back(rule.name, std::move(text));
    }
  });
}

void read_users(const Value& value, WebConfig& config) {
  if (is_blank(value)) return;
  read_object(value, [&](Object& object) {
    std::vector<std::string> names;
    const std::vector<Value> hashes = object.any_keys(names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::string hash;
      if (!hashes[i].read(hash)) continue;
      if (names[i].empty() || names[i].find(':') != std::string::npos) {
        hashes[i].error("basic authentication cannot carry such a user name: it is empty or has a colon");
      } else if (!bcrypt_cost(hash)) {
        // Not shown: it may be the password itself.
        hashes[i].error(R"(is not a bcrypt hash; make one with htpasswd -nBC 10 "" | tr -d ':\n')");
      } else {
        config.basic_auth_users.emplace(names[i], std::move(hash));
      }
    }
  });
}

void read_rate_limit(const Value& value, RateLimit& limit) {
  if (is_blank(value)) return;
  read_object(value, [&](Object& object) {
    const Value interval = object["interval"];
    const Value burst = object["burst"];
    interval.read(limit.interval, 0ms, 24h);
    burst.read(limit.burst, 0, 1'000'000);
    if (limit.interval > 0ms && limit.burst == 0) {
      object.error("a burst of 0 lets no request through; write burst: 20, or interval: 0 for no limit");
    }
  });
}

void read_document(const Value& document, WebConfig& config) {
  read_object(document, [&](Object& object) {
    config.tls = read_tls(object["tls_server_config"]);
    const Value http = object["http_server_config"];
    if (!is_blank(http)) {
      read_object(http, [&](Object& server) {
        // HTTP/2 is not served; the key is read so that a file which other exporters use works here too.
        bool http2 = true;
        server["http2"].read(http2);
        read_headers(server["headers"], config);
      });
    }
    read_users(object["basic_auth_users"], config);
    read_rate_limit(object["rate_limit"], config.rate_limit);
  });
}

}  // namespace

std::optional<int> bcrypt_cost(std::string_view hash) {
  constexpr std::size_t kLength = 60;
  constexpr std::string_view kAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (hash.size() != kLength || !hash.starts_with("$2") || std::string_view("abxy").find(hash[2]) > 3 ||
      hash[3] != '$' || hash[6] != '$' || hash.find_first_not_of(kAlphabet, 7) != std::string_view::npos) {
    return std::nullopt;
  }
  if (hash[4] < '0' || hash[4] > '3' || hash[5] < '0' || hash[5] > '9') return std::nullopt;
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  return cost >= 4 && cost <= 31 ? std::optional(cost) : std::nullopt;
}

WebConfigResult parse_web_config(std::string_view yaml, const std::string& path) {
  ReadContext context(path);
  const auto document = parse_document(yaml, context);
  if (!document) return std::unexpected(document.error());
  WebConfig config;
  if (*document) read_document(Value(context, **document), config);
  if (!context.errors().empty()) return std::unexpected(std::move(context.errors()));
  return config;
}

WebConfigResult load_web_config(const std::string& path) {
  const auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_web_config(*text, path);
}

}  // namespace exporter::config
