// One request on its way: within the budget, past the breaker, heard by the observer.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/api_client.h"
#include "net/http.h"
#include "net/rate_budget.h"

namespace exporter::net {

// Thread-safe; must not outlive what it was given.
class PacedSender {
 public:
  PacedSender(Api api, std::string authority, PacingOptions pacing, HttpTransport& transport,
              const Clock& clock, RequestObserver& observer);

  // Waits for its turn, has `prepare` finish the request (what it signs must not age in the queue), and sends
  // it. Errors: what HttpTransport has; rate_limited and connection where it was not sent, without a status;
  // those of `prepare`.
  Result<HttpResponse> send(Endpoint endpoint, HttpRequest& request,
                            const std::function<Result<void>()>& prepare, std::stop_token stop);

  // What the answers told of the limit that `endpoint` draws from.
  std::optional<ToldLimit> told_limit(Endpoint endpoint) const;

 private:
  Result<HttpResponse> paced(Endpoint endpoint, HttpRequest& request, RateBudget& budget,
                             const std::function<Result<void>()>& prepare, const std::stop_token& stop);
  Result<HttpResponse> exchange(Endpoint endpoint, const HttpRequest& request, const std::stop_token& stop);

  const Api api_;
  const std::string authority_;
  const std::string host_;
  const PacingOptions pacing_;
  HttpTransport& transport_;
  const Clock& clock_;
  RequestObserver& observer_;
};

}  // namespace exporter::net
