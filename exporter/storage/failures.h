// Failed tasks in their table, and what was found out about them later. The functions run inside the caller's
// transaction; failures of SQLite stick to the database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

void add_failures(Database& database, IntegrationId id, const std::vector<Failure>& failures);
// The newest first.
std::vector<Failure> read_failures(Database& database, IntegrationId id, std::size_t limit);
// As Store::open_verdicts().
std::vector<OpenVerdict> read_open_verdicts(Database& database, IntegrationId id, const std::string& reason,
                                            std::size_t limit);
// By failure.
void set_verdicts(Database& database, IntegrationId id,
                  const std::vector<std::pair<std::int64_t, std::string>>& verdicts);

}  // namespace exporter::storage
