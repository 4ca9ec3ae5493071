// The checks of ServiceNow: whether it answers, accepts the credentials of both accounts, and what they may
// do with the users' table.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "app/check_report.h"
#include "app/integration.h"
#include "base/clock.h"
#include "config/config.h"

namespace exporter::app {

// What later checks go by.
struct ServiceNowFindings {
  bool reader_works = false;  // may list the users' table
  bool reader_sees_inactive = false;
  std::optional<std::uint64_t> total_users;  // as the reader is told
  std::chrono::nanoseconds request_time{0};  // of the reader's first request
  bool provisioner_works = false;
};

ServiceNowFindings check_servicenow(const config::ServiceNowConfig& config, const Integration::Probes& probes,
                                    const Clock& clock, std::vector<CheckLine>& lines);

}  // namespace exporter::app
