#include "servicenow/user_sweep.h"

#include <algorithm>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/servicenow/instance.h"

namespace exporter::servicenow {
namespace {

using testing::HasSubstr;
using tests::Connection;
using tests::hex_id;
using tests::Instance;
using tests::user;
using QueryAcl = Instance::QueryAcl;

struct Swept {
  Result<SweepReport> report;
  std::vector<std::string> ids;
};

Swept sweep(Instance& instance, SweepOptions options = {.page_size = 10, .query = {}, .own_name = {}}) {
  Connection connection(instance);
  Swept swept{std::unexpected(Error{}), {}};
  swept.report = sweep_users(connection.client, options,
                             [&](const UserRow& row) { swept.ids.push_back(row.sys_id); }, {});
  return swept;
}

Instance table(std::size_t count) {
  Instance instance;
  for (std::size_t i = 0; i < count; ++i)
    instance.rows.push_back(user(hex_id(1000 + i), "user" + std::to_string(i)));
  return instance;
}

std::vector<std::string> visible(const Instance& instance) {
  std::vector<std::string> ids;
  for (const auto& row : instance.rows) {
    if (!row.hidden && !row.filtered) ids.push_back(row.sys_id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

TEST(UserSweep, ReadsAWholeTableByKeysetPages) {
  Instance instance = table(35);
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report) << swept.report.error().message;
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_EQ(swept.report->method, SweepReport::Method::keyset);
  EXPECT_EQ(swept.report->rows, 35U);
  EXPECT_EQ(swept.report->total, 35U);
  EXPECT_EQ(swept.report->hidden, 0U);
  EXPECT_EQ(swept.report->requests, 4U);
  EXPECT_EQ(instance.requests[0].query, "ORDERBYsys_id");
  EXPECT_EQ(instance.requests[1].query, "sys_id>" + hex_id(1009) + "^ORDERBYsys_id");
}

TEST(UserSweep, NeedsNoFurtherPageAfterAFullLastOne) {
  Instance instance = table(20);
  EXPECT_EQ(sweep(instance).report->requests, 2U);
  Instance empty = table(0);
  const auto swept = sweep(empty);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.report->requests, 1U);
  EXPECT_EQ(swept.report->total, 0U);
}

TEST(UserSweep, JoinsTheConfiguredQuery) {
  Instance instance = table(25);
  for (std::size_t i = 0; i < 25; i += 5) instance.rows[i].fields["source"] = "ldap";
  const auto swept = sweep(instance, {.page_size = 3, .query = "source=ldap", .own_name = {}});
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids.size(), 5U);
  EXPECT_EQ(instance.requests[1].query, "source=ldap^sys_id>" + hex_id(1010) + "^ORDERBYsys_id");
}

TEST(UserSweep, GoesOnBehindAWindowThatAclsEmptied) {
  Instance instance = table(60);
  for (std::size_t i = 10; i < 45; ++i) instance.rows[i].hidden = true;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report) << swept.report.error().message;
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_EQ(swept.report->hidden, 35U);
  EXPECT_EQ(swept.report->total, 60U);
}

TEST(UserSweep, FindsTheOnlyVisibleRowBehindManyHiddenOnes) {
  Instance instance = table(95);
  for (auto& row : instance.rows) row.hidden = true;
  instance.rows[93].hidden = false;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_EQ(swept.report->hidden, 94U);
}

TEST(UserSweep, EndsWhereEverythingIsHidden) {
  Instance instance = table(30);
  for (auto& row : instance.rows) row.hidden = true;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_TRUE(swept.ids.empty());
  EXPECT_EQ(swept.report->hidden, 30U);
}

TEST(UserSweep, IsNotEndedByAnInstanceThatSendsShorterPages) {
  Instance instance = table(57);
  instance.largest_window = 4;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report) << swept.report.error().message;
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_EQ(swept.report->hidden, 0U);
}

TEST(UserSweep, SeesAllRowsWhateverIsHidden) {
  std::mt19937 random(7);
  for (int world = 0; world < 300; ++world) {
    Instance instance = table(random() % 80);
    const std::size_t share = random() % 101;
    for (auto& row : instance.rows) row.hidden = random() % 100 < share;
    std::shuffle(instance.rows.begin(), instance.rows.end(), random);
    instance.range = std::array{QueryAcl::allow, QueryAcl::refuse, QueryAcl::drop}[random() % 3];
    const auto swept =
        sweep(instance, {.page_size = static_cast<int>(1 + random() % 12), .query = {}, .own_name = {}});
    ASSERT_TRUE(swept.report) << world << ": " << swept.report.error().message;
    EXPECT_EQ(swept.ids, visible(instance)) << world;
    EXPECT_EQ(swept.report->hidden, instance.rows.size() - visible(instance).size()) << world;
  }
}

