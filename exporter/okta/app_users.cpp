#include "okta/app_users.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.h"
#include "okta/json_reader.h"

namespace exporter::okta {
namespace {

using json::read_view;

constexpr std::string_view kUserName = "userName";
constexpr std::string_view kProfile = "profile.";

// The enum of a vendor's word; a word that Okta added since becomes `other`, the last of the list.
template <class Enum, std::size_t N>
Enum word(const std::string_view (&words)[N], const std::optional<std::string_view>& text) {
  const auto found = text ? std::find(std::begin(words), std::end(words), *text) : std::end(words);
  const auto index =
      found == std::end(words) ? static_cast<std::ptrdiff_t>(N) - 1 : found - std::begin(words);
  return static_cast<Enum>(index);
}

simdjson::error_code read_key(json::ondemand::value value, std::string& out) {
  out.clear();
  json::ondemand::json_type type;
  if (auto error = value.type().get(type)) return error;
  if (type == json::ondemand::json_type::number || type == json::ondemand::json_type::boolean) {
    out = trim(value.raw_json_token());
    return simdjson::SUCCESS;
  }
  std::optional<std::string_view> text;
  auto error = read_view(value, text);
  if (text) out = *text;
  return error;
}

// A field that comes twice with two values: whichever were taken, it could be the wrong one.
struct Repeats {
  bool contradict = false;
  void see(const std::optional<std::string_view>& before, const std::optional<std::string_view>& now) {
    contradict = contradict || (before && before != now);
  }
};

// A text field that decides whose link this is.
simdjson::error_code read_once(json::ondemand::value value, std::optional<std::string_view>& out,
                               Repeats& repeats) {
  const std::optional<std::string_view> before = out;
  const auto error = read_view(value, out);
  repeats.see(before, out);
  return error;
}

// Puts the value of `name` in its place or places among the keys.
simdjson::error_code read_match_field(std::string_view prefix, std::string_view name,
                                      json::ondemand::value value, std::span<const std::string> match_fields,
                                      std::vector<std::string>& keys, Repeats& repeats) {
  std::optional<std::string> text;
  for (std::size_t i = 0; i < match_fields.size(); ++i) {
    const std::string_view field = match_fields[i];
    if (!field.starts_with(prefix) || field.substr(prefix.size()) != name) continue;
    if (!text) {
      text.emplace();
      if (auto error = read_key(value, *text)) return error;
    }
    if (!keys[i].empty()) repeats.see(keys[i], *text);
    keys[i] = *text;
  }
  return simdjson::SUCCESS;
}

// nullopt: malformed.
simdjson::error_code read_app_user(json::ondemand::value value, std::span<const std::string> match_fields,
                                   std::optional<AppUser>& out) {
  std::optional<std::string_view> id;
  std::optional<std::string_view> external_id;
  std::optional<std::string_view> status;
  std::optional<std::string_view> sync_state;
  std::optional<std::string_view> scope;
  std::optional<std::string_view> created;
  std::optional<std::string_view> last_updated;
  std::optional<std::string_view> status_changed;
  bool external_id_readable = true;
  bool external_id_seen = false;
  Repeats repeats;
  AppUser user;
  user.keys.resize(match_fields.size());
  auto error = json::read_fields(
      value, [&](std::string_view key, json::ondemand::value field) -> simdjson::error_code {
        if (key == "id") return read_once(field, id, repeats);
        if (key == "externalId") {
          json::ondemand::json_type type;
          if (auto failed = field.type().get(type)) return failed;
          const std::optional<std::string_view> before = external_id;
          auto failed = read_view(field, external_id);
          // Also a null beside a text.
          repeats.contradict = repeats.contradict || (external_id_seen && before != external_id);
          external_id_seen = true;
          external_id_readable = type == json::ondemand::json_type::null || external_id.has_value();
          return failed;
        }
        if (key == "status") return read_view(field, status);
        if (key == "syncState") return read_view(field, sync_state);
        if (key == "scope") return read_view(field, scope);
        if (key == "created") return read_view(field, created);
        if (key == "lastUpdated") return read_view(field, last_updated);
        if (key == "statusChanged") return read_view(field, status_changed);
        if (key == "credentials") {
          return json::read_fields(field, [&](std::string_view name, json::ondemand::value part) {
            return name == kUserName ? read_match_field("", name, part, match_fields, user.keys, repeats)
                                     : simdjson::SUCCESS;
          });
        }
        if (key == "profile") {
          return json::read_fields(field, [&](std::string_view name, json::ondemand::value part) {
            return read_match_field(kProfile, name, part, match_fields, user.keys, repeats);
          });
        }
        return simdjson::SUCCESS;
      });
  out.reset();
  if (error || !id || id->empty() || !external_id_readable || repeats.contradict) return error;
  user.id = *id;
  if (external_id) user.external_id = *external_id;
  user.status = word<AppUserStatus>(kAppUserStatuses, status);
  user.sync_state = word<SyncState>(kSyncStates, sync_state);
  user.scope = word<Scope>(kScopes, scope);
  for (const auto* text : {&created, &last_updated, &status_changed}) {
    if (const auto time = *text ? parse_iso8601(**text) : std::nullopt)
      user.changed = std::max(user.changed, *time);
  }
  out = std::move(user);
  return simdjson::SUCCESS;
}

}  // namespace

Result<ParsedAppUsers> parse_app_users(std::string body, std::span<const std::string> match_fields) {
  ParsedAppUsers page;
  auto read = json::read_array(body, "GET /api/v1/apps/{appId}/users", [&](json::ondemand::value element) {
    std::optional<AppUser> user;
    if (auto error = read_app_user(element, match_fields, user)) return error;
    if (user) {
      page.users.push_back(std::move(*user));
    } else {
      ++page.malformed;
    }
    return simdjson::SUCCESS;
  });
  if (!read) return std::unexpected(std::move(read.error()));
  return page;
}

Result<AppUser> parse_app_user(std::string body, std::span<const std::string> match_fields) {
  constexpr std::string_view kEndpoint = "GET /api/v1/apps/{appId}/users/{userId}";
  std::optional<AppUser> user;
  auto read = json::read_object(
      body, kEndpoint, [&](json::ondemand::value value) { return read_app_user(value, match_fields, user); });
  if (!read) return std::unexpected(std::move(read.error()));
  if (!user) {
    return std::unexpected(Error{ErrorClass::malformed,
                                 "Okta's answer to " + std::string(kEndpoint) +
                                     " has no readable id or external ID; the user is left as unverified"});
  }
  return std::move(*user);
}

}  // namespace exporter::okta
