// Polls Okta's System Log and counts provisioning tasks (okta_provisioning_*, okta_system_log_*).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "okta/client.h"
#include "provisioning/classifier.h"
#include "provisioning/task_book.h"
#include "sampling/change_follower.h"
#include "sampling/failure_verdicts.h"
#include "sampling/recent_users.h"
#include "sampling/sampler.h"
#include "sampling/session.h"

namespace exporter::sampling {

struct SystemLogOptions {
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds initial_lookback{3'600'000};
  std::chrono::milliseconds task_settle{60'000};
  int max_requests = 20;
  std::vector<std::string> tables;  // the allow-list of the label `table`
};

// One polling query: the next link, the tasks and the counters of a page are committed in one transaction, so
// that a kill -9 at any moment neither loses an event nor counts it twice.
class SystemLogSampler final : public Sampler {
 public:
  SystemLogSampler(SystemLogOptions options, Session& session, okta::Client& client, storage::Store& store,
                   const provisioning::Classifier& classifier, CounterBook& counters, RecentUsers& recent,
                   FailureVerdicts verdicts, ChangeFollower follower, metrics::Registry& registry,
                   const Clock& clock, Log& log);

  std::string_view name() const override { return "system_log"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

  // What scrapes saw before a restart.
  Result<void> restore(const Session::Opened& opened);

 private:
  struct Position;

  Result<void> load(const Session::Opened& opened);
  Result<void> poll(const Session::Opened& opened, SampleRun& run);
  Result<void> count(const Session::Opened& opened, const okta::LogPage& page, bool reached_end);
  void book_outcome(const provisioning::TaskOutcome& outcome, storage::LogCommit& commit) const;
  std::string start_target(const Session::Opened& opened) const;
  void publish(std::optional<SystemTime> complete_until);

  const SystemLogOptions options_;
  Session& session_;
  okta::Client& client_;
  storage::Store& store_;
  const provisioning::Classifier& classifier_;
  CounterBook& counters_;
  RecentUsers& recent_;
  FailureVerdicts verdicts_;
  ChangeFollower follower_;
  metrics::Registry& registry_;
  const Clock& clock_;
  Log& log_;

  // In step with the storage; dropped when a commit fails, and read again from it.
  std::unique_ptr<provisioning::TaskBook> tasks_;
  storage::LogCursor cursor_;
  SystemTime created_;  // events published before it move no counter
};

}  // namespace exporter::sampling
