// What the configuration of an integration means to its samplers.
#pragma once

#include <string>

#include "config/config.h"
#include "drift/comparison.h"
#include "sampling/app_users_sampler.h"
#include "sampling/change_follower.h"
#include "sampling/link_check.h"
#include "sampling/session.h"
#include "sampling/system_log_sampler.h"
#include "sampling/users_sampler.h"

namespace exporter::app {

sampling::SessionOptions session_options(const config::Integration& config);
sampling::SystemLogOptions system_log_options(const config::Integration& config);
sampling::AppUsersOptions app_users_options(const config::Integration& config);
sampling::UsersOptions users_options(const config::Integration& config);
sampling::LinkCheckOptions link_check_options(const config::Integration& config);
sampling::ChangeFollowerOptions change_follower_options(const config::Integration& config);
// With another random seed each time.
drift::ComparisonOptions comparison_options(const config::Integration& config);

}  // namespace exporter::app
