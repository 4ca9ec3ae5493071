// What access control looked like at the last look, in its table. The functions run inside the caller's
// transaction; failures stick to the database.
#pragma once

#include <map>
#include <string>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

// By kind.
std::map<std::string, std::string> read_access_state(Database& database, IntegrationId id);
void write_access_state(Database& database, IntegrationId id,
                        const std::map<std::string, std::string>& state);

}  // namespace exporter::storage
