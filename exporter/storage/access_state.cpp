#include "storage/access_state.h"

namespace exporter::storage {

std::map<std::string, std::string> read_access_state(Database& database, IntegrationId id) {
  std::map<std::string, std::string> state;
  Statement rows = database.prepare("SELECT kind, content FROM access_state WHERE integration = ?");
  rows.bind(id);
  while (rows.step()) {
    state[rows.text(0)] = rows.text(1);
  }
  return state;
}

void write_access_state(Database& database, IntegrationId id,
                        const std::map<std::string, std::string>& state) {
  Statement put = database.prepare(
      "INSERT INTO access_state (integration, kind, content) VALUES (?, ?, ?)"
      " ON CONFLICT DO UPDATE SET content = excluded.content");
  for (const auto& [kind, content] : state) {
    put.run(id, kind, content);
  }
}

}  // namespace exporter::storage
