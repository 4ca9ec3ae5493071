// An account of ServiceNow: `reader` and `provisioner`. Internal to this room, as yaml_reader.h.
#pragma once

#include <optional>

#include "config/config.h"
#include "config/secret_reader.h"
#include "config/yaml_reader.h"

namespace exporter::config {

// As an optional, because a Value of no account must leave none. `password`: whether basic_auth needs one.
std::optional<Account> read_account(const Value& value, Need password = Need::required);

}  // namespace exporter::config
