#include "auth/credential_gate.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::auth {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;
using testing::Not;

class CredentialGateTest : public testing::Test {
 protected:
  void reject(std::string_view credential) {
    ASSERT_TRUE(gate.admit(credential));
    gate.rejected(credential);
  }

  fakes::FakeClock clock;
  CredentialGate gate{"servicenow reader", clock};
};

TEST_F(CredentialGateTest, IsOpenAndSaysNothingBeforeTheFirstAnswer) {
  EXPECT_EQ(gate.valid(), std::nullopt);
  EXPECT_EQ(gate.paused_until(), std::nullopt);
  EXPECT_EQ(gate.pause(), std::nullopt);
  EXPECT_TRUE(gate.admit("secret"));
  EXPECT_TRUE(gate.admit("secret"));
}

TEST_F(CredentialGateTest, ClosesForAnHourAfterA401) {
  reject("secret");
  EXPECT_EQ(gate.valid(), false);
  EXPECT_EQ(gate.paused_until(), clock.now() + minutes(60));
  const Result<void> refused = gate.admit("secret");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::authentication);
  EXPECT_THAT(
      refused.error().message,
      HasSubstr("servicenow reader is paused until 2026-11-23T13:00:00.000Z because the API answered 401"));
  EXPECT_THAT(refused.error().message, HasSubstr("change the secret or wait"));
  clock.advance(minutes(60) - std::chrono::milliseconds(1));
  EXPECT_FALSE(gate.admit("secret"));
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(gate.paused_until(), std::nullopt);
  EXPECT_TRUE(gate.admit("secret"));
}

TEST_F(CredentialGateTest, LetsOneRequestThroughAtATimeWhenThePauseIsOver) {
  reject("secret");
  clock.advance(minutes(60));
  EXPECT_TRUE(gate.admit("secret"));
  EXPECT_FALSE(gate.admit("secret"));
  clock.advance(minutes(1));  // its answer never came
  EXPECT_TRUE(gate.admit("secret"));
  gate.rejected("secret");
  EXPECT_EQ(gate.paused_until(), clock.now() + minutes(60));
  clock.advance(minutes(60));
  EXPECT_TRUE(gate.admit("secret"));
  gate.accepted("secret");
  EXPECT_TRUE(gate.admit("secret"));
  EXPECT_EQ(gate.valid(), true);
  EXPECT_EQ(gate.pause(), std::nullopt);
}

TEST_F(CredentialGateTest, OpensAtOnceForAChangedSecret) {
  reject("old");
  EXPECT_TRUE(gate.admit("new"));
  EXPECT_EQ(gate.valid(), false) << "nobody has accepted it yet";
  gate.accepted("new");
  EXPECT_EQ(gate.valid(), true);
  EXPECT_EQ(gate.paused_until(), std::nullopt);
}

TEST_F(CredentialGateTest, IgnoresAnswersToASecretThatHasBeenReplaced) {
  ASSERT_TRUE(gate.admit("old"));
  ASSERT_TRUE(gate.admit("new"));
  gate.rejected("old");
  EXPECT_EQ(gate.paused_until(), std::nullopt);
  gate.rejected("new");
  gate.accepted("old");
  EXPECT_EQ(gate.valid(), false);
  EXPECT_FALSE(gate.admit("new"));
}

TEST_F(CredentialGateTest, KeepsNoSecretAndSaltsItsFingerprint) {
  reject("Basic cmVhZGVyOnNlY3JldA==");
  CredentialGate other("servicenow reader", clock);
  ASSERT_TRUE(other.admit("Basic cmVhZGVyOnNlY3JldA=="));
  other.rejected("Basic cmVhZGVyOnNlY3JldA==");
  const CredentialPause pause = gate.pause().value();
  EXPECT_THAT(pause.fingerprint, Not(HasSubstr("cmVhZGVy")));
  EXPECT_EQ(pause.fingerprint.size(), 32U + 1U + 64U);
  EXPECT_NE(pause.fingerprint, other.pause().value().fingerprint);
}

TEST_F(CredentialGateTest, APauseSurvivesARestart) {
  reject("secret");
  const CredentialPause stored = gate.pause().value();
  clock.advance(minutes(10));
  CredentialGate restarted("servicenow reader", clock);
  restarted.restore(stored);
  EXPECT_EQ(restarted.valid(), false);
  EXPECT_EQ(restarted.paused_until(), stored.until);
  EXPECT_EQ(restarted.pause(), stored);
  EXPECT_FALSE(restarted.admit("secret"));
  EXPECT_TRUE(restarted.admit("changed while we were down"));
}

TEST_F(CredentialGateTest, IgnoresAnotherAccountsPause) {
  reject("secret");
  CredentialGate other("servicenow provisioner", clock);
  other.restore(gate.pause().value());
  EXPECT_EQ(other.valid(), std::nullopt);
  EXPECT_TRUE(other.admit("secret"));
}

TEST_F(CredentialGateTest, NeverPausesLongerThanAnHourWhenTheClockWasWrong) {
  reject("secret");
  const CredentialPause stored = gate.pause().value();
  clock.set_system(clock.now() - std::chrono::years(1));
  EXPECT_FALSE(gate.admit("secret"));
  EXPECT_EQ(gate.paused_until(), clock.now() + minutes(60));
  CredentialGate restarted("servicenow reader", clock);
  restarted.restore(stored);
  EXPECT_EQ(restarted.paused_until(), clock.now() + minutes(60));
}

// ServiceNow counts failures: a clock that is set right must not cost another one, nor hold the account up.
TEST_F(CredentialGateTest, AClockThatJumpsAnHourEitherWayChangesNoPause) {
  for (const auto jump : {minutes(60), minutes(-60)}) {
    fakes::FakeClock jumping;
    CredentialGate paused("servicenow reader", jumping);
    ASSERT_TRUE(paused.admit("wrong"));
    paused.rejected("wrong");
    jumping.advance(minutes(20));
    jumping.set_system(jumping.now() + jump);
    EXPECT_FALSE(paused.admit("wrong"));
    EXPECT_EQ(paused.paused_until(), jumping.now() + minutes(40));
    EXPECT_EQ(paused.pause()->until, jumping.now() + minutes(40)) << "as it is stored";
    jumping.advance(minutes(40));
    EXPECT_TRUE(paused.admit("wrong"));
  }
}

TEST_F(CredentialGateTest, ABrokenFingerprintPausesNobody) {
  for (const char* fingerprint : {"", ":", "salt", "salt:zz"}) {
    CredentialGate restarted("servicenow reader", clock);
    restarted.restore(
        {.account = "servicenow reader", .until = clock.now() + minutes(5), .fingerprint = fingerprint});
    EXPECT_TRUE(restarted.admit("secret")) << fingerprint;
  }
}

TEST_F(CredentialGateTest, IsSharedByThreads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i] {
      const std::string credential = "secret " + std::to_string(i % 2);
      for (int round = 0; round < 200; ++round) {
        if (gate.admit(credential)) {
          round % 3 == 0 ? gate.rejected(credential) : gate.accepted(credential);
        }
        static_cast<void>(gate.paused_until());
        static_cast<void>(gate.pause());
      }
    });
  }
  threads.clear();
  EXPECT_TRUE(gate.valid().has_value());
}

}  // namespace
}  // namespace exporter::auth
