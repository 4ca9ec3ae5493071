// A page's rows as JSON and as CSV.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::web {

// One line of a listing: the same columns in all forms. nullopt: not to be shown (null, or empty in CSV).
using ListingRow = std::vector<std::optional<std::string>>;

struct Listing {
  std::vector<std::string_view> columns;
  std::uint64_t total = 0;  // of all pages
  std::vector<ListingRow> rows;
};

// {"generated": time, "total": n, "items": […]}; bytes that are no UTF-8 become U+FFFD.
std::string to_json(const Listing& listing, std::string_view generated);

// RFC 4180 with a line of names. A value that a spreadsheet would take for a formula gets an apostrophe
// before it, and so does one that begins with a tab or a line end.
std::string to_csv(const Listing& listing);

}  // namespace exporter::web
