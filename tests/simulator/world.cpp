#include "simulator/world.h"

#include <algorithm>
#include <array>

namespace simulator {
namespace {

constexpr std::array<std::string_view, 13> kStatusNames = {
    "ACTIVE",  "APPROVED",    "DEPROVISIONED", "IMPLICIT", "IMPORTED",  "INACTIVE",  "MATCHED",
    "PENDING", "PROVISIONED", "REVOKED",       "STAGED",   "SUSPENDED", "UNASSIGNED"};
constexpr std::array<std::string_view, 5> kSyncNames = {"DISABLED", "OUT_OF_SYNC", "SYNCING", "SYNCHRONIZED",
                                                        "ERROR"};
constexpr std::array<std::string_view, 24> kFirst = {
    "Ada",  "Ben",  "Chloe", "David", "Elena", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Liam",
    "Mara", "Nils", "Olga",  "Pedro", "Rosa",  "Samir", "Tara",  "Umar", "Vera", "Wim",   "Yara", "Zoran"};
constexpr std::array<std::string_view, 25> kLast = {
    "Abbott", "Berger", "Castro", "Dahl",   "Evans", "Fischer", "Garcia", "Hansen", "Ito",
    "Jensen", "Kumar",  "Lopez",  "Moore",  "Novak", "Okafor",  "Patel",  "Quinn",  "Rossi",
    "Silva",  "Tanaka", "Urban",  "Vargas", "Weber", "Young",   "Zhang"};

// ServiceNow's user_name column holds 40 characters and cuts the rest.
constexpr std::size_t kUserNameLength = 40;

bool key_agrees(std::string_view okta_key, std::string_view row_key) {
  const std::string okta = match_form(okta_key);
  const std::string row = match_form(row_key);
  if (okta.empty() || row.empty()) return false;
  return okta == row || (row.size() == kUserNameLength && okta.starts_with(row));
}

std::uint64_t id_secret(std::uint64_t seed, std::uint64_t index) { return mix(seed * 0x51ED2701ULL + index); }

constexpr std::uint64_t kIdScale = 62ULL * 62 * 62 * 62 * 62;  // five digits of an id carry the index

}  // namespace

std::string_view name_of(Status status) { return kStatusNames.at(static_cast<std::size_t>(status)); }
std::string_view name_of(SyncState state) { return kSyncNames.at(static_cast<std::size_t>(state)); }

std::optional<Status> parse_status(std::string_view text) {
  const auto it = std::find(kStatusNames.begin(), kStatusNames.end(), text);
  if (it == kStatusNames.end()) return std::nullopt;
  return static_cast<Status>(it - kStatusNames.begin());
}

std::optional<SyncState> parse_sync_state(std::string_view text) {
  const auto it = std::find(kSyncNames.begin(), kSyncNames.end(), text);
  if (it == kSyncNames.end()) return std::nullopt;
  return static_cast<SyncState>(it - kSyncNames.begin());
}

World::World(WorldOptions given)
    : options(std::move(given)),
      started_ms(now_ms()),
      okta_token(options.okta_token),
      features{"PUSH_NEW_USERS",   "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION",
               "REACTIVATE_USERS", "GROUP_PUSH",           "IMPORT_NEW_USERS"} {
  Account first;
  first.role = "reader";
  first.user_name = options.reader;
  first.password = options.reader_password;
  first.bit = 1;
  Account second;
  second.role = "provisioner";
  second.user_name = options.provisioner;
  second.password = options.provisioner_password;
  second.bit = 2;
  accounts = {first, second};
}

Account* World::account(std::string_view role_or_name) {
  for (Account& candidate : accounts) {
    if (candidate.role == role_or_name || candidate.user_name == role_or_name) return &candidate;
  }
  return nullptr;
}

// The last digits carry the index, so that an id needs no table to be found again; the rest looks like an id.
std::string World::okta_id(UserIndex user) const {
  return "00u" + base62(id_secret(options.seed, user), 12) + base62((user + 0x2A5B3C1ULL) % kIdScale, 5);
}

std::string World::app_user_id(UserIndex user) const { return "0ua" + okta_id(user).substr(3); }

std::optional<UserIndex> World::user_by_okta_id(std::string_view id) const {
  if (id.size() != 20) return std::nullopt;
  const auto tail = parse_base62(id.substr(15));
  if (!tail) return std::nullopt;
  const std::uint64_t index = (*tail + kIdScale - 0x2A5B3C1ULL) % kIdScale;
  if (index >= users.size() || okta_id(static_cast<UserIndex>(index)) != id) return std::nullopt;
  return static_cast<UserIndex>(index);
}

std::string World::first_name(std::uint32_t person) const {
  return std::string(kFirst[id_secret(options.seed, person) % kFirst.size()]);
}

std::string World::last_name(std::uint32_t person) const {
  return std::string(kLast[id_secret(options.seed, person) / 1000 % kLast.size()]);
}

std::string World::user_name(UserIndex user) const {
  if (const auto it = people_.find(user); it != people_.end()) return it->second.user_name;
  return lower(first_name(user)) + "." + lower(last_name(user)) + "." + std::to_string(user) + "@example.com";
}

std::string World::email(UserIndex user) const {
  if (const auto it = people_.find(user); it != people_.end()) return it->second.email;
  return lower(first_name(user)) + "." + lower(last_name(user)) + "." + std::to_string(user) +
         "@mail.example.com";
}

void World::set_external_id(UserIndex user, const std::string& text) {
  odd_external_.erase(user);
  const auto id = parse_sys_id(text);
  users[user].linked = !text.empty();
  if (id) {
    users[user].external = *id;
  } else {
    odd_external_[user] = text;
    // Whoever has the same text has the same id, which no row has.
    SysId made{};
    std::uint64_t word = hash_of(text);
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (i % 8 == 0) word = mix(word + i);
      made[i] = static_cast<std::uint8_t>(word >> (i % 8 * 8));
    }
    users[user].external = text.empty() ? SysId{} : made;
  }
  users_changed();
}