TEST(UserSweep, FallsBackToOffsetsWhereTheRangeIsRefused) {
  Instance instance = table(35);
  instance.range = QueryAcl::refuse;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_EQ(swept.report->method, SweepReport::Method::offset);
  EXPECT_EQ(instance.requests[2].offset, 10U) << "the first page stands";
}

TEST(UserSweep, FallsBackToOffsetsWhereTheRangeIsDropped) {
  Instance instance = table(35);
  instance.range = QueryAcl::drop;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_EQ(swept.report->method, SweepReport::Method::offset);
}

TEST(UserSweep, SaysWhichAclIsMissingWhereSortingIsRefused) {
  Instance instance = table(35);
  instance.sort = QueryAcl::refuse;
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::permission);
  EXPECT_THAT(swept.report.error().message, HasSubstr("query_range"));
  EXPECT_THAT(swept.report.error().message, HasSubstr("query_range"));
}

TEST(UserSweep, DoesNotBelieveUnsortedPages) {
  Instance instance = table(35);
  std::swap(instance.rows[3], instance.rows[20]);
  instance.sort = QueryAcl::drop;
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::permission);
}

TEST(UserSweep, TakesAnUnsortedPageThatIsTheWholeTable) {
  Instance instance = table(8);
  std::swap(instance.rows[3], instance.rows[6]);
  instance.sort = QueryAcl::drop;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids.size(), 8U);
}

TEST(UserSweep, IsIncompleteWhenTheRangeIsDroppedMidway) {
  Instance instance = table(35);
  instance.before = [&](const std::string&) {
    if (instance.requests.size() == 3) instance.range = QueryAcl::drop;
    return std::nullopt;
  };
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
}

TEST(UserSweep, IsIncompleteWhenARowComesTwice) {
  Instance instance = table(35);
  instance.rows.push_back(instance.rows[4]);
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
}

TEST(UserSweep, IsIncompleteWhenTheTableShrinksUnderAnOffset) {
  Instance instance = table(35);
  instance.range = QueryAcl::refuse;
  instance.before = [&](const std::string&) {
    if (instance.requests.size() == 4) instance.rows.erase(instance.rows.begin());
    return std::nullopt;
  };
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
}

TEST(UserSweep, IsIncompleteWhenTheTableGrowsBeforeAnOffset) {
  Instance instance = table(35);
  instance.range = QueryAcl::refuse;
  instance.before = [&](const std::string&) {
    if (instance.requests.size() == 4) instance.rows.push_back(user(hex_id(1), "new"));
    return std::nullopt;
  };
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
}

TEST(UserSweep, KeepsItsFootingWhenRowsComeAndGoUnderAKeyset) {
  Instance instance = table(35);
  instance.before = [&](const std::string&) {
    if (instance.requests.size() == 2) {
      instance.rows.erase(instance.rows.begin());
      instance.rows.push_back(user(hex_id(1), "behind"));
      instance.rows.push_back(user(hex_id(5000), "ahead"));
    }
    return std::nullopt;
  };
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids.size(), 36U);
  EXPECT_EQ(swept.report->hidden, 0U);
}

net::HttpResponse unavailable() {
  return {503, {{"Content-Type", "application/json"}}, R"({"error":{"message":"m","detail":"d"}})"};
}

