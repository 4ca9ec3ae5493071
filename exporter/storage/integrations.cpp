#include "storage/integrations.h"

namespace exporter::storage {

OpenedIntegration find_or_add_integration(Database& database, const std::string& name,
                                          const Fingerprint& fingerprint, SystemTime now) {
  OpenedIntegration opened;
  {
    Statement found = database.prepare(
        "SELECT id, created, okta_host, app_id, servicenow_host FROM integration WHERE name = ?");
    found.bind(name);
    if (found.step()) {
      opened.state = {.id = found.integer(0), .created = found.time(1), .fresh = false};
      opened.replaced = found.text(2) != fingerprint.okta_host || found.text(3) != fingerprint.app_id ||
                        found.text(4) != fingerprint.servicenow_host;
      if (!opened.replaced) {
        return opened;
      }
    }
  }
  if (opened.replaced) {
    database.prepare("DELETE FROM integration WHERE id = ?").run(opened.state.id);
  }
  opened.state.created = now;
  opened.state.fresh = true;
  Statement insert = database.prepare(
      "INSERT INTO integration (name, okta_host, app_id, servicenow_host, created) VALUES (?, ?, ?, ?, ?)"
      " RETURNING id");
  insert.bind(name, fingerprint.okta_host, fingerprint.app_id, fingerprint.servicenow_host, now);
  while (insert.step()) {
    opened.state.id = insert.integer(0);
  }
  return opened;
}

void set_created(Database& database, IntegrationId id, SystemTime created) {
  database.prepare("UPDATE integration SET created = ? WHERE id = ?").run(created, id);
}

}  // namespace exporter::storage
