#include "web/json_text.h"

#include <simdjson.h>

namespace exporter::web {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Bytes that begin no well-formed character are replaced one by one.
void append_utf8(std::string& out, std::string_view text) {
  if (simdjson::validate_utf8(text)) {
    out += text;
    return;
  }
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    while (size <= 4 && !simdjson::validate_utf8(text.substr(i, size))) ++size;
    if (size > 4 || i + size > text.size()) {
      out += kReplacement;
      ++i;
    } else {
      out += text.substr(i, size);
      i += size;
    }
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string clean;
  append_utf8(clean, text);
  out += '"';
  for (const char c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace exporter::web