TEST(UserSweep, GoesOnBehindTheLastRowAfterARequestThatFailed) {
  Instance instance = table(35);
  bool fails = true;
  instance.before = [&](const std::string& query) {
    return fails && query.find(hex_id(1019)) != std::string::npos ? std::optional(unavailable())
                                                                  : std::nullopt;
  };
  Connection connection(instance);
  std::vector<std::string> ids;
  const auto keep = [&](const UserRow& row) { ids.push_back(row.sys_id); };
  UserSweep sweep(connection.client, {.page_size = 10, .query = {}, .own_name = {}});
  EXPECT_FALSE(sweep.can_go_on()) << "it has not begun";
  ASSERT_FALSE(sweep.run(keep, [] {}, {}));
  ASSERT_TRUE(sweep.can_go_on());
  EXPECT_EQ(ids.size(), 20U);
  ASSERT_FALSE(sweep.run(keep, [] {}, {})) << "still the same";
  ASSERT_TRUE(sweep.can_go_on());
  fails = false;
  instance.requests.clear();
  EXPECT_EQ(sweep.stands_firm({}).value_or(false), true);
  const auto report = sweep.run(keep, [] {}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(ids, visible(instance));
  EXPECT_EQ(report->rows, 35U);
  EXPECT_EQ(report->hidden, 0U);
  EXPECT_EQ(instance.requests.size(), 3U) << "a look at the row, and two pages";
}

TEST(UserSweep, GoesOnWhereTheRequestFailedAmongEmptyWindows) {
  Instance instance = table(60);
  for (std::size_t i = 10; i < 45; ++i) instance.rows[i].hidden = true;
  bool fails = true;
  instance.before = [&](const std::string&) {
    return fails && instance.requests.size() == 4 ? std::optional(unavailable()) : std::nullopt;
  };
  Connection connection(instance);
  std::vector<std::string> ids;
  UserSweep sweep(connection.client, {.page_size = 10, .query = {}, .own_name = {}});
  ASSERT_FALSE(sweep.run([&](const UserRow& row) { ids.push_back(row.sys_id); }, [] {}, {}));
  ASSERT_TRUE(sweep.can_go_on());
  fails = false;
  const auto report = sweep.run([&](const UserRow& row) { ids.push_back(row.sys_id); }, [] {}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(ids, visible(instance));
  EXPECT_EQ(report->hidden, 35U);
}

TEST(UserSweep, DoesNotStandFirmWhereItsRowIsGoneOrHidden) {
  for (const bool hidden : {false, true}) {
    Instance instance = table(35);
    instance.before = [&](const std::string&) {
      return instance.requests.size() == 2 ? std::optional(unavailable()) : std::nullopt;
    };
    Connection connection(instance);
    UserSweep sweep(connection.client, {.page_size = 10, .query = {}, .own_name = {}});
    ASSERT_FALSE(sweep.run([](const UserRow&) {}, [] {}, {}));
    ASSERT_TRUE(sweep.can_go_on());
    if (hidden) {
      instance.rows[9].hidden = true;
    } else {
      instance.rows.erase(instance.rows.begin() + 9);  // the last of the first page
    }
    const auto firm = sweep.stands_firm({});
    ASSERT_TRUE(firm) << firm.error().message;
    EXPECT_FALSE(*firm);
  }
}

TEST(UserSweep, CannotGoOnWhereNothingWasReadOrTheWayIsByOffset) {
  Instance first = table(35);
  first.before = [&](const std::string&) { return std::optional(unavailable()); };
  Connection to_first(first);
  UserSweep nothing(to_first.client, {.page_size = 10, .query = {}, .own_name = {}});
  ASSERT_FALSE(nothing.run([](const UserRow&) {}, [] {}, {}));
  EXPECT_FALSE(nothing.can_go_on());

  Instance offset = table(35);
  offset.range = QueryAcl::refuse;
  offset.before = [&](const std::string&) {
    return offset.requests.size() == 4 ? std::optional(unavailable()) : std::nullopt;
  };
  Connection to_offset(offset);
  UserSweep by_offset(to_offset.client, {.page_size = 10, .query = {}, .own_name = {}});
  ASSERT_FALSE(by_offset.run([](const UserRow&) {}, [] {}, {}));
  EXPECT_FALSE(by_offset.can_go_on()) << "rows move under an offset";
}

TEST(UserSweep, IsIncompleteWithARowThatHasNoId) {
  Instance instance = table(35);
  instance.rows[22].unreadable = {"sys_id"};
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
}

TEST(UserSweep, FailsWithItsLastPage) {
  Instance instance = table(35);
  instance.before = [&](const std::string&) -> std::optional<net::HttpResponse> {
    if (instance.requests.size() < 4) return std::nullopt;
    return net::HttpResponse{
        200, {{"Content-Type", "application/json"}, {"X-Total-Count", "5"}}, "{\"result\":[{\"sys_id\":\"9"};
  };
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
}

// The next page is asked for behind what looks like the last row's id, before the page was read.
TEST(UserSweep, GoesOnBehindTheLastRowWhateverElseIsCalledSysIdInThePage) {
  for (const std::string mail : {R"({"value":"x","sys_id":"zz"})", R"("\"sys_id\":\"zz\"")",
                                 R"({"sys_id":"a^b"})", R"({"sys_id":7})"}) {
    Instance instance = table(60);
    instance.before = [&](const std::string& query) -> std::optional<net::HttpResponse> {
      if (query != "sys_id>" + hex_id(1019) + "^ORDERBYsys_id") return std::nullopt;
      std::string body;
      for (std::size_t i = 20; i < 30; ++i) {
        body += (body.empty() ? "" : ",") + (R"({"sys_id":")" + hex_id(1000 + i)) + R"(","user_name":"user)" +
                std::to_string(i) + R"(","email":)" + mail + "}";
      }
      return net::HttpResponse{200,
                               {{"Content-Type", "application/json"}, {"X-Total-Count", "40"}},
                               R"({"result":[)" + body + "]}"};
    };
    const auto swept = sweep(instance);
    ASSERT_TRUE(swept.report) << mail << ": " << swept.report.error().message;
    EXPECT_EQ(swept.ids, visible(instance)) << mail;
    EXPECT_EQ(swept.report->hidden, 0U) << mail;
    EXPECT_EQ(swept.report->requests, instance.requests.size()) << mail;
  }
}

