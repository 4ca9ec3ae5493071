// From the YAML file to Config, strictly: an unknown key, a wrong type or a value out of range is an error
// that names file, line and key path, and all errors are reported at once. Never prints a secret, also not
// one that stands in the wrong place.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace exporter::config {

struct ConfigError {
  std::string file;
  int line = 0;  // from 1; 0 where the file as a whole is meant
  int column = 0;
  std::string key_path;  // "integrations[0].okta.url"; empty where no key is meant
  std::string message;   // what is wrong and what to write instead

  // "config.yml:12: integrations[0].okta.url: …"
  std::string to_string() const;
};

struct LoadedConfig {
  Config config;
  std::vector<std::string> warnings;  // in the form of ConfigError::to_string(); to be logged at every start
  // The file for /config: comments gone, every secret replaced.
  std::string redacted = {};
};

using LoadResult = std::expected<LoadedConfig, std::vector<ConfigError>>;

// Relative *_file paths are resolved against the folder of `path`. Secret files are not opened here.
LoadResult load_config(const std::string& path);
// The same for a text that was read from `path`.
LoadResult parse_config(std::string_view yaml, const std::string& path);

// The path of every key that the file may hold, sorted: "integrations[].okta.url"; a chosen name is "*".
std::vector<std::string> known_key_paths();

}  // namespace exporter::config
