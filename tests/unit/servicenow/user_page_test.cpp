#include "servicenow/user_page.h"

#include <gtest/gtest.h>

namespace exporter::servicenow {
namespace {

using std::chrono::sys_days;

const std::vector<std::string> kFields{"user_name", "email"};

Result<UserPage> parse(std::string body) { return parse_user_page(body, kFields); }

TEST(UserPage, ReadsARowAsServiceNowWritesIt) {
  const auto page = parse(
      R"({"result":[{"sys_id":"005d500b536073005e0addeeff7b12f4","user_name":"survey.user","email":"s@example.com",)"
      R"("active":"true","locked_out":"false","sys_updated_on":"2024-04-14 19:29:09"}]})");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1U);
  const UserRow& row = page->rows[0];
  EXPECT_EQ(row.sys_id, "005d500b536073005e0addeeff7b12f4");
  EXPECT_EQ(row.keys, (std::vector<std::string>{"survey.user", "s@example.com"}));
  EXPECT_EQ(row.unreadable_keys, 0U);
  EXPECT_EQ(row.active, true);
  EXPECT_EQ(row.locked_out, false);
  EXPECT_EQ(row.updated,
            SystemTime(sys_days(std::chrono::year(2024) / 4 / 14) + std::chrono::seconds(70149)));
}

TEST(UserPage, ReadsKeysAndValuesHoweverTheyAreWritten) {
  const auto page = parse(
      "{ \"res\\u0075lt\" : [ { \"sys\\u005fid\" : \"a\\u0031\" , \"user_name\":\"b\\\\c\"\n, \"email\" : "
      "\"\","
      "\"acti\\u0076e\":\"TRUE\",\"locked_out\":\"false\" } ] }");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows[0].sys_id, "a1");
  EXPECT_EQ(page->rows[0].keys, (std::vector<std::string>{"b\\c", ""}));
  EXPECT_EQ(page->rows[0].active, true);
  EXPECT_EQ(page->rows[0].locked_out, false);
  EXPECT_FALSE(parse(R"({"result":[{"sys_id":"a","user_name":"\ud800"}]})")) << "half a character";
}

TEST(UserPage, SaysWhichFieldsWereNotInTheAnswer) {
  const auto page = parse(R"({"result":[{"sys_id":"a","email":""}]})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows[0].unreadable_keys, 1U) << "user_name is unknown, email is empty";
  EXPECT_FALSE(page->rows[0].active);
  EXPECT_FALSE(page->rows[0].locked_out);
  EXPECT_FALSE(page->rows[0].updated);
}

TEST(UserPage, TakesReferencesDisplayValuesNumbersAndNulls) {
  const auto page = parse(
      R"({"result":[{"sys_id":{"display_value":"A","value":"a"},"user_name":{"link":"https://x/y","value":"anna"},)"
      R"("email":null,"active":{"display_value":"true","value":"1"},"locked_out":0,"other":{"deep":[1,{"x":null}]}},)"
      R"({"sys_id":17,"user_name":{"display_value":"Bob"},"email":true,"active":true,"locked_out":"maybe"}]})");
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->rows.size(), 2U);
  EXPECT_EQ(page->rows[0].sys_id, "a");
  EXPECT_EQ(page->rows[0].keys, (std::vector<std::string>{"anna", ""}));
  EXPECT_EQ(page->rows[0].active, true);
  EXPECT_EQ(page->rows[0].locked_out, false);
  EXPECT_EQ(page->rows[1].sys_id, "17");
  EXPECT_EQ(page->rows[1].keys, (std::vector<std::string>{"Bob", "true"}));
  EXPECT_FALSE(page->rows[1].locked_out);
}

TEST(UserPage, CountsWhatIsNoRow) {
  const auto page = parse(
      R"({"result":[{"user_name":"a"},{"sys_id":""},{"sys_id":null},"x",null,[],{"sys_id":"a","sys_id":"b"},)"
      R"({"sys_id":"c","user_name":"x","user_name":"y"},{"sys_id":"d","sys_id":"d"}]})");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->malformed, 8U);
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows[0].sys_id, "d");
}

