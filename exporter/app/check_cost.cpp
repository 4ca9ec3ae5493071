#include "app/check_cost.h"

#include <chrono>
#include <cmath>
#include <cstdint>

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

}  // namespace exporter::app
