#include "config/load.h"

#include <map>
#include <string>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "config/classification_section.h"
#include "config/field_readers.h"
#include "config/okta_section.h"
#include "config/redact.h"
#include "config/servicenow_section.h"
#include "config/yaml_document.h"
#include "config/yaml_reader.h"

namespace exporter::config {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxNameBytes = 64;

void read_drift(Object& object, DriftConfig& drift) {
  read_interval(object["interval"], drift.interval);
  object["grace"].read(drift.grace, 0ms, kMaxDuration);
  object["mass_threshold"].read_share(drift.mass_threshold);
  object["mass_minimum"].read(drift.mass_minimum, 1, 1'000'000'000);
}

void read_integration(const Value& value, Config& config, std::map<std::string, int>& names) {
  read_object(value, [&](Object& object) {
    Integration& integration = config.integrations.emplace_back();
    const Value name = object["name"];
    if (!name.present()) object.missing("name", "write a name; it is the value of the label integration");
    const bool named = read_checked(
        name, integration.name,
        [](std::string_view text) { return text.size() <= kMaxNameBytes && consists_of(text, "_.-"); },
        "1 to 64 letters, digits, _ . or -");
    if (named) {
      const auto [first, is_new] = names.emplace(integration.name, name.mark().line + 1);
      if (!is_new) {
        name.error(in_quotes(integration.name) + " is the name of another integration too, on line " +
                   std::to_string(first->second) + "; names must differ");
      }
    }
    const auto read_required_object = [&](std::string_view key, const auto& body) {
      const Value part = object[key];
      if (!part.present() && !object.describing()) {
        object.missing(key, "every integration has an Okta side and a ServiceNow side");
        return;
      }
      read_object(part, body);
    };
    read_required_object("okta", [&](Object& okta) { read_okta(okta, integration.okta); });
    read_required_object("servicenow",
                         [&](Object& servicenow) { read_servicenow(servicenow, integration.servicenow); });
    read_object(object["drift"], [&](Object& drift) { read_drift(drift, integration.drift); });
    read_enum(object["tier"], integration.tier, {Tier::production, Tier::other});
  });
}

void read_document(const Value& document, Config& config) {
  read_object(document, [&](Object& object) {
    read_object(object["global"], [&](Object& global) {
      read_interval(global["sample_timeout"], config.global.sample_timeout);
      read_interval(global["keep_resolved"], config.global.keep_resolved);
    });
    const Value integrations = object["integrations"];
    std::map<std::string, int> names;
    for (const Value& item : integrations.items()) read_integration(item, config, names);
    if (!integrations.present()) {
      object.missing("integrations", "write at least one integration; config.example.yml shows how");
    } else if (integrations.node().IsSequence() && config.integrations.empty()) {
      integrations.error("must hold at least one integration");
    }
    for (const Value& item : object["classification"].items())
      read_classification_rule(item, config.classification);
  });
}

}  // namespace

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line > 0) text += ':' + std::to_string(line);
  text += ": ";
  if (!key_path.empty()) text += key_path + ": ";
  return text + message;
}

LoadResult load_config(const std::string& path) {
  const auto text = read_whole_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_config(*text, path);
}

LoadResult parse_config(std::string_view yaml, const std::string& path) {
  ReadContext context(path);
  const auto document = parse_document(yaml, context);
  if (!document) return std::unexpected(document.error());
  if (!*document) return whole_file_error(path, "is empty; config.example.yml shows what to write");
  LoadedConfig loaded;
  read_document(Value(context, **document), loaded.config);
  if (!context.errors().empty()) return std::unexpected(std::move(context.errors()));
  loaded.warnings = std::move(context.warnings());
  loaded.redacted = redacted_yaml(**document);
  return loaded;
}

std::vector<std::string> known_key_paths() {
  ReadContext context = ReadContext::for_description();
  Config config;
  read_document(Value(context, {}, YAML::Node(), YAML::Mark::null_mark(), false), config);
  return {context.key_paths().begin(), context.key_paths().end()};
}

}  // namespace exporter::config
