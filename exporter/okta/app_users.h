// GET /api/v1/apps/{appId}/users, an array of AppUser, and GET /api/v1/apps/{appId}/users/{userId}, one of
// them.
#pragma once

#include <cstddef>
#include <memory>
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

// Reads the pages of one listing, each in the memory that the one before it needed. Not thread-safe.
class AppUserPageReader {
 public:
  explicit AppUserPageReader(std::span<const std::string> match_fields);
  ~AppUserPageReader();
  AppUserPageReader(const AppUserPageReader&) = delete;
  AppUserPageReader& operator=(const AppUserPageReader&) = delete;

  // As parse_app_users(). After a value page() is the page, until the next read(). `body` may grow, and is
  // otherwise left alone.
  Result<void> read(std::string& body);
  const ParsedAppUsers& page() const { return page_; }

 private:
  struct Parser;  // with simdjson's, whose header is heavy
  std::unique_ptr<Parser> parser_;
  ParsedAppUsers page_;
};

// As parse_app_users() for one object; malformed where the list would count it as malformed.
Result<AppUser> parse_app_user(std::string body, std::span<const std::string> match_fields);

}  // namespace exporter::okta
