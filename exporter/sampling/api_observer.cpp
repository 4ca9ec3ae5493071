#include "sampling/api_observer.h"

#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

ApiObserver::ApiObserver(net::Api api, std::string integration, std::string account,
                         metrics::Registry& registry, std::function<std::optional<bool>()> credentials_valid)
    : integration_(std::move(integration)),
      account_(std::move(account)),
      registry_(registry),
      credentials_valid_(std::move(credentials_valid)) {
  registry_.add(catalogue::api_throttled_seconds_total, {integration_, std::string(net::to_string(api))}, 0);
  publish_credentials(api);  // a pause that was stored: a restart doesn't resolve the alert
}

void ApiObserver::publish_credentials(net::Api api) {
  const std::optional<bool> valid = credentials_valid_();
  if (!valid) {
    return;
  }
  if (api == net::Api::okta) {
    registry_.set(catalogue::okta_credentials_valid, {integration_}, *valid ? 1 : 0);
  } else {
    registry_.set(catalogue::servicenow_credentials_valid, {integration_, account_}, *valid ? 1 : 0);
  }
}

void ApiObserver::on_request(net::Api api, net::Endpoint endpoint, std::string_view code,
                             std::chrono::nanoseconds duration) {
  const std::string name(net::to_string(api));
  registry_.add(catalogue::api_requests_total,
                {integration_, name, std::string(net::to_string(endpoint)), std::string(code)});
  registry_.observe(catalogue::api_request_duration_seconds, {integration_, name}, to_seconds(duration));
}

void ApiObserver::on_rate_limit(net::Api api, std::string_view host, net::Bucket bucket,
                                const net::RateLimit& rate_limit) {
  const std::vector<std::string> labels{std::string(net::to_string(api)), std::string(host),
                                        std::string(net::to_string(bucket))};
  const auto publish = [&](const metrics::Metric& metric, std::optional<double> value) {
    if (value) {
      registry_.set(metric, labels, *value, rate_limit.reset);  // nobody knows of the next window yet
    }
  };
  publish(catalogue::api_rate_limit_limit, rate_limit.limit);
  publish(catalogue::api_rate_limit_remaining, rate_limit.remaining);
  publish(catalogue::api_rate_limit_reset_timestamp_seconds,
          rate_limit.reset ? std::optional(to_seconds(*rate_limit.reset)) : std::nullopt);
}

void ApiObserver::on_throttled(net::Api api, std::chrono::nanoseconds duration) {
  registry_.add(catalogue::api_throttled_seconds_total, {integration_, std::string(net::to_string(api))},
                to_seconds(duration));
}

void ApiObserver::on_reachable(net::Api api, bool up) {
  const bool okta = api == net::Api::okta;
  registry_.set(okta ? catalogue::okta_up : catalogue::servicenow_up, {integration_}, up ? 1 : 0);
  // Whether the credentials hold is known only from an answer of the API: a gateway's 502 says nothing about
  // them.
  publish_credentials(api);
}

}  // namespace exporter::sampling
