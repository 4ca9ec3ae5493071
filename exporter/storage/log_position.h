// Where reading Okta's System Log goes on, and the tasks that are open there. The functions run inside the
// caller's transaction; failures stick to the database.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

std::optional<LogCursor> read_log_cursor(Database& database, IntegrationId id);
void write_log_cursor(Database& database, IntegrationId id, const LogCursor& cursor);

// Key and content of each, as TaskBook made them.
std::vector<std::pair<std::string, std::string>> read_tasks(Database& database, IntegrationId id);
// nullopt removes.
void change_tasks(Database& database, IntegrationId id,
                  const std::vector<std::pair<std::string, std::optional<std::string>>>& tasks);

}  // namespace exporter::storage
