#include "simulator/encoded_query.h"

#include <map>

#include <gtest/gtest.h>

namespace simulator {
namespace {

const std::set<std::string> kColumns = {"sys_id", "user_name", "active", "email"};

bool matches(const std::string& text, const std::map<std::string, std::string>& row) {
  return matches(parse_encoded_query(text, kColumns),
                 [&](const std::string& column) { return row.at(column); }, {"user_name", "email"});
}

const std::map<std::string, std::string> kRow = {
    {"sys_id", "ab01"}, {"user_name", "Ada"}, {"active", "true"}, {"email", ""}};

TEST(EncodedQuery, Operators) {
  EXPECT_TRUE(matches("user_name=ada", kRow)) << "user_name compares without case";
  EXPECT_FALSE(matches("sys_id=AB01", kRow)) << "sys_id doesn't";
  EXPECT_TRUE(matches("sys_idINzz,ab01", kRow));
  EXPECT_FALSE(matches("sys_idNOT INzz,ab01", kRow));
  EXPECT_TRUE(matches("sys_id>ab00^sys_id<=ab01", kRow));
  EXPECT_TRUE(matches("user_nameSTARTSWITHad", kRow));
  EXPECT_TRUE(matches("user_nameLIKEd", kRow));
  EXPECT_TRUE(matches("emailISEMPTY", kRow));
  EXPECT_FALSE(matches("emailISNOTEMPTY", kRow));
  EXPECT_TRUE(matches("active!=false", kRow));
}

TEST(EncodedQuery, OrBelongsToTheConditionBefore) {
  EXPECT_TRUE(matches("user_name=x^ORuser_name=ada^active=true", kRow));
  EXPECT_FALSE(matches("user_name=ada^ORuser_name=x^active=false", kRow));
  EXPECT_TRUE(matches("user_name=x^active=false^NQsys_id=ab01", kRow));
}

TEST(EncodedQuery, InvalidPartsWidenTheResult) {
  const EncodedQuery query = parse_encoded_query("nosuch=1^user_name=ada^rubbish^ORDERBYnosuch", kColumns);
  EXPECT_EQ(query.dropped.size(), 3U);
  EXPECT_TRUE(matches("nosuch=1", kRow)) << "an only condition that is dropped matches everything";
}

TEST(EncodedQuery, QueryRange) {
  EXPECT_FALSE(parse_encoded_query("sys_idINa,b^active=true", kColumns).uses_query_range());
  EXPECT_TRUE(parse_encoded_query("sys_id>a", kColumns).uses_query_range());
  EXPECT_TRUE(parse_encoded_query("active=true^ORDERBYsys_id", kColumns).uses_query_range());
  EncodedQuery query = parse_encoded_query("sys_id>zz^active=true^ORDERBYsys_id", kColumns);
  query.drop_query_range();
  EXPECT_TRUE(query.order.empty());
  EXPECT_TRUE(matches(query, [](const std::string& column) { return kRow.at(column); }, {}));
}

TEST(EncodedQuery, Order) {
  const EncodedQuery query = parse_encoded_query("active=true^ORDERBYDESCuser_name^ORDERBYsys_id", kColumns);
  ASSERT_EQ(query.order.size(), 2U);
  EXPECT_TRUE(query.order[0].descending);
  EXPECT_EQ(query.order[1].field, "sys_id");
}

}  // namespace
}  // namespace simulator
