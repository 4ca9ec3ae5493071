// What changed in the users' table since a time: rows by sys_updated_on, and deletions by sys_audit_delete.
//
// Both are savings: a field update may leave sys_updated_on alone, and not every deletion is audited
// (servicenow.md 8.6, 8.7), so a full listing is still needed from time to time.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "servicenow/table_client.h"
#include "servicenow/table_reader.h"

namespace exporter::servicenow {

inline constexpr std::string_view kDeletionsTable = "sys_audit_delete";

// So many rows are followed singly; a mass update is the next listing's.
inline constexpr std::size_t kMaxChangedRows = 2000;

struct ChangedRows {
  std::vector<UserRow> rows;  // each once, as it was read last
  // sys_updated_on of the newest row; nullopt where none came.
  std::optional<SystemTime> newest = std::nullopt;
  bool too_many = false;                                 // then there are no rows
  std::optional<SystemTime> server_date = std::nullopt;  // the first answer's Date
};

// Rows with sys_updated_on at `since` or later. `query` narrows the table as it does a sweep. Errors: those
// of TableClient::users(); permission also where the answer shows that the range query was ignored, or that
// sys_updated_on can't be read.
Result<ChangedRows> read_changed_rows(TableClient& client, const std::string& query, SystemTime since,
                                      std::stop_token stop);

struct DeletedRow {
  std::string sys_id;
  SystemTime time;
};

struct DeletedRows {
  std::vector<DeletedRow> rows;
  std::optional<SystemTime> newest = std::nullopt;
  bool too_many = false;
};

// Rows of `table` that were deleted at `since` or later. Errors as above.
Result<DeletedRows> read_deleted_rows(TableReader& reader, const std::string& table, SystemTime since,
                                      std::stop_token stop);

}  // namespace exporter::servicenow
