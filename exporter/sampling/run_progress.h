// How a request deep inside a sample tells the scheduler that the sample gets on.
#pragma once

#include "base/mutex.h"
#include "sampling/sampler.h"

namespace exporter::sampling {

// Thread-safe. mark() does nothing while no run is attached.
class RunProgress {
 public:
  // For as long as it lives, mark() marks `run`.
  class Attached {
   public:
    Attached(RunProgress& progress, SampleRun& run) : progress_(progress) { progress_.attach(&run); }
    ~Attached() { progress_.attach(nullptr); }
    Attached(const Attached&) = delete;
    Attached& operator=(const Attached&) = delete;

   private:
    RunProgress& progress_;
  };

  void mark() {
    const MutexLock lock(mutex_);
    if (run_ != nullptr) {
      run_->mark();
    }
  }

 private:
  void attach(SampleRun* run) {
    const MutexLock lock(mutex_);
    run_ = run;
  }

  Mutex mutex_;
  SampleRun* run_ GUARDED_BY(mutex_) = nullptr;
};

}  // namespace exporter::sampling
