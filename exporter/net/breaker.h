// A host that can't be reached is left alone for a while, and then asked by one request at a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"

namespace exporter::net {

// One per host, shared by all who ask it. Thread-safe.
class Breaker {
 public:
  static constexpr int kFailures = 5;  // in a row
  static constexpr std::chrono::seconds kFirstPause{15};
  static constexpr std::chrono::seconds kLongestPause{120};

  // `host` appears in messages.
  Breaker(std::string host, const Clock& clock) : host_(std::move(host)), clock_(clock) {}

  // Before each request; the error is of class connection. Each success must be followed by one of the next
  // three.
  Result<void> admit();
  void reached();          // any answer, whatever its status
  void not_reached();      // no connection, or no answer on it in time
  void nothing_learned();  // cancelled, or not sent

 private:
  const std::string host_;
  const Clock& clock_;
  Mutex mutex_;
  int failures_ GUARDED_BY(mutex_) = 0;
  std::chrono::seconds pause_ GUARDED_BY(mutex_) = kFirstPause;
  std::optional<SteadyTime> open_until_ GUARDED_BY(mutex_);
  bool probing_ GUARDED_BY(mutex_) = false;
};

}  // namespace exporter::net
