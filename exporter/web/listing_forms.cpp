#include "web/listing_forms.h"

#include "web/json_text.h"

namespace exporter::web {
namespace {

void append_csv_cell(std::string& out, std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
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
    append_csv_cell(out, listing.columns[i]);
  }
  out += "\r\n";
  for (const ListingRow& row : listing.rows) {
    for (std::size_t i = 0; i < listing.columns.size() && i < row.size(); ++i) {
      if (i > 0) out += ',';
      if (row[i]) append_csv_cell(out, *row[i]);
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace exporter::web
