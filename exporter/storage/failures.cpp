#include "storage/failures.h"

namespace exporter::storage {

void add_failures(Database& database, IntegrationId id, const std::vector<Failure>& failures) {
  Statement insert = database.prepare(
      "INSERT INTO failure (integration, time, operation, reason, text, okta_user_id, verdict)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const Failure& failure : failures) {
    insert.run(id, failure.time, failure.operation, failure.reason, failure.text, failure.okta_user_id,
               failure.verdict);
  }
}

std::vector<Failure> read_failures(Database& database, IntegrationId id, std::size_t limit) {
  std::vector<Failure> failures;
  Statement rows = database.prepare(
      "SELECT time, operation, reason, text, okta_user_id, verdict FROM failure WHERE integration = ?"
      " ORDER BY time DESC, id DESC LIMIT ?");
  rows.bind(id, limit);
  while (rows.step()) {
    failures.push_back({.time = rows.time(0),
                        .operation = rows.text(1),
                        .reason = rows.text(2),
                        .text = rows.text(3),
                        .okta_user_id = rows.text(4),
                        .verdict = rows.text(5)});
  }
  return failures;
}

std::vector<OpenVerdict> read_open_verdicts(Database& database, IntegrationId id, const std::string& reason,
                                            std::size_t limit) {
  std::vector<OpenVerdict> open;
  Statement rows = database.prepare(
      "SELECT failure.id, okta_user_id, time, time >= created FROM failure"
      " JOIN integration ON integration.id = failure.integration"
      " WHERE failure.integration = ? AND verdict = '' AND reason = ? AND okta_user_id <> ''"
      " ORDER BY time LIMIT ?");
  rows.bind(id, reason, limit);
  while (rows.step()) {
    open.push_back({.failure = rows.integer(0),
                    .okta_user_id = rows.text(1),
                    .time = rows.time(2),
                    .counts = rows.integer(3) != 0});
  }
  return open;
}

void set_verdicts(Database& database, IntegrationId id,
                  const std::vector<std::pair<std::int64_t, std::string>>& verdicts) {
  Statement set = database.prepare("UPDATE failure SET verdict = ? WHERE id = ? AND integration = ?");
  for (const auto& [failure, verdict] : verdicts) {
    set.run(verdict, failure, id);
  }
}

}  // namespace exporter::storage
