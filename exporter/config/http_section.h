// The section `http` of either vendor: proxy, TLS, headers, timeout. Internal to this room, as yaml_reader.h.
#pragma once

#include "config/config.h"
#include "config/yaml_reader.h"

namespace exporter::config {

void read_http(Object& object, HttpConfig& http);

}  // namespace exporter::config