TEST(UserPage, IsIncompleteWhereverItIsCut) {
  const std::string whole =
      R"({"result":[{"sys_id":"a","user_name":"x","email":{"link":"l","value":"v"},"active":"true"},)"
      R"({"sys_id":"b","user_name":"é\"","n":[1,2.5e3,true]}],"more":{"x":[null]}})";
  ASSERT_TRUE(parse(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto page = parse(whole.substr(0, length));
    ASSERT_FALSE(page) << length;
    EXPECT_EQ(page.error().error_class, ErrorClass::incomplete) << length;
  }
}

TEST(UserPage, FailsWithErrorBesideResultInEitherOrder) {
  const std::string error =
      R"("error":{"message":"Transaction cancelled: maximum execution time exceeded","detail":null})";
  const std::string result = R"("result":[{"sys_id":"a"}])";
  for (const std::string& body : {"{" + result + "," + error + "}", "{" + error + "," + result + "}",
                                  "{" + error + "}", "{" + result + R"(,"error":null})"}) {
    const auto page = parse(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().error_class, ErrorClass::incomplete);
  }
}

TEST(UserPage, FailsWithoutExactlyOneResultArray) {
  for (const std::string body : {"{}", "[]", R"({"result":{"sys_id":"a"}})", R"({"result":null})",
                                 R"({"results":[]})", R"({"result":[],"result":[]})"}) {
    const auto page = parse(body);
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().error_class, ErrorClass::malformed) << body;
  }
}

TEST(UserPage, FailsOnJunkEvenWhereNobodyAskedForTheField) {
  for (const std::string body :
       {R"({"result":[{"sys_id":"a","x":tru}]})", R"({"result":[{"sys_id":"a","x":01x}]})",
        R"({"result":[{"sys_id":"a"}]} {"result":[]})", R"({"result":[{"sys_id":"a"}]}])",
        R"({"result":[{"sys_id":"a" "user_name":"b"}]})", R"({"result":[{"sys_id":"a"} {"sys_id":"b"}]})",
        "{\"result\":[{\"sys_id\":\"a\",\"user_name\":\"\xFF\"}]}", R"({"x":nul,"result":[]})"}) {
    EXPECT_FALSE(parse(body)) << body;
  }
}

TEST(UserPage, ReadsPastAByteOrderMark) {
  const auto page = parse("\xEF\xBB\xBF{\"result\":[{\"sys_id\":\"a\"}]}");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 1U);
}

TEST(UserPage, HoldsNothingOfTheOneThatWasReadBefore) {
  UserPageReader reader(kFields);
  std::string full =
      R"({"result":[{"sys_id":"a","user_name":"ann","email":"ann@example.com","active":"false",)"
      R"("locked_out":"true","sys_updated_on":"2024-04-14 19:29:09"},{"sys_id":"b"},{"email":"no id"}]})";
  ASSERT_TRUE(reader.read(full));
  EXPECT_EQ(reader.page().rows.size(), 2U);
  EXPECT_EQ(reader.page().malformed, 1U);
  std::string cut = full.substr(0, full.size() - 2);
  ASSERT_FALSE(reader.read(cut));
  std::string bare = R"({"result":[{"sys_id":"c"}]})";
  ASSERT_TRUE(reader.read(bare));
  EXPECT_EQ(reader.page().malformed, 0U);
  ASSERT_EQ(reader.page().rows.size(), 1U);
  const UserRow& row = reader.page().rows.front();
  EXPECT_EQ(row.sys_id, "c");
  EXPECT_EQ(row.keys, (std::vector<std::string>{"", ""}));
  EXPECT_EQ(row.unreadable_keys, 3U);
  EXPECT_FALSE(row.active);
  EXPECT_FALSE(row.locked_out);
  EXPECT_FALSE(row.updated);
}

TEST(UserPage, OfNoRowsIsEmpty) {
  const auto page = parse(R"({"result":[]})");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->rows.empty());
  EXPECT_EQ(page->malformed, 0U);
}

}  // namespace
}  // namespace exporter::servicenow
