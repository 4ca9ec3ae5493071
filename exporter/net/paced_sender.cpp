#include "net/paced_sender.h"

#include <utility>

#include "net/rate_limit.h"
#include "net/url.h"

namespace exporter::net {

namespace {

std::string host_of(const std::string& authority) {
  const std::optional<Url> url = parse_url("https://" + authority + "/");
  return url ? url->host : authority;
}

}  // namespace

PacedSender::PacedSender(Api api, std::string authority, PacingOptions pacing, HttpTransport& transport,
                         const Clock& clock, RequestObserver& observer)
    : api_(api),
      authority_(std::move(authority)),
      host_(host_of(authority_)),
      pacing_(std::move(pacing)),
      transport_(transport),
      clock_(clock),
      observer_(observer) {}

Result<HttpResponse> PacedSender::exchange(Endpoint endpoint, const HttpRequest& request,
                                           const std::stop_token& stop) {
  const SteadyTime sent = clock_.steady_now();
  Result<HttpResponse> response = transport_.send(request, stop);
  const std::chrono::nanoseconds duration = clock_.steady_now() - sent;
  observer_.on_request(
      api_, endpoint,
      response ? std::to_string(response->status) : std::string(to_string(response.error().error_class)),
      duration);
  if (!response) {
    return response;
  }
  // An app by its id alone is a bucket of its own, which has no label.
  const Bucket bucket = bucket_of(api_, endpoint);
  if (const RateLimit rate_limit = parse_rate_limit(api_, response->headers);
      rate_limit.limit && is_published(bucket)) {
    observer_.on_rate_limit(api_, host_, bucket, rate_limit);
  }
  return response;
}

Result<HttpResponse> PacedSender::send(Endpoint endpoint, HttpRequest& request,
                                       const std::function<Result<void>()>& prepare, std::stop_token stop) {
  if (pacing_.upstreams == nullptr) {
    if (Result<void> prepared = prepare(); !prepared) {
      return std::unexpected(std::move(prepared.error()));
    }
    return exchange(endpoint, request, stop);
  }
  RateBudget& budget =
      pacing_.upstreams->budget(api_, authority_, pacing_.account, bucket_of(api_, endpoint));
  if (!pacing_.breaker) {
    return paced(endpoint, request, budget, prepare, stop);
  }
  Breaker& breaker = pacing_.upstreams->breaker(authority_);
  if (Result<void> admitted = breaker.admit(); !admitted) {
    return std::unexpected(std::move(admitted.error()));
  }
  Result<HttpResponse> response = paced(endpoint, request, budget, prepare, stop);
  const std::optional<ErrorClass> error =
      response ? std::nullopt : std::optional(response.error().error_class);
  if (error == ErrorClass::connection || error == ErrorClass::timeout || error == ErrorClass::tls) {
    breaker.not_reached();
  } else if (error == ErrorClass::cancelled || error == ErrorClass::rate_limited ||
             error == ErrorClass::authentication) {
    breaker.nothing_learned();
  } else {
    breaker.reached();
  }
  return response;
}

std::optional<ToldLimit> PacedSender::told_limit(Endpoint endpoint) const {
  if (pacing_.upstreams == nullptr) {
    return std::nullopt;
  }
  return pacing_.upstreams->budget(api_, authority_, pacing_.account, bucket_of(api_, endpoint)).limit();
}

Result<HttpResponse> PacedSender::paced(Endpoint endpoint, HttpRequest& request, RateBudget& budget,
                                        const std::function<Result<void>()>& prepare,
                                        const std::stop_token& stop) {
  const Result<std::chrono::nanoseconds> waited = budget.take(
      {.share = pacing_.share, .unmetered_per_minute = pacing_.unmetered_per_minute}, pacing_.max_wait, stop);
  if (!waited) {
    return std::unexpected(waited.error());
  }
  if (*waited > std::chrono::nanoseconds(0)) {
    observer_.on_throttled(api_, *waited);
  }
  if (Result<void> prepared = prepare(); !prepared) {
    budget.unsent();
    return std::unexpected(std::move(prepared.error()));
  }
  Result<HttpResponse> response = exchange(endpoint, request, stop);
  if (response) {
    budget.answered(response->status, response->headers);
  } else {
    budget.failed();
  }
  return response;
}

}  // namespace exporter::net
