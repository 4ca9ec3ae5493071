// What was found of single users between two comparisons, taken into the last one.
#pragma once

#include <optional>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// Changes links, ledger, counters and the last comparison, inside the caller's transaction. nullopt: there
// was no comparison yet, and nothing was done. Failures stick to the database.
std::optional<CommittedChanges> store_changes(Database& database, IntegrationId id,
                                              const ChangesCommit& commit);

}  // namespace exporter::storage
