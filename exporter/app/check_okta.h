// The checks of Okta: whether it answers, accepts the credentials and shows the app, its features, the System
// Log and its users.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/check_report.h"
#include "base/clock.h"
#include "config/config.h"
#include "okta/client.h"
#include "okta/records.h"
#include "sampling/denial_sources.h"

namespace exporter::app {

// What later checks go by.
struct OktaFindings {
  std::vector<std::string> features;                  // that are switched on
  std::vector<okta::AppUser> sample;                  // the first users of the app
  bool more_users = false;                            // than the sample
  std::vector<std::string> sampled_links;             // their external IDs that may be a sys_id
  std::optional<sampling::DenialSource> task_source;  // absent: the System Log was not asked for
};

OktaFindings check_okta(const config::OktaConfig& config, okta::Client& client, const Clock& clock,
                        std::vector<CheckLine>& lines);

}  // namespace exporter::app
