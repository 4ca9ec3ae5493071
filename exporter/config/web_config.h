// What --web.config.file holds: exporter-toolkit's format (docs/web-configuration.md of
// prometheus/exporter-toolkit), read strictly. Plain values; nothing here may be printed as a whole, an
// inline key lies in its SecretRef.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/load.h"
#include "config/secret.h"

namespace exporter::config {

enum class ClientAuth : std::uint8_t {
  none,                // NoClientCert
  request,             // RequestClientCert: asked for, not needed, not verified
  require_any,         // RequireAnyClientCert: needed, not verified
  verify_if_given,     // VerifyClientCertIfGiven
  require_and_verify,  // RequireAndVerifyClientCert
};

struct ServerTls {
  // Sources value (PEM text) or file, whose path is resolved against the folder of the web config file.
  SecretRef cert;
  SecretRef key;
  SecretRef client_ca;  // none: with a verifying type, the system's CAs
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> client_allowed_sans;  // only with a type that requires a certificate
  TlsVersion min_version = TlsVersion::tls12;
  TlsVersion max_version = TlsVersion::tls13;
  std::vector<std::string> cipher_suites;  // IANA names, TLS 1.2 and below; empty: OpenSSL's choice
  bool prefer_server_cipher_suites = true;
  std::vector<std::string> curve_preferences;  // CurveP256, CurveP384, CurveP521, X25519
  friend bool operator==(const ServerTls&, const ServerTls&) = default;
};

struct RateLimit {
  Duration interval{0};  // one request more per interval; zero: no limit
  int burst = 0;
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct WebConfig {
  std::optional<ServerTls> tls;
  // In the order of the file; blank ones are left out.
  std::vector<std::pair<std::string, std::string>> headers;
  std::map<std::string, std::string, std::less<>> basic_auth_users;  // name to bcrypt hash
  RateLimit rate_limit;
};

using WebConfigResult = std::expected<WebConfig, std::vector<ConfigError>>;

// An empty file is a valid one: plain HTTP for everybody. Certificates and keys are not opened here.
WebConfigResult load_web_config(const std::string& path);
// The same for a text that was read from `path`.
WebConfigResult parse_web_config(std::string_view yaml, const std::string& path);

// "$2y$10$…": the form and the cost (4 to 31) of a bcrypt hash; the cost, or nullopt.
std::optional<int> bcrypt_cost(std::string_view hash);

}  // namespace exporter::config
