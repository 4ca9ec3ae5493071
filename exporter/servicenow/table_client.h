// ServiceNow's Table API, as far as the exporter reads it: list queries on the users' table.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/api_client.h"
#include "servicenow/records.h"
#include "servicenow/user_page.h"

namespace exporter::servicenow {

struct UsersTable {
  std::string table = "sys_user";
  std::vector<std::string> match_fields;  // columns, in the order of UserRow::keys
};

struct UserQuery {
  std::string query;  // encoded query, not yet percent-encoded
  int limit = 1000;
  int offset = 0;
};

// Thread-safe; must not outlive the ApiClient.
class TableClient {
 public:
  TableClient(net::ApiClient& api, UsersTable table);

  // One list query. Beside ApiClient's classes: malformed (no "result" array), incomplete (cut-off JSON, or
  // "error" beside "result": a quota ended the transaction midway, servicenow.md 0.5), permission (403 by
  // ACL; the message holds ServiceNow's own words). http_status tells 403 from the rest.
  Result<UserPage> users(const UserQuery& query, std::stop_token stop);
  // The same in two steps, so that the next page can be fetched while this one is read.
  struct UserBody {
    std::string body;
    int status = 0;
    std::optional<std::uint64_t> total_count;
    std::optional<SystemTime> server_date;
  };
  Result<UserBody> fetch_users(const UserQuery& query, std::stop_token stop, std::string* memory = nullptr);
  // After a value the page is the reader's.
  Result<void> read_users(UserBody& answer, UserPageReader& reader) const;

  const UsersTable& table() const { return table_; }

 private:
  net::ApiClient& api_;
  UsersTable table_;
};

}  // namespace exporter::servicenow
