#include "sampling/scheduler.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_log.h"
#include "metrics/registry.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;

// Counts its runs and does what the test tells it to.
class ScriptedSampler final : public Sampler {
 public:
  struct Script {
    std::mutex mutex;
    std::condition_variable changed;
    int started = 0;
    int ended = 0;
    bool hold = false;  // a run waits until it is let go or stopped
    std::optional<ErrorClass> fail;

    void wait_started(int count) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return started >= count; });
    }
    void wait_ended(int count) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return ended >= count; });
    }
    void let_go() {
      const std::lock_guard lock(mutex);
      hold = false;
      changed.notify_all();
    }
  };

  ScriptedSampler(Script& script, std::chrono::milliseconds interval, bool triggered = false)
      : script_(script), interval_(interval), triggered_(triggered) {}
  std::string_view name() const override { return "users"; }
  std::chrono::milliseconds interval() const override { return interval_; }
  bool triggered() const override { return triggered_; }

  void succeeded(SystemTime) override {}

  Result<void> sample(SampleRun& run) override {
    const std::stop_callback stopped(run.stop(), [this] {
      const std::lock_guard lock(script_.mutex);
      script_.changed.notify_all();
    });
    std::unique_lock lock(script_.mutex);
    ++script_.started;
    script_.changed.notify_all();
    script_.changed.wait(lock, [&] { return !script_.hold || run.stop().stop_requested(); });
    ++script_.ended;
    script_.changed.notify_all();
    if (run.stop().stop_requested()) {
      return std::unexpected(Error{.error_class = ErrorClass::cancelled, .message = "stopped"});
    }
    if (script_.fail) {
      return std::unexpected(Error{.error_class = *script_.fail, .message = "scripted"});
    }
    return {};
  }

 private:
  Script& script_;
  std::chrono::milliseconds interval_;
  bool triggered_;
};

class SchedulerTest : public testing::Test {
 protected:
  void start(std::chrono::milliseconds interval, bool triggered = false) {
    scheduler_.add("production", std::make_unique<ScriptedSampler>(script_, interval, triggered));
    scheduler_.start();
  }
  // Until the dispatcher sleeps for just that long: everything that happened so far is on its schedule, and
  // the next advance() is not lost. Virtual time stands still meanwhile, so the length tells.
  void settle(std::chrono::milliseconds sleep) {
    do {
      std::this_thread::yield();
      clock_.wait_for_sleepers(1);
    } while (clock_.sleeps().back() != sleep);
  }

  std::vector<std::vector<std::string>> series(std::string_view name, double& value) const {
    std::vector<std::vector<std::string>> labels;
    for (const metrics::Family& family : registry_.collect()) {
      if (family.metric->name == name) {
        for (const metrics::Series& one : family.series) {
          labels.push_back(one.label_values);
          value = one.value;
        }
      }
    }
    return labels;
  }

  fakes::FakeClock clock_{fakes::FakeClock::Sleep::wait};
  fakes::FakeLog log_;
  metrics::Registry registry_{clock_};
  SampleBook book_{registry_, log_};
  ScriptedSampler::Script script_;
  ScriptedSampler::Script other_;  // of an integration "test"
  Scheduler scheduler_{
      {.threads = 2, .spread = 0ms, .jitter = 0, .sample_timeout = 5min, .retry = 30s}, clock_, book_};
};

TEST_F(SchedulerTest, RunsAtOnceAndThenAtItsInterval) {
  start(10s);
  script_.wait_ended(1);
  settle(10s);
  clock_.advance(9s);
  {
    const std::lock_guard lock(script_.mutex);
    EXPECT_EQ(script_.started, 1);
  }
  clock_.advance(1s);
  script_.wait_ended(2);
}

class ClockJumpTest : public SchedulerTest, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(Hours, ClockJumpTest, testing::Values(-1, 1),
                         [](const auto& jump) { return jump.param < 0 ? "Back" : "Forward"; });

TEST_P(ClockJumpTest, MakesNothingDueAndDelaysNothing) {
  start(10s);
  script_.wait_ended(1);
  settle(10s);
  clock_.set_system(clock_.now() + std::chrono::hours(GetParam()));
  clock_.advance(9s);
  {
    const std::lock_guard lock(script_.mutex);
    EXPECT_EQ(script_.started, 1);
  }
  clock_.advance(1s);
  script_.wait_ended(2);
}

TEST_F(SchedulerTest, NeverRunsASamplerTwiceAtTheSameTime) {
  script_.hold = true;
  start(10s);
  script_.wait_started(1);
  settle(5min);
  clock_.advance(60s);
  settle(5min);
  {
    const std::lock_guard lock(script_.mutex);
    EXPECT_EQ(script_.started, 1);
  }
  script_.let_go();
  script_.wait_started(2);
}

