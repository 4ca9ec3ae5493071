#include "net/rate_budget.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string http_date(SystemTime time) {
  const std::time_t whole = std::chrono::duration_cast<seconds>(time.time_since_epoch()).count();
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

// A vendor that counts requests in windows which begin with their first request.
class Vendor {
 public:
  Vendor(Api api, const fakes::FakeClock& clock, int limit, seconds window, milliseconds skew = {})
      : api_(api), clock_(clock), limit_(limit), window_(window), skew_(skew), born_(clock.steady_now()) {
    zero_ = clock.now() + skew;
  }

  int limit() const { return limit_; }
  // Of all windows so far, the most that were counted in one.
  int most() const {
    int most = 0;
    for (const auto& [reset, count] : counts_) most = std::max(most, count);
    return most;
  }
  std::size_t windows() const { return counts_.size(); }
  int others = 0;  // requests of somebody else in this window

  HttpHeaders answer() {
    const SystemTime now = zero_ + std::chrono::duration_cast<milliseconds>(clock_.steady_now() -
                                                                            born_);  // its clock never jumps
    const std::int64_t second = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    if (second >= reset_) reset_ = second + window_.count();
    const int used = ++counts_[reset_];
    HttpHeaders headers{{"Date", http_date(now)}};
    const std::string prefix = api_ == Api::okta ? "X-Rate-Limit-" : "X-RateLimit-";
    headers.add(prefix + "Limit", std::to_string(limit_));
    if (api_ == Api::okta) headers.add(prefix + "Remaining", std::to_string(limit_ - used - others));
    headers.add(prefix + "Reset", std::to_string(reset_));
    return headers;
  }

 private:
  const Api api_;
  const fakes::FakeClock& clock_;
  const int limit_;
  const seconds window_;
  const milliseconds skew_;
  const SteadyTime born_;
  SystemTime zero_;
  std::int64_t reset_ = 0;
  std::map<std::int64_t, int> counts_;
};

class RateBudgetTest : public testing::Test {
 protected:
  // How many of `count` requests were made; each takes 50 ms.
  static int ask(RateBudget& budget, Vendor& vendor, fakes::FakeClock& clock, int count, const Pace& pace,
                 milliseconds max_wait = seconds(65)) {
    int made = 0;
    for (; made < count; ++made) {
      if (!budget.take(pace, max_wait, {})) break;
      clock.advance(milliseconds(50));
      budget.answered(200, vendor.answer());
    }
    return made;
  }

  fakes::FakeClock clock;
};

TEST_F(RateBudgetTest, NeverTakesMoreThanItsShareOfAnyWindow) {
  RateBudget budget(Api::okta, clock);
  Vendor vendor(Api::okta, clock, 100, seconds(60));
  const SteadyTime begin = clock.steady_now();
  EXPECT_EQ(ask(budget, vendor, clock, 200, {.share = 0.25}), 200);
  EXPECT_LE(vendor.most(), 25);
  EXPECT_LT(clock.steady_now() - begin, minutes(10)) << "25 a minute: 200 take 8 minutes";
}

TEST_F(RateBudgetTest, GivesTheFirstHalfAtOnceAndSpreadsTheRest) {
  RateBudget budget(Api::okta, clock);
  Vendor vendor(Api::okta, clock, 80, seconds(60));
  EXPECT_EQ(ask(budget, vendor, clock, 10, {.share = 0.25}), 10);
  EXPECT_TRUE(clock.sleeps().empty()) << "small samples don't wait";
  EXPECT_EQ(ask(budget, vendor, clock, 9, {.share = 0.25}), 9);
  ASSERT_FALSE(clock.sleeps().empty());
  const auto sleeps = clock.sleeps();
  EXPECT_LT(*std::ranges::max_element(sleeps), seconds(8));
}

TEST_F(RateBudgetTest, HoldsUnderAClockThatIsAnHourOffOrJumps) {
  for (const auto skew : {std::chrono::hours(-1), std::chrono::hours(1)}) {
    RateBudget budget(Api::okta, clock);
    Vendor vendor(Api::okta, clock, 40, seconds(60), skew);
    EXPECT_EQ(ask(budget, vendor, clock, 30, {.share = 0.5}), 30);
    clock.set_system(clock.now() + skew);  // our clock jumps; the server's does not
    EXPECT_EQ(ask(budget, vendor, clock, 60, {.share = 0.5}), 60);
    EXPECT_LE(vendor.most(), 20);
    EXPECT_LE(vendor.windows(), 6U) << "and no window is waited for twice";
    clock.set_system(clock.now() - skew);
  }
}

TEST_F(RateBudgetTest, YieldsWhereOthersHaveUsedTheLimit) {
  RateBudget budget(Api::okta, clock);
  Vendor vendor(Api::okta, clock, 100, seconds(60));
  vendor.others = 88;
  EXPECT_EQ(ask(budget, vendor, clock, 5, {.share = 0.5}, seconds(10)), 2) << "a tenth is left to others";
}

