// /metrics: what the registry holds, as text 0.0.4 or OpenMetrics 1.0.
#pragma once

#include "metrics/registry.h"
#include "web/server.h"

namespace exporter::web {

struct ExpositionOptions {
  bool created = false;  // OpenMetrics with its _created lines
};

// Reads memory only: meant for the loop ("fast"), and not thread-safe: one server, one loop. `registry`
// outlives the handler. What has not changed since an earlier scrape is neither rendered nor compressed
// again; only what moves with every scrape (Metric::fleeting) is, at the end of the page.
Handler make_metrics_handler(metrics::Registry& registry, ExpositionOptions options = {});

}  // namespace exporter::web
