// The part of a URL behind the question mark, and what pages make of it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "web/list_query.h"
#include "web/query_string.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter::web;
  static constexpr std::string_view kFilters[] = {"integration", "kind", "state"};
  static constexpr std::string_view kSorts[] = {"first_seen", "kind"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = parse_list_query(text, {.filters = kFilters, .sorts = kSorts});
  if (!query) return 0;
  // A link to the same page asks for the same page.
  const std::string link = list_link("drift", *query);
  const auto again =
      parse_list_query(link.substr(link.find('?') + 1), {.filters = kFilters, .sorts = kSorts});
  if (!again || again->filters != query->filters || again->sort != query->sort ||
      again->page != query->page) {
    __builtin_trap();
  }
  return 0;
}
