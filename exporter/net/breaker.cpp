#include "net/breaker.h"

#include <algorithm>
#include <utility>

namespace exporter::net {

Result<void> Breaker::admit() {
  const MutexLock lock(mutex_);
  if (!open_until_) {
    return {};
  }
  const SteadyTime now = clock_.steady_now();
  if (now < *open_until_ || probing_) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(
        std::max(*open_until_ - now, SteadyTime::duration(std::chrono::seconds(1))));
    return std::unexpected(Error{
        .error_class = ErrorClass::connection,
        .message = host_ + " is not asked for " + std::to_string(left.count()) + " s, because the last " +
                   std::to_string(failures_) +
                   " attempts got no answer; check the url, the firewall and whether a proxy is needed"});
  }
  probing_ = true;
  return {};
}

void Breaker::reached() {
  const MutexLock lock(mutex_);
  failures_ = 0;
  pause_ = kFirstPause;
  open_until_.reset();
  probing_ = false;
}

void Breaker::not_reached() {
  const MutexLock lock(mutex_);
  ++failures_;
  const bool probed = std::exchange(probing_, false);
  if (failures_ < kFailures || (open_until_ && !probed)) {
    return;  // still closed, or the news of a request that began before it opened
  }
  if (probed) {
    pause_ = std::min(pause_ * 2, kLongestPause);
  }
  open_until_ = clock_.steady_now() + pause_;
}

void Breaker::nothing_learned() {
  const MutexLock lock(mutex_);
  probing_ = false;
}

}  // namespace exporter::net
