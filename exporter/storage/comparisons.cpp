#include "storage/comparisons.h"

#include <utility>

#include "storage/counters.h"
#include "storage/drift_ledger.h"

namespace exporter::storage {

namespace {

std::optional<SystemTime> comparison_time(Database& database, IntegrationId id) {
  Statement row = database.prepare("SELECT time FROM comparison WHERE integration = ?");
  row.bind(id);
  return row.step() ? std::optional(row.time(0)) : std::nullopt;
}

}  // namespace

std::optional<ComparisonRecord> read_comparison(Database& database, IntegrationId id) {
  std::optional<ComparisonRecord> record;
  Statement row = database.prepare(
      "SELECT time, locked_out, mass_drift, mass_absence, complete FROM comparison WHERE integration = ?");
  row.bind(id);
  if (row.step()) {
    record.emplace();
    record->time = row.time(0);
    record->locked_out = static_cast<std::uint64_t>(row.integer(1));
    record->mass_drift = row.integer(2) != 0;
    record->mass_absence = row.integer(3) != 0;
    record->complete = row.integer(4) != 0;
    Statement counts =
        database.prepare("SELECT label, value, users FROM comparison_count WHERE integration = ?");
    counts.bind(id);
    while (counts.step()) {
      auto& side = counts.text(0) == "state" ? record->states : record->kinds;
      side[counts.text(1)] = static_cast<std::uint64_t>(counts.integer(2));
    }
  }
  return record;
}

void write_comparison(Database& database, IntegrationId id, const ComparisonRecord& record) {
  database
      .prepare(
          "INSERT OR REPLACE INTO comparison (integration, time, locked_out, mass_drift, mass_absence, "
          "complete)"
          " VALUES (?, ?, ?, ?, ?, ?)")
      .run(id, record.time, record.locked_out, record.mass_drift, record.mass_absence, record.complete);
  database.prepare("DELETE FROM comparison_count WHERE integration = ?").run(id);
  Statement insert =
      database.prepare("INSERT INTO comparison_count (integration, label, value, users) VALUES (?, ?, ?, ?)");
  for (const auto& [state, users] : record.states) {
    insert.run(id, "state", state, users);
  }
  for (const auto& [kind, users] : record.kinds) {
    insert.run(id, "kind", kind, users);
  }
}

void set_incomplete(Database& database, IntegrationId id) {
  database.prepare("UPDATE comparison SET complete = 0 WHERE integration = ?").run(id);
}

CommittedComparison store_comparison(Database& database, IntegrationId id, const ComparisonCommit& commit) {
  const std::optional<SystemTime> before = comparison_time(database, id);
  LedgerChange change = reconcile(database, id, commit.drifted, commit.record.time, before);
  if (!before) {
    // Nobody knows how long these have been there: they are no event of now.
    change.opened.clear();
  }
  add_to_drift_counters(database, id, change.opened, change.resolved);
  write_comparison(database, id, commit.record);
  return {.detected = std::move(change.opened),
          .resolved = std::move(change.resolved),
          .oldest = oldest_open(database, id)};
}

}  // namespace exporter::storage
