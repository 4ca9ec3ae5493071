#include "okta/json_reader.h"

namespace exporter::okta::json {
namespace {

// Whether the text ends inside a string, an array or an object (or holds nothing at all).
bool ends_early(std::string_view json) {
  std::size_t depth = 0;
  bool in_string = false;
  bool seen = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    seen = seen || (c != ' ' && c != '\t' && c != '\r' && c != '\n');
  }
  return !seen || in_string || depth > 0;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  return body;
}

Error broken_json(std::string_view json, std::string_view endpoint, std::string_view detail) {
  const std::string what = "Okta's answer to " + std::string(endpoint);
  if (ends_early(json)) {
    return {ErrorClass::incomplete, what + " is cut off after " + std::to_string(json.size()) +
                                        " bytes; nothing of it is used and it is asked for again. If this "
                                        "stays, look for a proxy that limits "
                                        "the size of answers"};
  }
  return {ErrorClass::malformed, what + " is not the JSON that Okta documents (" + std::string(detail) +
                                     "); nothing of it is used. Check okta.url and any proxy on the way"};
}

}  // namespace exporter::okta::json
