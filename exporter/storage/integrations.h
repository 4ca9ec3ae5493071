// The integrations that have a state, in their table. The functions run inside the caller's transaction;
// failures stick to the database.
#pragma once

#include <string>

#include "base/clock.h"
#include "storage/sqlite.h"
#include "storage/store.h"

namespace exporter::storage {

struct OpenedIntegration {
  IntegrationState state;
  bool replaced = false;  // there was one of another fingerprint, which is gone with all that belonged to it
};
OpenedIntegration find_or_add_integration(Database& database, const std::string& name,
                                          const Fingerprint& fingerprint, SystemTime now);
void set_created(Database& database, IntegrationId id, SystemTime created);

}  // namespace exporter::storage
