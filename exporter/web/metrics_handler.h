// /metrics: what the registry holds, as text 0.0.4.
#pragma once

#include "metrics/registry.h"
#include "web/server.h"

namespace exporter::web {

// Reads memory only: meant for the loop ("fast"), and not thread-safe: one server, one loop. `registry`
// outlives the handler. Compresses only for a client that asks for it.
Handler make_metrics_handler(metrics::Registry& registry);

}  // namespace exporter::web
