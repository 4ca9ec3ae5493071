#include "app/check_cost.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

#include "sampling/change_follower.h"
#include "servicenow/row_lookup.h"

namespace exporter::app {

namespace {

// Of small shares it matters that they are small, not how small.
std::string percent(double share) {
  const double value = share * 100;
  if (value < 1) return "less than 1 %";
  return std::to_string(static_cast<std::uint64_t>(std::ceil(value))) + " %";
}

std::string whole(double value) { return std::to_string(static_cast<std::uint64_t>(std::ceil(value))); }

double limit_per_hour(const net::ToldLimit& limit) {
  return limit.requests * 60 / static_cast<double>(limit.window.count());
}

std::string in_words(const Demand& demand) {
  const std::string most = demand.at_most ? "at most " : "";
  if (!demand.limit) {
    return demand.of + " " + most + percent(demand.per_hour / (demand.unmetered_per_minute * 60)) +
           " of the pace of " + whole(demand.unmetered_per_minute) +
           " a minute (no limit is told in the answers)";
  }
  return demand.of + " " + most + percent(demand.per_hour / limit_per_hour(*demand.limit)) + " of " +
         whole(demand.limit->requests) +
         (demand.limit->window == std::chrono::minutes(1) ? " a minute" : " an hour") +
         " (the exporter takes up to " + percent(demand.share) + ")";
}

Demand demand_on(const net::ApiClient& api, net::Endpoint endpoint, std::string of, double requests_per_hour,
                 bool at_most, std::string remedy) {
  return {.of = std::move(of),
          .per_hour = requests_per_hour,
          .at_most = at_most,
          .share = api.options().pacing.share,
          .unmetered_per_minute = api.options().pacing.unmetered_per_minute,
          .limit = api.told_limit(endpoint),
          .remedy = std::move(remedy)};
}

double per_hour(config::Duration interval) {
  return 3'600'000.0 / static_cast<double>(std::max<std::int64_t>(interval.count(), 1));
}

double pages(double rows, int page_size) { return std::max(1.0, std::ceil(rows / page_size)); }

// How long a listing takes: each page waits for the one before, and for its turn.
std::string minutes(double page_count, const Demand& demand, std::chrono::nanoseconds request_time) {
  const double asking = page_count * std::chrono::duration<double, std::ratio<60>>(request_time).count();
  return whole(std::max(asking, page_count / pace_per_minute(demand)));
}

}  // namespace

double pace_per_minute(const Demand& demand) {
  return demand.limit ? limit_per_hour(*demand.limit) / 60 * demand.share : demand.unmetered_per_minute;
}

CheckLine limits_line(const std::vector<Demand>& demands) {
  CheckLine line{.check = "limits", .verdict = Verdict::ok, .message = "of the limits: ", .next = {}};
  bool first = true;
  for (const Demand& demand : demands) {
    line.message += (first ? "" : "; ") + in_words(demand);
    first = false;
    if (demand.per_hour <= pace_per_minute(demand) * 60) continue;
    line.verdict = Verdict::warning;
    line.next += (line.next.empty() ? "" : " ") + demand.of + " needs " + whole(demand.per_hour) +
                 " requests an hour and may make " + whole(pace_per_minute(demand) * 60) +
                 ": its samples will come late. " + demand.remedy;
  }
  return line;
}

void check_cost(const config::Integration& config, const Integration::Probes& probes,
                const OktaFindings& okta, const ServiceNowFindings& servicenow,
                std::vector<CheckLine>& lines) {
  const double listings = per_hour(config.drift.interval);
  std::vector<Demand> demands{demand_on(probes.okta_api, net::Endpoint::logs, "Okta logs",
                                        per_hour(config.okta.system_log.interval), false,
                                        "Raise okta.system_log.interval or okta.rate_limit_share.")};
  // A longer list of users than one page is not counted through here; the users' table bounds it.
  const std::uint64_t sampled = okta.sample.size();
  const auto assigned =
      static_cast<double>(okta.more_users ? servicenow.total_users.value_or(sampled) : sampled);
  const double okta_pages = pages(assigned, config.okta.app_users.page_size);
  demands.push_back(demand_on(probes.okta_api, net::Endpoint::app_users, "Okta apps", listings * okta_pages,
                              okta.more_users, "Raise drift.interval or okta.rate_limit_share."));
  const std::string okta_list = std::string("; Okta's list of users takes ") +
                                (okta.more_users ? "at most " : "at least ") +
                                minutes(okta_pages, demands.back(), servicenow.request_time) + " min";
  std::string sweep;
  if (servicenow.total_users) {
    const double sweep_pages =
        pages(static_cast<double>(*servicenow.total_users), config.servicenow.users.page_size);
    const bool looks_up = config.servicenow.users.strategy == config::UserStrategy::lookup;
    const double listing =
        looks_up ? pages(assigned, static_cast<int>(servicenow::kIdsPerRequest)) : sweep_pages;
    // What changed since, and what was deleted.
    const auto rows_interval = sampling::rows_interval(config.drift.interval);
    const double changes = rows_interval ? 2 * per_hour(*rows_interval) : 0;
    demands.push_back(demand_on(probes.reader_api, net::Endpoint::table_list, "ServiceNow table as reader",
                                listings * listing + changes, false,
                                "Raise drift.interval or servicenow.rate_limit_share."));
    sweep = "; a sweep of " + whole(sweep_pages) + " pages takes at least " +
            minutes(sweep_pages, demands.back(), servicenow.request_time) + " min";
  }
  if (probes.provisioner_api != nullptr) {
    demands.push_back(demand_on(
        *probes.provisioner_api, net::Endpoint::table_list, "ServiceNow table as provisioner",
        config.servicenow.acl.provisioner_requests_per_hour, true,
        "Lower servicenow.acl.provisioner_requests_per_hour, or raise servicenow.rate_limit_share."));
  }
  std::string each;
  for (const Demand& demand : demands) {
    each += (each.empty() ? "" : ", ") + demand.of + (demand.at_most ? " at most " : " ") +
            whole(demand.per_hour);
  }
  lines.push_back(ok("cost", "requests per hour: " + each + okta_list + sweep));
  lines.push_back(limits_line(demands));
}

}  // namespace exporter::app
