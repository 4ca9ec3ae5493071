// Okta's management API, as far as the exporter reads it.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "net/api_client.h"
#include "okta/records.h"

namespace exporter::okta {

// The app by its id, or by name and label ("servicenow_ud", "ServiceNow").
struct AppSelector {
  std::string id;
  std::string name;
  std::string label;
};

// Thread-safe; must not outlive the ApiClient.
class Client {
 public:
  // match_fields: "userName" (credentials.userName) or "profile.<name>", in the order of AppUser::keys.
  Client(net::ApiClient& api, std::vector<std::string> match_fields);

  // The path and query of the first polling request: no `until`, ascending, limit 1000 (okta.md 1.2).
  static std::string first_log_target(std::string_view app_id, SystemTime since);
  // The filter of that request; a stored cursor belongs to it and to no other. Both throw
  // std::invalid_argument for an app id that is none (resolve_app() gives only good ones). Okta refuses a
  // `since` of more than 180 days ago.
  static std::string log_filter(std::string_view app_id);

  // `target`: first_log_target() or a stored next_url. A 400, 404 or 410 answer to a next_url is class
  // cursor_expired. A page is given whole or not at all: incomplete (cut off), malformed (no array, broken
  // JSON, no next link).
  Result<LogPage> log_page(std::string_view target, std::stop_token stop);

  static std::string first_app_users_target(std::string_view app_id, int page_size);
  // A page with malformed elements is given all the same; the listing that holds it is not complete.
  Result<AppUserPage> app_users_page(std::string_view target, std::stop_token stop);
  // The same as it came, so that the next page can be fetched while this one is read (AppUserPageReader).
  struct AppUserBody {
    std::string body;
    std::string next_url;  // empty on the last page
    std::optional<SystemTime> server_date;
  };
  // http_status 400, 404 or 410 for a next_url: Okta does not know the position any more.
  Result<AppUserBody> fetch_app_users(std::string_view target, std::stop_token stop,
                                      std::string* memory = nullptr);
  // http_4xx with http_status 404 when the user is not assigned (any more).
  Result<AppUser> app_user(std::string_view app_id, std::string_view user_id, std::stop_token stop);

  // The mappings whose last push failed. 1000 is the most that one page holds (okta.md 4.4).
  static std::string first_group_push_errors_target(std::string_view app_id);
  // malformed where an element has no id or no status: the count would be wrong.
  Result<GroupPushPage> group_push_page(std::string_view target, std::stop_token stop);

  // Exactly one app, else an error (malformed) that says how many there were and which key to set. An id goes
  // before name and label; a label is compared exactly and, where none is the same, without case.
  Result<App> resolve_app(const AppSelector& selector, std::stop_token stop);

  const std::vector<std::string>& match_fields() const { return match_fields_; }

 private:
  Result<App> app_by_id(const std::string& id, std::stop_token stop);
  Result<std::vector<App>> apps_named(const AppSelector& selector, std::stop_token stop);

  net::ApiClient& api_;
  std::vector<std::string> match_fields_;
};

}  // namespace exporter::okta
