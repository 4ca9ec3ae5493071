// A configuration as it may be shown. Internal to this room (it brings yaml-cpp).
#pragma once

#include <string>

#include <yaml-cpp/yaml.h>

namespace exporter::config {

// YAML again, with "<secret>" for every secret: each key that can also be given as <key>_env, the `secrets`
// of headers, and what an URL holds between // and @. `document` went through parse_config() without an
// error, so it holds known keys only.
std::string redacted_yaml(const YAML::Node& document);

}  // namespace exporter::config
