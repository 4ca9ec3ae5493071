#include "sampling/scheduler.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace exporter::sampling {

struct Scheduler::Job {
  std::string integration;
  std::unique_ptr<Sampler> sampler;
  std::optional<SteadyTime> due;  // nullopt: waits for a trigger
  bool queued = false;
  bool running = false;  // from leaving the queue until it is rescheduled
  int failures = 0;      // in a row
  bool again = false;    // triggered while it ran
  // While it runs.
  std::stop_source stop{std::nostopstate};
  SampleRun* run = nullptr;
  bool timed_out = false;
  bool removed = false;  // to be forgotten as soon as it does not run
};

Scheduler::Scheduler(SchedulerOptions options, const Clock& clock, SampleBook& book)
    : options_(options),
      clock_(clock),
      book_(book),
      sample_timeout_(options.sample_timeout),
      random_(options.seed) {}

Scheduler::~Scheduler() { stop(); }

void Scheduler::add(const std::string& integration, std::unique_ptr<Sampler> sampler) {
  book_.enroll(integration, sampler->name(), sampler->interval());
  auto job = std::make_unique<Job>();
  job->integration = integration;
  job->sampler = std::move(sampler);
  const MutexLock lock(mutex_);
  if (started_ && !job->sampler->triggered()) {
    job->due = clock_.steady_now();
  }
  jobs_.push_back(std::move(job));
  wake_.request_stop();
}

void Scheduler::remove(std::string_view integration) {
  std::vector<std::unique_ptr<Job>> removed;  // destroyed without the lock
  const MutexLock lock(mutex_);
  const auto is_mine = [&](const auto& job) { return job->integration == integration; };
  std::erase_if(queue_, is_mine);
  for (const auto& job : jobs_) {
    if (!is_mine(job)) continue;
    job->removed = true;
    job->queued = false;
    job->due.reset();
    // Also before it has told of its run: work() looks at `removed`.
    if (job->run != nullptr) job->stop.request_stop();
  }
  run_ended_.wait(mutex_, [&]() REQUIRES(mutex_) {
    return std::ranges::none_of(jobs_, [&](const auto& job) { return is_mine(job) && job->running; });
  });
  for (auto& job : jobs_) {
    if (is_mine(job)) removed.push_back(std::move(job));
  }
  std::erase(jobs_, nullptr);
}

void Scheduler::want_threads(int threads) {
  {
    const MutexLock lock(mutex_);
    if (!started_) {
      options_.threads = std::max(options_.threads, threads);
      return;
    }
  }
  for (; options_.threads < threads; ++options_.threads) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
}

void Scheduler::set_sample_timeout(std::chrono::milliseconds timeout) {
  const MutexLock lock(mutex_);
  sample_timeout_ = timeout;
  wake_.request_stop();
}

void Scheduler::start() {
  {
    const MutexLock lock(mutex_);
    started_ = true;
    const SteadyTime now = clock_.steady_now();
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (!jobs_[i]->sampler->triggered()) {
        jobs_[i]->due = now + options_.spread * static_cast<int>(i) / static_cast<int>(jobs_.size());
      }
    }
  }
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
  }
  threads_.emplace_back([this](std::stop_token stop) { dispatch(std::move(stop)); });
}

void Scheduler::stop() {
  for (std::jthread& thread : threads_) {
    thread.request_stop();
  }
  {
    const MutexLock lock(mutex_);
    started_ = false;
    wake_.request_stop();
    for (const auto& job : jobs_) {
      if (job->run != nullptr) {
        job->stop.request_stop();
      }
    }
  }
  work_available_.notify_all();
  threads_.clear();  // joins
}

void Scheduler::trigger(std::string_view integration, std::string_view sampler, WhenRunning when_running) {
  const MutexLock lock(mutex_);
  if (!started_) {
    return;
  }
  for (const auto& job : jobs_) {
    if (job->removed || job->integration != integration || job->sampler->name() != sampler || job->queued) {
      continue;
    }
    if (!job->running) {
      job->due = clock_.steady_now();
      wake_.request_stop();
    } else if (when_running == WhenRunning::run_again) {
      job->again = true;
    }
  }
}

int Scheduler::run_once() {
  {
    const MutexLock lock(mutex_);
    for (const auto& job : jobs_) {
      to_come_.push_back(job.get());
    }
  }
  int failed = 0;
  for (;;) {
    Job* job = nullptr;
    std::future<bool> beside;
    {
      const MutexLock lock(mutex_);
      if (to_come_.empty()) {
        return failed;
      }
      job = to_come_.front();
      to_come_.pop_front();
      if (auto begun = beside_.extract(job)) {
        beside = std::move(begun.mapped());
      }
    }
    const bool good = beside.valid() ? beside.get() : run_alone(*job);
    failed += good ? 0 : 1;
  }
}

void Scheduler::trigger_beside(std::string_view integration, std::string_view sampler) {
  trigger(integration, sampler, WhenRunning::leave);
  const MutexLock lock(mutex_);
  for (Job* job : to_come_) {
    if (job->integration == integration && job->sampler->name() == sampler && !beside_.contains(job)) {
      beside_[job] = std::async(std::launch::async, [this, job] { return run_alone(*job); });
    }
  }
}

