// Secrets in the configuration: written there, in a file or in an environment variable. Internal to this
// room, as yaml_reader.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/secret.h"
#include "config/yaml_reader.h"

namespace exporter::config {

enum class Need : std::uint8_t { optional, required };
enum class From : std::uint8_t { value_file, value_file_env };

// `key`, `key`_file or, for secrets, `key`_env; at most one of them.
void read_secret(Object& object, const std::string& key, SecretRef& out, Need need,
                 From from = From::value_file_env);

// Each element of a list of secrets that have no key of their own.
void read_secret_list(const Value& value, SecretRef::Source source, std::vector<SecretRef>& out);

}  // namespace exporter::config
