#include "auth/account_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::auth {
namespace {

using testing::IsEmpty;

TEST(AccountBook, GivesOneGateAndOneTokenToAllWhoSignInAsTheSameAccount) {
  const fakes::FakeClock clock;
  AccountBook book(clock, {}, {});
  EXPECT_EQ(&book.gate("a", "reader of one"), &book.gate("a", "reader of two"));
  EXPECT_NE(&book.gate("a", "x"), &book.gate("b", "x"));
  EXPECT_EQ(&book.session("a"), &book.session("a"));
  EXPECT_NE(&book.session("a"), &book.session("b"));
}

TEST(AccountBook, StoresAPauseWhenItBeginsAndWhenItEnds) {
  const fakes::FakeClock clock;
  std::vector<std::vector<StoredPause>> stored;
  AccountBook book(clock, {}, [&](const std::vector<StoredPause>& pauses) { stored.push_back(pauses); });
  CredentialGate& gate = book.gate("okta secret-free key", "okta of production");
  ASSERT_TRUE(gate.admit("secret"));
  gate.rejected("secret");
  ASSERT_EQ(stored.size(), 1U);
  ASSERT_EQ(stored[0].size(), 1U);
  EXPECT_EQ(stored[0][0].pause.account, "okta of production");
  EXPECT_EQ(stored[0][0].pause.until, clock.now() + CredentialGate::kPause);
  ASSERT_TRUE(gate.admit("another"));
  gate.accepted("another");
  EXPECT_THAT(stored.back(), IsEmpty());
}

TEST(AccountBook, HonoursAStoredPauseInTheNextProcess) {
  fakes::FakeClock clock;
  std::vector<StoredPause> stored;
  {
    AccountBook book(clock, {}, [&](const std::vector<StoredPause>& pauses) { stored = pauses; });
    CredentialGate& gate = book.gate("key", "okta of production");
    ASSERT_TRUE(gate.admit("secret"));
    gate.rejected("secret");
  }
  AccountBook next(clock, stored, {});
  EXPECT_EQ(next.pauses(), stored) << "also before the account turns up";
  CredentialGate& gate = next.gate("key", "okta of renamed");
  EXPECT_FALSE(gate.admit("secret"));
  EXPECT_EQ(gate.valid(), false);
  EXPECT_TRUE(gate.admit("changed"));
  EXPECT_TRUE(next.gate("other key", "x").admit("secret")) << "nobody else is paused";
}

}  // namespace
}  // namespace exporter::auth
