#include "okta/client.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "base/text.h"
#include "net/link_header.h"
#include "okta/app_users.h"
#include "okta/apps.h"
#include "okta/group_push_mappings.h"
#include "okta/log_events.h"

namespace exporter::okta {
namespace {

constexpr int kLogPageSize = 1000;        // the most that /logs gives
constexpr int kMaxAppUserPageSize = 500;  // likewise /apps/{id}/users
constexpr int kMaxAppPages = 100;         // of 200 apps: no org comes near it

// Okta's ids are letters and digits ("0oa1gjh63g214q0Hq0g4"); nothing else may enter a path or a filter.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_alphanumeric);
}

// An app's catalogue name: "servicenow_ud", "example_servicenow_1".
bool is_app_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
  });
}

// Ids that come here were checked when the app was resolved or the page was read: another one is a fault of
// the caller.
void require_id(std::string_view id, const char* what) {
  if (!is_id(id)) throw std::invalid_argument(std::string("not an Okta id: ") + what);
}

// A next link is always absolute, what this file makes is a path.
bool is_next_url(std::string_view target) { return !target.starts_with('/'); }

Error no_next_link() {
  return {ErrorClass::malformed,
          "Okta's answer to GET /api/v1/logs has no Link rel=\"next\", which a polling answer always has; "
          "nothing of "
          "it is used. Look for a proxy that drops Link headers"};
}

std::string app_names(const AppSelector& selector) {
  std::string text;
  if (!selector.name.empty()) text = "name " + selector.name;
  if (!selector.label.empty()) text += (text.empty() ? "" : " and ") + ("label \"" + selector.label + "\"");
  return text;
}

bool same_text(std::string_view a, std::string_view b) { return a == b; }

std::vector<App> with_label(const std::vector<App>& apps, std::string_view label,
                            bool (*same)(std::string_view, std::string_view)) {
  std::vector<App> found;
  std::copy_if(apps.begin(), apps.end(), std::back_inserter(found),
               [&](const App& app) { return same(app.label, label); });
  return found;
}

}  // namespace

Client::Client(net::ApiClient& api, std::vector<std::string> match_fields)
    : api_(api), match_fields_(std::move(match_fields)) {}

std::string Client::log_filter(std::string_view app_id) {
  require_id(app_id, "the app's");
  // push_new_user_success is the proof of a creation and the only event of its family outside application.*.
  return "(eventType sw \"application.provision.\" or eventType sw \"application.integration.\" or "
         "eventType eq \"app.user_management.push_new_user_success\") and target.id eq \"" +
         std::string(app_id) + "\"";
}

std::string Client::first_log_target(std::string_view app_id, SystemTime since) {
  // No `until` and ascending order make it a polling request: ordered by the time of persistence, so that
  // late events are not missed, and with a next link on every page.
  return "/api/v1/logs?since=" + net::percent_encode(to_iso8601(since)) +
         "&sortOrder=ASCENDING&limit=" + std::to_string(kLogPageSize) +
         "&filter=" + net::percent_encode(log_filter(app_id));
}

Result<LogPage> Client::log_page(std::string_view target, std::stop_token stop) {
  auto response = api_.get(net::Endpoint::logs, target, stop);
  if (!response) {
    Error error = std::move(response.error());
    // How long Okta honours a cursor is nowhere written, so any refusal of one is taken for its end.
    if (is_next_url(target) &&
        (error.http_status == 400 || error.http_status == 404 || error.http_status == 410)) {
      error.error_class = ErrorClass::cursor_expired;
      error.message = "Okta refused the stored position in its System Log (HTTP " +
                      std::to_string(error.http_status) +
                      "); reading starts again a little before the last event, events already counted are "
                      "recognised by their uuid";
    }
    return std::unexpected(std::move(error));
  }
  auto next = net::next_link(response->headers, api_.base());
  if (!next) return std::unexpected(std::move(next.error()));
  std::optional<std::string> next_url = std::move(*next);
  if (!next_url) return std::unexpected(no_next_link());
  LogPage page;
  page.next_url = std::move(*next_url);
  if (const auto date = response->headers.first("Date")) page.server_date = parse_http_date(*date);
  auto parsed = parse_log_events(std::move(response->body));
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  page.events = std::move(parsed->events);
  page.received = parsed->received;
  page.malformed = parsed->malformed;
  return page;
}

