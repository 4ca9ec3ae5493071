// The small tables beside sys_user: the transaction log, roles, ACL rules and properties, with their rows as
// text. What truly happened is kept beside the log, for /truth.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/encoded_query.h"

namespace simulator {

using TextRow = std::map<std::string, std::string>;  // column, value

// One REST call of Okta's as the log keeps it, and what it was in the contract's words.
struct RestCall {
  std::int64_t time_ms = 0;
  std::string user_name;
  std::string method = "GET";
  std::string url;
  int status = 200;
  std::string user_agent;
  bool of_exporter = false;  // moves no counter
  std::string table;         // of a refusal by 403: who is told "table|operation"
  std::string operation;
};

class SystemTables {
 public:
  SystemTables();

  bool knows(const std::string& table) const { return tables_.contains(table); }
  // Rows that the query selects, sorted as it says; cut to nothing where the table has none.
  std::vector<TextRow> select(const std::string& table, const EncodedQuery& query) const;
  const std::set<std::string>& columns(const std::string& table) const { return tables_.at(table).columns; }

  // A row in syslog_transaction, and in the truth where it is Okta's.
  void log(const RestCall& call);
  // Before Australia the log has no http_response_code (facts: servicenow.md 3.2).
  void set_response_code_column(bool present);
  // Whether there is a method column is unverified: both exist.
  void set_method_column(bool present);

  void put(const std::string& table, TextRow row);  // replaces the row with the same sys_id
  void remove(const std::string& table, const std::string& sys_id);

  const std::deque<RestCall>& calls() const { return calls_; }

 private:
  struct Table {
    std::set<std::string> columns;
    std::deque<TextRow> rows;
  };
  std::map<std::string, Table> tables_;
  std::deque<RestCall> calls_;
  std::uint64_t ids_ = 0;
};

// "table|operation" of a refused call as the contract reads it from the URL alone, or with its method.
std::string denial_key(const RestCall& call, bool with_method, const std::set<std::string>& tables);

}  // namespace simulator
