// Addresses in the configuration. Their messages never show the URL: somebody may have put a password into
// it. Internal to this room, as yaml_reader.h.
#pragma once

#include <string>
#include <string_view>

#include "config/yaml_reader.h"

namespace exporter::config {

// The required key `url`: scheme://host[:port], in lower case.
void read_origin(Object& object, std::string_view example, std::string& out);

// http, https, socks5 or socks5h; may hold a user and a password.
void read_proxy_url(const Value& value, std::string& out);

}  // namespace exporter::config
