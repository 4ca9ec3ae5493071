// The texts of a JSON page that simdjson On-Demand goes through, where nearly none holds an escape: those are
// shown as they stand in the page. Only for the .cpp files that read pages: simdjson.h is heavy, and the room
// must link it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <simdjson.h>

namespace exporter::json {

namespace detail {

// The eight bytes from `text` on: the top bit of each that is a quote or a backslash, the first byte's
// lowest. Bits above the lowest one may be wrong.
inline std::uint64_t quotes_and_escapes(const char* text) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  std::uint64_t word = 0;
  for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  const auto is_zero = [](std::uint64_t bytes) { return (bytes - kEach) & ~bytes & 0x80 * kEach; };
  return is_zero(word ^ '"' * kEach) | is_zero(word ^ '\\' * kEach);
}

}  // namespace detail

// Whether a key is this word. Of a known length that is an instruction or two, and pages are full of keys.
template <std::size_t N>
bool is(std::string_view key, const char (&word)[N]) {
  return key.size() == N - 1 && std::equal(key.begin(), key.end(), word);
}

// Whether the value is a string without escapes; `text` is then what stands between its quotes. The value is
// left unread, which On-Demand allows. simdjson's first pass has found every string closed, in UTF-8 and
// without control characters.
inline bool plain_text(simdjson::ondemand::value& value, std::string_view& text) {
  std::string_view token = value.raw_json_token();
  if (token.empty() || token.front() != '"') return false;
  while (static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  if (token.size() < 2 || token.back() != '"') return false;
  token = token.substr(1, token.size() - 2);
  if (std::memchr(token.data(), '\\', token.size()) != nullptr) return false;
  text = token;
  return true;
}

// A string's text, to be used before the page's parser goes. An error as simdjson has it: STRING_ERROR for a
// broken escape.
inline simdjson::error_code get_text(simdjson::ondemand::value& value, std::string_view& text) {
  if (plain_text(value, text)) return simdjson::SUCCESS;
  return value.get_string().get(text);
}

// Likewise a field's key.
inline simdjson::error_code get_key(simdjson::ondemand::field& field, std::string_view& key) {
  const char* const begin = field.key().raw();
  const char* end = begin;
  // The first pass has found a closing quote, and a page has room to read eight bytes beyond its end.
  std::uint64_t found = 0;
  while ((found = detail::quotes_and_escapes(end)) == 0) end += 8;
  end += std::countr_zero(found) / 8;
  if (*end == '\\') return field.unescaped_key().get(key);
  key = std::string_view(begin, static_cast<std::size_t>(end - begin));
  return simdjson::SUCCESS;
}

}  // namespace exporter::json
