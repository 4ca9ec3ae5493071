#include "storage/prune.h"

namespace exporter::storage {

namespace {

constexpr std::chrono::days kSeenFor{7};
constexpr std::chrono::days kFailuresFor{30};
constexpr std::chrono::days kLeaversFor{30};

}  // namespace

void prune(Database& database, SystemTime now, std::chrono::milliseconds keep_resolved) {
  const auto seen_since = std::chrono::floor<std::chrono::seconds>(now - kSeenFor);
  // However old, the last events stay: a refused cursor starts again shortly before them.
  database
      .prepare(
          "DELETE FROM seen_event WHERE seen < min(?, ifnull((SELECT last_published / 1000 - 3600"
          " FROM log_cursor WHERE log_cursor.integration = seen_event.integration), ?))")
      .run(seen_since.time_since_epoch().count(), seen_since.time_since_epoch().count());
  database.prepare("DELETE FROM failure WHERE time < ?").run(now - kFailuresFor);
  database.prepare("DELETE FROM drift WHERE resolved IS NOT NULL AND resolved < ?").run(now - keep_resolved);
  database.prepare("DELETE FROM link WHERE left_at IS NOT NULL AND left_at < ?").run(now - kLeaversFor);
}

}  // namespace exporter::storage
