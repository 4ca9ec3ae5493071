// What all integrations share.
#pragma once

#include <chrono>

#include "app/account.h"
#include "auth/account_book.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/secret.h"
#include "metrics/registry.h"
#include "net/curl_transport.h"
#include "net/rate_budget.h"
#include "provisioning/classifier.h"
#include "sampling/sample_book.h"
#include "sampling/scheduler.h"
#include "storage/store.h"

namespace exporter::app {

// Outlives the integrations.
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

}  // namespace exporter::app
