// One page of the drift ledger or of the failures, filtered and sorted in the database: a page for people
// must not carry a hundred thousand rows through memory.
#pragma once

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

DriftPage read_drift_page(Database& database, const DriftQuery& query);
FailurePage read_failure_page(Database& database, const FailureQuery& query);

}  // namespace exporter::storage
