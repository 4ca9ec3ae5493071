// When each sampler last succeeded, in its table. The functions run inside the caller's transaction; failures
// stick to the database.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// By sampler.
std::map<std::string, SystemTime> read_sample_successes(Database& database, IntegrationId id);
void write_sample_success(Database& database, IntegrationId id, const std::string& sampler, SystemTime time);

}  // namespace exporter::storage
