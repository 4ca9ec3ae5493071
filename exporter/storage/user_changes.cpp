#include "storage/user_changes.h"

#include <array>
#include <utility>

#include "storage/comparisons.h"
#include "storage/counters.h"
#include "storage/drift_ledger.h"
#include "storage/known_links.h"

namespace exporter::storage {

namespace {

constexpr std::string_view kLockedOut = "locked_out";

std::string label_of(const std::string& state) { return state == kLockedOut ? std::string("linked") : state; }

void take_away(std::map<std::string, std::uint64_t>& counts, const std::string& label) {
  std::uint64_t& count = counts[label];
  count -= count > 0 ? 1 : 0;
}

}  // namespace

std::optional<CommittedChanges> store_changes(Database& database, IntegrationId id,
                                              const ChangesCommit& commit) {
  std::optional<ComparisonRecord> record = read_comparison(database, id);
  if (!record) {
    return std::nullopt;
  }
  CommittedChanges committed{.record = std::move(*record), .detected = {}, .resolved = {}, .oldest = {}};
  ComparisonRecord& now = committed.record;
  for (const UserChange& change : commit.users) {
    const std::array<std::string, 1> user{change.okta_user_id};
    const std::vector<KnownLink> before = find_links(database, id, user);
    const bool known = !before.empty();
    if ((known && before.front().state.empty()) || (!known && !change.link)) {
      continue;
    }
    if (known) {
      take_away(now.states, label_of(before.front().state));
      now.locked_out -= before.front().state == kLockedOut && now.locked_out > 0 ? 1 : 0;
    }
    if (change.link) {
      ++now.states[label_of(change.link->state)];
      now.locked_out += change.link->state == kLockedOut ? 1 : 0;
      put_link(database, id, *change.link);
    } else {
      end_link(database, id, change.okta_user_id, commit.keep_leavers, commit.time);
    }
    const LedgerEntry* const drifted = change.drifted ? &*change.drifted : nullptr;
    const UserLedgerChange moved =
        set_user(database, id, change.okta_user_id, drifted, commit.time, now.time);
    if (moved.before != moved.after) {
      if (!moved.before.empty()) {
        take_away(now.kinds, moved.before);
        ++committed.resolved[moved.before];
      }
      if (!moved.after.empty()) {
        ++now.kinds[moved.after];
        ++committed.detected[moved.after];
      }
    }
  }
  add_to_drift_counters(database, id, committed.detected, committed.resolved);
  write_comparison(database, id, now);
  committed.oldest = oldest_open(database, id);
  return committed;
}

}  // namespace exporter::storage
