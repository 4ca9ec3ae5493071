// The last comparison in its tables. The functions run inside the caller's transaction; failures stick to the
// database.
#pragma once

#include <optional>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

std::optional<ComparisonRecord> read_comparison(Database& database, IntegrationId id);
void write_comparison(Database& database, IntegrationId id, const ComparisonRecord& record);
void set_incomplete(Database& database, IntegrationId id);

// Record, ledger and counters.
CommittedComparison store_comparison(Database& database, IntegrationId id, const ComparisonCommit& commit);

}  // namespace exporter::storage
