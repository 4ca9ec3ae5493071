#include "web/listing_forms.h"

#include "web/query_string.h"

namespace exporter::web {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Bytes that begin no well-formed character are replaced one by one.
void append_utf8(std::string& out, std::string_view text) {
  if (is_utf8(text)) {
    out += text;
    return;
  }
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    while (size <= 4 && !is_utf8(text.substr(i, size))) ++size;
    if (size > 4 || i + size > text.size()) {
      out += kReplacement;
      ++i;
    } else {
      out += text.substr(i, size);
      i += size;
    }
  }
}

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

void append_cell(std::string& out, std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string to_json(const Listing& listing, std::string_view generated) {
  std::string out = "{\"generated\":";
  append_json_string(out, generated);
  out += ",\"total\":" + std::to_string(listing.total) + ",\"items\":[";
  bool first_row = true;
  for (const ListingRow& row : listing.rows) {
    out += first_row ? "\n{" : ",\n{";
    first_row = false;
    for (std::size_t i = 0; i < listing.columns.size() && i < row.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, listing.columns[i]);
      out += ':';
      if (row[i]) {
        append_json_string(out, *row[i]);
      } else {
        out += "null";
      }
    }
    out += '}';
  }
  return out.append("]}\n");
}

std::string to_csv(const Listing& listing) {
  std::string out;
  for (std::size_t i = 0; i < listing.columns.size(); ++i) {
    if (i > 0) out += ',';
    append_cell(out, listing.columns[i]);
  }
  out += "\r\n";
  for (const ListingRow& row : listing.rows) {
    for (std::size_t i = 0; i < listing.columns.size() && i < row.size(); ++i) {
      if (i > 0) out += ',';
      if (row[i]) append_cell(out, *row[i]);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace exporter::web