TEST_F(SchedulerTest, EndsASampleThatMakesNoProgressAndSaysTimeout) {
  script_.hold = true;
  start(1h);
  script_.wait_started(1);
  settle(5min);
  clock_.advance(5min);
  script_.wait_ended(1);
  settle(30s);
  const std::vector<SamplerStatus> status = book_.status();
  ASSERT_EQ(status.size(), 1U);
  ASSERT_TRUE(status[0].last_error.has_value());
  EXPECT_EQ(status[0].last_error->error_class, ErrorClass::timeout);
}

TEST_F(SchedulerTest, TriesAFailedSampleAgainBeforeItsIntervalAndLaterEachTime) {
  script_.fail = ErrorClass::connection;
  start(1h);
  script_.wait_ended(1);
  settle(30s);
  clock_.advance(30s);
  script_.wait_ended(2);
  settle(60s);
  clock_.advance(60s);
  script_.wait_ended(3);
  settle(120s);
}

TEST_F(SchedulerTest, LooksOftenWhetherARefusedAccountHasANewSecret) {
  script_.fail = ErrorClass::authentication;
  start(1h);
  for (int run = 1; run <= 5; ++run) {
    script_.wait_ended(run);
    settle(30s);
    clock_.advance(30s);
  }
  script_.wait_ended(6);
}

TEST_F(SchedulerTest, ATriggerMakesASamplerDueNow) {
  start(30min);
  script_.wait_ended(1);
  settle(30min);
  scheduler_.trigger("production", "users", Scheduler::WhenRunning::leave);
  script_.wait_ended(2);
}

TEST_F(SchedulerTest, ATriggerDuringARunRunsItAgainWhenAskedTo) {
  script_.hold = true;
  start(1h, true);
  scheduler_.trigger("production", "users", Scheduler::WhenRunning::leave);
  script_.wait_started(1);
  scheduler_.trigger("production", "users", Scheduler::WhenRunning::run_again);
  script_.let_go();
  script_.wait_ended(2);
}

TEST_F(SchedulerTest, ATriggeredSamplerThatFailedIsTriedAgain) {
  script_.fail = ErrorClass::connection;
  start(1h, true);
  scheduler_.trigger("production", "users", Scheduler::WhenRunning::run_again);
  script_.wait_ended(1);
  settle(30s);
  clock_.advance(30s);
  script_.wait_ended(2);
}

TEST_F(SchedulerTest, AnExceptionCostsTheSampleAndNotTheProcess) {
  class Throwing final : public Sampler {
   public:
    std::string_view name() const override { return "users"; }
    std::chrono::milliseconds interval() const override { return 1h; }
    Result<void> sample(SampleRun&) override { throw std::invalid_argument("no such thing"); }
    void succeeded(SystemTime) override {}
  };
  scheduler_.add("production", std::make_unique<Throwing>());
  EXPECT_EQ(scheduler_.run_once(), 1);
  EXPECT_NE(log_.text().find("no such thing"), std::string::npos);
}

// A trigger that came between a job's leaving the queue and its first step once started it a second time.
TEST(SchedulerRace, ManyTriggersNeverStartASamplerTwice) {
  class Counting final : public Sampler {
   public:
    std::string_view name() const override { return "users"; }
    std::chrono::milliseconds interval() const override { return 1h; }
    bool triggered() const override { return true; }
    Result<void> sample(SampleRun&) override {
      most = std::max(most.load(), ++inside);
      std::this_thread::yield();
      --inside;
      ++runs;
      return {};
    }
    void succeeded(SystemTime) override {}
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::atomic<int> runs = 0;
  };
  const RealClock clock;
  fakes::FakeLog log;
  metrics::Registry registry(clock);
  SampleBook book(registry, log);
  Scheduler scheduler({.threads = 4}, clock, book);
  auto sampler = std::make_unique<Counting>();
  const Counting& counting = *sampler;
  scheduler.add("production", std::move(sampler));
  scheduler.start();
  while (counting.runs < 500) {
    scheduler.trigger("production", "users", Scheduler::WhenRunning::run_again);
  }
  scheduler.stop();
  EXPECT_EQ(counting.most, 1);
}

// As reloads do, while samplers trigger each other.
TEST(SchedulerRace, WhatIsRemovedNeverRunsAgainWhileOthersAreTriggered) {
  struct Life {
    std::atomic<bool> removed = false;
    std::atomic<int> runs = 0;
  };
  class Mortal final : public Sampler {
   public:
    Mortal(Life& life, std::atomic<int>& late) : life_(life), late_(late) {}
    std::string_view name() const override { return "users"; }
    std::chrono::milliseconds interval() const override { return 1h; }
    Result<void> sample(SampleRun&) override {
      late_ += life_.removed ? 1 : 0;
      std::this_thread::yield();
      late_ += life_.removed ? 1 : 0;
      ++life_.runs;
      return {};
    }
    void succeeded(SystemTime) override {}

   private:
    Life& life_;
    std::atomic<int>& late_;
  };
  constexpr int kLives = 50;
  const RealClock clock;
  fakes::FakeLog log;
  metrics::Registry registry(clock);
  SampleBook book(registry, log);
  std::vector<Life> lives(kLives);
  std::atomic<int> late = 0;
  std::atomic<bool> done = false;
  Scheduler scheduler({.threads = 3, .spread = 0ms}, clock, book);
  scheduler.start();
  {
    std::vector<std::jthread> triggers;
    for (int i = 0; i < 3; ++i) {
      triggers.emplace_back([&, i] {
        for (int round = i; !done; ++round) {
          scheduler.trigger(round % 2 == 0 ? "stays" : "changes", "users", Scheduler::WhenRunning::run_again);
          std::this_thread::yield();
        }
      });
    }
    Life stays;
    scheduler.add("stays", std::make_unique<Mortal>(stays, late));
    for (Life& life : lives) {
      scheduler.add("changes", std::make_unique<Mortal>(life, late));
      while (life.runs < 3) std::this_thread::yield();
      scheduler.remove("changes");
      life.removed = true;
    }
    const int before = stays.runs;
    while (stays.runs < before + 3) std::this_thread::yield();
    done = true;
    triggers.clear();
    scheduler.stop();
  }
  EXPECT_EQ(late, 0);
}

