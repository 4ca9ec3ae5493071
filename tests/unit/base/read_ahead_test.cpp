#include "base/read_ahead.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

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

TEST(ReadAhead, GoesOnWithWhatAFetchBegins) {
  std::function<void(int)> fetch;
  ReadAhead<int> ahead({});
  fetch = [&](int page) {
    ahead.begin([&, page](std::stop_token) -> Result<int> {
      if (page < 1000) fetch(page + 1);
      return page;
    });
  };
  fetch(0);
  for (int page = 0; page <= 1000; ++page) ASSERT_EQ(ahead.take(), page);
}

TEST(ReadAhead, BeginsAFetchWhileOnePageWaitsToBeTaken) {
  std::latch second_begun(1);
  ReadAhead<int> ahead({});
  ahead.begin([](std::stop_token) -> Result<int> { return 1; });
  ahead.begin([&](std::stop_token) -> Result<int> {
    second_begun.count_down();
    return 2;
  });
  second_begun.wait();
  EXPECT_EQ(ahead.take(), 1);
  EXPECT_EQ(ahead.take(), 2);
}

TEST(ReadAhead, BeginsNoFetchWhileTwoPagesWaitToBeTaken) {
  std::atomic<bool> taken = false;
  std::latch fetched(2);
  ReadAhead<bool> ahead({});
  for (int page = 0; page < 2; ++page) {
    ahead.begin([&](std::stop_token) -> Result<bool> {
      fetched.count_down();
      return true;
    });
  }
  ahead.begin([&](std::stop_token) -> Result<bool> { return taken.load(); });
  fetched.wait();
  for (int i = 0; i < 100; ++i) std::this_thread::yield();  // time for what must not happen
  taken = true;
  EXPECT_EQ(ahead.take(), true);
  EXPECT_EQ(ahead.take(), true);
  EXPECT_EQ(ahead.take(), true) << "the third was begun before the first was taken";
}

}  // namespace
}  // namespace exporter
