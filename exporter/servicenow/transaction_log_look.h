// Whether ServiceNow's transaction log can tell refusals here, found out without an unproven column in a
// query.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "servicenow/table_reader.h"

namespace exporter::servicenow {

struct TransactionLogMissing {
  std::string why;
  std::string remedy;    // the role, property or release that would make it available
  bool for_now = false;  // there was no row to tell by: worth another look soon
};

// Where the name of Okta's account can't stand in a query of the log, or is not configured (empty).
std::optional<TransactionLogMissing> account_name_missing(std::string_view user_name);

// One request, bounded by sys_created_on to the last day: without a bound each of the log's eight shards
// would be read (servicenow.md 3.2). nullopt: the reader may read the log, and http_response_code is there.
// Errors are those of TableReader::list(), but a refusal is an answer.
Result<std::optional<TransactionLogMissing>> look_for_transaction_log(TableReader& reader, SystemTime now,
                                                                      std::stop_token stop);

}  // namespace exporter::servicenow
