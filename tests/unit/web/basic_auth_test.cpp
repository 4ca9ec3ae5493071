#include "web/basic_auth.h"

#include <string>

#include <gtest/gtest.h>

#include "config/web_config.h"
#include "web/rate_limiter.h"

namespace exporter::web {
namespace {

using namespace std::chrono_literals;

// Of "secret".
const std::string kBcrypt = "$2b$04$bzVkfzDCTmwW6iMXVwZiO.fw7dsoDq6nTDNppW25oev9s4JWDCduO";
const Users kOneUser{{"user", kBcrypt}};

TEST(Bcrypt, KnowsTheRightPassword) {
  EXPECT_TRUE(matches_bcrypt("secret", kBcrypt));
  EXPECT_FALSE(matches_bcrypt("secre", kBcrypt));
  EXPECT_FALSE(matches_bcrypt("", kBcrypt));
  EXPECT_FALSE(matches_bcrypt(std::string("secret\0more", 11), kBcrypt));
  EXPECT_FALSE(matches_bcrypt("secret", "no hash"));
  // The form that htpasswd writes.
  std::string as_htpasswd = kBcrypt;
  as_htpasswd[2] = 'y';
  EXPECT_TRUE(matches_bcrypt("secret", as_htpasswd));
}

TEST(Bcrypt, HasItsCostInTheHash) {
  EXPECT_EQ(config::bcrypt_cost(kBcrypt), 4);
  std::string dear = kBcrypt;
  dear.replace(4, 2, "12");
  EXPECT_EQ(config::bcrypt_cost(dear), 12);
  for (const char* cost : {"03", "32", "1x", "  "}) {
    std::string bad = kBcrypt;
    bad.replace(4, 2, cost);
    EXPECT_EQ(config::bcrypt_cost(bad), std::nullopt) << cost;
  }
  EXPECT_EQ(config::bcrypt_cost(kBcrypt.substr(1)), std::nullopt);
  EXPECT_EQ(config::bcrypt_cost("secret"), std::nullopt);
}

TEST(PasswordMemo, RemembersVerdictsOfOneHash) {
  PasswordMemo memo;
  const Credentials right{.user = "user", .password = "secret"};
  const auto first = memo.look_up(right, kOneUser);
  ASSERT_TRUE(first.check);
  EXPECT_TRUE(first.check->run());
  memo.remember(*first.check, true);
  EXPECT_EQ(memo.look_up(right, kOneUser).granted, true);
  Users changed = kOneUser;
  changed["user"][30] = changed["user"][30] == 'a' ? 'b' : 'a';
  EXPECT_EQ(memo.look_up(right, changed).granted, std::nullopt) << "another hash is another question";
  EXPECT_NE(memo.look_up(right, {}).granted, true) << "a removed user is let in no more";
}

TEST(PasswordMemo, TakesAsLongForAnUnknownUserAsForTheDearestOne) {
  PasswordMemo memo;
  Users users = kOneUser;
  users["other"] = kBcrypt;
  users["other"].replace(4, 2, "06");
  const auto verdict = memo.look_up({.user = "nobody", .password = "secret"}, users);
  ASSERT_TRUE(verdict.check);
  EXPECT_EQ(config::bcrypt_cost(verdict.check->hash), 6);
  EXPECT_FALSE(verdict.check->run());
  memo.remember(*verdict.check, false);
  EXPECT_EQ(memo.look_up({.user = "nobody", .password = "secret"}, users).granted, false);
}

TEST(PasswordMemo, IsNotDrivenOutByAFloodOfWrongPasswords) {
  PasswordMemo memo;
  const Credentials right{.user = "user", .password = "secret"};
  memo.remember(*memo.look_up(right, kOneUser).check, true);
  for (int i = 0; i < 1'000; ++i) {
    const auto wrong = memo.look_up({.user = "user", .password = std::to_string(i)}, kOneUser);
    ASSERT_TRUE(wrong.check);
    memo.remember(*wrong.check, false);
  }
  EXPECT_EQ(memo.look_up(right, kOneUser).granted, true);
}

TEST(RateLimiter, LetsABurstThroughAndThenOnePerInterval) {
  RateLimiter limiter(1s, 3);
  const SteadyTime start{10h};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.allow(start));
  EXPECT_FALSE(limiter.allow(start));
  EXPECT_FALSE(limiter.allow(start + 500ms));
  EXPECT_TRUE(limiter.allow(start + 1s));
  EXPECT_FALSE(limiter.allow(start + 1s));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.allow(start + 1h));
  EXPECT_FALSE(limiter.allow(start + 1h)) << "never more than the burst";
}

}  // namespace
}  // namespace exporter::web
