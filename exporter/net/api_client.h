// A vendor's API as the samplers ask it: signed, retried within bounds, every failure mapped to its error
// class.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/http.h"
#include "net/url.h"

namespace exporter::net {

enum class Api : std::uint8_t { okta, servicenow };
// Okta: token … group_push_mappings; ServiceNow: token, table_list, table_record, aggregate.
enum class Endpoint : std::uint8_t {
  token,
  logs,
  apps,
  app,
  app_users,
  app_user,
  group_push_mappings,
  table_list,
  table_record,
  aggregate,
};
// The rate-limit group that an endpoint draws from, as we know it.
enum class Bucket : std::uint8_t { logs, apps, token, table, aggregate };

std::string_view to_string(Api api);
std::string_view to_string(Endpoint endpoint);
std::string_view to_string(Bucket bucket);
Bucket bucket_of(Api api, Endpoint endpoint);

// How a request is authorised (exporter/auth). Thread-safe.
class RequestSigner {
 public:
  virtual ~RequestSigner() = default;
  // Adds what authorises the request. An error (class authentication) means that the account is paused or its
  // secret cannot be read: the request is not sent.
  virtual Result<void> sign(HttpRequest& request) = 0;
  // The API answered 401 to this request, as sign() left it: with several in flight while a secret is
  // rotated, the request alone tells which secret was refused.
  virtual void on_unauthorized(const HttpRequest&) {}
  // The API accepted the credentials of this request: it answered in JSON with anything but 401, 429 and 5xx,
  // which a gateway may say before anyone looked at them.
  virtual void on_authorized(const HttpRequest&) {}
};

struct RateLimit {
  std::optional<double> limit = std::nullopt;
  std::optional<double> remaining = std::nullopt;
  std::optional<SystemTime> reset = std::nullopt;
};

// Hears of every request sent, retries included. Thread-safe.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  // code: the HTTP status in decimal, or the error class where there was no answer.
  virtual void on_request(Api api, Endpoint endpoint, std::string_view code,
                          std::chrono::nanoseconds duration) = 0;
  virtual void on_rate_limit(Api api, std::string_view host, Bucket bucket, const RateLimit& rate_limit) = 0;
  virtual void on_throttled(Api api, std::chrono::nanoseconds duration) = 0;
  // up: the last request got an answer of the API (JSON) below 500.
  virtual void on_reachable(Api api, bool up) = 0;
};

struct ApiClientOptions {
  Api api = Api::okta;
  std::string base_url = {};  // scheme://host[:port], no path
  std::chrono::milliseconds timeout{30'000};
  int max_attempts = 3;                          // of one get(), the first included
  std::chrono::milliseconds retry_delay{1'000};  // doubled per retry
  std::chrono::seconds max_retry_after{
      10};  // a longer Retry-After ends the get() with its error instead of sleeping
  // Sent with every request (http_headers of the configuration); asked anew each time because files may
  // change.
  std::function<Result<std::vector<HttpHeader>>()> extra_headers = {};
  // Whether an answer may be a passing fault of the server's session: it is asked once more at once, on a
  // fresh connection, before it is believed. Not counted in max_attempts. Thread-safe; empty: never.
  std::function<bool(const Error&)> doubts = {};
};

// Thread-safe; must not outlive what it was given.
class ApiClient {
 public:
  ApiClient(ApiClientOptions options, HttpTransport& transport, RequestSigner& signer, const Clock& clock,
            RequestObserver& observer);

  // `target` is a path with query ("/api/v1/logs?limit=1000") or an absolute URL of the same origin; another
  // origin is an error (malformed) and is not asked. Returns only 2xx answers that are JSON by their
  // Content-Type. Everything else: 401 authentication · 403 permission · 429 rate_limited · 408 timeout ·
  // other 4xx http_4xx · 5xx http_5xx · a 2xx, 401 or 403 that is not application/json, and every redirect,
  // not_json (a hibernating instance answers 200 with HTML). A 401 that is not JSON but carries a
  // WWW-Authenticate challenge is authentication. Retried: connection, timeout, incomplete, http_5xx and
  // rate_limited within the bounds of the options.
  Result<HttpResponse> get(Endpoint endpoint, std::string_view target, std::stop_token stop);

  const ApiClientOptions& options() const { return options_; }
  const Url& base() const { return base_; }

 private:
  std::string describe(Endpoint endpoint) const;
  Result<std::string> resolve(Endpoint endpoint, std::string_view target) const;
  Result<HttpResponse> attempt(Endpoint endpoint, const std::string& url, bool fresh_connection,
                               std::stop_token stop);

  ApiClientOptions options_;
  Url base_;
  HttpTransport& transport_;
  RequestSigner& signer_;
  const Clock& clock_;
  RequestObserver& observer_;
};

}  // namespace exporter::net
