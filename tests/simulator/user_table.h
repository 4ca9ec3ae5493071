// The table sys_user as a query sees it: columns as text, and which rows a query selects.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulator/encoded_query.h"
#include "simulator/world.h"

namespace simulator {

const std::set<std::string>& user_columns();
std::string column_value(const World& world, const UserRow& row, const std::string& column);

// A window into a list of rows that may be shared with a cache.
struct Selection {
  std::shared_ptr<const std::vector<RowIndex>> rows;
  std::size_t from = 0;
  std::size_t size() const { return rows->size() - from; }
  RowIndex at(std::size_t i) const { return (*rows)[from + i]; }
};

class UserTable {
 public:
  explicit UserTable(World& world) : world_(world) {}

  // Everything that counts for X-Total-Count: the query and the account's in-query filters, not the row ACLs.
  Selection select(const EncodedQuery& query, const Account& account, const std::string& query_text);

 private:
  struct Scan {
    std::vector<RowIndex> rows;
    bool cheap = false;  // answered from an index, not worth a place in the cache
  };
  Scan scan(const EncodedQuery& query, const Account& account);
  std::set<std::string> ignoring_case() const;

  World& world_;
  // A keyset sweep asks the same query with another sys_id> a thousand times; without this a sweep of a
  // million rows would be quadratic.
  struct Cached {
    std::string key;
    std::uint64_t version = 0;
    std::shared_ptr<const std::vector<RowIndex>> rows;
  };
  std::list<Cached> cache_;
};

}  // namespace simulator
