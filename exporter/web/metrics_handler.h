// /metrics: what the registry holds, as text 0.0.4 or OpenMetrics 1.0.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "metrics/registry.h"
#include "web/server.h"

namespace exporter::web {

struct ExpositionOptions {
  bool created = false;  // OpenMetrics with its _created lines
};

// Reads memory only: meant for the loop ("fast"), and not thread-safe: one server, one loop. `registry` and
// `clock` outlive the handler. What has not changed since an earlier scrape is neither rendered nor
// compressed again. What moves with every scrape (Metric::fleeting) stands at the end of the page and is made
// anew, unless it is younger than kFleetingLife: thousands of scrapes a second need not read /proc each.
inline constexpr std::chrono::milliseconds kFleetingLife{100};
Handler make_metrics_handler(metrics::Registry& registry, const Clock& clock, ExpositionOptions options = {});

}  // namespace exporter::web
