#include "net/api_client.h"

#include <algorithm>
#include <array>
#include <random>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "net/paced_sender.h"
#include "net/rate_budget.h"
#include "net/rate_limit.h"

namespace exporter::net {

namespace {

// Enough for every error envelope of both vendors, and for telling what an HTML page is.
constexpr std::size_t kMaxErrorBody = std::size_t{64} * 1024;

constexpr std::array<std::string_view, 2> kApis = {"okta", "servicenow"};
constexpr std::array<std::string_view, 10> kEndpoints = {
    "token",      "logs",         "apps",     "app", "app_users", "app_user", "group_push_mappings",
    "table_list", "table_record", "aggregate"};
constexpr std::array<std::string_view, 6> kBuckets = {"logs", "apps", "token", "table", "aggregate", "app"};

bool is_json(const HttpHeaders& headers) {
  const std::optional<std::string_view> field = headers.first("Content-Type");
  if (!field) {
    return false;
  }
  const std::string type = to_lower(trim(field->substr(0, field->find(';'))));
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

// What answered, by its Content-Type, cut short and without anything that could break a log line.
std::string described_type(const HttpHeaders& headers) {
  constexpr std::size_t kMaxType = 60;
  const std::optional<std::string_view> field = headers.first("Content-Type");
  if (!field || trim(*field).empty()) {
    return "no Content-Type";
  }
  std::string type(trim(field->substr(0, field->find(';'))).substr(0, kMaxType));
  std::ranges::replace_if(type, [](char c) { return c < ' ' || c > '~'; }, '?');
  return type;
}

// A 401 that is no JSON may come from a sleeping instance or a gateway, which never looked at the
// credentials. One with a challenge is about credentials: trying on could lock the account, so it counts as
// refused.
bool refuses_credentials(const HttpResponse& response) {
  return response.status == 401 && (is_json(response.headers) || response.headers.first("WWW-Authenticate"));
}

struct Verdict {
  ErrorClass error_class;
  std::string_view advice;
};

Verdict judge_unauthorized(Api api, const HttpHeaders& headers) {
  if (const auto mfa = headers.first("X-MFA_TOKEN"); mfa && equals_ignore_case(trim(*mfa), "invalid")) {
    return {ErrorClass::authentication,
            "the account must prove a second factor; exempt this integration account from it in ServiceNow"};
  }
  if (api == Api::okta) {
    return {ErrorClass::authentication,
            "Okta refused the credentials; check that the token is current (one dies after 30 days without "
            "use and "
            "with its creator's account) and allowed from this network"};
  }
  return {
      ErrorClass::authentication,
      "ServiceNow refused the credentials; check the user name, the password, and that the account is active "
      "and not locked out"};
}

Verdict judge_not_json(Api api, int status) {
  if (status >= 300 && status < 400) {
    return {ErrorClass::not_json,
            "a redirect is never followed; check that the configured url is the API's own host"};
  }
  return {ErrorClass::not_json,
          api == Api::okta ? "this is no answer of Okta's API; check the url and any proxy in between"
                           : "this is no answer of ServiceNow's API; the instance may be hibernating or in "
                             "maintenance, else check the url and any proxy in between"};
}

Verdict judge_client_error(Api api, int status) {
  if (status == 403) {
    return {ErrorClass::permission,
            api == Api::okta
                ? "grant the token's administrator (or the service app) read access to this endpoint"
                : "give the account the role, the ACL or the REST API access policy that it lacks"};
  }
  if (status == 404) {
    return {ErrorClass::http_4xx, api == Api::okta
                                      ? "check the app's id, and that the token may see the app"
                                      : "there is no such table or record, or the account may not see it"};
  }
  return {ErrorClass::http_4xx, "the request was not accepted; the API's own error code says why"};
}

// nullopt: the answer is good.
std::optional<Verdict> judge(Api api, const HttpResponse& response) {
  const int status = response.status;
  const bool json = is_json(response.headers);
  if (status == 429) {
    return Verdict{ErrorClass::rate_limited,
                   "other clients share this limit; ask less often (system_log.interval, drift.interval)"};
  }
  if (status == 408 || status == 499) {  // 499: ServiceNow's word for a client that left
    return Verdict{ErrorClass::timeout, "the server gave up waiting; it is asked again"};
  }
  if (status >= 500) {
    return Verdict{ErrorClass::http_5xx, "the service has a fault or is in maintenance; see its status page"};
  }
  if (refuses_credentials(response)) {
    return judge_unauthorized(api, response.headers);
  }
  if (status < 200 || (status >= 300 && status < 400) ||
      (!json && (status < 300 || status == 401 || status == 403))) {
    return judge_not_json(api, status);
  }
  if (status >= 400) {
    return judge_client_error(api, status);
  }
  return std::nullopt;
}

Error cancelled(std::string_view what) {
  return {.error_class = ErrorClass::cancelled, .message = std::string(what) + " was cancelled by a stop"};
}

Url parse_base(const std::string& base_url) {
  const std::optional<Url> url = parse_url(base_url);
  if (!url) {
    throw std::invalid_argument("ApiClient: base_url must be checked by the configuration");
  }
  return *url;
}

}  // namespace

std::string_view to_string(Api api) { return kApis.at(static_cast<std::size_t>(api)); }
std::string_view to_string(Endpoint endpoint) { return kEndpoints.at(static_cast<std::size_t>(endpoint)); }
std::string_view to_string(Bucket bucket) { return kBuckets.at(static_cast<std::size_t>(bucket)); }

Bucket bucket_of(Api api, Endpoint endpoint) {
  if (endpoint == Endpoint::token) {
    return Bucket::token;
  }
  if (api == Api::okta && endpoint == Endpoint::logs) {
    return Bucket::logs;
  }
  if (api == Api::okta) {
    return endpoint == Endpoint::app ? Bucket::app : Bucket::apps;
  }
  return endpoint == Endpoint::aggregate ? Bucket::aggregate : Bucket::table;
}

ApiClient::ApiClient(ApiClientOptions options, HttpTransport& transport, RequestSigner& signer,
                     const Clock& clock, RequestObserver& observer)
    : options_(std::move(options)),
      base_(parse_base(options_.base_url)),
      sender_(std::make_unique<PacedSender>(options_.api, base_.authority(), options_.pacing, transport,
                                            clock, observer)),
      signer_(signer),
      clock_(clock),
      observer_(observer) {}

ApiClient::~ApiClient() = default;

std::string ApiClient::describe(Endpoint endpoint) const {
  return std::string(to_string(options_.api)) + " " + std::string(to_string(endpoint)) + " at " +
         base_.authority();
}

Result<std::string> ApiClient::resolve(Endpoint endpoint, std::string_view target) const {
  const std::optional<Url> url =
      parse_url(target.starts_with('/') ? base_.origin() + std::string(target) : std::string(target));
  if (!url) {
    return std::unexpected(Error{.error_class = ErrorClass::malformed,
                                 .message = describe(endpoint) + ": not asked, the target is no valid URL"});
  }
  if (!url->same_origin(base_)) {
    return std::unexpected(
        Error{.error_class = ErrorClass::malformed,
              .message = describe(endpoint) + ": not asked, the target leads to another origin (" +
                         url->origin() + "), where credentials must not go; check the configured url"});
  }
  return url->origin() + url->target;
}

std::chrono::milliseconds ApiClient::jittered(std::chrono::milliseconds most) const {
  // Full jitter: many clients that failed at once must not come back at once.
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  const double factor = options_.random ? options_.random() : std::uniform_real_distribution<>()(generator);
  return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(most.count()) * factor));
}

