#include "storage/sample_successes.h"

namespace exporter::storage {

std::map<std::string, SystemTime> read_sample_successes(Database& database, IntegrationId id) {
  std::map<std::string, SystemTime> times;
  Statement rows = database.prepare("SELECT sampler, time FROM sample_success WHERE integration = ?");
  rows.bind(id);
  while (rows.step()) {
    times[rows.text(0)] = rows.time(1);
  }
  return times;
}

void write_sample_success(Database& database, IntegrationId id, const std::string& sampler, SystemTime time) {
  database
      .prepare(
          "INSERT INTO sample_success (integration, sampler, time) VALUES (?, ?, ?)"
          " ON CONFLICT DO UPDATE SET time = excluded.time")
      .run(id, sampler, time);
}

}  // namespace exporter::storage
