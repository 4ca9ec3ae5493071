// Text as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace exporter::web {

// With its quotes; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace exporter::web
