// One thing that is sampled, at its own interval. A new sampler is a new file in this folder, a catalogue
// entry per metric and a line of registration in app/.
#pragma once

#include <atomic>
#include <chrono>
#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace exporter::sampling {

// What a running sample is given. mark() says that it got on: global.sample_timeout counts from the last
// mark, so that a long paced sweep is no timeout and a stuck request is one.
class SampleRun {
 public:
  SampleRun(const Clock& clock, std::stop_token stop)
      : clock_(clock), stop_(std::move(stop)), progress_(clock.steady_now()) {}

  void mark() { progress_.store(clock_.steady_now(), std::memory_order_relaxed); }
  SteadyTime last_progress() const { return progress_.load(std::memory_order_relaxed); }
  const std::stop_token& stop() const { return stop_; }
  const Clock& clock() const { return clock_; }

 private:
  const Clock& clock_;
  std::stop_token stop_;
  std::atomic<SteadyTime> progress_;
};

// Never run twice at the same time; may run on any thread of the pool.
class Sampler {
 public:
  virtual ~Sampler() = default;
  // The label `sampler`, one of metrics::kSamplers.
  virtual std::string_view name() const = 0;
  // From start to start; for a triggered sampler, of what triggers it.
  virtual std::chrono::milliseconds interval() const = 0;
  // Whether it runs only when another sampler asks for it.
  virtual bool triggered() const { return false; }
  // Publishes what it found, or leaves everything as it was and says why not.
  virtual Result<void> sample(SampleRun& run) = 0;
  // The sample succeeded, at the time that is published as its last success: the state remembers it over a
  // restart.
  virtual void succeeded(SystemTime at) = 0;
};

}  // namespace exporter::sampling
