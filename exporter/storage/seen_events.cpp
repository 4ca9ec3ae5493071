#include "storage/seen_events.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace exporter::storage {

namespace {

using Uuid = std::array<std::uint8_t, 16>;

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<std::uint8_t>(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return static_cast<std::uint8_t>(c - 'a' + 10);
  }
  return std::nullopt;
}

// The 16 bytes of "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" in lower case; any other text stays a text, so that
// no two ids that Okta tells apart become one.
std::optional<Uuid> parse_uuid(std::string_view text) {
  constexpr std::size_t kLength = 36;
  if (text.size() != kLength) {
    return std::nullopt;
  }
  Uuid uuid{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') {
        return std::nullopt;
      }
      continue;
    }
    const auto digit = hex_digit(text[i]);
    if (!digit) {
      return std::nullopt;
    }
    std::uint8_t& byte = uuid[digits / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | *digit);
    ++digits;
  }
  return uuid;
}

}  // namespace

std::vector<bool> find_seen_events(Database& database, IntegrationId id,
                                   const std::vector<std::string>& uuids) {
  std::vector<bool> seen;
  seen.reserve(uuids.size());
  // Without a look at the clock: what was not pruned yet is seen, even if the clock has jumped.
  Statement find = database.prepare("SELECT 1 FROM seen_event WHERE integration = ? AND uuid = ?");
  for (const std::string& text : uuids) {
    if (const auto uuid = parse_uuid(text)) {
      find.bind(id, std::span<const std::uint8_t>(*uuid));
      seen.push_back(find.step());
    } else {
      find.bind(id, text);
      seen.push_back(find.step());
    }
  }
  return seen;
}

void remember_events(Database& database, IntegrationId id, const std::vector<std::string>& uuids,
                     SystemTime now) {
  const auto seen = std::chrono::floor<std::chrono::seconds>(now);
  Statement insert =
      database.prepare("INSERT OR IGNORE INTO seen_event (integration, uuid, seen) VALUES (?, ?, ?)");
  for (const std::string& text : uuids) {
    if (const auto uuid = parse_uuid(text)) {
      insert.run(id, std::span<const std::uint8_t>(*uuid), seen.time_since_epoch().count());
    } else {
      insert.run(id, text, seen.time_since_epoch().count());
    }
  }
}

}  // namespace exporter::storage
