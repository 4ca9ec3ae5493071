#include "base/side_by_side.h"

#include <latch>
#include <stdexcept>
#include <thread>

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
  for (const std::size_t pieces : {0, 100'000}) {
    bool done = false;
    EXPECT_THROW(side_by_side(
                     pieces, [] { throw std::runtime_error("a fault"); }, [&] { done = true; }),
                 std::runtime_error);
    EXPECT_TRUE(done);
    done = false;
    EXPECT_THROW(side_by_side(
                     pieces, [&] { done = true; }, [] { throw std::logic_error("a fault"); }),
                 std::logic_error);
    EXPECT_TRUE(done);
  }
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
