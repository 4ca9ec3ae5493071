// What scrapes see of drift: the last complete comparison, and what single looks have changed in it since.
// The one place that publishes okta_external_id_*.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "drift/classify.h"
#include "drift/listing.h"
#include "metrics/registry.h"
#include "sampling/counter_book.h"
#include "sampling/session.h"
#include "storage/store.h"

namespace exporter::sampling {

// Thread-safe.
class Picture {
 public:
  // What single looks must know of the comparison that they change.
  struct Settled {
    std::uint64_t number = 0;  // of the comparison, in this process
    drift::Policy policy = {};
    bool keeps_leavers = true;
    SystemTime listed = {};                               // when the listing of links began, in Okta's time
    SystemTime began = {};                                // when the first of its listings began, in ours
    std::chrono::milliseconds okta_ahead{0};              // Okta's clock before ours
    SystemTime compared = {};                             // when they were compared
    std::optional<SystemTime> newest_row = std::nullopt;  // sys_updated_on of the row that changed last
    std::uint64_t links = 0;                              // linked and drifted users
    // sys_ids of some rows that the reader was shown: of linked users, and of inactive ones.
    std::vector<std::string> linked_rows = {};
    std::vector<std::string> inactive_rows = {};
  };

  Picture(Session& session, storage::Store& store, CounterBook& counters, metrics::Registry& registry,
          Log& log);

  // What scrapes saw before a restart. Errors: storage.
  Result<void> restore(const Session::Opened& opened, std::map<std::string, std::uint64_t> former_users)
      EXCLUDES(mutex_);
  // A round of listings gave no pair, or its comparison failed. Any thread.
  void mark_incomplete() EXCLUDES(mutex_);
  std::optional<storage::ComparisonRecord> last() EXCLUDES(mutex_);

  // Makes the commit of a comparison, given the drift that is open and was found since its listings began.
  using MakeCommit = std::function<storage::ComparisonCommit(const std::vector<storage::LedgerEntry>& found)>;
  // A complete comparison of listings that began then takes the place of the last one; from here on until
  // settle() no single look may change it. Errors: storage; then everything stays.
  Result<void> replace(const Session::Opened& opened, SystemTime began, const MakeCommit& make_commit)
      EXCLUDES(mutex_);
  // Its links are stored: looks may change it. Gives it its number.
  void settle(Settled settled) EXCLUDES(mutex_);
  // nullopt: no comparison of this process, or its links are not stored yet.
  std::optional<Settled> settled() EXCLUDES(mutex_);
  void set_former_users(std::map<std::string, std::uint64_t> former_users) EXCLUDES(mutex_);

  // Takes in what looks found that knew the settled comparison `number`. False: another one has come since,
  // and nothing was done. Errors: storage.
  Result<bool> change(const Session::Opened& opened, std::uint64_t number,
                      const storage::ChangesCommit& commit) EXCLUDES(mutex_);
  // Rows that Okta's own account was not shown, for the next comparison to ask for again.
  void note_hidden(const std::vector<drift::PackedId>& rows) EXCLUDES(mutex_);
  std::vector<drift::PackedId> take_hidden() EXCLUDES(mutex_);

 private:
  void count(const std::map<std::string, std::uint64_t>& detected,
             const std::map<std::string, std::uint64_t>& resolved);
  void publish() REQUIRES(mutex_);

  Session& session_;
  storage::Store& store_;
  CounterBook& counters_;
  metrics::Registry& registry_;
  Log& log_;

  Mutex mutex_;
  bool complete_ GUARDED_BY(mutex_) = false;
  std::optional<storage::ComparisonRecord> last_ GUARDED_BY(mutex_);
  std::map<std::string, SystemTime> oldest_ GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> former_users_ GUARDED_BY(mutex_);  // empty: not known yet
  std::optional<Settled> settled_ GUARDED_BY(mutex_);
  std::vector<drift::PackedId> hidden_ GUARDED_BY(mutex_);
  std::uint64_t comparisons_ GUARDED_BY(mutex_) = 0;
};

}  // namespace exporter::sampling