struct ApiClient::Attempt {
  const std::string& url;
  std::string* memory = nullptr;
  bool fresh_connection = false;
};

std::optional<ToldLimit> ApiClient::told_limit(Endpoint endpoint) const {
  return sender_->told_limit(endpoint);
}

Result<HttpResponse> ApiClient::get(Endpoint endpoint, std::string_view target, std::stop_token stop,
                                    std::string* memory) {
  const Result<std::string> url = resolve(endpoint, target);
  if (!url) {
    return std::unexpected(url.error());
  }
  const SteadyTime begin = clock_.steady_now();
  std::chrono::milliseconds backoff = options_.retry_delay;
  std::optional<Error> last;
  Attempt how{.url = *url, .memory = memory};
  bool signed_anew = false;
  for (int tried = 1;; ++tried) {
    bool sign_anew = false;
    Result<HttpResponse> response = attempt(endpoint, how, stop, sign_anew);
    if (!response && sign_anew && !signed_anew) {
      signed_anew = true;
      response = attempt(endpoint, how, stop, sign_anew);
    }
    if (!response && !how.fresh_connection && options_.doubts && options_.doubts(response.error())) {
      how.fresh_connection = true;
      response = attempt(endpoint, how, stop, sign_anew);
    }
    if (last && !response && response.error().http_status == 0 &&
        (response.error().error_class == ErrorClass::authentication ||
         response.error().error_class == ErrorClass::rate_limited)) {
      // The signer or the budget closed meanwhile and nothing was sent; what happened to the request is the
      // error before.
      return std::unexpected(std::move(*last));
    }
    if (response || tried >= options_.max_attempts || !is_passing(response.error().error_class)) {
      return response;
    }
    const std::optional<std::chrono::seconds> asked = response.error().retry_after;
    if (asked && *asked > options_.max_retry_after) {
      return response;
    }
    const std::chrono::milliseconds wait = asked.value_or(std::chrono::seconds(0)) + jittered(backoff);
    backoff *= 2;
    const SteadyTime from = clock_.steady_now();
    if (from + wait > begin + options_.max_total) {
      return response;
    }
    const bool slept = clock_.sleep_until(from + wait, stop);
    if (response.error().error_class == ErrorClass::rate_limited) {
      observer_.on_throttled(options_.api, clock_.steady_now() - from);
    }
    if (!slept) {
      return std::unexpected(cancelled(describe(endpoint)));
    }
    last = std::move(response.error());
  }
}