bool Scheduler::run_alone(Job& job) {
  SampleRun run(clock_, std::stop_token());
  return this->run(job, run).has_value();
}

SteadyTime Scheduler::queue_due_jobs(SteadyTime now) {
  SteadyTime next = now + std::chrono::hours(1);
  for (const auto& job : jobs_) {
    if (job->run != nullptr) {
      const SteadyTime deadline = job->run->last_progress() + sample_timeout_;
      if (deadline <= now && !job->timed_out) {
        job->timed_out = true;
        job->stop.request_stop();
      } else if (!job->timed_out) {
        next = std::min(next, deadline);
      }
    } else if (const std::optional<SteadyTime> due = job->due; due && !job->queued && !job->running) {
      if (*due <= now) {
        job->queued = true;
        queue_.push_back(job.get());
        work_available_.notify_one();
      } else {
        next = std::min(next, *due);
      }
    }
  }
  return next;
}

void Scheduler::dispatch(std::stop_token stop) {
  while (!stop.stop_requested()) {
    SteadyTime next;
    std::stop_token wake;
    {
      const MutexLock lock(mutex_);
      if (!started_) {
        return;
      }
      wake_ = std::stop_source();
      wake = wake_.get_token();
      next = queue_due_jobs(clock_.steady_now());
    }
    clock_.sleep_until(next, wake);
  }
}

void Scheduler::work(std::stop_token stop) {
  while (true) {
    Job* job = nullptr;
    const std::stop_source source;
    {
      const MutexLock lock(mutex_);
      work_available_.wait(mutex_, stop, [this]() REQUIRES(mutex_) { return !queue_.empty(); });
      if (stop.stop_requested()) {
        return;
      }
      job = queue_.front();
      queue_.pop_front();
      job->queued = false;
      job->running = true;
      job->timed_out = false;
      job->stop = source;
    }
    SampleRun run(clock_, source.get_token());
    const SteadyTime started = clock_.steady_now();
    {
      const MutexLock lock(mutex_);
      job->run = &run;
      if (!started_ || job->removed) {
        source.request_stop();
      }
      wake_.request_stop();  // the dispatcher must watch this run's progress
    }
    const Result<void> result = this->run(*job, run);
    const MutexLock lock(mutex_);
    job->run = nullptr;
    job->running = false;
    if (job->removed) {
      job->due.reset();
    } else {
      reschedule(*job, started, result);
    }
    run_ended_.notify_all();
    wake_.request_stop();
  }
}

Result<void> Scheduler::sample(Sampler& sampler, SampleRun& run) {
  // Exceptions are programming errors. One in a sampler must cost its sample and not the whole process.
  try {
    return sampler.sample(run);
  } catch (const std::exception& exception) {
    return std::unexpected(Error{.error_class = ErrorClass::malformed,
                                 .message = std::string("an error of the exporter itself: ") +
                                            exception.what() + "; please report it"});
  }
}

Result<void> Scheduler::run(Job& job, SampleRun& run) {
  const SteadyTime started = clock_.steady_now();
  Result<void> result = sample(*job.sampler, run);
  if (!result && result.error().error_class == ErrorClass::cancelled) {
    const MutexLock lock(mutex_);
    if (job.timed_out) {
      result = std::unexpected(
          Error{.error_class = ErrorClass::timeout,
                .message = "the sample made no progress for " + to_prometheus_duration(sample_timeout_) +
                           " and was ended; look at the network to the API, or raise global.sample_timeout"});
    }
  }
  const SystemTime at = clock_.now();
  if (result) {
    job.sampler->succeeded(at);
  }
  book_.finished(job.integration, job.sampler->name(), at, clock_.steady_now() - started, result);
  return result;
}

void Scheduler::reschedule(Job& job, SteadyTime started, const Result<void>& result) {
  const std::chrono::milliseconds interval = job.sampler->interval();
  if (std::exchange(job.again, false)) {
    job.due = clock_.steady_now();
    return;
  }
  if (result) {
    job.failures = 0;
    if (job.sampler->triggered()) {
      job.due = std::nullopt;
      return;
    }
    job.due = std::max(clock_.steady_now(), started + jittered(interval));
    return;
  }
  const std::chrono::milliseconds retry =
      std::min(interval, options_.retry * (std::int64_t{1} << std::min(job.failures, 10)));
  // A refused account is not asked again before its secret changes, so looking whether it did costs no
  // request: look often.
  job.failures += result.error().error_class == ErrorClass::authentication ? 0 : 1;
  job.due = clock_.steady_now() + jittered(retry);
}

std::chrono::milliseconds Scheduler::jittered(std::chrono::milliseconds interval) {
  std::uniform_real_distribution<double> factor(1 - options_.jitter, 1 + options_.jitter);
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(static_cast<double>(interval.count()) * factor(random_)));
}

}  // namespace exporter::sampling
