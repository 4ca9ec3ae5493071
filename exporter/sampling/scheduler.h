// When each sampler runs: at once after start (spread over a few seconds), then at its interval with jitter,
// never twice at the same time, on a small fixed pool of threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "sampling/sample_book.h"
#include "sampling/sampler.h"

namespace exporter::sampling {

struct SchedulerOptions {
  int threads = 4;
  std::chrono::milliseconds spread{2'000};            // over which the first runs are spread
  double jitter = 0.05;                               // of the interval, to either side
  std::chrono::milliseconds sample_timeout{300'000};  // without progress
  // A failed sample is tried again after this, doubled per failure, at the latest after its interval.
  std::chrono::milliseconds retry{30'000};
  std::uint64_t seed = 0;
};

// add() and remove() from one thread at a time, before start() or after; trigger() from any thread; stop()
// cancels what runs and joins.
class Scheduler {
 public:
  Scheduler(SchedulerOptions options, const Clock& clock, SampleBook& book);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void add(const std::string& integration, std::unique_ptr<Sampler> sampler);
  // Cancels what runs of the integration, waits for it, and forgets its samplers.
  void remove(std::string_view integration);
  // For more integrations than at first; never fewer.
  void want_threads(int threads);
  // Time without progress, from now on.
  void set_sample_timeout(std::chrono::milliseconds timeout);
  void start();
  void stop();
  // Makes a sampler due now. One that runs already is left alone, or runs again afterwards. Does nothing
  // while not started.
  enum class WhenRunning : std::uint8_t { leave, run_again };
  void trigger(std::string_view integration, std::string_view sampler, WhenRunning when_running);
  // Runs every sampler once, in the order of add(), on this thread; the number of those that failed.
  int run_once();
  // As trigger() with WhenRunning::leave. Within run_once() it lets a sampler whose turn is still to come run
  // at once, on a thread of its own; its turn is then to wait for it.
  void trigger_beside(std::string_view integration, std::string_view sampler);

 private:
  struct Job;

  void dispatch(std::stop_token stop);
  void work(std::stop_token stop);
  SteadyTime queue_due_jobs(SteadyTime now) REQUIRES(mutex_);
  static Result<void> sample(Sampler& sampler, SampleRun& run);
  Result<void> run(Job& job, SampleRun& run);
  bool run_alone(Job& job);  // whether it succeeded
  void reschedule(Job& job, SteadyTime started, const Result<void>& result) REQUIRES(mutex_);
  std::chrono::milliseconds jittered(std::chrono::milliseconds interval) REQUIRES(mutex_);

  SchedulerOptions options_;  // threads: of the thread that adds and removes; sample_timeout: the first one
  const Clock& clock_;
  SampleBook& book_;

  Mutex mutex_;
  std::chrono::milliseconds sample_timeout_ GUARDED_BY(mutex_);
  std::condition_variable_any work_available_;
  std::condition_variable_any run_ended_;
  std::vector<std::unique_ptr<Job>> jobs_ GUARDED_BY(mutex_);
  std::deque<Job*> queue_ GUARDED_BY(mutex_);
  std::mt19937_64 random_ GUARDED_BY(mutex_);
  std::stop_source wake_ GUARDED_BY(mutex_);  // ends the dispatcher's sleep
  bool started_ GUARDED_BY(mutex_) = false;
  // Of run_once(): whose turn is still to come, and what runs before its turn.
  std::deque<Job*> to_come_ GUARDED_BY(mutex_);
  std::map<const Job*, std::future<bool>> beside_ GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

}  // namespace exporter::sampling
