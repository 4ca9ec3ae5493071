// GET /api/v1/apps/{appId}/users, an array of AppUser, and GET /api/v1/apps/{appId}/users/{userId}, one of
// them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "okta/records.h"

namespace exporter::okta {

struct ParsedAppUsers {
  std::vector<AppUser> users;  // in the order of the page
  // Elements that are no object, have no readable id, or whose externalId is neither a string nor null: taken
  // for an unlinked user, such a one would be false drift. A page with any of them is no complete page.
  std::size_t malformed = 0;
};

// match_fields: "userName" or "profile.<name>"; numbers and booleans of a profile are taken as they are
// written. Errors: incomplete (cut off), malformed (no array, broken JSON); then no user of the page is
// given.
Result<ParsedAppUsers> parse_app_users(std::string body, std::span<const std::string> match_fields);

// The same for one object; malformed where the list would count it as malformed.
Result<AppUser> parse_app_user(std::string body, std::span<const std::string> match_fields);

}  // namespace exporter::okta
