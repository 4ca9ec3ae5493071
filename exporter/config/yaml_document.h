// A YAML file as its one document, with errors that name file and line. Internal to this room (it brings
// yaml-cpp).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "config/load.h"
#include "config/yaml_reader.h"

namespace exporter::config {

using ConfigErrors = std::vector<ConfigError>;

// Errors of the file as a whole: it is a directory, cannot be read, or is larger than any honest one (4 MiB).
std::expected<std::string, ConfigErrors> read_whole_file(const std::string& path);

std::unexpected<ConfigErrors> whole_file_error(const std::string& path, std::string message);

// nullopt: the text holds nothing. A second document is reported to `context`.
std::expected<std::optional<YAML::Node>, ConfigErrors> parse_document(std::string_view yaml,
                                                                      ReadContext& context);

}  // namespace exporter::config