std::optional<std::string> World::odd_external_id(UserIndex user) const {
  const auto found = odd_external_.find(user);
  return found == odd_external_.end() ? std::nullopt : std::optional(found->second);
}

void World::set_person(UserIndex user, PersonText text) {
  // Rows that show this person's derived names keep the names they had.
  for (RowIndex row = 0; row < rows.size(); ++row) {
    if (rows[row].person == user && rows[row].text == kNone) {
      set_row_text(row, {row_user_name(rows[row]), row_email(rows[row]), row_name(rows[row])});
    }
  }
  people_[user] = std::move(text);
  users_changed();
}

std::string World::row_user_name(const UserRow& row) const {
  return row.text != kNone ? texts_[row.text].user_name : user_name(row.person);
}

std::string World::row_email(const UserRow& row) const {
  return row.text != kNone ? texts_[row.text].email : email(row.person);
}

std::string World::row_name(const UserRow& row) const {
  return row.text != kNone ? texts_[row.text].name : first_name(row.person) + " " + last_name(row.person);
}

RowIndex World::add_row(UserRow row) {
  rows.push_back(row);
  rows_changed();
  return static_cast<RowIndex>(rows.size() - 1);
}

RowIndex World::add_row(UserRow row, RowText text) {
  row.text = static_cast<std::uint32_t>(texts_.size());
  texts_.push_back(std::move(text));
  return add_row(row);
}

void World::set_row_text(RowIndex row, RowText text) {
  if (rows[row].text == kNone) {
    rows[row].text = static_cast<std::uint32_t>(texts_.size());
    texts_.emplace_back();
  }
  texts_[rows[row].text] = std::move(text);
  rows_changed();
}

