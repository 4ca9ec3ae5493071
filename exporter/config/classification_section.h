// A rule of the section `classification`. Internal to this room, as yaml_reader.h.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/yaml_reader.h"

namespace exporter::config {

// Added to `out` with what could be read of it.
void read_classification_rule(const Value& value, std::vector<ClassificationRule>& out);

}  // namespace exporter::config