Result<HttpResponse> ApiClient::attempt(Endpoint endpoint, const Attempt& how, std::stop_token stop,
                                        bool& sign_anew) {
  if (stop.stop_requested()) {
    return std::unexpected(cancelled(describe(endpoint)));
  }
  HttpRequest request{.method = "GET",
                      .url = how.url,
                      .headers = {{"Accept", "application/json"}},
                      .timeout = options_.timeout,
                      .fresh_connection = how.fresh_connection,
                      .memory = how.memory};
  bool sent = false;
  const auto prepare = [&]() -> Result<void> {
    if (options_.extra_headers) {
      Result<std::vector<HttpHeader>> extra = options_.extra_headers();
      if (!extra) {
        return std::unexpected(std::move(extra.error()));
      }
      for (HttpHeader& field : *extra) {
        request.headers.add(std::move(field.name), std::move(field.value));
      }
    }
    Result<void> signed_ = signer_.sign(request, stop);
    sent = signed_.has_value();
    return signed_;
  };
  Result<HttpResponse> response = sender_->send(endpoint, request, prepare, stop);
  if (!response) {
    Error error = std::move(response.error());
    if (error.error_class != ErrorClass::cancelled && (sent || error.error_class == ErrorClass::connection)) {
      observer_.on_reachable(options_.api, false);
    }
    if (sent || error.error_class != ErrorClass::authentication) {
      error.message = describe(endpoint) + ": " + error.message;
    }
    return std::unexpected(std::move(error));
  }

  const int status = response->status;
  const bool answered = is_json(response->headers) && status < 500;
  // The signer first: whoever hears on_reachable may ask it whether the credentials are good.
  if (refuses_credentials(*response)) {
    sign_anew = signer_.on_unauthorized(request, *response);
  } else if (answered && status != 401 && status != 429) {
    signer_.on_authorized(request, *response);
  }
  observer_.on_reachable(options_.api, answered);

  const std::optional<Verdict> verdict = judge(options_.api, *response);
  if (!verdict) {
    return response;
  }
  Error error{.error_class = verdict->error_class,
              .message = describe(endpoint) + " answered " + std::to_string(status)};
  if (verdict->error_class == ErrorClass::not_json) {
    error.message += " with " + described_type(response->headers);
  }
  error.http_status = status;
  if (status == 429) {
    error.retry_after = parse_rate_limit_wait(options_.api, response->headers, clock_.now());
  } else if (status >= 500) {
    // Not the rate limit's reset: Okta sends it with every answer.
    error.retry_after = parse_retry_after(response->headers, clock_.now());
  }
  if (error.retry_after) {
    error.message += " and asks to wait " + std::to_string(error.retry_after->count()) + " s";
  }
  error.message += "; " + std::string(verdict->advice);
  error.response_body = std::move(response->body);
  if (error.response_body.size() > kMaxErrorBody) {
    error.response_body.resize(kMaxErrorBody);
    error.response_body.shrink_to_fit();
  }
  return std::unexpected(std::move(error));
}

}  // namespace exporter::net
