#include "app/sampler_options.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace exporter::app {

namespace {

std::string host_and_port(const std::string& url) { return url.substr(url.find("://") + 3); }

sampling::UsersStrategy users_strategy(config::UserStrategy configured) {
  switch (configured) {
    case config::UserStrategy::automatic:
      break;
    case config::UserStrategy::sweep:
      return sampling::UsersStrategy::sweep;
    case config::UserStrategy::lookup:
      return sampling::UsersStrategy::lookup;
  }
  return sampling::UsersStrategy::automatic;
}

std::string table_label(const config::ServiceNowConfig& config) {
  const std::vector<std::string>& allowed = config.acl.tables;
  return std::ranges::find(allowed, config.users.table) != allowed.end() ? config.users.table : "other";
}

}  // namespace

sampling::SessionOptions session_options(const config::Integration& config) {
  return {.integration = config.name,
          .app = {.id = config.okta.app.id, .name = config.okta.app.name, .label = config.okta.app.label},
          .okta_host = host_and_port(config.okta.url),
          .servicenow_host = host_and_port(config.servicenow.url),
          .tier = std::string(config::to_string(config.tier))};
}

sampling::SystemLogOptions system_log_options(const config::Integration& config) {
  const config::SystemLogConfig& log = config.okta.system_log;
  return {.interval = log.interval,
          .initial_lookback = log.initial_lookback,
          .task_settle = log.task_settle,
          .max_requests = log.max_requests_per_sample,
          .tables = config.servicenow.acl.tables};
}

sampling::AppUsersOptions app_users_options(const config::Integration& config) {
  return {.interval = config.drift.interval,
          .page_size = config.okta.app_users.page_size,
          .key_count = config.servicenow.match.size()};
}

sampling::UsersOptions users_options(const config::Integration& config) {
  const config::ServiceNowConfig& servicenow = config.servicenow;
  return {.interval = config.drift.interval,
          .strategy = users_strategy(servicenow.users.strategy),
          .sweep = {.page_size = servicenow.users.page_size,
                    .query = servicenow.users.query,
                    .own_name = std::string(config::user_name(servicenow.reader))},
          .table_label = table_label(servicenow)};
}

sampling::LinkCheckOptions link_check_options(const config::Integration& config) {
  return {.key_count = config.servicenow.match.size(),
          .grace = config.drift.grace,
          .mass_threshold = config.drift.mass_threshold,
          .mass_minimum = static_cast<std::uint64_t>(config.drift.mass_minimum)};
}

sampling::ChangeFollowerOptions change_follower_options(const config::Integration& config) {
  return {.key_count = config.servicenow.match.size(),
          .grace = config.drift.grace,
          .rows_interval = sampling::rows_interval(config.drift.interval),
          .users_table = config.servicenow.users.table};
}

drift::ComparisonOptions comparison_options(const config::Integration& config) {
  drift::ComparisonOptions options;
  options.grace = config.drift.grace;
  options.mass_threshold = config.drift.mass_threshold;
  options.mass_minimum = static_cast<std::uint64_t>(config.drift.mass_minimum);
  // The rotation takes half of the provisioner's hourly cap: the rest is for direct looks, which must not be
  // refused.
  const double hours =
      std::min(1.0, std::chrono::duration<double, std::ratio<3600>>(config.drift.interval).count());
  options.rotation_requests = static_cast<std::uint64_t>(
      std::max(1.0, config.servicenow.acl.provisioner_requests_per_hour * hours / 2));
  options.random_seed = std::random_device{}();
  return options;
}

}  // namespace exporter::app
