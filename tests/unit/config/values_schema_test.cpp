// The Helm chart's schema of values knows the same keys of the configuration as the exporter.
#include <fstream>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/load.h"

namespace exporter::config {
namespace {

using nlohmann::json;

class KeyPaths {
 public:
  explicit KeyPaths(const json& schema) : schema_(schema) {}

  void walk(const json& node, const std::string& path) {
    if (node.contains("$ref")) {
      const std::string name = node["$ref"];
      return walk(schema_.at(json::json_pointer(name.substr(1))), path);
    }
    for (const char* alternatives : {"anyOf", "allOf"}) {
      for (const json& part : node.value(alternatives, json::array())) walk(part, path);
    }
    if (node.contains("items")) walk(node["items"], path + "[]");
    const json fields = node.value("properties", json::object());
    for (const auto& [key, part] : fields.items()) {
      const std::string below = path.empty() ? key : path + "." + key;
      paths_.insert(below);
      walk(part, below);
    }
    if (node.contains("additionalProperties") && node["additionalProperties"].is_object()) {
      paths_.insert(path + ".*");
      walk(node["additionalProperties"], path + ".*");
    }
  }

  const std::set<std::string>& paths() const { return paths_; }

 private:
  const json& schema_;
  std::set<std::string> paths_;
};

TEST(ValuesSchemaOfTheHelmChart, KnowsEveryKeyOfTheConfigurationAndNoOther) {
  std::ifstream file(VALUES_SCHEMA);
  const json schema = json::parse(file);
  const json& values = schema["properties"];
  KeyPaths found(schema);
  found.walk(values["integrations"], "integrations");
  found.walk(values["config"]["properties"]["global"], "global");
  found.walk(values["config"]["properties"]["classification"], "classification");
  std::set<std::string> known;
  for (const std::string& path : known_key_paths()) known.insert(path);
  known.erase("integrations");
  known.erase("global");
  known.erase("classification");
  // A single pair may stand without a list.
  std::set<std::string> in_schema = found.paths();
  in_schema.erase("integrations[].servicenow.match.okta");
  in_schema.erase("integrations[].servicenow.match.servicenow");
  EXPECT_THAT(in_schema, testing::ContainerEq(known))
      << "helm/okta-servicenow-exporter/values.schema.json and exporter/config differ";
}

}  // namespace
}  // namespace exporter::config
