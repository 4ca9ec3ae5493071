#include "storage/page_queries.h"

#include <string_view>

#include "storage/drift_ledger.h"

namespace exporter::storage {

namespace {

// Names are [a-zA-Z0-9_.-], so a line feed tells them apart and no name is part of another.
std::string lines(const std::vector<std::string>& names) {
  std::string text = "\n";
  for (const std::string& name : names) {
    text += name + "\n";
  }
  return text;
}

std::string_view column(DriftQuery::Sort sort) {
  switch (sort) {
    case DriftQuery::Sort::first_seen:
      return "drift.first_seen";
    case DriftQuery::Sort::resolved:
      return "drift.resolved";
    case DriftQuery::Sort::integration:
      return "integration.name";
    case DriftQuery::Sort::kind:
      return "drift.kind";
    case DriftQuery::Sort::okta_user_id:
      return "drift.okta_user_id";
  }
  return "drift.id";
}

std::string_view column(FailureQuery::Sort sort) {
  switch (sort) {
    case FailureQuery::Sort::time:
      return "failure.time";
    case FailureQuery::Sort::integration:
      return "integration.name";
    case FailureQuery::Sort::operation:
      return "failure.operation";
    case FailureQuery::Sort::reason:
      return "failure.reason";
  }
  return "failure.id";
}

std::string order_by(std::string_view column, bool descending, std::string_view id) {
  const std::string_view direction = descending ? " DESC" : " ASC";
  return std::string(" ORDER BY ").append(column).append(direction).append(", ").append(id).append(direction);
}

}  // namespace

DriftPage read_drift_page(Database& database, const DriftQuery& query) {
  const std::string from = std::string(
                               " FROM drift JOIN integration ON integration.id = drift.integration"
                               " LEFT JOIN comparison ON comparison.integration = drift.integration"
                               " WHERE instr(?1, char(10) || integration.name || char(10)) > 0"
                               " AND (?2 = '' OR drift.kind = ?2) AND drift.resolved IS ") +
                           (query.resolved ? "NOT NULL" : "NULL");
  const std::string names = lines(query.integrations);
  DriftPage page;
  {
    Statement count = database.prepare("SELECT count(*)" + from);
    count.bind(names, query.kind);
    if (count.step()) {
      page.total = static_cast<std::uint64_t>(count.integer(0));
    }
  }
  Statement rows = database.prepare(
      "SELECT integration.name, drift.okta_user_id, drift.kind, drift.scope, drift.external_id, "
      "drift.match_key,"
      " drift.candidate_sys_id, drift.first_seen, "
      "coalesce(drift.last_confirmed, max(drift.first_seen, comparison.time)), "
      "drift.resolved" +
      from + order_by(column(query.sort), query.descending, "drift.id") + " LIMIT ?3 OFFSET ?4");
  rows.bind(names, query.kind, query.limit, query.offset);
  while (rows.step()) {
    page.rows.push_back({.integration = rows.text(0), .entry = read_entry(rows, 1)});
  }
  return page;
}

FailurePage read_failure_page(Database& database, const FailureQuery& query) {
  const std::string from =
      " FROM failure JOIN integration ON integration.id = failure.integration"
      " WHERE instr(?1, char(10) || integration.name || char(10)) > 0"
      " AND (?2 = '' OR failure.operation = ?2) AND (?3 = '' OR failure.reason = ?3)";
  const std::string names = lines(query.integrations);
  FailurePage page;
  {
    Statement count = database.prepare("SELECT count(*)" + from);
    count.bind(names, query.operation, query.reason);
    if (count.step()) {
      page.total = static_cast<std::uint64_t>(count.integer(0));
    }
  }
  Statement rows = database.prepare(
      "SELECT integration.name, failure.time, failure.operation, failure.reason, failure.text,"
      " failure.okta_user_id, failure.verdict" +
      from + order_by(column(query.sort), query.descending, "failure.id") + " LIMIT ?4 OFFSET ?5");
  rows.bind(names, query.operation, query.reason, query.limit, query.offset);
  while (rows.step()) {
    page.rows.push_back({.integration = rows.text(0),
                         .failure = {.time = rows.time(1),
                                     .operation = rows.text(2),
                                     .reason = rows.text(3),
                                     .text = rows.text(4),
                                     .okta_user_id = rows.text(5),
                                     .verdict = rows.text(6)}});
  }
  return page;
}

}  // namespace exporter::storage
