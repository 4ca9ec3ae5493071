#include "okta/app_users.h"

#include <algorithm>
#include <array>
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

// To be used before the page's parser goes.
simdjson::error_code read_key(json::ondemand::value& value, std::string_view& out) {
  out = {};
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
simdjson::error_code read_once(json::ondemand::value& value, std::optional<std::string_view>& out,
                               Repeats& repeats) {
  const std::optional<std::string_view> before = out;
  const auto error = read_view(value, out);
  repeats.see(before, out);
  return error;
}

// Where the value of a field belongs among the keys.
struct Place {
  std::string name;
  std::size_t key = 0;
};

// The match fields, told apart once and not for each field of each user.
struct Places {
  explicit Places(std::span<const std::string> match_fields) : keys(match_fields.size()) {
    for (std::size_t i = 0; i < match_fields.size(); ++i) {
      const std::string& field = match_fields[i];
      if (field == kUserName) credentials.push_back({field, i});
      if (field.starts_with(kProfile)) profile.push_back({field.substr(kProfile.size()), i});
    }
  }
  std::size_t keys;
  std::vector<Place> credentials;
  std::vector<Place> profile;
};

// Puts the value of `name` in its place or places among the keys.
simdjson::error_code read_match_field(std::span<const Place> places, std::string_view name,
                                      json::ondemand::value& value, std::vector<std::string>& keys,
                                      Repeats& repeats) {
  std::optional<std::string_view> text;
  for (const Place& place : places) {
    if (place.name != name) continue;
    if (!text) {
      text.emplace();
      if (auto error = read_key(value, *text)) return error;
    }
    std::string& key = keys[place.key];
    if (!key.empty()) repeats.see(key, text);
    key = *text;
  }
  return simdjson::SUCCESS;
}

// The last of some times; the epoch where none can be read.
SystemTime latest(std::span<const std::optional<std::string_view>> texts) {
  // As Okta writes them, in UTC and to the millisecond, they are in order as texts: then one is read and not
  // all.
  constexpr std::string_view kForm = "2026-02-03T11:16:15.000Z";
  std::string_view last;
  bool alike = true;
  for (const auto& text : texts) {
    if (!text) continue;
    alike = alike && text->size() == kForm.size() && text->ends_with('Z') && (*text)[19] == '.';
    last = std::max(last, *text);
  }
  if (alike) {
    if (const auto time = parse_iso8601(last)) return *time;
  }
  SystemTime result{};
  for (const auto& text : texts) {
    if (const auto time = text ? parse_iso8601(*text) : std::nullopt) result = std::max(result, *time);
  }
  return result;
}

// `user` may hold another one before, whose memory is used again. `whole`: false for a malformed one.
simdjson::error_code read_app_user(json::ondemand::value& value, const Places& places, AppUser& user,
                                   bool& whole) {
  std::optional<std::string_view> id;
  std::optional<std::string_view> external_id;
  std::optional<std::string_view> status;
  std::optional<std::string_view> sync_state;
  std::optional<std::string_view> scope;
  std::array<std::optional<std::string_view>, 3> times;
  bool external_id_readable = true;
  bool external_id_seen = false;
  Repeats repeats;
  user.keys.resize(places.keys);
  for (std::string& key : user.keys) key.clear();
  auto error = json::read_fields(
      value, [&](std::string_view key, json::ondemand::value& field) -> simdjson::error_code {
        if (json::is(key, "id")) return read_once(field, id, repeats);
        if (json::is(key, "externalId")) {
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
        if (json::is(key, "status")) return read_view(field, status);
        if (json::is(key, "syncState")) return read_view(field, sync_state);
        if (json::is(key, "scope")) return read_view(field, scope);
        if (json::is(key, "created")) return read_view(field, times[0]);
        if (json::is(key, "lastUpdated")) return read_view(field, times[1]);
        if (json::is(key, "statusChanged")) return read_view(field, times[2]);
        const bool credentials = json::is(key, "credentials");
        if (credentials || json::is(key, "profile")) {
          const auto& wanted = credentials ? places.credentials : places.profile;
          return json::read_fields(field, [&](std::string_view name, json::ondemand::value& part) {
            return read_match_field(wanted, name, part, user.keys, repeats);
          });
        }
        return simdjson::SUCCESS;
      });
  whole = false;
  if (error || !id || id->empty() || !external_id_readable || repeats.contradict) return error;
  whole = true;
  user.id = *id;
  user.external_id = external_id.value_or(std::string_view());
  user.status = word<AppUserStatus>(kAppUserStatuses, status);
  user.sync_state = word<SyncState>(kSyncStates, sync_state);
  user.scope = word<Scope>(kScopes, scope);
  user.changed = latest(times);
  return simdjson::SUCCESS;
}

}  // namespace

struct AppUserPageReader::Parser {
  explicit Parser(std::span<const std::string> match_fields) : places(match_fields) {}
  Places places;
  json::ondemand::parser parser;
};

AppUserPageReader::AppUserPageReader(std::span<const std::string> match_fields)
    : parser_(std::make_unique<Parser>(match_fields)) {}

AppUserPageReader::~AppUserPageReader() = default;

Result<void> AppUserPageReader::read(std::string& body) {
  std::size_t users = 0;
  page_.malformed = 0;
  const auto on_element = [&](json::ondemand::value& element) -> simdjson::error_code {
    if (users == page_.users.size()) page_.users.emplace_back();
    bool whole = false;
    if (auto error = read_app_user(element, parser_->places, page_.users[users], whole)) return error;
    ++(whole ? users : page_.malformed);
    return simdjson::SUCCESS;
  };
  auto read = json::read_array(parser_->parser, body, "GET /api/v1/apps/{appId}/users", on_element);
  page_.users.resize(read ? users : 0);
  return read;
}

Result<ParsedAppUsers> parse_app_users(std::string body, std::span<const std::string> match_fields) {
  AppUserPageReader reader(match_fields);
  if (auto read = reader.read(body); !read) return std::unexpected(std::move(read.error()));
  return reader.page();
}

Result<AppUser> parse_app_user(std::string body, std::span<const std::string> match_fields) {
  constexpr std::string_view kEndpoint = "GET /api/v1/apps/{appId}/users/{userId}";
  const Places places(match_fields);
  AppUser user;
  bool whole = false;
  auto read = json::read_object(body, kEndpoint, [&](json::ondemand::value& value) {
    return read_app_user(value, places, user, whole);
  });
  if (!read) return std::unexpected(std::move(read.error()));
  if (!whole) {
    return std::unexpected(Error{ErrorClass::malformed,
                                 "Okta's answer to " + std::string(kEndpoint) +
                                     " has no readable id or external ID; the user is left as unverified"});
  }
  return user;
}

}  // namespace exporter::okta
