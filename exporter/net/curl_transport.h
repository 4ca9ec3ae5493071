// HttpTransport on libcurl's multi interface: cancelled at once, one deadline for the whole exchange, bounded
// answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "net/http.h"
#include "net/proxy.h"

namespace exporter::net {

// libcurl's process-wide state: make one in main before any thread starts, and destroy it after the last
// transport. Ignores SIGPIPE from then on: OpenSSL writes to a socket whose peer is gone, and libcurl can't
// prevent the signal.
class CurlGlobal {
 public:
  CurlGlobal();
  ~CurlGlobal();
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
};

enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };

struct TlsOptions {
  // PEM text; empty: not given. A given CA replaces the system's. Certificate and key go together.
  std::string ca_pem = {};
  std::string cert_pem = {};
  std::string key_pem = {};
  // The name to ask for (SNI) and to verify the certificate against; empty: the URL's host.
  std::string server_name = {};
  TlsVersion min_version = TlsVersion::tls12;
  std::optional<TlsVersion> max_version = std::nullopt;
  bool insecure_skip_verify = false;
};

struct ProxyOptions {
  std::string url = {};           // empty: none. May hold the proxy's password.
  std::string no_proxy = {};      // see ProxyRules
  bool from_environment = false;  // read once, when the transport is made; url and no_proxy are not looked at
  std::vector<HttpHeader> connect_headers = {};  // to the proxy, with CONNECT only
};

// "okta-servicenow-exporter/<version>".
std::string default_user_agent();

struct CurlTransportOptions {
  TlsOptions tls = {};
  ProxyOptions proxy = {};
  std::string user_agent = default_user_agent();
  std::chrono::milliseconds connect_timeout{10'000};  // within the request's own
  std::size_t max_head_size = std::size_t{64} * 1024;
  std::size_t max_body_size = std::size_t{64} * 1024 * 1024;  // inflated
  // Where the host of a URL is found ("127.0.0.1"), asked at each request; nullopt or empty: the system's
  // resolver knows. For tests of names that fail and come back. Thread-safe.
  std::function<std::optional<std::string>(const std::string& host)> address_of = {};
};

// Thread-safe: each request in flight has a session of its own, so there are as many connections as there
// were requests at once. They are reused, and closed when the transport is destroyed; no request may be in
// flight then.
//
// Asks for HTTP/1.1 and gzip. The body of an answer has at least 64 bytes of spare capacity: simdjson reads
// beyond the end and would copy the page otherwise. Errors name the host and never a path, a query, a header
// or a proxy.
class CurlTransport final : public HttpTransport {
 public:
  CurlTransport(const CurlGlobal& global, CurlTransportOptions options);
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) override;

 private:
  struct Session;
  struct Exchange;

  std::unique_ptr<Session> take_session();
  void configure(const Session& session, Exchange& exchange) const;
  void configure_tls(const Session& session) const;
  void configure_proxy(const Session& session, Exchange& exchange) const;

  const CurlTransportOptions options_;
  const ProxyRules proxy_rules_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Session>> idle_ GUARDED_BY(mutex_);
};

}  // namespace exporter::net
