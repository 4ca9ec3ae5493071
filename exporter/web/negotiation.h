// What a client accepts, by its q-values (RFC 9110, 12.5).
#pragma once

#include <string_view>

namespace exporter::web {

// Whether gzip is welcome, at least as much as the plain body. `accept_encoding` is the field's value,
// several fields joined by commas; empty is no.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace exporter::web
