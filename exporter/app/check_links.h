// Where a sample of links leads, as either account of ServiceNow.
#pragma once

#include <string>
#include <vector>

#include "app/check_report.h"
#include "app/check_servicenow.h"
#include "app/integration.h"
#include "config/config.h"

namespace exporter::app {

// The lines links_reader and links_provisioner, or links where there are none.
void check_links(const config::Integration& config, const Integration::Probes& probes,
                 const std::vector<std::string>& links, const ServiceNowFindings& servicenow,
                 std::vector<CheckLine>& lines);

}  // namespace exporter::app
