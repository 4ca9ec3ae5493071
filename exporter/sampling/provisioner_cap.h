// The hard cap on what is asked as Okta's own account: acl.provisioner_requests_per_hour.
#pragma once

#include <deque>

#include "base/clock.h"
#include "base/mutex.h"
#include "drift/comparison.h"

namespace exporter::sampling {

// Thread-safe. At most `per_hour` requests within any hour.
class ProvisionerCap final : public drift::ProvisionerView {
 public:
  // `lookup` is null where the provisioner's credentials are not configured.
  ProvisionerCap(servicenow::RowLookup* lookup, int per_hour, const Clock& clock)
      : lookup_(lookup), per_hour_(per_hour), clock_(clock) {}

  servicenow::RowLookup* lookup() override { return lookup_; }
  bool spend_request() override;

 private:
  servicenow::RowLookup* lookup_;
  const int per_hour_;
  const Clock& clock_;
  Mutex mutex_;
  std::deque<SteadyTime> spent_ GUARDED_BY(mutex_);
};

}  // namespace exporter::sampling
