// Pages of ServiceNow's Table API: users, and the rows of small tables.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cut_page.h"
#include "servicenow/table_reader.h"
#include "servicenow/user_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter::servicenow;
  using fuzz::cut;
  static const std::vector<std::string> kFields = {"user_name", "email"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  std::string body(text);
  if (const auto page = parse_user_page(body, kFields)) {
    for (const UserRow& row : page->rows) {
      if (row.sys_id.empty() || row.keys.size() != kFields.size()) __builtin_trap();
    }
    std::string shorter = cut(text);
    if (parse_user_page(shorter, kFields)) __builtin_trap();
  } else if (page.error().message.empty()) {
    __builtin_trap();
  }
  if (parse_text_rows(text) && parse_text_rows(cut(text))) __builtin_trap();
  return 0;
}
