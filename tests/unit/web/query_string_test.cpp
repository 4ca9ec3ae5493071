#include "web/query_string.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/url.h"
#include "web/list_query.h"

namespace exporter::web {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(QueryString, IsSplitAndDecoded) {
  EXPECT_THAT(*parse_query(""), IsEmpty());
  EXPECT_THAT(*parse_query("b=2&a=x%20y+z%26&c=&d"),
              ElementsAre(Pair("a", "x y z&"), Pair("b", "2"), Pair("c", ""), Pair("d", "")));
  EXPECT_THAT(*parse_query("&&a=1&"), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(*parse_query("a=b=c"), ElementsAre(Pair("a", "b=c")));
  EXPECT_THAT(*parse_query("n=%D8%B9"), ElementsAre(Pair("n", "ع")));
}

TEST(QueryString, ThatIsBrokenIsNoQuery) {
  for (const char* bad : {"a=%", "a=%2", "a=%zz", "a=1&a=2", "=1", "a=%00", "a=%0d%0a", "a=%ff", "a=%c0%80",
                          "a=%ed%a0%80", "a=%f4%90%80%80", "a=%e2%82"}) {
    EXPECT_EQ(parse_query(bad), std::nullopt) << bad;
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += "a" + std::to_string(i) + "=1&";
  EXPECT_EQ(parse_query(many), std::nullopt);
}

TEST(QueryString, RoundTripsWhatItEncodes) {
  const std::string text = "a b&c=d+%/?#\"<>'ع";
  EXPECT_EQ(parse_query("x=" + net::percent_encode(text))->at("x"), text);
}

constexpr std::string_view kFilters[] = {"integration", "kind"};
constexpr std::string_view kSorts[] = {"first_seen", "kind"};
constexpr ListRules kRules{.filters = kFilters, .sorts = kSorts};

TEST(ListQuery, HasDefaultsAndTakesWhatItKnows) {
  const auto defaults = parse_list_query("integration=&kind=", kRules);
  ASSERT_TRUE(defaults);
  EXPECT_THAT(defaults->filters, IsEmpty());
  EXPECT_EQ(defaults->sort, "first_seen");
  EXPECT_EQ(defaults->offset(), 0U);
  EXPECT_EQ(defaults->limit, 100U);
  const auto query =
      parse_list_query("kind=record_missing&sort=kind&order=desc&page=3&limit=20&format=csv", kRules);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->filter("kind"), "record_missing");
  EXPECT_TRUE(query->descending);
  EXPECT_EQ(query->offset(), 40U);
  EXPECT_EQ(query->form, ListForm::csv);
  const std::string link = list_link("drift", *query);
  EXPECT_EQ(link, "drift?kind=record_missing&sort=kind&order=desc&page=3&limit=20&format=csv");
  EXPECT_EQ(parse_list_query(link.substr(link.find('?') + 1), kRules)->offset(), 40U);
}

TEST(ListQuery, SaysWhatIsWrong) {
  for (const char* bad : {"page=0", "page=-1", "page=x", "page=99999999999999999999", "limit=0", "limit=1001",
                          "format=xml", "sort=okta_user_id", "order=up", "colour=red", "kind=%zz"}) {
    const auto query = parse_list_query(bad, kRules);
    ASSERT_FALSE(query) << bad;
    EXPECT_FALSE(query.error().empty()) << bad;
  }
  EXPECT_TRUE(parse_list_query("limit=100000&format=json", kRules));
  EXPECT_FALSE(parse_list_query("limit=100001&format=json", kRules));
}

}  // namespace
}  // namespace exporter::web
