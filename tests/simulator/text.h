// Small pure helpers: case, hex, base62, times as the two vendors write them, URL and JSON escaping.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simulator {

using SysId = std::array<std::uint8_t, 16>;

std::string lower(std::string_view text);
std::string trimmed(std::string_view text);
// How the contract compares match keys: trimmed and without regard to case.
std::string match_form(std::string_view key);
std::vector<std::string> split(std::string_view text, char separator);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
bool contains_ignoring_case(std::string_view text, std::string_view part);

std::string hex(const SysId& id);
std::optional<SysId> parse_sys_id(std::string_view text);
std::string base62(std::uint64_t value, std::size_t digits);
std::optional<std::uint64_t> parse_base62(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<std::string> decode_base64(std::string_view text);

std::uint64_t mix(std::uint64_t value);  // splitmix64's finaliser
std::uint64_t hash_of(std::string_view text);

// A seeded stream. std::mt19937's distributions differ between standard libraries; this one doesn't.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
  std::uint32_t below32(std::uint32_t bound) { return static_cast<std::uint32_t>(below(bound)); }
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability; }

 private:
  std::uint64_t state_;
};

std::int64_t now_ms();
std::string iso_time(std::int64_t ms);              // 2026-02-02T11:16:15.000Z, as Okta writes it
std::string servicenow_time(std::int64_t seconds);  // 2024-04-14 19:29:09, UTC
std::string http_date(std::int64_t seconds);
// Accepts ISO 8601 with Z or an offset, with or without fractions.
std::optional<std::int64_t> parse_iso_time(std::string_view text);

std::string url_encode(std::string_view text);
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

}  // namespace simulator
