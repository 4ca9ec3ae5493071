// The stored counters in their table. The functions run inside the caller's transaction; failures stick to
// the database.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

Counters read_counters(Database& database, IntegrationId id);
void add_to_counters(Database& database, IntegrationId id, const Counters& increments);
// To the counters of drift, by kind.
void add_to_drift_counters(Database& database, IntegrationId id,
                           const std::map<std::string, std::uint64_t>& detected,
                           const std::map<std::string, std::uint64_t>& resolved);
void reset_counters(Database& database);  // of all integrations

}  // namespace exporter::storage
