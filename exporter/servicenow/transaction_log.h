// syslog_transaction, ServiceNow's own record of REST calls: what a row says. Pure functions.
//
// http_response_code is documented from the Australia release on only; no column of it tells the denied table
// or ACL (servicenow.md 3.2), so both are read from the URL and, where the log has one, the method.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "servicenow/table_reader.h"

namespace exporter::servicenow {

inline constexpr std::string_view kTransactionTable = "syslog_transaction";
// What is asked for. http_method and user_agent are not on every release; what is not there does not come.
inline constexpr std::string_view kTransactionFields =
    "sys_id,sys_created_on,sys_created_by,type,url,http_response_code,http_method,user_agent";

struct Transaction {
  std::string sys_id;
  SystemTime created;  // second resolution
  std::string user_name;
  std::string url;     // path and, where the log keeps it, query
  std::string method;  // upper case; empty where unknown
  std::optional<int> status;
  bool rest = true;  // of the type rest, or with a URL of the REST API
  bool own = false;  // the exporter's own, as Okta's account
};
// nullopt: without sys_id, time or URL.
std::optional<Transaction> parse_transaction(const TextRow& row);

// The label `code`: 2xx, 3xx, 400, 401, 403, 404, 429, other_4xx, 5xx; empty for what is no HTTP status.
std::string_view code_label(int status);

// Which table a call was about and what it wanted with it: read, create, write, delete, execute or unknown.
// Without a method a list with parameters and a count are reads, and what a call on one record wanted is
// unknown. The table is "other" where the URL names none.
struct Target {
  std::string table;
  std::string_view operation;
};
Target target_of(const Transaction& transaction);

// "2026-11-23 21:44:30", as an encoded query writes a time in UTC.
std::string query_time(SystemTime time);
// Whether a user name may stand in a query: as match keys.
std::string transaction_query(std::string_view user_name, SystemTime since);

}  // namespace exporter::servicenow
