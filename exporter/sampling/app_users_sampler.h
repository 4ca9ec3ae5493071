// All users assigned to the app: okta_app_users, okta_app_user_sync_states, the app's features, and one side
// of drift.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

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

// A listing whose request fails in a way that passes (the API's fault or the network's) is kept with the
// position that it reached, and the next sample goes on there, unless the listing is older by then than its
// interval or Okta refuses the position.
class AppUsersSampler final : public Sampler {
 public:
  AppUsersSampler(AppUsersOptions options, Session& session, okta::Client& client, DriftInputs& inputs,
                  metrics::Registry& registry, Log& log);

  std::string_view name() const override { return "app_users"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  // A listing on its way.
  struct Listing {
    Listing(std::string first_target, std::size_t key_count, SteadyTime begun_at)
        : target(std::move(first_target)),
          links(std::make_unique<LinkInput>(LinkInput{drift::LinkListing(key_count), {}})),
          begun(begun_at) {
      pages.insert(target);
    }
    std::string target;  // of the page to be read next; empty after the last
    std::unique_ptr<LinkInput> links;
    std::unordered_set<std::string> pages;
    SteadyTime begun;
    bool broke_off = false;  // a request failed in a way that passes
    bool refused = false;    // Okta does not know the position
  };

  Result<void> list(SampleRun& run);
  std::unique_ptr<Listing> begin(const std::string& app_id, const SampleRun& run) const;
  std::unique_ptr<Listing> go_on(const SampleRun& run);
  Result<void> read(Listing& listing, SampleRun& run);
  void publish(const drift::LinkListing& listing, const std::vector<std::string>& features);

  const AppUsersOptions options_;
  Session& session_;
  okta::Client& client_;
  DriftInputs& inputs_;
  metrics::Registry& registry_;
  Log& log_;
  std::unique_ptr<Listing> interrupted_;
};

}  // namespace exporter::sampling
