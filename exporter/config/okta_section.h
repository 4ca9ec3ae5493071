// The section `okta` of an integration. Internal to this room, as yaml_reader.h.
#pragma once

#include "config/config.h"
#include "config/yaml_reader.h"

namespace exporter::config {

void read_okta(Object& object, OktaConfig& okta);

}  // namespace exporter::config
