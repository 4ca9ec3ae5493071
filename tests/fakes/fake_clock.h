// Virtual time for tests: it moves only when a test or a sleeper moves it.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/clock.h"

namespace exporter::fakes {

// Thread-safe. Starts at 2026-11-23T12:00:00Z.
class FakeClock final : public Clock {
 public:
  // jump: a sleep takes no real time; it moves the clock to its deadline and returns. For code under test in
  // one thread. wait: a sleeper blocks until advance() reaches its deadline, or its stop token is used. For
  // tests with threads.
  enum class Sleep { jump, wait };

  explicit FakeClock(Sleep sleep = Sleep::jump) : sleep_(sleep) {}

  SystemTime now() const override {
    const std::lock_guard lock(mutex_);
    return system_;
  }

  SteadyTime steady_now() const override {
    const std::lock_guard lock(mutex_);
    return steady_;
  }

  bool sleep_until(SteadyTime deadline, std::stop_token stop) const override {
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) {
      return false;
    }
    sleeps_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_));
    if (sleep_ == Sleep::jump) {
      move_to(std::max(deadline, steady_));
      return true;
    }
    ++sleepers_;
    changed_.notify_all();
    const bool reached = changed_.wait(lock, stop, [&] { return steady_ >= deadline; });
    --sleepers_;
    changed_.notify_all();
    return reached;
  }

  // Moves both clocks.
  void advance(std::chrono::milliseconds by) {
    const std::lock_guard lock(mutex_);
    move_to(steady_ + by);
    changed_.notify_all();
  }

  // Somebody sets the machine's clock: wall time jumps, forward or back, steady time doesn't notice.
  void set_system(SystemTime time) {
    const std::lock_guard lock(mutex_);
    system_ = time;
  }

  // Blocks until `count` threads sleep (Sleep::wait), so that advance() can't come too early.
  void wait_for_sleepers(std::size_t count) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sleepers_ >= count; });
  }

  // How long each sleep was meant to be, in order.
  std::vector<std::chrono::milliseconds> sleeps() const {
    const std::lock_guard lock(mutex_);
    return sleeps_;
  }

 private:
  void move_to(SteadyTime time) const {
    system_ += std::chrono::duration_cast<std::chrono::milliseconds>(time - steady_);
    steady_ = time;
  }

  const Sleep sleep_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  // All below are guarded by mutex_. Sleeping is const for users of a Clock, and moves this one.
  mutable SystemTime system_ =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(12);
  mutable SteadyTime steady_{std::chrono::hours(1)};
  mutable std::vector<std::chrono::milliseconds> sleeps_;
  mutable std::size_t sleepers_ = 0;
};

}  // namespace exporter::fakes
