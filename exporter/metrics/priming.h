// The stored counters that must be there from the first scrape with 0: Prometheus sees no increase in a
// series that begins with its first event.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/catalogue.h"
#include "provisioning/vocabulary.h"

namespace exporter::metrics {

struct PrimedCounter {
  const Metric* metric;
  std::vector<std::string> label_values;  // those after `integration`, in the order of Metric::labels
};

inline constexpr std::string_view kDefaultAclTables[] = {"sys_user", "sys_user_group", "sys_user_grmember"};

// Whether a task of this operation can fail for this reason. Generous where Okta's texts leave it open: a
// combination that never comes costs one series, one that comes unprimed costs the alert its first event.
bool possible(provisioning::Operation operation, provisioning::Reason reason);

// Of one integration. `tables`: the configured allow-list of the label `table`, to which "other" is added.
std::vector<PrimedCounter> primed_counters(std::span<const std::string_view> tables = kDefaultAclTables);
// The same for a list as a configuration holds it.
std::vector<PrimedCounter> primed_counters(const std::vector<std::string>& tables);

}  // namespace exporter::metrics
