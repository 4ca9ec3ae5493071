#include "config/field_readers.h"

#include <algorithm>

namespace exporter::config {

namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

}  // namespace

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text,
                             [&](char c) { return is_alnum(c) || others.find(c) != std::string_view::npos; });
}

void read_interval(const Value& value, Duration& out) { value.read(out, kMinInterval, kMaxDuration); }

void read_required(Object& object, std::string_view key, std::string& out, std::string_view hint) {
  const Value value = object[key];
  if (!value.present()) object.missing(key, hint);
  value.read(out);
}

}  // namespace exporter::config
