// The events of Okta's System Log that were counted, in their table: 16 bytes each. The functions run inside
// the caller's transaction; failures stick to the database.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// Which of these were remembered and not pruned yet.
std::vector<bool> find_seen_events(Database& database, IntegrationId id,
                                   const std::vector<std::string>& uuids);
void remember_events(Database& database, IntegrationId id, const std::vector<std::string>& uuids,
                     SystemTime now);

}  // namespace exporter::storage
