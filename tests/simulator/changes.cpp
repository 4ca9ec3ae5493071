#include "simulator/changes.h"

#include <algorithm>

namespace simulator {

When ago(const World& world, std::int64_t seconds) {
  (void)world;
  return {static_cast<std::uint32_t>(now_ms() / 1000 - seconds)};
}

RowIndex row_of(World& world, UserIndex user) {
  return world.users[user].linked ? world.row_by_id(world.users[user].external) : kNone;
}

void remove_row(World& world, UserIndex user) {
  const RowIndex row = row_of(world, user);
  if (row == kNone) return;
  world.rows[row].exists = false;
  world.rows_changed();
}

bool recreate_row(World& world, UserIndex user, When when) {
  const RowIndex old = row_of(world, user);
  UserRow fresh;
  if (old != kNone) {
    fresh = world.rows[old];
    world.rows[old].exists = false;
  } else {
    fresh.person = user;
  }
  fresh.id = world.new_sys_id();
  fresh.created = fresh.updated = when.seconds;
  fresh.modifications = 0;
  world.add_row(fresh);
  return true;
}

void duplicate_person(World& world, UserIndex user, When when) {
  UserRow row;
  row.id = world.new_sys_id();
  row.person = user;
  row.created = row.updated = when.seconds;
  world.add_row(row);
}

bool reassign(World& world, UserIndex user, When when) {
  const std::vector<RowIndex> found = world.rows_matching(user);
  if (found.size() != 1) return false;
  world.forget_odd_external_id(user);
  AppUser& entry = world.users[user];
  entry.external = world.rows[found.front()].id;
  entry.linked = true;
  entry.status = Status::kProvisioned;
  entry.sync = SyncState::kSynchronized;
  entry.updated = entry.status_changed = entry.last_sync = when.seconds;
  world.rows[found.front()].active = true;  // assigning back restores active, not locked_out
  world.rows[found.front()].updated = when.seconds;
  world.users_changed();
  return true;
}

void rename_row(World& world, UserIndex user, const std::string& user_name, const std::string& email,
                When when) {
  const RowIndex row = row_of(world, user);
  if (row == kNone) return;
  world.rows[row].updated = when.seconds;
  ++world.rows[row].modifications;
  world.set_row_text(row, {user_name, email, world.row_name(world.rows[row])});
}

void swap_owner(World& world, UserIndex user, UserIndex other, When when) {
  const RowIndex mine = row_of(world, user);
  const RowIndex theirs = row_of(world, other);
  if (mine == kNone || theirs == kNone) return;
  std::swap(world.rows[mine].id, world.rows[theirs].id);
  world.rows[mine].updated = world.rows[theirs].updated = when.seconds;
  world.rows_changed();
}

void unlink(World& world, UserIndex user, When when) {
  world.forget_odd_external_id(user);
  AppUser& entry = world.users[user];
  entry.linked = false;
  entry.external = {};
  entry.status = Status::kStaged;
  entry.sync = SyncState::kOutOfSync;
  entry.updated = entry.status_changed = when.seconds;
  entry.last_sync = 0;
  world.users_changed();
}

std::vector<UserIndex> clone_instance(World& world, Random& random, const CloneShares& shares) {
  std::vector<UserIndex> affected;
  std::vector<UserIndex> wrong;
  world.rows_by_id();
  std::vector<std::pair<RowIndex, SysId>> new_ids;
  for (UserIndex user = 0; user < world.users.size(); ++user) {
    const RowIndex row = row_of(world, user);
    if (row == kNone || !world.users[user].assigned) continue;
    const double dice = static_cast<double>(random.below(1'000'000)) / 1e6;
    if (dice < shares.changed) {
      new_ids.emplace_back(row, world.new_sys_id());
    } else if (dice < shares.changed + shares.missing) {
      new_ids.emplace_back(row, SysId{});
    } else if (dice < shares.changed + shares.missing + shares.wrong) {
      wrong.push_back(user);
      continue;
    } else {
      continue;
    }
    affected.push_back(user);
  }
  // In pairs: on the source each of the two has the id that the other one has here.
  if (wrong.size() % 2 != 0) wrong.pop_back();
  for (std::size_t i = 0; i + 1 < wrong.size(); i += 2) {
    new_ids.emplace_back(row_of(world, wrong[i]), world.users[wrong[i + 1]].external);
    new_ids.emplace_back(row_of(world, wrong[i + 1]), world.users[wrong[i]].external);
    affected.push_back(wrong[i]);
    affected.push_back(wrong[i + 1]);
  }
  // All at once, because the index that row_of() asks is that of before.
  for (const auto& [row, id] : new_ids) {
    if (id == SysId{}) {
      world.rows[row].exists = false;
    } else {
      world.rows[row].id = id;  // sys_created_on stays the source's (facts: no clue there)
    }
  }
  world.rows_changed();
  std::sort(affected.begin(), affected.end());
  return affected;
}

void clone_accounts(World& world) {
  for (Account& account : world.accounts) account.password = "cloned-" + account.password;
}

}  // namespace simulator
