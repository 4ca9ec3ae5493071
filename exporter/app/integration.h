// One Okta app linked to one ServiceNow instance: its clients, its samplers, and what they share.
#pragma once

#include <memory>

#include "app/surroundings.h"
#include "base/error.h"
#include "config/config.h"
#include "net/api_client.h"
#include "okta/client.h"
#include "servicenow/table_client.h"

namespace exporter::app {

// Must outlive the scheduler's run: its samplers are the scheduler's.
class Integration {
 public:
  // Registers the samplers. An error (tls) names the certificate, key or CA that cannot be used.
  static Result<std::unique_ptr<Integration>> make(const config::Integration& config,
                                                   const Surroundings& surroundings);
  virtual ~Integration() = default;

  // For the command check: what it may ask, and as whom. Valid as long as the integration.
  struct Probes {
    okta::Client& okta;
    net::ApiClient& okta_api;
    net::ApiClient& reader_api;
    servicenow::TableClient& reader;
    // Null: not configured, or its cap is 0.
    servicenow::TableClient* provisioner = nullptr;
    net::ApiClient* provisioner_api = nullptr;
  };
  virtual Probes probes() = 0;

  // Opens the state where that needs no request, so that scrapes see at once what they saw before a restart.
  virtual Result<void> restore() = 0;
};

}  // namespace exporter::app
