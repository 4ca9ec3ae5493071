// The people on both sides and everything that may happen to them. Compact: a million users are about 100 MB.
// Not locked here: whoever shares a World holds World::mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "simulator/text.h"

namespace simulator {

enum class Status : std::uint8_t {
  kActive,
  kApproved,
  kDeprovisioned,
  kImplicit,
  kImported,
  kInactive,
  kMatched,
  kPending,
  kProvisioned,
  kRevoked,
  kStaged,
  kSuspended,
  kUnassigned
};
enum class SyncState : std::uint8_t { kDisabled, kOutOfSync, kSyncing, kSynchronized, kError };
enum class Scope : std::uint8_t { kUser, kGroup };

std::string_view name_of(Status status);
std::string_view name_of(SyncState state);
std::optional<Status> parse_status(std::string_view text);
std::optional<SyncState> parse_sync_state(std::string_view text);

using UserIndex = std::uint32_t;
using RowIndex = std::uint32_t;
constexpr std::uint32_t kNone = 0xFFFFFFFFU;

struct AppUser {
  SysId external{};
  std::uint32_t created = 0;
  std::uint32_t updated = 0;
  std::uint32_t status_changed = 0;
  std::uint32_t last_sync = 0;  // 0: never
  Status status = Status::kActive;
  SyncState sync = SyncState::kSynchronized;
  Scope scope = Scope::kUser;
  bool linked = false;   // has an external ID
  bool assigned = true;  // false: unassigned, no app user any more
};

struct UserRow {
  SysId id{};
  std::uint32_t person = kNone;  // whose names it carries, unless text is set
  std::uint32_t text = kNone;
  std::uint32_t created = 0;
  std::uint32_t updated = 0;
  std::uint16_t modifications = 1;
  std::uint8_t hidden_from = 0;  // bit per account: row ACL
  bool active = true;
  bool locked_out = false;
  bool exists = true;
};

struct RowText {
  std::string user_name;
  std::string email;
  std::string name;
};

struct PersonText {
  std::string user_name;
  std::string email;
};

// Of the app; only the parts that tell a failed push.
struct GroupPushMapping {
  std::string id;
  std::string status = "ACTIVE";
  std::string error_summary = {};
};

enum class QueryRange { kAllow, kForbidden, kSilent };

// A ServiceNow account: what it may do is what the ACLs of the instance say.
struct Account {
  std::string role;  // reader or provisioner
  std::string user_name;
  std::string password;
  std::uint8_t bit = 0;
  bool inactive_visible = true;  // false: a before-query rule takes inactive users out, also out of the count
  QueryRange query_range = QueryRange::kAllow;
  bool api_denied = false;  // "Failed API level ACL Validation"
  std::set<std::string> unreadable_fields;
  std::set<std::string> unreadable_tables;
  // Of the tables beside sys_user.
  std::set<std::string> hidden_tables;         // every row is hidden by a row ACL
  std::set<std::string> range_refused_tables;  // range queries and sorting: 403
  std::set<std::string> range_dropped_tables;  // … or silently dropped
  // What answers every request instead, as a localised or reworded refusal does.
  struct Refusal {
    int status = 403;
    std::string message;
    std::string detail;
  };
  std::optional<Refusal> refusal;
  bool domain_visible = true;  // false: another domain's rows (every second user) are out of rows and counts
  int failed_logins = 0;
  bool locked = false;
};

struct WorldOptions {
  std::uint32_t users = 1000;
  std::uint64_t seed = 1;
  std::string app_id = "0oaSIMservicenow0001";
  std::string app_label = "ServiceNow";
  std::string okta_token = "sim-okta-token";
  std::string reader = "prom_reader";
  std::string reader_password = "sim-reader-password";
  std::string provisioner = "okta.integration";
  std::string provisioner_password = "sim-okta-password";
  int lockout_after = 0;  // wrong passwords until an account locks; 0: never
  bool case_insensitive_columns = true;
  int page_limit_max = 500;
};

class World {
 public:
  explicit World(WorldOptions options);

