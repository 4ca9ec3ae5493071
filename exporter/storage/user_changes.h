// What was found of single users between two comparisons, taken into the last one.
#pragma once

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// Changes links and ledger inside the caller's transaction; the record is the last comparison's, and comes
// back with what changed. Leaves writing it, and the counters, to the caller. Failures stick to the database.
CommittedChanges apply_changes(Database& database, IntegrationId id, const ChangesCommit& commit,
                               ComparisonRecord record);

}  // namespace exporter::storage
