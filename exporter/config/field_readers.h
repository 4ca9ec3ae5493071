// Readers of the kinds of fields that several sections of the configuration hold. Internal to this room, as
// yaml_reader.h.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/yaml_reader.h"

namespace exporter::config {

inline constexpr Duration kMinInterval = std::chrono::milliseconds{100};
inline constexpr Duration kMaxDuration = std::chrono::days{365};

// Whether the text is made of ASCII letters, digits and `others`.
bool consists_of(std::string_view text, std::string_view others);

// Reads one line and keeps it where `valid` says yes; else reports `expected`.
template <class Valid>
bool read_checked(const Value& value, std::string& out, const Valid& valid, std::string_view expected) {
  std::string text;
  if (!value.read(text)) return false;
  if (!valid(text)) {
    value.error("must be " + std::string(expected) + ", not " + in_quotes(text));
    return false;
  }
  out = std::move(text);
  return true;
}

// What to_string() of a choice says is the word in the file.
template <class E>
bool read_enum(const Value& value, E& out, const std::vector<E>& choices) {
  std::vector<std::string_view> words;
  words.reserve(choices.size());
  for (const E choice : choices) words.push_back(to_string(choice));
  std::size_t index = 0;
  if (!value.read_word(index, words)) return false;
  out = choices[index];
  return true;
}

void read_interval(const Value& value, Duration& out);

// Reports the key as missing, with the hint what to write, where it is not there.
void read_required(Object& object, std::string_view key, std::string& out, std::string_view hint);

}  // namespace exporter::config
