// ServiceNow's encoded query: sysparm_query=active=true^user_nameINa,b^ORDERBYsys_id
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

struct Condition {
  std::string field;
  std::string operation;
  std::string value;
  std::vector<std::string> list;  // of IN, NOT IN and BETWEEN
};

// True for the operations that need the query_range ACL; the others need query_match only (facts:
// query-acl-rule).
bool needs_query_range(std::string_view operation);

struct EncodedQuery {
  using Alternatives = std::vector<Condition>;  // joined by ^OR
  using Group = std::vector<Alternatives>;      // joined by ^
  struct Order {
    std::string field;
    bool descending = false;
  };

  std::vector<Group> groups;  // joined by ^NQ; a group without conditions matches everything
  std::vector<Order> order;
  std::vector<std::string> dropped;  // parts that were invalid and therefore widened the result
  std::set<std::string> fields;      // all known columns that the query names

  bool uses_query_range() const;
  // What an instance does that strips refused parts instead of refusing the request.
  void drop_query_range();
};

// Unknown columns and parts without an operator are dropped, not refused (facts: invalid parts widen the
// result).
EncodedQuery parse_encoded_query(std::string_view text, const std::set<std::string>& columns);

using ColumnLookup = std::function<std::string(const std::string& column)>;
// case_insensitive: columns whose = and IN ignore case. An assumption: MySQL's usual collation, not
// documented.
bool matches(const Condition& condition, const ColumnLookup& value,
             const std::set<std::string>& case_insensitive);
bool matches(const EncodedQuery& query, const ColumnLookup& value,
             const std::set<std::string>& case_insensitive);

}  // namespace simulator
