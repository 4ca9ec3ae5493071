#include "servicenow/match_key.h"

#include "base/text.h"

namespace exporter::servicenow {
namespace {

bool begins_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

std::string normalize_key(std::string_view key) { return to_lower(trim(key)); }

std::string cut_key(std::string_view normalized) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < normalized.size(); ++i) {
    if (!begins_code_point(normalized[i])) continue;
    if (characters++ == kStoredKeyCharacters) return std::string(trim(normalized.substr(0, i)));
  }
  return {};
}

bool keys_equal(std::string_view okta, std::string_view row) {
  const std::string asked = normalize_key(okta);
  const std::string stored = normalize_key(row);
  if (asked.empty() || stored.empty()) return false;
  return asked == stored || cut_key(asked) == stored;
}

}  // namespace exporter::servicenow
