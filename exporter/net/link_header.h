// Link headers (RFC 8288): Okta repeats the field, ServiceNow joins by comma.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/http.h"
#include "net/url.h"

namespace exporter::net {

// The target of the first link with rel="next" among all Link fields, resolved against `origin` when it is
// relative. nullopt when there is none. An error (malformed) when it leaves the origin: credentials must not
// follow it there.
Result<std::optional<std::string>> next_link(const HttpHeaders& headers, const Url& origin);

}  // namespace exporter::net
