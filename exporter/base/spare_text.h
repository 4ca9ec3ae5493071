// The memory of a text that is done with, for the next one.
#pragma once

#include <string>
#include <utility>

#include "base/mutex.h"

namespace exporter {

// Holds one text. Thread-safe.
class SpareText {
 public:
  void put(std::string text) {
    const MutexLock lock(mutex_);
    text_ = std::move(text);
  }
  // What was put last; empty where that was taken already.
  std::string take() {
    const MutexLock lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
};

}  // namespace exporter
