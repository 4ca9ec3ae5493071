// What the last complete comparison of this process knew beside the links: how far absent may be believed.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/mutex.h"
#include "drift/classify.h"

namespace exporter::sampling {

// Thread-safe.
class LastView {
 public:
  struct View {
    drift::Policy policy;
    SystemTime listed;  // when its listings began
  };

  void set(const View& view) {
    const MutexLock lock(mutex_);
    view_ = view;
  }
  // Nothing before the first comparison of this process.
  std::optional<View> get() {
    const MutexLock lock(mutex_);
    return view_;
  }

 private:
  Mutex mutex_;
  std::optional<View> view_ GUARDED_BY(mutex_);
};

}  // namespace exporter::sampling
