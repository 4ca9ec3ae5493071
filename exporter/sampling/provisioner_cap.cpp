#include "sampling/provisioner_cap.h"

namespace exporter::sampling {

bool ProvisionerCap::spend_request() {
  const SteadyTime now = clock_.steady_now();
  const MutexLock lock(mutex_);
  while (!spent_.empty() && now - spent_.front() >= std::chrono::hours(1)) {
    spent_.pop_front();
  }
  if (spent_.size() >= static_cast<std::size_t>(per_hour_)) {
    return false;
  }
  spent_.push_back(now);
  return true;
}

}  // namespace exporter::sampling
