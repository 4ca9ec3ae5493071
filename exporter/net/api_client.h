// A vendor's API as the samplers ask it: signed, retried within bounds, every failure mapped to its error
// class.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
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
// The rate-limit group that an endpoint draws from, as we know it. Okta counts /api/v1/apps/{id} apart from
// everything else below /api/v1/apps (okta.md 6).
enum class Bucket : std::uint8_t { logs, apps, token, table, aggregate, app };

std::string_view to_string(Api api);
std::string_view to_string(Endpoint endpoint);
std::string_view to_string(Bucket bucket);
Bucket bucket_of(Api api, Endpoint endpoint);
// Whether the bucket is a value of the label `bucket`: the contract has none for an app by its id.
constexpr bool is_published(Bucket bucket) { return bucket != Bucket::app; }

// How a request is authorised (exporter/auth). Thread-safe.
class RequestSigner {
 public:
  virtual ~RequestSigner() = default;
  // Adds what authorises the request. An error (class authentication) means that the account is paused or its
  // secret cannot be read: the request is not sent.
  // A signer may have to fetch a token first; a stop ends that.
  virtual Result<void> sign(HttpRequest& request, std::stop_token stop) = 0;
  // The API answered 401 to this request, as sign() left it: with several in flight while a secret is
  // rotated, the request alone tells which secret was refused. True: it may be signed anew and made once
  // more, because it was a token that was refused and not the account's secret.
  virtual bool on_unauthorized(const HttpRequest&, const HttpResponse&) { return false; }
  // The API accepted the credentials of this request: it answered in JSON with anything but 401, 429 and 5xx,
  // which a gateway may say before anyone looked at them.
  virtual void on_authorized(const HttpRequest&, const HttpResponse&) {}
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

class PacedSender;
class Upstreams;
struct ToldLimit;

// How the requests of an account keep to what they may take. rate_budget.h explains the words.
struct PacingOptions {
  Upstreams* upstreams = nullptr;  // null: neither budget nor breaker. Must outlive the client
  std::string account = {};        // whose limits these are; empty: the whole org's
  double share = 0.25;
  double unmetered_per_minute = 60;
  bool breaker = true;
  std::chrono::milliseconds max_wait{
      65'000};  // Okta's window is a minute; ServiceNow's hour is not waited for
};

struct ApiClientOptions {
  Api api = Api::okta;
  std::string base_url = {};  // scheme://host[:port], no path
  std::chrono::milliseconds timeout{30'000};
  int max_attempts = 4;  // of one get(), the first included
  // Before a retry a random time is waited, up to this, doubled per retry.
  std::chrono::milliseconds retry_delay{1'000};
  // A longer Retry-After ends the get() with its error instead of sleeping.
  std::chrono::seconds max_retry_after{65};
  // No retry begins that long after the get() did.
  std::chrono::milliseconds max_total{150'000};
  std::function<double()> random = {};  // from 0 to 1, thread-safe; empty: a generator of its own
  PacingOptions pacing = {};
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
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // `target` is a path with query ("/api/v1/logs?limit=1000") or an absolute URL of the same origin; another
  // origin is an error (malformed) and is not asked. Returns only 2xx answers that are JSON by their
  // Content-Type. Everything else: 401 authentication · 403 permission · 429 rate_limited · 408 timeout ·
  // other 4xx http_4xx · 5xx http_5xx · a 2xx, 401 or 403 that is not application/json, and every redirect,
  // not_json (a hibernating instance answers 200 with HTML). A 401 that is not JSON but carries a
  // WWW-Authenticate challenge is authentication. 499 is timeout, like 408. Retried: connection, timeout,
  // incomplete, http_5xx and rate_limited within the bounds of the options, and a 401 once where the signer
  // has another token.
  // `memory` as HttpRequest has it.
  Result<HttpResponse> get(Endpoint endpoint, std::string_view target, std::stop_token stop,
                           std::string* memory = nullptr);

  // What the answers told of the limit that `endpoint` draws from; absent where they tell none.
  std::optional<ToldLimit> told_limit(Endpoint endpoint) const;

  const ApiClientOptions& options() const { return options_; }
  const Url& base() const { return base_; }

 private:
  std::string describe(Endpoint endpoint) const;
  Result<std::string> resolve(Endpoint endpoint, std::string_view target) const;
  struct Attempt;
  Result<HttpResponse> attempt(Endpoint endpoint, const Attempt& how, std::stop_token stop, bool& sign_anew);
  std::chrono::milliseconds jittered(std::chrono::milliseconds most) const;

  ApiClientOptions options_;
  Url base_;
  std::unique_ptr<PacedSender> sender_;
  RequestSigner& signer_;
  const Clock& clock_;
  RequestObserver& observer_;
};

}  // namespace exporter::net
