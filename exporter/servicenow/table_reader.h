// Small answers of any table as text: logs, roles, rules, properties. Never for bulk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/api_client.h"

namespace exporter::servicenow {

// Only the columns that came: one that the account may not read, or that this release does not have, is not
// there (servicenow.md 1.2).
using TextRow = std::map<std::string, std::string, std::less<>>;

struct TextPage {
  std::vector<TextRow> rows;
  std::optional<std::uint64_t> total;  // X-Total-Count: before row ACLs
  std::optional<SystemTime> server_date;
};

struct TextQuery {
  std::string table;
  std::string query = {};  // encoded query, not yet percent-encoded; only columns that are known to be there
  std::string fields;      // comma list
  std::uint64_t limit = 100;
  std::uint64_t offset = 0;
};

// Reads {"result":[{…},…]} to its end. Errors: incomplete (cut, or "error" beside "result"), malformed.
Result<std::vector<TextRow>> parse_text_rows(std::string_view body);

// Thread-safe; must not outlive the ApiClient.
class TableReader {
 public:
  explicit TableReader(net::ApiClient& api) : api_(api) {}
  // Errors are those of TableClient::users().
  Result<TextPage> list(const TextQuery& query, std::stop_token stop);
  // Rows by the values of a column, by the Aggregate API: before row ACLs. `column` must be proven.
  Result<std::map<std::string, std::uint64_t>> count_by(const std::string& table, const std::string& query,
                                                        const std::string& column, std::stop_token stop);

 private:
  net::ApiClient& api_;
};

}  // namespace exporter::servicenow
