// GET /api/v1/apps, an array of Application, and GET /api/v1/apps/{appId}, one of them.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "okta/records.h"

namespace exporter::okta {

// Errors: incomplete (cut off), malformed (no array, broken JSON, an app without an id: an app is chosen out
// of this list, so it must not lack one).
Result<std::vector<App>> parse_apps(std::string body);
Result<App> parse_app(std::string body);

}  // namespace exporter::okta
