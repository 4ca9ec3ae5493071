// Where counting ServiceNow's transaction log goes on, inside the caller's transaction.
#pragma once

#include <optional>
#include <vector>

#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

std::optional<TransactionCursor> read_transaction_cursor(Database& database, IntegrationId id);
std::vector<SeenTransaction> read_seen_transactions(Database& database, IntegrationId id);
// Cursor and seen rows of the commit, not its counters. Forgets rows created before commit.forget_before.
void write_transactions(Database& database, IntegrationId id, const TransactionCommit& commit);

}  // namespace exporter::storage
