#include "base/read_ahead.h"

#include <condition_variable>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace exporter {
namespace {

// Returns when it is told to stop.
Result<int> wait_for_stop(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
  return std::unexpected(Error{.error_class = ErrorClass::cancelled, .message = "stopped"});
}

TEST(ReadAhead, GivesTheResultsInTurn) {
  ReadAhead<std::string> ahead({});
  for (int i = 0; i < 1000; ++i) {
    ahead.begin([i](std::stop_token) -> Result<std::string> { return std::to_string(i); });
    ASSERT_EQ(ahead.take(), std::to_string(i));
  }
}

TEST(ReadAhead, ThrowsWhatTheFetchThrowsAndGoesOn) {
  ReadAhead<int> ahead({});
  ahead.begin([](std::stop_token) -> Result<int> { throw std::runtime_error("a fault"); });
  EXPECT_THROW(static_cast<void>(ahead.take()), std::runtime_error);
  ahead.begin([](std::stop_token) -> Result<int> { return 7; });
  EXPECT_EQ(ahead.take(), 7);
}

TEST(ReadAhead, CancelsAndWaitsForWhatNobodyTakes) {
  bool cancelled = false;
  std::latch begun(1);
  {
    ReadAhead<int> ahead({});
    ahead.begin([&](std::stop_token stop) {
      begun.count_down();
      Result<int> result = wait_for_stop(std::move(stop));
      cancelled = !result;
      return result;
    });
    begun.wait();
  }
  EXPECT_TRUE(cancelled);
}

TEST(ReadAhead, HandsOnTheStopOfItsOwner) {
  std::stop_source owner;
  ReadAhead<int> ahead(owner.get_token());
  std::latch begun(1);
  ahead.begin([&](std::stop_token stop) {
    begun.count_down();
    return wait_for_stop(std::move(stop));
  });
  begun.wait();
  owner.request_stop();
  const auto result = ahead.take();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::cancelled);
}

}  // namespace
}  // namespace exporter
