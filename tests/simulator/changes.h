// Things that happen to people and rows: what a clone, an administrator or a migration does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/world.h"

namespace simulator {

// Times of changed records; far enough back that no grace period hides the change.
struct When {
  std::uint32_t seconds;
};

When ago(const World& world, std::int64_t seconds);

RowIndex row_of(World& world, UserIndex user);  // where the link leads; kNone when nowhere

void remove_row(World& world, UserIndex user);
// The same person gets a row with another sys_id, as after a deletion and a re-creation.
bool recreate_row(World& world, UserIndex user, When when);
void duplicate_person(World& world, UserIndex user, When when);  // one more row with the same keys
// Unassign and assign back: Okta looks the sys_id up by the user name again.
bool reassign(World& world, UserIndex user, When when);
void rename_row(World& world, UserIndex user, const std::string& user_name, const std::string& email,
                When when);
void swap_owner(World& world, UserIndex user, UserIndex other,
                When when);  // user's link leads to other's row
void unlink(World& world, UserIndex user, When when);

struct CloneShares {
  double changed = 0.75;
  double missing = 0.08;
  double wrong = 0.03;
};
// sys_user is replaced by the source's: most people have another sys_id there, some don't exist, and a few
// ids belong to other people. The integration's own rows stay.
std::vector<UserIndex> clone_instance(World& world, Random& random, const CloneShares& shares);
// With the clone come the source's passwords: both accounts are refused until they are set again.
void clone_accounts(World& world);

}  // namespace simulator
