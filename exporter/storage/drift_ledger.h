// The drift ledger in its table: one open entry per drifted user, resolved ones for 30 days.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// By kind.
struct LedgerChange {
  std::map<std::string, std::uint64_t> opened;
  std::map<std::string, std::uint64_t> resolved;
};

// Makes the open entries those of `drifted`, inside the caller's transaction. `before` is the time of the
// comparison that confirmed the entries which are open now. Where a user is named twice, one of his entries
// counts. Memory: 8 bytes per drifted user, and what changes.
LedgerChange reconcile(Database& database, IntegrationId id, const std::vector<LedgerEntry>& drifted,
                       SystemTime now, std::optional<SystemTime> before);

// One user's kind before and after; empty: not drifted.
struct UserLedgerChange {
  std::string before;
  std::string after;
};
// The same as reconcile() for one user; null: is not drifted any more.
UserLedgerChange set_user(Database& database, IntegrationId id, const std::string& okta_user_id,
                          const LedgerEntry* drifted, SystemTime now, std::optional<SystemTime> before);

std::map<std::string, SystemTime> oldest_open(Database& database, IntegrationId id);

// The kind of each of these users that is drifted now.
std::map<std::string, std::string> read_open_kinds(Database& database, IntegrationId id,
                                                   const std::vector<std::string>& okta_user_ids);

// An entry from nine columns of a row, the first of them at `column`: okta_user_id, kind, scope, external_id,
// match_key, candidate_sys_id, first_seen, when it was last confirmed, resolved.
LedgerEntry read_entry(const Statement& row, int column);
std::vector<LedgerEntry> read_open_since(Database& database, IntegrationId id, SystemTime since);
std::vector<LedgerEntry> read_ledger(Database& database, IntegrationId id, std::size_t limit);

}  // namespace exporter::storage
