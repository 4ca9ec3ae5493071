#include "sampling/picture.h"

#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

Picture::Picture(Session& session, storage::Store& store, CounterBook& counters, metrics::Registry& registry,
                 Log& log)
    : session_(session), store_(store), counters_(counters), registry_(registry), log_(log) {}

Result<void> Picture::restore(const Session::Opened& opened,
                              std::map<std::string, std::uint64_t> former_users) {
  auto last = store_.last_comparison(opened.id);
  if (!last) {
    return std::unexpected(std::move(last.error()));
  }
  auto oldest = store_.oldest_drift(opened.id);
  if (!oldest) {
    return std::unexpected(std::move(oldest.error()));
  }
  const MutexLock lock(mutex_);
  if (*last) {
    former_users_ = std::move(former_users);
  }
  last_ = std::move(*last);
  oldest_ = std::move(*oldest);
  complete_ = last_ && last_->complete;
  if (last_) {
    publish();
  }
  return {};
}

void Picture::mark_incomplete() {
  // Without a request: a round fails also because Okta does not answer.
  const std::optional<storage::IntegrationId> id = session_.opened_id();
  const MutexLock lock(mutex_);
  if (complete_ && id) {
    // So that a restart does not make it complete again. The round itself failed already; this one adds
    // nothing to say.
    if (const Result<void> stored = store_.set_comparison_incomplete(*id); !stored) {
      log_.warn("that the comparison is incomplete is not stored",
                {{"integration", session_.integration()}, {"error", stored.error().message}});
    }
  }
  complete_ = false;
  publish();
}

std::optional<storage::ComparisonRecord> Picture::last() {
  const MutexLock lock(mutex_);
  return last_;
}

Result<void> Picture::replace(const Session::Opened& opened, SystemTime began,
                              const MakeCommit& make_commit) {
  const MutexLock lock(mutex_);
  // Under the lock: a single look that comes later waits, and then knows that its comparison is no longer the
  // last.
  const auto found = store_.drift_since(opened.id, began);
  if (!found) {
    return std::unexpected(found.error());
  }
  storage::ComparisonCommit commit = make_commit(*found);
  Result<storage::CommittedComparison> committed = store_.commit_comparison(opened.id, commit);
  if (!committed) {
    return std::unexpected(std::move(committed.error()));
  }
  settled_.reset();
  count(committed->detected, committed->resolved);
  last_ = std::move(commit.record);
  oldest_ = std::move(committed->oldest);
  complete_ = true;
  publish();
  return {};
}

void Picture::settle(Settled settled) {
  const MutexLock lock(mutex_);
  settled.number = ++comparisons_;
  settled_ = settled;
}

std::optional<Picture::Settled> Picture::settled() {
  const MutexLock lock(mutex_);
  return settled_;
}

void Picture::set_former_users(std::map<std::string, std::uint64_t> former_users) {
  const MutexLock lock(mutex_);
  former_users_ = std::move(former_users);
  publish();
}

Result<bool> Picture::change(const Session::Opened& opened, std::uint64_t number,
                             const storage::ChangesCommit& commit) {
  const MutexLock lock(mutex_);
  if (!settled_ || settled_->number != number) {
    return false;
  }
  auto committed = store_.commit_changes(opened.id, commit);
  if (!committed) {
    return std::unexpected(std::move(committed.error()));
  }
  if (!*committed) {
    return false;
  }
  storage::CommittedChanges& changes = **committed;
  count(changes.detected, changes.resolved);
  last_ = std::move(changes.record);
  oldest_ = std::move(changes.oldest);
  publish();
  return true;
}

void Picture::note_hidden(const std::vector<drift::PackedId>& rows) {
  const MutexLock lock(mutex_);
  hidden_.insert(hidden_.end(), rows.begin(), rows.end());
}

std::vector<drift::PackedId> Picture::take_hidden() {
  const MutexLock lock(mutex_);
  return std::exchange(hidden_, {});
}

void Picture::count(const std::map<std::string, std::uint64_t>& detected,
                    const std::map<std::string, std::uint64_t>& resolved) {
  storage::Counters increments;
  for (const auto& [kind, users] : detected) {
    increments[counter_key(catalogue::okta_external_id_drift_detected_total, {kind})] +=
        static_cast<double>(users);
  }
  for (const auto& [kind, users] : resolved) {
    increments[counter_key(catalogue::okta_external_id_drift_resolved_total, {kind})] +=
        static_cast<double>(users);
  }
  counters_.committed(increments);
}

void Picture::publish() {
  metrics::Snapshot snapshot;
  const std::string& integration = session_.integration();
  const auto add = [&](const metrics::Metric& metric, double value) {
    snapshot.push_back({.metric = &metric, .label_values = {integration}, .value = value});
  };
  add(catalogue::okta_external_id_comparison_complete, complete_ ? 1 : 0);
  if (last_) {
    const auto add_map = [&](const metrics::Metric& metric,
                             const std::map<std::string, std::uint64_t>& counts) {
      for (const auto& [label, users] : counts) {
        snapshot.push_back(
            {.metric = &metric, .label_values = {integration, label}, .value = static_cast<double>(users)});
      }
    };
    add_map(catalogue::okta_external_id_users, last_->states);
    add_map(catalogue::okta_external_id_drift_users, last_->kinds);
    add_map(catalogue::okta_external_id_former_users, former_users_);
    add(catalogue::okta_external_id_locked_out_users, static_cast<double>(last_->locked_out));
    add(catalogue::okta_external_id_mass_drift, last_->mass_drift ? 1 : 0);
    add(catalogue::okta_external_id_comparison_timestamp_seconds, to_seconds(last_->time));
    for (const auto& [kind, time] : oldest_) {
      snapshot.push_back({.metric = &catalogue::okta_external_id_drift_oldest_timestamp_seconds,
                          .label_values = {integration, kind},
                          .value = to_seconds(time)});
    }
  }
  registry_.publish(integration + "/comparison", std::move(snapshot));
}

}  // namespace exporter::sampling
