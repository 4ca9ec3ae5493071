#include "sampling/session.h"

#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

Session::Session(SessionOptions options, okta::Client& client, storage::Store& store, CounterBook& counters,
                 SampleBook& samples, metrics::Registry& registry, Log& log)
    : options_(std::move(options)),
      client_(client),
      store_(store),
      counters_(counters),
      samples_(samples),
      registry_(registry),
      log_(log) {}

void Session::on_open(std::function<Result<void>(const Opened&)> restore) {
  const MutexLock lock(mutex_);
  restores_.push_back(std::move(restore));
}

Result<Session::Opened> Session::open(std::stop_token stop) {
  {
    const MutexLock lock(mutex_);
    if (opened_) {
      return *opened_;
    }
  }
  std::string app_id = options_.app.id;
  if (app_id.empty()) {
    Result<okta::App> app = client_.resolve_app(options_.app, std::move(stop));
    if (!app) {
      return std::unexpected(std::move(app.error()));
    }
    app_id = app->id;
  }
  return open_state(app_id);
}

std::optional<storage::IntegrationId> Session::opened_id() {
  const MutexLock lock(mutex_);
  return opened_ ? std::optional(opened_->id) : std::nullopt;
}

void Session::remember_success(std::string_view sampler, SystemTime at) {
  const MutexLock lock(mutex_);
  if (!opened_) {
    return;
  }
  if (const Result<void> stored = store_.set_sample_success(opened_->id, std::string(sampler), at); !stored) {
    log_.warn("the time of the last success is not stored",
              {{"integration", options_.integration}, {"error", stored.error().message}});
  }
}

Result<Session::Opened> Session::open_state(const std::string& app_id) {
  const MutexLock lock(mutex_);
  if (opened_) {
    return *opened_;
  }
  const Result<storage::IntegrationState> state = store_.open_integration(
      options_.integration,
      {.okta_host = options_.okta_host, .app_id = app_id, .servicenow_host = options_.servicenow_host});
  if (!state) {
    return std::unexpected(state.error());
  }
  const Result<storage::Counters> counters = store_.counters(state->id);
  if (!counters) {
    return std::unexpected(counters.error());
  }
  const auto successes = store_.sample_successes(state->id);
  if (!successes) {
    return std::unexpected(successes.error());
  }
  Opened opened{.app_id = app_id, .id = state->id, .created = state->created};
  for (const auto& restore : restores_) {
    if (Result<void> restored = restore(opened); !restored) {
      return std::unexpected(std::move(restored.error()));
    }
  }
  counters_.restore(*counters);
  for (const auto& [sampler, time] : *successes) {
    samples_.restore(options_.integration, sampler, time);
  }
  registry_.set(metrics::catalogue::integration_info,
                {options_.integration, options_.okta_host, options_.servicenow_host, app_id, options_.tier},
                1);
  if (state->fresh) {
    log_.info("new state; events from before now move no counter",
              {{"integration", options_.integration}, {"app_id", app_id}});
  }
  opened_ = opened;
  return opened;
}

}  // namespace exporter::sampling
