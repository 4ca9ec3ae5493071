// All users assigned to the app: okta_app_users, okta_app_user_sync_states, the app's features, and one side
// of drift.
#pragma once

#include "okta/client.h"
#include "sampling/drift_inputs.h"
#include "sampling/sampler.h"
#include "sampling/session.h"

namespace exporter::sampling {

struct AppUsersOptions {
  std::chrono::milliseconds interval{3'600'000};
  int page_size = 500;
  std::size_t key_count = 1;
};

class AppUsersSampler final : public Sampler {
 public:
  AppUsersSampler(AppUsersOptions options, Session& session, okta::Client& client, DriftInputs& inputs,
                  metrics::Registry& registry);

  std::string_view name() const override { return "app_users"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  Result<void> list(SampleRun& run);
  void publish(const drift::LinkListing& listing, const std::vector<std::string>& features);

  const AppUsersOptions options_;
  Session& session_;
  okta::Client& client_;
  DriftInputs& inputs_;
  metrics::Registry& registry_;
};

}  // namespace exporter::sampling
