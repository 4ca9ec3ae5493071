// /-/healthy and /-/ready, worded as Prometheus words them.
#pragma once

#include <functional>

#include "web/server.h"

namespace exporter::web {

// 200 as long as the server can answer at all.
Handler make_healthy_handler();

// 200 or 503. `ready` is called on the loop's thread and reads memory only; it never depends on a vendor, or
// an outage of theirs would take the exporter out of service just when its metrics are needed.
Handler make_ready_handler(std::function<bool()> ready);

}  // namespace exporter::web
