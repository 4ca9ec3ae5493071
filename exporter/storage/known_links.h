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
// Adds to `found` what the filter takes of some 20,000 links behind `after`; the last of them, or nullopt
// after the table's end. A scan, and no index on external ids, which would double what a listing writes.
std::optional<std::string> find_in_slice(Database& database, IntegrationId id, const std::string& after,
                                         const LinkFilter& filter, std::vector<KnownLink>& found);
void put_link(Database& database, IntegrationId id, const KnownLink& link);
// The user is not in the app any more.
void end_link(Database& database, IntegrationId id, const std::string& okta_user_id, bool keep_leaver,
              SystemTime now);

std::vector<KnownLink> leavers_to_look_at(Database& database, IntegrationId id, SystemTime left_before,
                                          SystemTime looked_before, std::size_t limit);
void set_leavers(Database& database, IntegrationId id, std::span<const LeaverFound> found, SystemTime now);
std::map<std::string, std::uint64_t> count_leavers(Database& database, IntegrationId id);

}  // namespace exporter::storage
