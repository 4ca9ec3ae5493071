// The command check: walks what a support engineer would walk, once per integration, and says what to do
// next. It reads a handful of records and writes nothing.
#pragma once

#include "app/check_report.h"
#include "app/integration.h"
#include "base/clock.h"
#include "config/config.h"

namespace exporter::app {

// Asks both vendors; a minute at most where both are slow. `probes` belong to an integration made of
// `config`.
IntegrationReport check_integration(const config::Integration& config, const Integration::Probes& probes,
                                    const Clock& clock);

}  // namespace exporter::app
