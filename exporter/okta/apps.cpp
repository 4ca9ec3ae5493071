#include "okta/apps.h"

#include <optional>
#include <utility>

#include "okta/json_reader.h"

namespace exporter::okta {
namespace {

using json::read_text;

simdjson::error_code read_app(json::ondemand::value& value, App& app) {
  const auto into = [](json::ondemand::value& field, std::string& out) {
    std::optional<std::string> text;
    auto error = read_text(field, text);
    out = text ? std::move(*text) : std::string();
    return error;
  };
  return json::read_fields(value,
                           [&](std::string_view key, json::ondemand::value& field) -> simdjson::error_code {
                             if (key == "id") return into(field, app.id);
                             if (key == "name") return into(field, app.name);
                             if (key == "label") return into(field, app.label);
                             if (key == "status") return into(field, app.status);
                             if (key == "features") {
                               app.features.clear();
                               return json::read_elements(field, [&](json::ondemand::value& element) {
                                 std::string feature;
                                 auto error = into(element, feature);
                                 if (!feature.empty()) app.features.push_back(std::move(feature));
                                 return error;
                               });
                             }
                             return simdjson::SUCCESS;
                           });
}

Error without_id(std::string_view endpoint) {
  return {ErrorClass::malformed, "Okta's answer to " + std::string(endpoint) +
                                     " holds an app without an id; check okta.url and any proxy on the way"};
}

}  // namespace

Result<std::vector<App>> parse_apps(std::string body) {
  constexpr std::string_view kEndpoint = "GET /api/v1/apps";
  std::vector<App> apps;
  bool complete = true;
  auto read = json::read_array(body, kEndpoint, [&](json::ondemand::value& element) {
    App app;
    auto error = read_app(element, app);
    complete = complete && !app.id.empty();
    apps.push_back(std::move(app));
    return error;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  if (!complete) return std::unexpected(without_id(kEndpoint));
  return apps;
}

Result<App> parse_app(std::string body) {
  constexpr std::string_view kEndpoint = "GET /api/v1/apps/{appId}";
  App app;
  auto read =
      json::read_object(body, kEndpoint, [&](json::ondemand::value& value) { return read_app(value, app); });
  if (!read) return std::unexpected(std::move(read.error()));
  if (app.id.empty()) return std::unexpected(without_id(kEndpoint));
  return app;
}

}  // namespace exporter::okta
