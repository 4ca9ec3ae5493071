#include "base/side_by_side.h"

#include <latch>
#include <stdexcept>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace exporter {
namespace {

TEST(SideBySide, RunsBothAtOnceAndWaitsForBoth) {
  std::latch both(2);
  std::thread::id beside;
  std::thread::id here;
  side_by_side(
      10'000,
      [&] {
        both.arrive_and_wait();  // which only the other half can end
        beside = std::this_thread::get_id();
      },
      [&] {
        both.arrive_and_wait();
        here = std::this_thread::get_id();
      });
  EXPECT_EQ(here, std::this_thread::get_id());
  EXPECT_NE(beside, here);
  EXPECT_NE(beside, std::thread::id());
}

TEST(SideBySide, ThrowsWhatEitherThrowsOnceBothAreDone) {
  bool done = false;
  const auto fail = [] { throw std::runtime_error("a fault"); };
  const auto work = [&] { done = true; };
  EXPECT_THROW(side_by_side(100'000, fail, work), std::runtime_error);
  EXPECT_TRUE(std::exchange(done, false));
  EXPECT_THROW(side_by_side(100'000, work, fail), std::runtime_error);
  EXPECT_TRUE(done);
  EXPECT_THROW(side_by_side(1, fail, work), std::runtime_error);
  EXPECT_THROW(side_by_side(1, work, fail), std::runtime_error);
}

TEST(SideBySide, DoesALittleHere) {
  std::thread::id beside;
  bool here = false;
  side_by_side(9'999, [&] { beside = std::this_thread::get_id(); }, [&] { here = true; });
  EXPECT_EQ(beside, std::this_thread::get_id());
  EXPECT_TRUE(here);
}

}  // namespace
}  // namespace exporter
