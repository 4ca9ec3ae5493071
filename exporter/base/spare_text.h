// The memory of texts that are done with, for the next ones.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace exporter {

// Holds what was put and not taken yet. Thread-safe.
class SpareText {
 public:
  void put(std::string text) {
    const MutexLock lock(mutex_);
    texts_.push_back(std::move(text));
  }
  // What was put last; empty where all was taken already.
  std::string take() {
    const MutexLock lock(mutex_);
    if (texts_.empty()) return {};
    std::string text = std::move(texts_.back());
    texts_.pop_back();
    return text;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> texts_ GUARDED_BY(mutex_);
};

}  // namespace exporter
