#include "auth/token_cache.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::auth {
namespace {

TEST(TokenCacheStress, ThreadsThatUseRefuseAndChangeTokensNeverFetchTwoAtOnceAndNeverGetADroppedOne) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 300;
  const fakes::FakeClock clock;
  TokenCache cache(clock);
  std::atomic<int> fetching = 0;
  std::atomic<int> fetched = 0;
  std::atomic<int> most = 0;
  std::atomic<int> dropped_again = 0;
  std::mutex mutex;
  std::set<std::string> dropped;  // refused, and known to be before the next get()

  const auto fetch = [&](const std::string& credential) {
    return [&, credential](const std::string& /*refresh_token*/) -> Result<Token> {
      most = std::max(most.load(), ++fetching);
      std::this_thread::yield();
      --fetching;
      const int number = ++fetched;
      if (number % 17 == 0) {
        return std::unexpected(Error{.error_class = ErrorClass::http_5xx, .message = "busy"});
      }
      return Token{.value = credential + "-" + std::to_string(number),
                   .dpop = false,
                   .refresh_token = {},
                   .fetched = clock.steady_now(),
                   .lifetime = std::chrono::seconds(3600)};
    };
  };
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int round = 0; round < kRounds; ++round) {
          // Of half of the threads the secret changes in the middle.
          const std::string credential = thread % 2 == 0 && round > kRounds / 2 ? "new" : "old";
          std::set<std::string> known;
          {
            const std::lock_guard lock(mutex);
            known = dropped;
          }
          const Result<Token> token = cache.get(credential, {}, fetch(credential));
          if (!token) {
            EXPECT_EQ(token.error().error_class, ErrorClass::http_5xx);
            continue;
          }
          EXPECT_TRUE(token->value.starts_with(credential)) << token->value << " for " << credential;
          dropped_again += known.contains(token->value) ? 1 : 0;
          if ((round + thread) % 7 == 0) {
            cache.refused(token->value);
            const std::lock_guard lock(mutex);
            dropped.insert(token->value);
          } else {
            cache.accepted();
          }
        }
      });
    }
  }
  EXPECT_EQ(most, 1) << "one fetches, the others wait";
  EXPECT_EQ(dropped_again, 0);
  EXPECT_LT(fetched, kThreads * kRounds) << "tokens are shared";
}

}  // namespace
}  // namespace exporter::auth
