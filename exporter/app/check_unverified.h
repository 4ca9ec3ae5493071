// What the exporter could not tell of a sample of users, and why.
#pragma once

#include <vector>

#include "app/check_okta.h"
#include "app/check_report.h"
#include "app/check_servicenow.h"
#include "app/integration.h"
#include "base/clock.h"
#include "config/config.h"

namespace exporter::app {

// The line unverified, and how many of the sampled users each cause hits.
std::vector<CauseLine> check_unverified(const config::Integration& config, const Integration::Probes& probes,
                                        const OktaFindings& okta, const ServiceNowFindings& servicenow,
                                        SystemTime now, std::vector<CheckLine>& lines);

}  // namespace exporter::app
