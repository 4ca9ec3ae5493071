// /config: the configuration in force, without its secrets.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "web/server.h"

namespace exporter::web {

// `yaml` is thread-safe and gives config::LoadedConfig::redacted. HTML; the text itself with ?format=yaml.
// Only for those who may see people: it holds account names.
Handler make_config_handler(std::function<std::shared_ptr<const std::string>()> yaml);

}  // namespace exporter::web
