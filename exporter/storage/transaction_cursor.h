// Where counting ServiceNow's transaction log goes on, inside the caller's transaction.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

std::optional<TransactionCursor> read_transaction_cursor(Database& database, IntegrationId id);
std::vector<SeenTransaction> read_seen_transactions(Database& database, IntegrationId id);
// Cursor and seen rows of the commit, not its counters. Forgets rows created before commit.forget_before.
void write_transactions(Database& database, IntegrationId id, const TransactionCommit& commit);

std::map<std::string, std::string> read_access_state(Database& database, IntegrationId id);
void write_access_state(Database& database, IntegrationId id,
                        const std::map<std::string, std::string>& state);

}  // namespace exporter::storage
