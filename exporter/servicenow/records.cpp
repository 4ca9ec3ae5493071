#include "servicenow/records.h"

#include <algorithm>

#include "base/text.h"

namespace exporter::servicenow {

bool is_queryable_sys_id(std::string_view id) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; };
  return !id.empty() && id.size() <= 32 && std::all_of(id.begin(), id.end(), allowed);
}

bool is_queryable_key(std::string_view key) {
  if (key.empty() || key.size() > 255) return false;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '^' || c == ',' || byte < 0x20 || byte == 0x7F) return false;
  }
  // A value with this prefix is evaluated by the instance, not compared (servicenow.md 1.3).
  constexpr std::string_view kScript = "javascript:";
  return !equals_ignore_case(trim(key).substr(0, kScript.size()), kScript);
}

}  // namespace exporter::servicenow
