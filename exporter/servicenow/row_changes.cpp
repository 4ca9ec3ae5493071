#include "servicenow/row_changes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "servicenow/transaction_log.h"

namespace exporter::servicenow {
namespace {

constexpr int kChangesPage = 1000;

Error no_range(std::string_view column, std::string_view table) {
  return {.error_class = ErrorClass::permission,
          .message = "the range query on " + std::string(column) + " of " + std::string(table) +
                     " is ignored, or its times are read in another zone: give the reader query_range on it, "
                     "and the time zone GMT",
          .http_status = 200};
}

Error unreadable(std::string_view columns, std::string_view table) {
  return {.error_class = ErrorClass::permission,
          .message = "the reader is not shown " + std::string(columns) + " of " + std::string(table),
          .http_status = 200};
}

}  // namespace

Result<ChangedRows> read_changed_rows(TableClient& client, const std::string& query, SystemTime since,
                                      std::stop_token stop) {
  ChangedRows changes;
  std::map<std::string, UserRow> rows;
  SystemTime from = since;
  for (;;) {
    // By the time that was read last and not by offset: a row that changes meanwhile goes to the end, and
    // would pull one that was not read yet over the page's edge.
    const auto page =
        client.users({.query = (query.empty() ? "" : query + "^") + "sys_updated_on>=" + query_time(from) +
                               "^ORDERBYsys_updated_on^ORDERBYsys_id",
                      .limit = kChangesPage,
                      .offset = 0},
                     stop);
    if (!page) return std::unexpected(page.error());
    if (page->malformed > 0) {
      return std::unexpected(
          Error{ErrorClass::incomplete, "a changed row came without (or with two) sys_ids or keys", 200});
    }
    if (!changes.server_date) changes.server_date = page->server_date;
    if (page->rows.size() > static_cast<std::size_t>(kChangesPage)) {
      return std::unexpected(no_range("sys_updated_on", client.table().table));
    }
    for (const UserRow& row : page->rows) {
      if (!row.updated) return std::unexpected(unreadable("sys_updated_on", client.table().table));
      if (*row.updated < std::chrono::floor<std::chrono::seconds>(from)) {
        return std::unexpected(no_range("sys_updated_on", client.table().table));
      }
      changes.newest = std::max(changes.newest.value_or(*row.updated), *row.updated);
      rows.insert_or_assign(row.sys_id, row);
    }
    // Limits come before row ACLs (servicenow.md 1.4), so only the count says what is behind the page.
    const std::uint64_t total = page->total_count.value_or(page->rows.size());
    if (total <= static_cast<std::uint64_t>(kChangesPage)) break;
    const bool got_on = changes.newest && *changes.newest > from;
    if (!got_on || total > kMaxChangedRows || rows.size() > kMaxChangedRows) {
      changes.too_many = true;
      return changes;
    }
    from = *changes.newest;
  }
  for (auto& [id, row] : rows) changes.rows.push_back(std::move(row));
  return changes;
}

Result<DeletedRows> read_deleted_rows(TableReader& reader, const std::string& table, SystemTime since,
                                      std::stop_token stop) {
  const auto page = reader.list(
      {.table = std::string(kDeletionsTable),
       .query = "tablename=" + table + "^sys_created_on>=" + query_time(since) + "^ORDERBYsys_created_on",
       .fields = "sys_id,tablename,documentkey,sys_created_on",
       .limit = kMaxChangedRows,
       .offset = 0},
      std::move(stop));
  if (!page) return std::unexpected(page.error());
  DeletedRows deleted;
  if (page->total.value_or(0) > kMaxChangedRows) {
    deleted.too_many = true;
    return deleted;
  }
  if (page->rows.empty() && page->total.value_or(0) > 0) {
    return std::unexpected(unreadable("any row", kDeletionsTable));
  }
  const auto field = [](const TextRow& row, std::string_view name) {
    const auto found = row.find(name);
    return found == row.end() ? std::string_view() : trim(found->second);
  };
  for (const TextRow& row : page->rows) {
    const auto time = parse_iso8601(field(row, "sys_created_on"));
    const std::string_view key = field(row, "documentkey");
    if (!time || key.empty() || field(row, "tablename").empty()) {
      return std::unexpected(unreadable("tablename, documentkey and sys_created_on", kDeletionsTable));
    }
    if (field(row, "tablename") != table || *time < std::chrono::floor<std::chrono::seconds>(since)) {
      return std::unexpected(no_range("sys_created_on", kDeletionsTable));
    }
    deleted.newest = std::max(deleted.newest.value_or(*time), *time);
    deleted.rows.push_back({.sys_id = std::string(key), .time = *time});
  }
  return deleted;
}

}  // namespace exporter::servicenow