TEST_F(RateBudgetTest, SharesOneBudgetAmongThreads) {
  fakes::FakeClock waiting(fakes::FakeClock::Sleep::wait);
  RateBudget budget(Api::okta, waiting);
  Vendor vendor(Api::okta, waiting, 40, seconds(60));
  ASSERT_TRUE(budget.take({.share = 0.25}, seconds(65), {}));
  budget.answered(200, vendor.answer());
  std::vector<std::jthread> threads;
  std::atomic<int> made = 0;
  std::mutex at_vendor;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 3; ++j) {
        ASSERT_TRUE(budget.take({.share = 0.25}, std::chrono::hours(100'000), {}));
        const std::lock_guard lock(at_vendor);
        budget.answered(200, vendor.answer());
        ++made;
      }
    });
  }
  while (made < 24) {
    waiting.advance(milliseconds(500));
    std::this_thread::yield();
  }
  threads.clear();
  EXPECT_LE(vendor.most(), 10);
}

TEST_F(RateBudgetTest, LetsOneRequestAskForTheLimitBeforeTheOthers) {
  fakes::FakeClock waiting(fakes::FakeClock::Sleep::wait);
  RateBudget budget(Api::okta, waiting);
  Vendor vendor(Api::okta, waiting, 100, seconds(60));
  ASSERT_TRUE(budget.take({}, seconds(65), {}));
  std::atomic<bool> second = false;
  std::jthread other([&] { second = budget.take({}, seconds(65), {}).has_value(); });
  waiting.wait_for_sleepers(1);
  EXPECT_FALSE(second);
  budget.answered(200, vendor.answer());
  other.join();
  EXPECT_TRUE(second);
}

TEST_F(RateBudgetTest, SkipsWhatAnHourlyLimitWouldMakeItSleepFor) {
  RateBudget budget(Api::servicenow, clock);
  Vendor vendor(Api::servicenow, clock, 20, std::chrono::hours(1));
  EXPECT_EQ(ask(budget, vendor, clock, 100, {.share = 0.5}), 5);
  const auto refused = budget.take({.share = 0.5}, seconds(65), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::rate_limited);
  EXPECT_GT(refused.error().retry_after, minutes(5));
  EXPECT_TRUE(clock.sleeps().empty());
}

TEST_F(RateBudgetTest, ADenialHoldsBackEverybody) {
  RateBudget budget(Api::servicenow, clock);
  ASSERT_TRUE(budget.take({}, seconds(65), {}));
  budget.answered(429, {{"Retry-After", "1800"}, {"X-RateLimit-Limit", "500"}});
  EXPECT_EQ(budget.take({}, seconds(65), {}).error().retry_after, seconds(1800));
  clock.advance(seconds(1800));
  EXPECT_TRUE(budget.take({}, seconds(65), {}));
}

TEST_F(RateBudgetTest, ADenialWithoutHeadersHoldsBackNobodyElse) {
  RateBudget budget(Api::servicenow, clock);
  ASSERT_TRUE(budget.take({}, seconds(65), {}));
  budget.answered(429, {});
  EXPECT_TRUE(budget.take({}, seconds(65), {}));
  EXPECT_TRUE(clock.sleeps().empty());
}

TEST_F(RateBudgetTest, KeepsToItsPaceWhereTheAnswersTellNoLimit) {
  RateBudget budget(Api::servicenow, clock);
  const SteadyTime begin = clock.steady_now();
  for (int i = 0; i < 120; ++i) {
    ASSERT_TRUE(budget.take({.unmetered_per_minute = 60}, seconds(65), {}));
    budget.answered(200, {});
  }
  const auto took = clock.steady_now() - begin;
  EXPECT_GE(took, seconds(100));
  EXPECT_LE(took, seconds(120));
}

TEST_F(RateBudgetTest, ForgetsALimitThatIsNoLongerTold) {
  RateBudget budget(Api::servicenow, clock);
  Vendor vendor(Api::servicenow, clock, 2, std::chrono::hours(1));
  EXPECT_EQ(ask(budget, vendor, clock, 2, {.share = 0.5}), 1);
  clock.advance(std::chrono::hours(2));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(budget.take({.unmetered_per_minute = 600}, seconds(65), {}));
    budget.answered(200, {});
  }
}

TEST_F(RateBudgetTest, AStopEndsTheWait) {
  fakes::FakeClock waiting(fakes::FakeClock::Sleep::wait);
  RateBudget budget(Api::okta, waiting);
  ASSERT_TRUE(budget.take({}, seconds(65), {}));
  budget.answered(429, {{"Retry-After", "30"}});
  std::stop_source stop;
  Result<std::chrono::nanoseconds> result;
  std::jthread thread([&] { result = budget.take({}, seconds(65), stop.get_token()); });
  waiting.wait_for_sleepers(1);
  stop.request_stop();
  thread.join();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::cancelled);
}

TEST(Upstreams, AreOneBudgetPerOrgAndOnePerAccountOfAnInstance) {
  const fakes::FakeClock clock;
  Upstreams upstreams(clock);
  RateBudget& logs = upstreams.budget(Api::okta, "a.okta.com", "", Bucket::logs);
  EXPECT_EQ(&logs, &upstreams.budget(Api::okta, "a.okta.com", "", Bucket::logs));
  EXPECT_NE(&logs, &upstreams.budget(Api::okta, "a.okta.com", "", Bucket::apps));
  EXPECT_NE(&logs, &upstreams.budget(Api::okta, "b.okta.com", "", Bucket::logs));
  EXPECT_NE(&upstreams.budget(Api::servicenow, "b", "reader", Bucket::table),
            &upstreams.budget(Api::servicenow, "b", "okta", Bucket::table));
  EXPECT_EQ(&upstreams.breaker("b"), &upstreams.breaker("b"));
}

}  // namespace
}  // namespace exporter::net