SysId World::new_sys_id() {
  SysId id{};
  const std::uint64_t high = mix(options.seed ^ (++id_counter_ * 0xA24BAED4963EE407ULL));
  const std::uint64_t low = mix(high + id_counter_);
  for (std::size_t i = 0; i < 8; ++i) {
    id[i] = static_cast<std::uint8_t>(high >> (8 * i));
    id[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
  }
  return id;
}

RowIndex World::row_by_id(const SysId& id) {
  const auto& index = rows_by_id();
  const auto it = std::lower_bound(index.begin(), index.end(), id,
                                   [&](RowIndex row, const SysId& wanted) { return rows[row].id < wanted; });
  return it != index.end() && rows[*it].id == id ? *it : kNone;
}

bool World::matches(UserIndex user, const UserRow& row) const {
  if (row.person == user && row.text == kNone && !people_.contains(user)) return true;
  return key_agrees(user_name(user), row_user_name(row)) || key_agrees(email(user), row_email(row));
}

std::vector<RowIndex> World::rows_matching(UserIndex user) {
  index_rows();
  std::vector<RowIndex> found;
  const auto look = [&](const Keys& keys, const std::string& key) {
    const std::string form = match_form(key);
    for (const std::string& candidate : {form, form.substr(0, std::min(form.size(), kUserNameLength))}) {
      const auto [from, to] = find(keys, hash_of(candidate));
      for (auto it = from; it != to; ++it) found.push_back(it->second);
    }
  };
  look(by_user_name_, user_name(user));
  look(by_email_, email(user));
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::erase_if(found, [&](RowIndex row) { return !matches(user, rows[row]); });
  return found;
}

bool World::matches_another_user(const UserRow& row, UserIndex except) {
  index_users();
  const auto any = [&](const Keys& keys, const std::string& key) {
    const auto [from, to] = find(keys, hash_of(match_form(key)));
    return std::any_of(from, to, [&](const auto& entry) {
      return entry.second != except && users[entry.second].assigned && matches(entry.second, row);
    });
  };
  return any(users_by_user_name_, row_user_name(row)) || any(users_by_email_, row_email(row));
}

void World::rows_changed() {
  rows_indexed_ = false;
  ++rows_version_;
}

void World::users_changed() {
  users_indexed_ = false;
  rows_changed();  // derived names may have changed with the person's
}

const std::vector<RowIndex>& World::rows_by_id() {
  index_rows();
  return by_id_;
}

std::vector<RowIndex> World::rows_by_user_name(std::string_view key) {
  index_rows();
  std::vector<RowIndex> result;
  const auto [from, to] = find(by_user_name_, hash_of(match_form(key)));
  for (auto it = from; it != to; ++it) {
    if (lower(row_user_name(rows[it->second])) == lower(key)) result.push_back(it->second);
  }
  return result;
}

std::vector<RowIndex> World::rows_by_email(std::string_view key) {
  index_rows();
  std::vector<RowIndex> result;
  const auto [from, to] = find(by_email_, hash_of(match_form(key)));
  for (auto it = from; it != to; ++it) {
    if (lower(row_email(rows[it->second])) == lower(key)) result.push_back(it->second);
  }
  return result;
}

const std::vector<UserIndex>& World::holders() {
  index_users();
  return holders_;
}

std::pair<World::Keys::const_iterator, World::Keys::const_iterator> World::find(const Keys& keys,
                                                                                std::uint64_t hash) {
  const auto from =
      std::lower_bound(keys.begin(), keys.end(), std::pair<std::uint64_t, std::uint32_t>{hash, 0});
  auto to = from;
  while (to != keys.end() && to->first == hash) ++to;
  return {from, to};
}

void World::index_rows() {
  if (rows_indexed_) return;
  rows_indexed_ = true;
  by_id_.clear();
  by_user_name_.clear();
  by_email_.clear();
  for (RowIndex row = 0; row < rows.size(); ++row) {
    if (!rows[row].exists) continue;
    by_id_.push_back(row);
    if (const auto key = match_form(row_user_name(rows[row])); !key.empty()) {
      by_user_name_.emplace_back(hash_of(key), row);
    }
    if (const auto key = match_form(row_email(rows[row])); !key.empty())
      by_email_.emplace_back(hash_of(key), row);
  }
  std::sort(by_id_.begin(), by_id_.end(), [&](RowIndex a, RowIndex b) { return rows[a].id < rows[b].id; });
  std::sort(by_user_name_.begin(), by_user_name_.end());
  std::sort(by_email_.begin(), by_email_.end());
}

void World::index_users() {
  if (users_indexed_) return;
  users_indexed_ = true;
  users_by_user_name_.clear();
  users_by_email_.clear();
  holders_.clear();
  for (UserIndex user = 0; user < users.size(); ++user) {
    if (!users[user].assigned) continue;
    const auto add = [&](Keys& keys, const std::string& key) {
      const std::string form = match_form(key);
      if (form.empty()) return;
      keys.emplace_back(hash_of(form), user);
      if (form.size() > kUserNameLength) keys.emplace_back(hash_of(form.substr(0, kUserNameLength)), user);
    };
    add(users_by_user_name_, user_name(user));
    add(users_by_email_, email(user));
    if (users[user].linked) holders_.push_back(user);
  }
  std::sort(users_by_user_name_.begin(), users_by_user_name_.end());
  std::sort(users_by_email_.begin(), users_by_email_.end());
  std::stable_sort(holders_.begin(), holders_.end(),
                   [&](UserIndex a, UserIndex b) { return users[a].external < users[b].external; });
}

}  // namespace simulator
