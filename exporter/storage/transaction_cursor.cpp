#include "storage/transaction_cursor.h"

namespace exporter::storage {

std::optional<TransactionCursor> read_transaction_cursor(Database& database, IntegrationId id) {
  Statement row = database.prepare(
      "SELECT user_name, counted_from, newest, complete_until FROM transaction_cursor WHERE integration = ?");
  row.bind(id);
  if (!row.step()) {
    return std::nullopt;
  }
  return TransactionCursor{.user_name = row.text(0),
                           .counted_from = row.time(1),
                           .newest = row.time(2),
                           .complete_until = row.is_null(3) ? std::nullopt : std::optional(row.time(3))};
}

std::vector<SeenTransaction> read_seen_transactions(Database& database, IntegrationId id) {
  std::vector<SeenTransaction> seen;
  Statement rows =
      database.prepare("SELECT sys_id, created, code FROM seen_transaction WHERE integration = ?");
  rows.bind(id);
  while (rows.step()) {
    seen.push_back({.sys_id = rows.text(0), .created = rows.time(1), .code = rows.text(2)});
  }
  return seen;
}

void write_transactions(Database& database, IntegrationId id, const TransactionCommit& commit) {
  database
      .prepare(
          "INSERT INTO transaction_cursor (integration, user_name, counted_from, newest, complete_until)"
          " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET user_name = excluded.user_name,"
          " counted_from = excluded.counted_from, newest = excluded.newest,"
          " complete_until = excluded.complete_until")
      .run(id, commit.cursor.user_name, commit.cursor.counted_from, commit.cursor.newest,
           commit.cursor.complete_until);
  Statement insert = database.prepare(
      "INSERT OR IGNORE INTO seen_transaction (integration, sys_id, created, code) VALUES (?, ?, ?, ?)");
  for (const SeenTransaction& seen : commit.seen) {
    insert.run(id, seen.sys_id, seen.created, seen.code);
  }
  database.prepare("DELETE FROM seen_transaction WHERE integration = ? AND created < ?")
      .run(id, commit.forget_before);
}

}  // namespace exporter::storage
