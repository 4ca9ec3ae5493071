// What a configuration will ask of the vendors, set against their limits.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/check_okta.h"
#include "app/check_report.h"
#include "app/check_servicenow.h"
#include "app/integration.h"
#include "config/config.h"
#include "net/rate_budget.h"

namespace exporter::app {

// The requests that draw from one limit.
struct Demand {
  std::string of;        // "Okta logs"
  double per_hour = 0;   // > 0
  bool at_most = false;  // a bound, because how much it will be is not known
  double share = 0.25;   // of the limit, 0 < share <= 1
  double unmetered_per_minute = 60;
  std::optional<net::ToldLimit> limit = {};  // absent: the vendor tells none
  std::string remedy = {};                   // which settings lower it
};

// Requests that may be made in a minute.
double pace_per_minute(const Demand& demand);

// The check "limits": how much of each limit the demands are, and a warning where one is more than the share
// that the exporter may take: its samples then come later than their intervals.
CheckLine limits_line(const std::vector<Demand>& demands);

// The lines cost and limits: how many requests an hour, how long the listings take at their pace.
void check_cost(const config::Integration& config, const Integration::Probes& probes,
                const OktaFindings& okta, const ServiceNowFindings& servicenow,
                std::vector<CheckLine>& lines);

}  // namespace exporter::app