  std::mutex mutex;
  const WorldOptions options;
  const std::int64_t started_ms;
  std::string okta_token;
  std::set<std::string> features;
  std::vector<GroupPushMapping> group_push_mappings;
  bool group_push_readable = true;  // false: the token lacks okta.groups.read
  std::vector<AppUser> users;
  std::vector<UserRow> rows;
  std::vector<Account> accounts;  // 0: reader, 1: provisioner

  Account& reader() { return accounts[0]; }
  Account& provisioner() { return accounts[1]; }
  Account* account(std::string_view role_or_name);

  // People
  std::string okta_id(UserIndex user) const;
  std::string app_user_id(UserIndex user) const;  // 0ua…, only in the System Log
  std::optional<UserIndex> user_by_okta_id(std::string_view id) const;
  std::string first_name(std::uint32_t person) const;
  std::string last_name(std::uint32_t person) const;
  std::string user_name(UserIndex user) const;
  std::string email(UserIndex user) const;
  void set_person(UserIndex user, PersonText text);
  // An external ID as Okta shows it: a sys_id, "", or any text, which is then no row's id.
  void set_external_id(UserIndex user, const std::string& text);
  void forget_odd_external_id(UserIndex user) { odd_external_.erase(user); }
  std::optional<std::string> odd_external_id(UserIndex user) const;
  bool has_own_names(UserIndex user) const { return people_.contains(user); }

  // sys_user
  std::string row_user_name(const UserRow& row) const;
  std::string row_email(const UserRow& row) const;
  std::string row_name(const UserRow& row) const;
  RowIndex add_row(UserRow row);
  RowIndex add_row(UserRow row, RowText text);
  void set_row_text(RowIndex row, RowText text);
  SysId new_sys_id();
  RowIndex row_by_id(const SysId& id);
  bool row_visible_in_query(const Account& account, const UserRow& row) const {
    const bool in_domain = account.domain_visible || row.person == kNone || row.person % 2 == 0;
    return row.exists && in_domain && (row.active || account.inactive_visible);
  }
  bool row_readable(const Account& account, const UserRow& row) const {
    return row_visible_in_query(account, row) && (row.hidden_from & account.bit) == 0;
  }

  // Matching, as the contract compares keys. A row key may be cut to the first 40 characters of a longer
  // name.
  bool matches(UserIndex user, const UserRow& row) const;
  std::vector<RowIndex> rows_matching(UserIndex user);
  bool matches_another_user(const UserRow& row, UserIndex except);

  // Indexes are rebuilt when they are next needed after rows_changed() or users_changed().
  void rows_changed();
  void users_changed();
  std::uint64_t rows_version() const { return rows_version_; }
  const std::vector<RowIndex>& rows_by_id();
  std::vector<RowIndex> rows_by_user_name(std::string_view key);  // exact, regardless of case
  std::vector<RowIndex> rows_by_email(std::string_view key);
  const std::vector<UserIndex>& holders();  // linked users, sorted by external ID

 private:
  using Keys = std::vector<std::pair<std::uint64_t, std::uint32_t>>;
  static std::pair<Keys::const_iterator, Keys::const_iterator> find(const Keys& keys, std::uint64_t hash);
  void index_rows();
  void index_users();

  std::unordered_map<UserIndex, PersonText> people_;
  std::unordered_map<UserIndex, std::string> odd_external_;
  std::vector<RowText> texts_;
  std::uint64_t id_counter_ = 0;
  std::uint64_t rows_version_ = 1;
  bool rows_indexed_ = false;
  bool users_indexed_ = false;
  std::vector<RowIndex> by_id_;
  Keys by_user_name_;
  Keys by_email_;
  Keys users_by_user_name_;
  Keys users_by_email_;
  std::vector<UserIndex> holders_;
};

}  // namespace simulator
