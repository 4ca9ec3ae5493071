// Values in groups that fit into one IN query.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::servicenow {

inline constexpr std::size_t kMaxValuesPerQuery = 200;
// PySNC goes over to batch requests at 10,000 characters of query; this leaves room for the rest of the URL.
inline constexpr std::size_t kMaxQueryBytes = 7'000;

// `<column>IN<value>,<value>…`. Values must have been judged queryable.
std::string in_query(std::string_view column, std::span<const std::string_view> values);

// What one element adds to a query.
struct QueryCost {
  std::size_t values = 1;
  std::size_t bytes = 0;  // percent-encoded, without the commas between values
};

// Cuts elements into runs that fit; returns the end of each run. An element that is too large alone has a run
// of its own.
std::vector<std::size_t> group_ends(std::string_view column, std::span<const QueryCost> costs);

}  // namespace exporter::servicenow
