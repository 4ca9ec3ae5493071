// process_*: what Prometheus expects of every process, out of /proc/self.
#pragma once

#include "metrics/registry.h"

namespace exporter::metrics {

// Reads some small files of /proc; a value that cannot be read is left out. Thread-safe.
Snapshot process_points();

}  // namespace exporter::metrics
