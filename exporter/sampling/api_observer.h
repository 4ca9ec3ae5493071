// What every request tells the metrics of the exporter itself.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "metrics/registry.h"
#include "net/api_client.h"

namespace exporter::sampling {

// One per API account; thread-safe.
class ApiObserver final : public net::RequestObserver {
 public:
  // `credentials_valid` answers what the account's signer knows; `account` is empty for Okta, else reader or
  // provisioner.
  ApiObserver(net::Api api, std::string integration, std::string account, metrics::Registry& registry,
              std::function<std::optional<bool>()> credentials_valid);

  void on_request(net::Api api, net::Endpoint endpoint, std::string_view code,
                  std::chrono::nanoseconds duration) override;
  void on_rate_limit(net::Api api, std::string_view host, net::Bucket bucket,
                     const net::RateLimit& rate_limit) override;
  void on_throttled(net::Api api, std::chrono::nanoseconds duration) override;
  void on_reachable(net::Api api, bool up) override;

 private:
  void publish_credentials(net::Api api);

  const std::string integration_;
  const std::string account_;
  metrics::Registry& registry_;
  const std::function<std::optional<bool>()> credentials_valid_;
};

}  // namespace exporter::sampling