TEST(UserSweep, BelievesNoPageThatIsCutThoughItAskedForTheNextOne) {
  Instance instance = table(60);
  instance.before = [&](const std::string& query) -> std::optional<net::HttpResponse> {
    if (query != "sys_id>" + hex_id(1019) + "^ORDERBYsys_id") return std::nullopt;
    return net::HttpResponse{
        200,
        {{"Content-Type", "application/json"}, {"X-Total-Count", "40"}},
        R"({"result":[{"sys_id":")" + hex_id(1020) + R"("},{"sys_id":")" + hex_id(1021) + R"(","user_n)"};
  };
  const auto swept = sweep(instance);
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
  EXPECT_EQ(swept.ids.size(), 20U);
}

TEST(UserSweep, WithoutTotalsEndsAtAnEmptyPageAndClaimsNothingAboutHiddenRows) {
  Instance instance = table(35);
  instance.send_total = false;
  const auto swept = sweep(instance);
  ASSERT_TRUE(swept.report);
  EXPECT_EQ(swept.ids, visible(instance));
  EXPECT_FALSE(swept.report->total);
  EXPECT_EQ(swept.report->requests, 5U);
}

TEST(UserSweep, IsIncompleteWhenTotalsStopComing) {
  Instance instance = table(35);
  instance.before = [&](const std::string&) {
    instance.send_total = instance.requests.size() < 3;
    return std::nullopt;
  };
  ASSERT_FALSE(sweep(instance).report);
}

TEST(UserSweep, SortsOddIdsAsTheDatabaseDoes) {
  Instance instance;
  for (const std::string id : {"Glean_User", "abc.def-1", "glean_user_role", "zz", "0A"}) {
    instance.rows.push_back(user(id, id));
  }
  const auto swept = sweep(instance, {.page_size = 2, .query = {}, .own_name = {}});
  ASSERT_TRUE(swept.report) << swept.report.error().message;
  EXPECT_EQ(swept.ids.size(), 5U);
}

TEST(UserSweep, DoesNotPutAnInjectingIdIntoAQuery) {
  Instance instance = table(5);
  instance.rows.push_back(user("f^ORsys_id!=", "evil"));
  instance.rows.push_back(user("z", "last"));
  const auto swept = sweep(instance, {.page_size = 6, .query = {}, .own_name = {}});
  ASSERT_FALSE(swept.report);
  EXPECT_EQ(swept.report.error().error_class, ErrorClass::incomplete);
  EXPECT_EQ(instance.requests.size(), 1U);
}

TEST(UserSweep, ProvesTheReadersView) {
  Instance instance = table(15);
  auto swept = sweep(instance, {.page_size = 10, .query = {}, .own_name = "Prom_Reader"});
  EXPECT_FALSE(swept.report->saw_inactive);
  EXPECT_FALSE(swept.report->saw_own_row);
  instance.rows[12].fields["active"] = "false";
  instance.rows[3].fields["user_name"] = "prom_reader";
  swept = sweep(instance, {.page_size = 10, .query = {}, .own_name = "Prom_Reader"});
  EXPECT_TRUE(swept.report->saw_inactive);
  EXPECT_TRUE(swept.report->saw_own_row);
}

}  // namespace
}  // namespace exporter::servicenow
