// A token bucket: a burst at once, then one more per interval.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace exporter::web {

// Not thread-safe.
class RateLimiter {
 public:
  RateLimiter(std::chrono::milliseconds interval, int burst)
      : interval_(interval), burst_(burst), tokens_(burst) {}

  // Takes a token, if there is one. `now` never goes back.
  bool allow(SteadyTime now) {
    if (last_ != SteadyTime()) {
      tokens_ = std::min<double>(burst_, tokens_ + std::chrono::duration<double>(now - last_) / interval_);
    }
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  std::chrono::duration<double> interval_;
  double burst_;
  double tokens_;
  SteadyTime last_{};
};

}  // namespace exporter::web
