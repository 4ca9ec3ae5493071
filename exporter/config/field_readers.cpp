#include "config/field_readers.h"

#include <algorithm>

#include "base/text.h"

namespace exporter::config {

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(
      text, [&](char c) { return is_alphanumeric(c) || others.find(c) != std::string_view::npos; });
}

void read_interval(const Value& value, Duration& out) { value.read(out, kMinInterval, kMaxDuration); }

void read_required(Object& object, std::string_view key, std::string& out, std::string_view hint) {
  const Value value = object[key];
  if (!value.present()) object.missing(key, hint);
  value.read(out);
}

}  // namespace exporter::config
