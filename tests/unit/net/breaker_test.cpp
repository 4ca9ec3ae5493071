#include "net/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::net {
namespace {

using std::chrono::seconds;

class BreakerTest : public testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(breaker.admit());
      breaker.not_reached();
    }
  }
  fakes::FakeClock clock;
  Breaker breaker{"a.okta.com", clock};
};

TEST_F(BreakerTest, OpensAfterRepeatedFailuresOnly) {
  fail(Breaker::kFailures - 1);
  ASSERT_TRUE(breaker.admit());
  breaker.reached();
  fail(Breaker::kFailures);
  const Result<void> refused = breaker.admit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::connection);
  EXPECT_THAT(refused.error().message, testing::StartsWith("a.okta.com is not asked for 15 s"));
}

TEST_F(BreakerTest, ProbesWithOneRequestAndClosesAtAnAnswer) {
  fail(Breaker::kFailures);
  clock.advance(Breaker::kFirstPause);
  ASSERT_TRUE(breaker.admit());
  EXPECT_FALSE(breaker.admit()) << "one at a time";
  breaker.nothing_learned();
  ASSERT_TRUE(breaker.admit());
  breaker.reached();
  EXPECT_TRUE(breaker.admit());
  EXPECT_TRUE(breaker.admit());
}

TEST_F(BreakerTest, PausesLongerAfterEachFailedProbeUpToABound) {
  fail(Breaker::kFailures);
  seconds pause = Breaker::kFirstPause;
  for (int i = 0; i < 6; ++i) {
    clock.advance(pause - seconds(1));
    EXPECT_FALSE(breaker.admit());
    clock.advance(seconds(1));
    ASSERT_TRUE(breaker.admit());
    breaker.not_reached();
    pause = std::min(pause * 2, Breaker::kLongestPause);
  }
}

}  // namespace
}  // namespace exporter::net
