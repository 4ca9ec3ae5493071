#include "app/check.h"

#include "app/check_cost.h"
#include "app/check_denial_sources.h"
#include "app/check_links.h"
#include "app/check_okta.h"
#include "app/check_servicenow.h"
#include "app/check_unverified.h"

namespace exporter::app {

IntegrationReport check_integration(const config::Integration& config, const Integration::Probes& probes,
                                    const Clock& clock) {
  IntegrationReport report{.name = config.name,
                           .okta_url = config.okta.url,
                           .servicenow_url = config.servicenow.url,
                           .lines = {},
                           .denial_sources = {},
                           .unverified = {}};
  std::vector<CheckLine>& lines = report.lines;
  const OktaFindings okta = check_okta(config.okta, probes.okta, clock, lines);
  const ServiceNowFindings servicenow = check_servicenow(config.servicenow, probes, clock, lines);
  report.denial_sources =
      check_denial_sources(config.servicenow, probes, okta.task_source, servicenow, clock.now(), lines);
  check_links(config, probes, okta.sampled_links, servicenow, lines);
  report.unverified = check_unverified(config, probes, okta, servicenow, clock.now(), lines);
  check_cost(config, probes, okta, servicenow, lines);
  return report;
}

}  // namespace exporter::app
