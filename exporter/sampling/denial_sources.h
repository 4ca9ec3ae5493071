// Which sources of ACL denials can speak here, why one can't, and what would let it: for
// servicenow_acl_denial_source_available, the log and the table of `check`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "metrics/registry.h"

namespace exporter::sampling {

struct DenialSource {
  std::string source;  // one of metrics::kDenialSources
  bool available = false;
  std::string why;     // where it is not: what was found
  std::string remedy;  // where it is not: which role, property or setting would make it available
};

// The source "okta_task" after a read of Okta's System Log.
DenialSource okta_task_source(const Result<void>& system_log);
// The source "probe" where the exporter may not ask as Okta's own account.
DenialSource no_account_to_probe_as();

// Thread-safe. A source that nobody has looked at yet is in neither the list nor the metric.
class DenialSources {
 public:
  DenialSources(std::string integration, metrics::Registry& registry, Log& log)
      : integration_(std::move(integration)), registry_(registry), log_(log) {}

  // Publishes, and logs what changed, once.
  void set(DenialSource source);
  std::vector<DenialSource> list() const;

 private:
  const std::string integration_;
  metrics::Registry& registry_;
  Log& log_;
  mutable Mutex mutex_;
  std::map<std::string, DenialSource> sources_ GUARDED_BY(mutex_);
};

}  // namespace exporter::sampling
