// What the exporter keeps of Okta's answers. Sources: Okta management API, schemas LogEvent, AppUser,
// Application.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace exporter::okta {

// One event of the System Log, reduced to what tells provisioning tasks apart.
struct LogEvent {
  std::string uuid;
  SystemTime published;
  std::string event_type;
  std::string legacy_event_type;
  std::string outcome_result;  // SUCCESS, FAILURE, SKIPPED …; empty where the event has no outcome
  std::string outcome_reason;  // at most 255 characters, may be cut
  std::string transaction_id;
  // Of the targets, by their type and never by their place in the list; empty where there is none.
  std::string user_id;                        // User, 00u…: joins with AppUser::id
  std::string app_user_id;                    // AppUser, 0ua…: not the id of GET /apps/{id}/users
  std::string group_id;                       // AppGroup or UserGroup
  std::vector<std::string> app_instance_ids;  // AppInstance, 0oa…
};

enum class AppUserStatus : std::uint8_t {
  ACTIVE,
  APPROVED,
  DEPROVISIONED,
  IMPLICIT,
  IMPORTED,
  INACTIVE,
  MATCHED,
  PENDING,
  PROVISIONED,
  REVOKED,
  STAGED,
  SUSPENDED,
  UNASSIGNED,
  other,
};
enum class SyncState : std::uint8_t { DISABLED, ERROR, OUT_OF_SYNC, SYNCHRONIZED, SYNCING, other };
enum class Scope : std::uint8_t { USER, GROUP, other };

inline constexpr std::string_view kAppUserStatuses[] = {
    "ACTIVE",  "APPROVED",    "DEPROVISIONED", "IMPLICIT", "IMPORTED",  "INACTIVE",   "MATCHED",
    "PENDING", "PROVISIONED", "REVOKED",       "STAGED",   "SUSPENDED", "UNASSIGNED", "other"};
inline constexpr std::string_view kSyncStates[] = {"DISABLED",     "ERROR",   "OUT_OF_SYNC",
                                                   "SYNCHRONIZED", "SYNCING", "other"};
inline constexpr std::string_view kScopes[] = {"USER", "GROUP", "other"};

constexpr std::string_view to_string(AppUserStatus value) {
  return kAppUserStatuses[static_cast<std::size_t>(value)];
}
constexpr std::string_view to_string(SyncState value) { return kSyncStates[static_cast<std::size_t>(value)]; }
constexpr std::string_view to_string(Scope value) { return kScopes[static_cast<std::size_t>(value)]; }

// One assignment of a user to the app.
struct AppUser {
  std::string id;           // the Okta user's id, 00u…
  std::string external_id;  // empty where Okta has none
  AppUserStatus status = AppUserStatus::other;
  SyncState sync_state = SyncState::other;
  Scope scope = Scope::other;
  // The newest of created, lastUpdated and statusChanged: what drift.grace is counted from.
  SystemTime changed;
  // The values of the configured match fields, in their order, as Okta wrote them; empty where absent or
  // null.
  std::vector<std::string> keys;
};

struct App {
  std::string id;
  std::string name;
  std::string label;
  std::string status;
  std::vector<std::string> features;  // PUSH_NEW_USERS, PUSH_USER_DEACTIVATION …
};

// What pushes a group of Okta to the app.
struct GroupPushMapping {
  std::string id;             // gPm…
  std::string status;         // ACTIVE, INACTIVE, ERROR
  std::string error_summary;  // why the last push failed, else empty
};

struct LogPage {
  std::vector<LogEvent> events;
  std::size_t received = 0;               // elements of the page, the malformed ones included
  std::size_t malformed = 0;              // elements without uuid, published or eventType
  std::string next_url;                   // absolute; always there in a polling answer
  std::optional<SystemTime> server_date;  // the answer's Date
};

struct AppUserPage {
  std::vector<AppUser> users;
  std::size_t malformed = 0;  // elements without an id
  std::string next_url;       // empty on the last page
};

struct GroupPushPage {
  std::vector<GroupPushMapping> mappings;
  std::string next_url;  // empty on the last page
};

}  // namespace exporter::okta
