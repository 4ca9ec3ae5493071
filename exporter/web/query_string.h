// The part of a URL behind the question mark (application/x-www-form-urlencoded).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::web {

using QueryFields = std::map<std::string, std::string, std::less<>>;

// nullopt: a broken percent sign, a control character or bytes that are no UTF-8, a name given twice, or more
// than 32 fields. An empty value is kept: a form sends all of its fields.
std::optional<QueryFields> parse_query(std::string_view query);

}  // namespace exporter::web
