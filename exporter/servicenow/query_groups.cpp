#include "servicenow/query_groups.h"

#include "net/url.h"

namespace exporter::servicenow {
namespace {

constexpr std::size_t kCommaBytes = 3;  // %2C

}  // namespace

std::string in_query(std::string_view column, std::span<const std::string_view> values) {
  std::string query(column);
  query += "IN";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) query += ',';
    query += values[i];
  }
  return query;
}

std::vector<std::size_t> group_ends(std::string_view column, std::span<const QueryCost> costs) {
  std::vector<std::size_t> ends;
  const std::size_t head = net::percent_encode(column).size() + 2;
  std::size_t values = 0;
  std::size_t bytes = head;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    const std::size_t added = costs[i].bytes + costs[i].values * kCommaBytes;
    // The first value of a query has no comma.
    const bool fits =
        values + costs[i].values <= kMaxValuesPerQuery && bytes + added - kCommaBytes <= kMaxQueryBytes;
    if (values > 0 && !fits) {
      ends.push_back(i);
      values = 0;
      bytes = head;
    }
    values += costs[i].values;
    bytes += added;
  }
  if (!costs.empty()) ends.push_back(costs.size());
  return ends;
}

}  // namespace exporter::servicenow