TEST_F(SchedulerTest, StopCancelsWhatRunsAndJoins) {
  script_.hold = true;
  start(1h);
  script_.wait_started(1);
  scheduler_.stop();
  const std::lock_guard lock(script_.mutex);
  EXPECT_EQ(script_.ended, 1);
  // A sample that our own stop cut short is no failure of the vendor's.
  EXPECT_EQ(log_.count(LogLevel::warn), 0U);
}

TEST_F(SchedulerTest, RunOnceRunsEverySamplerOnceAndCountsFailures) {
  script_.fail = ErrorClass::http_5xx;
  scheduler_.add("production", std::make_unique<ScriptedSampler>(script_, 1h));
  EXPECT_EQ(scheduler_.run_once(), 1);
  double value = 0;
  series("okta_servicenow_exporter_sample_success", value);
  EXPECT_EQ(value, 0);
}

TEST_F(SchedulerTest, RunOnceLetsALaterSamplerRunBesideTheOneThatAsksForIt) {
  class Asking final : public Sampler {
   public:
    Asking(Scheduler& scheduler, ScriptedSampler::Script& other) : scheduler_(scheduler), other_(other) {}
    std::string_view name() const override { return "app_users"; }
    std::chrono::milliseconds interval() const override { return 1h; }
    Result<void> sample(SampleRun&) override {
      scheduler_.trigger_beside("production", "users");
      scheduler_.trigger_beside("production", "users");
      other_.wait_started(1);  // which it does before this one's end
      scheduler_.trigger_beside("production", "app_users");
      return {};
    }
    void succeeded(SystemTime) override { ++succeeded_; }
    int succeeded_ = 0;

   private:
    Scheduler& scheduler_;
    ScriptedSampler::Script& other_;
  };
  script_.fail = ErrorClass::http_5xx;
  auto asking = std::make_unique<Asking>(scheduler_, script_);
  const Asking& asked = *asking;
  scheduler_.add("production", std::move(asking));
  scheduler_.add("production", std::make_unique<ScriptedSampler>(script_, 1h));
  EXPECT_EQ(scheduler_.run_once(), 1) << "what ran beside counts at its turn";
  EXPECT_EQ(script_.ended, 1) << "and does not run again";
  EXPECT_EQ(asked.succeeded_, 1);
  scheduler_.trigger_beside("production", "users");
  EXPECT_EQ(script_.ended, 1) << "nothing runs outside of run_once()";
}

TEST_F(SchedulerTest, LogsAFailureOnceAndItsRecovery) {
  script_.fail = ErrorClass::http_5xx;
  scheduler_.add("production", std::make_unique<ScriptedSampler>(script_, 1h));
  scheduler_.run_once();
  scheduler_.run_once();
  EXPECT_EQ(log_.count(LogLevel::warn), 1U);
  script_.fail.reset();
  scheduler_.run_once();
  EXPECT_EQ(log_.lines().back().message, "sample succeeds again");
}

TEST_F(SchedulerTest, RunsWhatIsAddedWhileItRuns) {
  start(1h);
  script_.wait_ended(1);
  settle(1h);
  scheduler_.add("test", std::make_unique<ScriptedSampler>(other_, 1h));
  other_.wait_ended(1);
}

TEST_F(SchedulerTest, RemovingAnIntegrationEndsItsRunsAndLeavesTheOthersAlone) {
  script_.hold = true;
  start(1h);
  script_.wait_started(1);
  scheduler_.add("test", std::make_unique<ScriptedSampler>(other_, 10s));
  other_.wait_ended(1);
  scheduler_.remove("production");
  {
    const std::lock_guard lock(script_.mutex);
    EXPECT_EQ(script_.ended, 1) << "cancelled, and waited for";
  }
  scheduler_.trigger("production", "users", Scheduler::WhenRunning::run_again);
  settle(10s);
  clock_.advance(10s);
  other_.wait_ended(2);
  const std::lock_guard lock(script_.mutex);
  EXPECT_EQ(script_.started, 1);
}

}  // namespace
}  // namespace exporter::sampling
