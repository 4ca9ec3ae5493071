// An integration's app and state: resolved and opened once, by whichever sampler comes first.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "okta/client.h"
#include "sampling/counter_book.h"
#include "sampling/sample_book.h"
#include "storage/store.h"

namespace exporter::sampling {

struct SessionOptions {
  std::string integration;
  okta::AppSelector app;
  std::string okta_host;  // host[:port], as the fingerprint and integration_info show them
  std::string servicenow_host;
  std::string tier;
};

// Thread-safe.
class Session {
 public:
  struct Opened {
    std::string app_id;
    storage::IntegrationId id = 0;
    SystemTime created;
  };

  Session(SessionOptions options, okta::Client& client, storage::Store& store, CounterBook& counters,
          SampleBook& samples, metrics::Registry& registry, Log& log);

  // What is to be done once the state is open: samplers restore what scrapes saw before a restart.
  void on_open(std::function<Result<void>(const Opened&)> restore);

  // Needs no request where the app's id is configured. Errors are those of resolving the app and of the
  // storage.
  Result<Opened> open(std::stop_token stop);

  std::optional<storage::IntegrationId> opened_id();

  // A sampler of this integration succeeded. A state that cannot be written is logged: the sample itself
  // stands.
  void remember_success(std::string_view sampler, SystemTime at);

  const std::string& integration() const { return options_.integration; }

 private:
  Result<Opened> open_state(const std::string& app_id);

  const SessionOptions options_;
  okta::Client& client_;
  storage::Store& store_;
  CounterBook& counters_;
  SampleBook& samples_;
  metrics::Registry& registry_;
  Log& log_;
  Mutex mutex_;
  std::optional<Opened> opened_ GUARDED_BY(mutex_);
  std::vector<std::function<Result<void>(const Opened&)>> restores_ GUARDED_BY(mutex_);
};

}  // namespace exporter::sampling
