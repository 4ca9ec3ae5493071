// One Okta app linked to one ServiceNow instance: its clients, its samplers, and what they share.
#pragma once

#include <memory>
#include <string>

#include "app/account.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/config.h"
#include "config/secret.h"
#include "metrics/registry.h"
#include "net/api_client.h"
#include "net/curl_transport.h"
#include "okta/client.h"
#include "provisioning/classifier.h"
#include "sampling/sample_book.h"
#include "sampling/scheduler.h"
#include "servicenow/table_client.h"
#include "storage/store.h"

namespace exporter::app {

// What all integrations share; outlives them.
struct Surroundings {
  const net::CurlGlobal& curl;
  const Clock& clock;
  Log& log;
  config::SecretSource& secrets;
  metrics::Registry& registry;
  storage::Store& store;
  const provisioning::Classifier& classifier;
  sampling::SampleBook& samples;
  sampling::Scheduler& scheduler;
  auth::AccountBook& accounts;
  net::Upstreams& upstreams;
  std::chrono::milliseconds sample_timeout;

  AccountSurroundings account_surroundings() const {
    return {.clock = clock,
            .secrets = secrets,
            .accounts = accounts,
            .upstreams = upstreams,
            .sample_timeout = sample_timeout};
  }
};

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
