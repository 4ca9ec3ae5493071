#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter {
namespace {

using ::testing::ElementsAre;

TEST(Text, LowersOnlyAsciiLetters) {
  EXPECT_EQ(to_lower("SYS_User-9"), "sys_user-9");
  EXPECT_EQ(to_lower("\xC3\x84"), "\xC3\x84");
  EXPECT_EQ(to_lower("@[`{"), "@[`{");
}

TEST(Text, TrimsWhiteSpaceAtBothEnds) {
  EXPECT_EQ(trim(" \t\r\n\v\fa b \n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\xC2\xA0"), "\xC2\xA0");
}

TEST(Text, ComparesWithoutCase) {
  EXPECT_TRUE(equals_ignore_case("Retry-After", "retry-AFTER"));
  EXPECT_FALSE(equals_ignore_case("Retry-After", "Retry-Afte"));
  EXPECT_FALSE(equals_ignore_case("@", "`"));
  EXPECT_TRUE(equals_ignore_case("", ""));
}

TEST(Text, FoldsCaseAndRunsOfWhiteSpace) {
  EXPECT_EQ(fold("  No\t Record\r\n\nFOUND. "), "no record found.");
  EXPECT_EQ(fold(" \n"), "");
}

TEST(Text, SplitsAtEverySeparator) {
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split("abc", ','), ElementsAre("abc"));
}

}  // namespace
}  // namespace exporter
