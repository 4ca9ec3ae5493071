#include "web/query_string.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace exporter::web {
namespace {

constexpr std::size_t kMaxFields = 32;

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      decoded += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  const bool control = std::ranges::any_of(decoded, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control || !is_utf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t more = 0;
    std::uint32_t point = lead;
    std::uint32_t least = 0;
    if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      point = lead & 0x07U;
      least = 0x10000;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      more = 2;
      point = lead & 0x0fU;
      least = 0x800;
    } else if (lead >= 0xc2 && lead < 0xe0) {
      more = 1;
      point = lead & 0x1fU;
      least = 0x80;
    } else if (lead >= 0x80) {
      return false;
    }
    if (text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0U) != 0x80U) return false;
      point = point << 6U | (next & 0x3fU);
    }
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    i += more + 1;
  }
  return true;
}

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

std::string encode_query(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 0xfU];
    }
  }
  return encoded;
}

}  // namespace exporter::web
