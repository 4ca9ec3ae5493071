#include "okta/group_push_mappings.h"

#include <optional>
#include <utility>

#include "okta/json_reader.h"

namespace exporter::okta {
namespace {

simdjson::error_code read_mapping(json::ondemand::value& value, GroupPushMapping& mapping) {
  const auto into = [](json::ondemand::value& field, std::string& out) {
    std::optional<std::string> text;
    auto error = json::read_text(field, text);
    out = std::move(text).value_or("");
    return error;
  };
  return json::read_fields(value,
                           [&](std::string_view key, json::ondemand::value& field) -> simdjson::error_code {
                             if (key == "id") return into(field, mapping.id);
                             if (key == "status") return into(field, mapping.status);
                             if (key == "errorSummary") return into(field, mapping.error_summary);
                             return simdjson::SUCCESS;
                           });
}

}  // namespace

Result<ParsedGroupPushMappings> parse_group_push_mappings(std::string body) {
  ParsedGroupPushMappings page;
  auto read = json::read_array(body, "GET /api/v1/apps/{appId}/group-push/mappings",
                               [&](json::ondemand::value& element) {
                                 GroupPushMapping mapping;
                                 auto error = read_mapping(element, mapping);
                                 if (mapping.id.empty() || mapping.status.empty()) {
                                   ++page.malformed;
                                 } else {
                                   page.mappings.push_back(std::move(mapping));
                                 }
                                 return error;
                               });
  if (!read) return std::unexpected(std::move(read.error()));
  return page;
}

}  // namespace exporter::okta
