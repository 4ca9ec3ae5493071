// The links of the last complete listing of app users, in their table: what a failed task is checked by, and
// who has left the app since.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// The functions run inside the caller's transaction; failures stick to the database.

void remember(Database& database, IntegrationId id, const LinkRange& range, SystemTime now);
std::vector<KnownLink> find_links(Database& database, IntegrationId id,
                                  std::span<const std::string> okta_user_ids);
// Reads the whole table: no index on external ids, which would double what a listing writes.
std::vector<KnownLink> find_holders(Database& database, IntegrationId id,
                                    std::span<const std::string> external_ids);

std::vector<KnownLink> leavers_to_look_at(Database& database, IntegrationId id, SystemTime left_before,
                                          SystemTime looked_before, std::size_t limit);
void set_leavers(Database& database, IntegrationId id, std::span<const LeaverFound> found, SystemTime now);
std::map<std::string, std::uint64_t> count_leavers(Database& database, IntegrationId id);

}  // namespace exporter::storage
