#include "web/query_string.h"

#include <algorithm>
#include <charconv>

#include <simdjson.h>

#include "base/text.h"

namespace exporter::web {
namespace {

constexpr std::size_t kMaxFields = 32;

// %XX
std::optional<char> decode_byte(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  unsigned byte = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), byte, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<char>(byte);
}

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%') {
      const auto byte = decode_byte(text.substr(i, 3));
      if (!byte) return std::nullopt;
      decoded += *byte;
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  const bool control = std::ranges::any_of(decoded, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control || !simdjson::validate_utf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace

std::optional<QueryFields> parse_query(std::string_view query) {
  QueryFields fields;
  for (const std::string_view part : split(query, '&')) {
    if (part.empty()) continue;
    if (fields.size() >= kMaxFields) return std::nullopt;
    const auto equals = part.find('=');
    const auto name = decode(part.substr(0, equals));
    const auto value =
        decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
    if (!name || !value || name->empty() || !fields.emplace(*name, *value).second) return std::nullopt;
  }
  return fields;
}

}  // namespace exporter::web
