#include "servicenow/records.h"

#include <gtest/gtest.h>

#include "servicenow/error_envelope.h"
#include "servicenow/id_order.h"
#include "servicenow/match_key.h"

namespace exporter::servicenow {
namespace {

TEST(SysId, OnlyPlainOnesMayStandInAQuery) {
  EXPECT_TRUE(is_queryable_sys_id("005d500b536073005e0addeeff7b12f4"));
  EXPECT_TRUE(is_queryable_sys_id("glean_user.role-1"));
  for (const std::string bad : {"", "a^b", "a=b", "a,b", "a b", "a'b", "a\"b", "a\nb", "\xC3\xA9", "a%b"}) {
    EXPECT_FALSE(is_queryable_sys_id(bad)) << bad;
  }
  EXPECT_FALSE(is_queryable_sys_id(std::string(33, 'a')));
  EXPECT_FALSE(is_queryable_sys_id(std::string(1000, 'a')));
}

TEST(MatchKey, OnlyPlainOnesMayStandInAQuery) {
  EXPECT_TRUE(is_queryable_key("anna.o'neil+x@example.com"));
  EXPECT_TRUE(is_queryable_key("josé"));
  for (const std::string bad :
       {"", "a^b", "a,b", "a\tb", "javascript:gs.getUserID()", "JavaScript:x", " javascript:x"}) {
    EXPECT_FALSE(is_queryable_key(bad)) << bad;
  }
  EXPECT_FALSE(is_queryable_key(std::string(256, 'a')));
}

TEST(MatchKey, ComparesTrimmedAndWithoutCase) {
  EXPECT_TRUE(keys_equal("  Anna@Example.com ", "anna@example.COM"));
  EXPECT_FALSE(keys_equal("anna", "ann"));
  EXPECT_FALSE(keys_equal("", ""));
  EXPECT_FALSE(keys_equal(" ", " "));
}

TEST(MatchKey, IsEqualToWhatServiceNowKeepsOfALongerName) {
  const std::string forty(40, 'x');
  EXPECT_TRUE(keys_equal(forty + "yz", forty));
  EXPECT_FALSE(keys_equal(forty + "yz", std::string(39, 'x')));
  EXPECT_FALSE(keys_equal(forty, forty + "yz")) << "a row's key is never cut by Okta";
  std::string accents;
  for (int i = 0; i < 40; ++i) accents += "é";
  EXPECT_TRUE(keys_equal(accents + "n", accents)) << "characters are counted, not bytes";
  EXPECT_TRUE(cut_key(accents).empty());
}

TEST(ErrorEnvelope, HoldsServiceNowsOwnWords) {
  const auto envelope = parse_error_envelope(
      R"({"error":{"message":"No Record found","detail":"Record doesn't exist or ACL restricts the record retrieval"},"status":"failure"})");
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->message, "No Record found");
  EXPECT_EQ(envelope->detail, "Record doesn't exist or ACL restricts the record retrieval");
}

TEST(ErrorEnvelope, ToleratesNullsAndOAuthsForm) {
  const auto null =
      parse_error_envelope("\xEF\xBB\xBF{\"error\":{\"message\":\"Invalid table x\",\"detail\":null}}");
  ASSERT_TRUE(null);
  EXPECT_EQ(null->message, "Invalid table x");
  EXPECT_EQ(null->detail, "");
  const auto oauth = parse_error_envelope(R"({"error_description":"access_denied","error":"server_error"})");
  ASSERT_TRUE(oauth);
  EXPECT_EQ(oauth->message, "server_error");
  EXPECT_EQ(oauth->detail, "access_denied");
}

TEST(ErrorEnvelope, IsNoneWhereTheBodyIsNone) {
  for (const std::string body : {"", "<html></html>", "[]", "{}", "{\"result\":[]}",
                                 "{\"error\":{\"message\":\"cut", "{\"error\":null}"}) {
    EXPECT_FALSE(parse_error_envelope(body)) << body;
  }
}

TEST(IdOrder, AcceptsEachCollationAsLongAsItHoldsThroughout) {
  IdOrder by_byte;
  EXPECT_TRUE(by_byte.follows("Zed", "abc"));
  EXPECT_FALSE(by_byte.follows("abc", "ZED"));
  IdOrder without_case;
  EXPECT_TRUE(without_case.follows("abc", "Zed"));
  IdOrder plain;
  EXPECT_FALSE(plain.follows("abc", "abc"));
  EXPECT_FALSE(plain.follows("abc", "abd")) << "once broken, broken";
}

}  // namespace
}  // namespace exporter::servicenow
