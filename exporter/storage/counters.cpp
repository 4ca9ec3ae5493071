#include "storage/counters.h"

#include <string_view>

namespace exporter::storage {

namespace {

void add_counts(Counters& counters, std::string_view metric,
                const std::map<std::string, std::uint64_t>& counts) {
  for (const auto& [kind, count] : counts) {
    counters[{.metric = std::string(metric), .labels = kind}] += static_cast<double>(count);
  }
}

}  // namespace

Counters read_counters(Database& database, IntegrationId id) {
  Counters counters;
  Statement rows = database.prepare("SELECT metric, labels, value FROM counter WHERE integration = ?");
  rows.bind(id);
  while (rows.step()) {
    counters[{.metric = rows.text(0), .labels = rows.text(1)}] = rows.real(2);
  }
  return counters;
}

void add_to_counters(Database& database, IntegrationId id, const Counters& increments) {
  Statement add = database.prepare(
      "INSERT INTO counter (integration, metric, labels, value) VALUES (?, ?, ?, ?)"
      " ON CONFLICT DO UPDATE SET value = value + excluded.value");
  for (const auto& [key, amount] : increments) {
    add.run(id, key.metric, key.labels, amount);
  }
}

void add_to_drift_counters(Database& database, IntegrationId id,
                           const std::map<std::string, std::uint64_t>& detected,
                           const std::map<std::string, std::uint64_t>& resolved) {
  Counters increments;
  add_counts(increments, kDriftDetectedCounter, detected);
  add_counts(increments, kDriftResolvedCounter, resolved);
  add_to_counters(database, id, increments);
}

void reset_counters(Database& database) { database.run("UPDATE counter SET value = 0"); }

}  // namespace exporter::storage
