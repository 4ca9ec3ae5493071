// What the state does not keep for ever.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "storage/sqlite.h"

namespace exporter::storage {

// Removes what is too old, of all integrations, inside the caller's transaction. Failures stick to the
// database.
void prune(Database& database, SystemTime now, std::chrono::milliseconds keep_resolved);

}  // namespace exporter::storage