std::string Client::first_app_users_target(std::string_view app_id, int page_size) {
  require_id(app_id, "the app's");
  return "/api/v1/apps/" + std::string(app_id) +
         "/users?limit=" + std::to_string(std::clamp(page_size, 1, kMaxAppUserPageSize));
}

Result<AppUserPage> Client::app_users_page(std::string_view target, std::stop_token stop) {
  auto page = fetch_app_users(target, std::move(stop));
  if (!page) return std::unexpected(std::move(page.error()));
  auto parsed = parse_app_users(std::move(page->body), match_fields_);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  return AppUserPage{std::move(parsed->users), parsed->malformed, std::move(page->next_url)};
}

Result<Client::AppUserBody> Client::fetch_app_users(std::string_view target, std::stop_token stop,
                                                    std::string* memory) {
  auto response = api_.get(net::Endpoint::app_users, target, std::move(stop), memory);
  if (!response) return std::unexpected(std::move(response.error()));
  auto next = net::next_link(response->headers, api_.base());
  if (!next) return std::unexpected(std::move(next.error()));
  AppUserBody page{std::move(response->body), std::move(*next).value_or(""), std::nullopt};
  if (const auto date = response->headers.first("Date")) page.server_date = parse_http_date(*date);
  if (page.next_url == target) {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "Okta's next link of GET /api/v1/apps/{appId}/users leads to the same page again; the "
              "listing is given up. Look for a proxy that caches or rewrites answers"});
  }
  return page;
}

Result<AppUser> Client::app_user(std::string_view app_id, std::string_view user_id, std::stop_token stop) {
  require_id(app_id, "the app's");
  if (!is_id(user_id)) {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "the System Log names a user by something that is no Okta id; the user is not looked up"});
  }
  auto response = api_.get(net::Endpoint::app_user,
                           "/api/v1/apps/" + std::string(app_id) + "/users/" + std::string(user_id), stop);
  if (!response) return std::unexpected(std::move(response.error()));
  return parse_app_user(std::move(response->body), match_fields_);
}

std::string Client::first_group_push_errors_target(std::string_view app_id) {
  require_id(app_id, "the app's");
  return "/api/v1/apps/" + std::string(app_id) + "/group-push/mappings?status=ERROR&limit=1000";
}

Result<GroupPushPage> Client::group_push_page(std::string_view target, std::stop_token stop) {
  auto response = api_.get(net::Endpoint::group_push_mappings, target, std::move(stop));
  if (!response) return std::unexpected(std::move(response.error()));
  auto next = net::next_link(response->headers, api_.base());
  if (!next) return std::unexpected(std::move(next.error()));
  auto parsed = parse_group_push_mappings(std::move(response->body));
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (parsed->malformed > 0) {
    return std::unexpected(
        Error{ErrorClass::malformed, "Okta's list of group push mappings holds " +
                                         std::to_string(parsed->malformed) +
                                         " entries without an id or a status; nothing of it is used. Look "
                                         "for a proxy that rewrites answers"});
  }
  return GroupPushPage{std::move(parsed->mappings), std::move(*next).value_or("")};
}

