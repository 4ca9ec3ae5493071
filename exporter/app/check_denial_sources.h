// Which sources of ACL denials can speak here, and what would let the others.
#pragma once

#include <optional>
#include <vector>

#include "app/check_report.h"
#include "app/check_servicenow.h"
#include "app/integration.h"
#include "base/clock.h"
#include "config/config.h"
#include "sampling/denial_sources.h"

namespace exporter::app {

// The table's rows, and the line acl_writes. `okta_task`: absent where the System Log was not asked for.
std::vector<SourceLine> check_denial_sources(const config::ServiceNowConfig& config,
                                             const Integration::Probes& probes,
                                             const std::optional<sampling::DenialSource>& okta_task,
                                             const ServiceNowFindings& servicenow, SystemTime now,
                                             std::vector<CheckLine>& lines);

}  // namespace exporter::app
