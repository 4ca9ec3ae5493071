// Drift: compares the two listings, keeps the ledger, publishes okta_external_id_*.
#pragma once

#include "drift/comparison.h"
#include "sampling/drift_inputs.h"
#include "sampling/last_view.h"
#include "sampling/leavers.h"
#include "sampling/picture.h"
#include "sampling/recent_users.h"
#include "sampling/run_progress.h"
#include "sampling/sampler.h"
#include "sampling/session.h"

namespace exporter::sampling {

// Runs when a pair of listings is ready, and asks for another one after an error. Without one, and after an
// error, the last complete comparison stays, marked by its time and by okta_external_id_comparison_complete
// 0.
class ComparisonSampler final : public Sampler {
 public:
  // `interval`: of the listings, which trigger it.
  ComparisonSampler(std::chrono::milliseconds interval, drift::ComparisonOptions options, Session& session,
                    DriftInputs& inputs, servicenow::RowLookup& reader, drift::ProvisionerView& provisioner,
                    LastView& view, RecentUsers& recent, Picture& picture, storage::Store& store,
                    RunProgress& progress, const Clock& clock, Log& log);

  std::string_view name() const override { return "comparison"; }
  std::chrono::milliseconds interval() const override { return interval_; }
  bool triggered() const override { return true; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

  // What scrapes saw before a restart.
  Result<void> restore(const Session::Opened& opened);
  // A round of listings gave no pair. Any thread.
  void mark_incomplete() { picture_.mark_incomplete(); }

 private:
  // Frees the rows of the pair when they are not needed any more.
  Result<void> compare(const Session::Opened& opened, ListingPair& pair, SampleRun& run);
  Result<void> follow_leavers(const Session::Opened& opened, bool reader_sees_inactive, SampleRun& run);
  Result<std::map<std::string, drift::Kind>> open_kinds(storage::IntegrationId id,
                                                        const std::vector<std::string>& okta_user_ids);
  Result<void> doubt_a_short_list(std::size_t users, const std::optional<storage::ComparisonRecord>& before);
  void report(const drift::Comparison& comparison,
              const std::optional<storage::ComparisonRecord>& before) const;

  const std::chrono::milliseconds interval_;
  const drift::ComparisonOptions options_;
  Session& session_;
  DriftInputs& inputs_;
  servicenow::RowLookup& reader_;
  drift::ProvisionerView& provisioner_;
  drift::ProvisionerMemory memory_;
  LastView& view_;
  RecentUsers& recent_;
  Picture& picture_;
  storage::Store& store_;
  RunProgress& progress_;  // marked by each request of the lookups
  const Clock& clock_;
  Log& log_;
  Leavers leavers_;
  bool failed_ = false;     // the last run
  bool few_users_ = false;  // the last list of Okta's was doubted, because it named far fewer users
};

}  // namespace exporter::sampling