Result<App> Client::resolve_app(const AppSelector& selector, std::stop_token stop) {
  if (!selector.id.empty()) return app_by_id(selector.id, stop);
  if (selector.name.empty() && selector.label.empty()) {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "okta.app names no app; set okta.app.id, or okta.app.name and okta.app.label"});
  }
  if (!selector.name.empty() && !is_app_name(selector.name)) {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "okta.app.name is no app name of Okta's catalogue (such as servicenow_ud); the name "
              "that is shown in the Admin Console belongs in okta.app.label"});
  }
  auto listed = apps_named(selector, stop);
  if (!listed) return std::unexpected(std::move(listed.error()));
  std::vector<App> found = std::move(*listed);
  if (!selector.name.empty()) std::erase_if(found, [&](const App& app) { return app.name != selector.name; });
  if (!selector.label.empty()) {
    // Labels are typed by people: "ServiceNow" and "servicenow" may both exist, so the exact one goes first.
    auto exact = with_label(found, selector.label, same_text);
    found = exact.empty() ? with_label(found, selector.label, equals_ignore_case) : std::move(exact);
  }
  if (found.size() == 1 && is_id(found.front().id)) return std::move(found.front());
  if (found.size() == 1) {
    return std::unexpected(Error{ErrorClass::malformed, "Okta's app with " + app_names(selector) +
                                                            " has an id that is none; check okta.url"});
  }
  if (found.empty()) {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "Okta has no app with " + app_names(selector) +
                  " that these credentials may see; correct okta.app.name and okta.app.label, or set "
                  "okta.app.id (it stands in the address of the app's page in the Admin Console)"});
  }
  return std::unexpected(
      Error{ErrorClass::malformed,
            "Okta has " + std::to_string(found.size()) + " apps with " + app_names(selector) + "; set " +
                (selector.label.empty() ? "okta.app.label too, or " : "") +
                "okta.app.id (it stands in the address of the app's page in the Admin Console)"});
}

Result<App> Client::app_by_id(const std::string& id, std::stop_token stop) {
  if (!is_id(id)) {
    return std::unexpected(
        Error{ErrorClass::malformed,
              "okta.app.id is no Okta app id (0oa… of letters and digits); it stands in the address "
              "of the app's page in the Admin Console"});
  }
  auto response = api_.get(net::Endpoint::app, "/api/v1/apps/" + id, stop);
  if (!response) {
    Error error = std::move(response.error());
    if (error.http_status == 404) {
      error.message = "Okta has no app " + id + " that these credentials may see; correct okta.app.id";
    }
    return std::unexpected(std::move(error));
  }
  auto app = parse_app(std::move(response->body));
  if (app && app->id != id) {
    return std::unexpected(Error{ErrorClass::malformed, "Okta answered with another app than " + id +
                                                            "; check okta.url and any proxy on the way"});
  }
  return app;
}

Result<std::vector<App>> Client::apps_named(const AppSelector& selector, std::stop_token stop) {
  // The filter knows `name` but not `label`; q finds what begins with the text, in either.
  std::string target = "/api/v1/apps?limit=200";
  if (!selector.name.empty()) {
    target += "&filter=" + net::percent_encode("name eq \"" + selector.name + "\"");
  } else {
    target += "&q=" + net::percent_encode(selector.label);
  }
  std::vector<App> all;
  for (int pages = 0; pages < kMaxAppPages; ++pages) {
    auto response = api_.get(net::Endpoint::apps, target, stop);
    if (!response) return std::unexpected(std::move(response.error()));
    auto apps = parse_apps(std::move(response->body));
    if (!apps) return std::unexpected(std::move(apps.error()));
    std::move(apps->begin(), apps->end(), std::back_inserter(all));
    auto next = net::next_link(response->headers, api_.base());
    if (!next) return std::unexpected(std::move(next.error()));
    std::optional<std::string> next_url = std::move(*next);
    if (!next_url) return all;
    target = std::move(*next_url);
  }
  return std::unexpected(Error{ErrorClass::incomplete, "Okta's list of apps did not end after " +
                                                           std::to_string(kMaxAppPages) +
                                                           " pages; set okta.app.id instead of a name"});
}

}  // namespace exporter::okta
