#include "storage/log_position.h"

namespace exporter::storage {

std::optional<LogCursor> read_log_cursor(Database& database, IntegrationId id) {
  std::optional<LogCursor> cursor;
  Statement row = database.prepare(
      "SELECT next_url, filter_hash, last_published, complete_until FROM log_cursor WHERE integration = ?");
  row.bind(id);
  if (row.step()) {
    cursor = {.next_url = row.text(0),
              .filter_hash = row.text(1),
              .last_published = row.is_null(2) ? std::nullopt : std::optional(row.time(2)),
              .complete_until = row.is_null(3) ? std::nullopt : std::optional(row.time(3))};
  }
  return cursor;
}

void write_log_cursor(Database& database, IntegrationId id, const LogCursor& cursor) {
  database
      .prepare(
          "INSERT INTO log_cursor (integration, next_url, filter_hash, last_published, complete_until)"
          " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET next_url = excluded.next_url,"
          " filter_hash = excluded.filter_hash, last_published = excluded.last_published,"
          " complete_until = excluded.complete_until")
      .run(id, cursor.next_url, cursor.filter_hash, cursor.last_published, cursor.complete_until);
}

std::vector<std::pair<std::string, std::string>> read_tasks(Database& database, IntegrationId id) {
  std::vector<std::pair<std::string, std::string>> tasks;
  Statement rows = database.prepare("SELECT key, content FROM task WHERE integration = ?");
  rows.bind(id);
  while (rows.step()) {
    tasks.emplace_back(rows.text(0), rows.text(1));
  }
  return tasks;
}

void change_tasks(Database& database, IntegrationId id,
                  const std::vector<std::pair<std::string, std::optional<std::string>>>& tasks) {
  Statement put = database.prepare(
      "INSERT INTO task (integration, key, content) VALUES (?, ?, ?)"
      " ON CONFLICT DO UPDATE SET content = excluded.content");
  Statement remove = database.prepare("DELETE FROM task WHERE integration = ? AND key = ?");
  for (const auto& [key, content] : tasks) {
    if (content) {
      put.run(id, key, *content);
    } else {
      remove.run(id, key);
    }
  }
}

}  // namespace exporter::storage
