#include "storage/drift_ledger.h"

#include <algorithm>

namespace exporter::storage {

namespace {

struct Update {
  std::int64_t row;
  const LedgerEntry* entry;
};

// What is to be written. Collected first, because a table should not change under the query that walks
// through it.
struct Plan {
  std::vector<const LedgerEntry*> opened;
  std::vector<Update> changed;
  std::vector<std::int64_t> resolved;
  LedgerChange counts;
};

std::vector<const LedgerEntry*> sorted_by_user(const std::vector<LedgerEntry>& entries) {
  std::vector<const LedgerEntry*> sorted;
  sorted.reserve(entries.size());
  for (const LedgerEntry& entry : entries) {
    sorted.push_back(&entry);
  }
  const auto user = [](const LedgerEntry* entry) -> const std::string& { return entry->okta_user_id; };
  std::ranges::sort(sorted, {}, user);
  const auto duplicates = std::ranges::unique(sorted, {}, user);
  sorted.erase(duplicates.begin(), duplicates.end());
  return sorted;
}

// Walks through both sides in the order of the users, side by side.
Plan plan(Database& database, IntegrationId id, const std::vector<const LedgerEntry*>& drifted) {
  Plan plan;
  const auto open = [&](const LedgerEntry* entry) {
    plan.opened.push_back(entry);
    ++plan.counts.opened[entry->kind];
  };
  auto next = drifted.begin();
  Statement rows = database.prepare(
      "SELECT id, okta_user_id, kind, scope, external_id, match_key, candidate_sys_id FROM drift"
      " WHERE integration = ? AND resolved IS NULL ORDER BY okta_user_id");
  rows.bind(id);
  while (rows.step()) {
    const std::int64_t row = rows.integer(0);
    const std::string user = rows.text(1);
    for (; next != drifted.end() && (*next)->okta_user_id < user; ++next) {
      open(*next);
    }
    const LedgerEntry* entry = next != drifted.end() && (*next)->okta_user_id == user ? *next++ : nullptr;
    const std::string kind = rows.text(2);
    if (entry == nullptr || entry->kind != kind) {
      plan.resolved.push_back(row);
      ++plan.counts.resolved[kind];
      if (entry != nullptr) {
        open(entry);
      }
    } else if (rows.text(3) != entry->scope || rows.text(4) != entry->external_id ||
               rows.text(5) != entry->match_key || rows.text(6) != entry->candidate_sys_id) {
      plan.changed.push_back({.row = row, .entry = entry});
    }
  }
  std::for_each(next, drifted.end(), open);
  return plan;
}

void carry_out(Database& database, IntegrationId id, const Plan& todo, SystemTime now,
               std::optional<SystemTime> before) {
  // What was found since the comparison was confirmed when it was found.
  Statement resolve =
      database.prepare("UPDATE drift SET resolved = ?, last_confirmed = max(?, first_seen) WHERE id = ?");
  for (const std::int64_t row : todo.resolved) {
    resolve.run(now, before.value_or(now), row);
  }
  Statement change = database.prepare(
      "UPDATE drift SET scope = ?, external_id = ?, match_key = ?, candidate_sys_id = ? WHERE id = ?");
  for (const auto& [row, entry] : todo.changed) {
    change.run(entry->scope, entry->external_id, entry->match_key, entry->candidate_sys_id, row);
  }
  Statement insert = database.prepare(
      "INSERT INTO drift (integration, okta_user_id, kind, scope, external_id, match_key, candidate_sys_id, "
      "first_seen)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const LedgerEntry* entry : todo.opened) {
    const SystemTime first_seen = entry->first_seen == SystemTime() ? now : entry->first_seen;
    insert.run(id, entry->okta_user_id, entry->kind, entry->scope, entry->external_id, entry->match_key,
               entry->candidate_sys_id, first_seen);
  }
}

constexpr std::string_view kEntries =
    "SELECT okta_user_id, kind, scope, external_id, match_key, candidate_sys_id, first_seen,"
    " coalesce(last_confirmed, max(first_seen, (SELECT time FROM comparison WHERE integration = ?1))), "
    "resolved"
    " FROM drift";

std::vector<LedgerEntry> read_entries(Statement rows, const auto&... parameters) {
  std::vector<LedgerEntry> entries;
  rows.bind(parameters...);
  while (rows.step()) {
    entries.push_back(read_entry(rows, 0));
  }
  return entries;
}

}  // namespace

LedgerChange reconcile(Database& database, IntegrationId id, const std::vector<LedgerEntry>& drifted,
                       SystemTime now, std::optional<SystemTime> before) {
  const std::vector<const LedgerEntry*> sorted = sorted_by_user(drifted);
  Plan todo = plan(database, id, sorted);
  carry_out(database, id, todo, now, before);
  return std::move(todo.counts);
}

UserLedgerChange set_user(Database& database, IntegrationId id, const std::string& okta_user_id,
                          const LedgerEntry* drifted, SystemTime now, std::optional<SystemTime> before) {
  UserLedgerChange change{.before = {}, .after = drifted == nullptr ? std::string() : drifted->kind};
  Plan todo;
  {
    Statement row = database.prepare(
        "SELECT id, kind FROM drift WHERE integration = ? AND okta_user_id = ? AND resolved IS NULL");
    row.bind(id, okta_user_id);
    if (row.step()) {
      change.before = row.text(1);
      if (change.before != change.after) {
        todo.resolved.push_back(row.integer(0));
      } else {
        todo.changed.push_back({.row = row.integer(0), .entry = drifted});
      }
    }
  }
  if (drifted != nullptr && change.before != change.after) {
    todo.opened.push_back(drifted);
  }
  carry_out(database, id, todo, now, before);
  return change;
}

std::map<std::string, SystemTime> oldest_open(Database& database, IntegrationId id) {
  std::map<std::string, SystemTime> oldest;
  Statement rows = database.prepare(
      "SELECT kind, min(first_seen) FROM drift WHERE integration = ? AND resolved IS NULL GROUP BY kind");
  rows.bind(id);
  while (rows.step()) {
    oldest[rows.text(0)] = rows.time(1);
  }
  return oldest;
}

std::map<std::string, std::string> read_open_kinds(Database& database, IntegrationId id,
                                                   const std::vector<std::string>& okta_user_ids) {
  std::map<std::string, std::string> kinds;
  Statement find = database.prepare(
      "SELECT kind FROM drift WHERE integration = ? AND okta_user_id = ? AND resolved IS NULL");
  for (const std::string& user : okta_user_ids) {
    find.bind(id, user);
    if (find.step()) {
      kinds[user] = find.text(0);
    }
  }
  return kinds;
}

LedgerEntry read_entry(const Statement& row, int column) {
  return {.okta_user_id = row.text(column),
          .kind = row.text(column + 1),
          .scope = row.text(column + 2),
          .external_id = row.text(column + 3),
          .match_key = row.text(column + 4),
          .candidate_sys_id = row.text(column + 5),
          .first_seen = row.time(column + 6),
          .last_confirmed = row.time(column + 7),
          .resolved = row.is_null(column + 8) ? std::nullopt : std::optional(row.time(column + 8))};
}

std::vector<LedgerEntry> read_open_since(Database& database, IntegrationId id, SystemTime since) {
  return read_entries(database.prepare(std::string(kEntries) +
                                       " WHERE integration = ?1 AND resolved IS NULL AND first_seen > ?2"
                                       " ORDER BY okta_user_id"),
                      id, since);
}

std::vector<LedgerEntry> read_ledger(Database& database, IntegrationId id, std::size_t limit) {
  return read_entries(
      database.prepare(std::string(kEntries) +
                       " WHERE integration = ?1"
                       " ORDER BY resolved IS NOT NULL, coalesce(resolved, first_seen) DESC, id DESC"
                       " LIMIT ?2"),
      id, limit);
}

}  // namespace exporter::storage
