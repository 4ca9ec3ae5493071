#include "servicenow/row_lookup.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "unit/servicenow/instance.h"

namespace exporter::servicenow {
namespace {

using tests::Connection;
using tests::hex_id;
using tests::Instance;
using tests::user;
using QueryAcl = Instance::QueryAcl;

Instance table_of(std::size_t count) {
  Instance instance;
  for (std::size_t i = 0; i < count; ++i) {
    instance.rows.push_back(
        user(hex_id(i), "user" + std::to_string(i), "user" + std::to_string(i) + "@example.com"));
  }
  return instance;
}

std::vector<std::string> ids(std::size_t begin, std::size_t end) {
  std::vector<std::string> result;
  for (std::size_t i = begin; i < end; ++i) result.push_back(hex_id(i));
  return result;
}

Result<std::vector<IdLookup>> look(Instance& instance, const std::vector<std::string>& wanted) {
  Connection connection(instance);
  TableRowLookup lookup(connection.client);
  auto result = lookup.by_sys_id(wanted, {});
  EXPECT_EQ(lookup.requests(), instance.requests.size());
  return result;
}

Result<std::vector<KeyLookup>> look_by_name(Instance& instance, const std::vector<std::string>& wanted) {
  Connection connection(instance);
  TableRowLookup lookup(connection.client);
  return lookup.by_key(0, wanted, {});
}

TEST(RowLookupById, TellsPresentAbsentAndHiddenApart) {
  Instance instance = table_of(3);
  instance.rows[1].hidden = true;
  const auto found = look(instance, {hex_id(0), hex_id(1), hex_id(77), hex_id(2)});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)[0].presence, Presence::present);
  EXPECT_EQ((*found)[0].row->keys[0], "user0");
  EXPECT_EQ((*found)[1].presence, Presence::hidden);
  EXPECT_EQ((*found)[2].presence, Presence::absent);
  EXPECT_EQ((*found)[3].presence, Presence::present);
}

TEST(RowLookupById, NeedsOneRequestWhereAllMissingOnesAreAlike) {
  Instance instance = table_of(50);
  ASSERT_TRUE(look(instance, ids(0, 50)));
  EXPECT_EQ(instance.requests.size(), 1U);
  instance.requests.clear();
  ASSERT_TRUE(look(instance, ids(25, 75)));
  EXPECT_EQ(instance.requests.size(), 1U) << "all missing ones are absent";
  instance.requests.clear();
  for (std::size_t i = 0; i < 20; ++i) instance.rows[i].hidden = true;
  const auto found = look(instance, ids(0, 50));
  ASSERT_TRUE(found);
  EXPECT_EQ(instance.requests.size(), 1U) << "all missing ones are hidden";
  EXPECT_EQ((*found)[0].presence, Presence::hidden);
}

TEST(RowLookupById, SplitsAMixedGroupWithFewRequests) {
  Instance instance = table_of(100);
  instance.rows[63].hidden = true;
  const auto found = look(instance, ids(50, 178));  // 49 shown, 1 hidden, 78 absent
  ASSERT_TRUE(found);
  for (std::size_t i = 0; i < 128; ++i) {
    const Presence expected = 50 + i == 63   ? Presence::hidden
                              : 50 + i < 100 ? Presence::present
                                             : Presence::absent;
    EXPECT_EQ((*found)[i].presence, expected) << i;
  }
  EXPECT_LE(instance.requests.size(), 8U) << "1 and one for each halving of 79";
}

TEST(RowLookupById, DecidesEveryIdOfRandomWorlds) {
  std::mt19937 random(11);
  for (int world = 0; world < 200; ++world) {
    Instance instance = table_of(random() % 120);
    const std::size_t share = random() % 101;
    for (auto& row : instance.rows) {
      row.hidden = random() % 100 < share;
      row.filtered = random() % 10 == 0;
    }
    std::vector<std::string> wanted;
    for (std::size_t i = 0, count = random() % 500; i < count; ++i) wanted.push_back(hex_id(random() % 150));
    const auto found = look(instance, wanted);
    ASSERT_TRUE(found) << found.error().message;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto row = std::find_if(instance.rows.begin(), instance.rows.end(),
                                    [&](const auto& r) { return r.sys_id == wanted[i] && !r.filtered; });
      const Presence expected = row == instance.rows.end() ? Presence::absent
                                : row->hidden              ? Presence::hidden
                                                           : Presence::present;
      ASSERT_EQ((*found)[i].presence, expected) << world << " " << wanted[i];
      ASSERT_EQ((*found)[i].row.has_value(), expected == Presence::present);
    }
  }
}

TEST(RowLookupById, KeepsGroupsWithin200IdsAnd7000Bytes) {
  Instance instance = table_of(1000);
  ASSERT_TRUE(look(instance, ids(0, 1000)));
  EXPECT_EQ(instance.requests.size(), 6U);
  for (const auto& request : instance.requests) {
    EXPECT_LE(request.encoded_bytes, 7000U);
    EXPECT_LE(request.limit, 200U);
  }
  Instance few = table_of(0);
  std::vector<std::string> names;
  for (int i = 0; i < 450; ++i) names.push_back("r" + std::to_string(i));
  ASSERT_TRUE(look(few, names));
  EXPECT_EQ(few.requests.size(), 3U);
}

TEST(RowLookupById, ExpectsAsManyIdsInARequestAsItPromises) {
  Instance instance = table_of(kIdsPerRequest);
  ASSERT_TRUE(look(instance, ids(0, kIdsPerRequest)));
  EXPECT_EQ(instance.requests.size(), 1U);
}

TEST(RowLookupById, NeverAsksForWhatIsNoId) {
  Instance instance = table_of(3);
  const auto found =
      look(instance, {"a^b", "x=y", "p,q", "\"", "\xC3\xBC", std::string(1000, 'a'), "", " " + hex_id(1)});
  ASSERT_TRUE(found);
  EXPECT_TRUE(instance.requests.empty());
  for (const auto& result : *found) EXPECT_EQ(result.presence, Presence::absent);
}

TEST(RowLookupById, AnswersRepeatedIdsAndOtherSpellings) {
  Instance instance;
  instance.rows = {user("AbC", "x")};
  const auto found = look(instance, {"AbC", "AbC", "abc", "ABC", "abd"});
  ASSERT_TRUE(found) << found.error().message;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ((*found)[i].presence, Presence::present) << i;
  EXPECT_EQ((*found)[4].presence, Presence::absent);
}

TEST(RowLookupById, IsIncompleteWhereTheInstanceDropsThePredicate) {
  Instance instance = table_of(500);
  instance.match = QueryAcl::drop;
  const auto found = look(instance, ids(490, 510));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::incomplete);
  // Even where the table is as small as the question.
  Instance small = table_of(2);
  small.match = QueryAcl::drop;
  ASSERT_FALSE(look(small, ids(1, 5)));
}

TEST(RowLookupById, WithoutTotalsIsPresentOrUndecided) {
  Instance instance = table_of(3);
  instance.rows[1].hidden = true;
  instance.send_total = false;
  const auto found = look(instance, ids(0, 5));
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0].presence, Presence::present);
  EXPECT_EQ((*found)[1].presence, Presence::undecided);
  EXPECT_EQ((*found)[4].presence, Presence::undecided);
}

TEST(RowLookupById, PassesARefusalOn) {
  Instance instance = table_of(3);
  instance.match = QueryAcl::refuse;
  const auto found = look(instance, ids(0, 5));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::permission);
}

TEST(RowLookupById, SpendsEveryRequestAndStopsAtTheCap) {
  Instance instance = table_of(1000);
  Connection connection(instance);
  int budget = 3;
  TableRowLookup lookup(connection.client, [&] { return budget-- > 0; });
  const auto found = lookup.by_sys_id(ids(0, 1000), {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::rate_limited);
  EXPECT_EQ(instance.requests.size(), 3U);
}

Result<std::vector<IdLookup>> look_twice(Instance& instance, const std::vector<std::string>& wanted,
                                         int budget) {
  Connection connection(instance);
  TableRowLookup lookup(connection.client, [&] { return budget-- > 0; });
  return by_sys_id_confirmed(lookup, wanted, {});
}

TEST(RowLookupById, BelievesHiddenWhenTwoAnswersSaySo) {
  Instance instance = table_of(10);
  instance.rows[4].hidden = true;
  // The first answer loses a row on its way.
  instance.before = [&](const std::string&) {
    instance.rows[7].hidden = instance.requests.size() == 1;
    return std::nullopt;
  };
  const auto found = look_twice(instance, ids(0, 10), 10);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)[4].presence, Presence::hidden);
  EXPECT_EQ((*found)[7].presence, Presence::present);
  EXPECT_EQ((*found)[7].row->keys[0], "user7");
  EXPECT_EQ(instance.requests.size(), 2U);
}

TEST(RowLookupById, AsksOnceWhereNothingIsHidden) {
  Instance instance = table_of(10);
  const auto found = look_twice(instance, ids(5, 15), 10);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)[4].presence, Presence::present);
  EXPECT_EQ((*found)[5].presence, Presence::absent);
  EXPECT_EQ(instance.requests.size(), 1U);
}

TEST(RowLookupById, LeavesHiddenUndecidedWhereTheSecondQuestionFails) {
  Instance instance = table_of(10);
  instance.rows[4].hidden = true;
  const auto found = look_twice(instance, ids(0, 10), 1);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)[4].presence, Presence::undecided);
  EXPECT_EQ((*found)[5].presence, Presence::present);
}

TEST(RowLookupByKey, FindsEveryRowWithTheKey) {
  Instance instance = table_of(5);
  instance.rows.push_back(user(hex_id(50), "USER3"));
  const auto found = look_by_name(instance, {"user1", " User3 ", "nobody"});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ((*found)[0].rows.size(), 1U);
  EXPECT_EQ((*found)[0].rows[0].sys_id, hex_id(1));
  EXPECT_EQ((*found)[1].rows.size(), 2U);
  EXPECT_TRUE((*found)[2].rows.empty());
  for (const auto& result : *found) EXPECT_FALSE(result.hidden_rows);
  EXPECT_EQ(instance.requests.size(), 1U);
}

TEST(RowLookupByKey, FindsWhatServiceNowCut) {
  Instance instance;
  const std::string name = "a.very.long.name.that.goes.on.and.on.and.on@example.com";
  instance.rows = {user(hex_id(1), name.substr(0, 40))};
  const auto found = look_by_name(instance, {name});
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0].rows.size(), 1U);
}

TEST(RowLookupByKey, SaysWhoseRowMayBeHidden) {
  Instance instance = table_of(150);
  instance.rows[77].hidden = true;
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back("user" + std::to_string(i));
  const auto found = look_by_name(instance, names);
  ASSERT_TRUE(found);
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ((*found)[i].hidden_rows, i == 77) << i;
    EXPECT_EQ((*found)[i].rows.size(), i == 77 ? 0U : 1U) << i;
  }
  EXPECT_LE(instance.requests.size(), 9U);
}

TEST(RowLookupByKey, NeverSaysNobodyWhereSomebodyIsHidden) {
  std::mt19937 random(13);
  for (int world = 0; world < 200; ++world) {
    Instance instance;
    for (std::size_t i = 0, count = random() % 60; i < count; ++i) {
      std::string name = "user" + std::to_string(random() % 40);
      if (random() % 5 == 0) name = std::string(38, 'x') + name;
      instance.rows.push_back(user(hex_id(i), name.substr(0, 40)));
      instance.rows.back().hidden = random() % 4 == 0;
    }
    std::vector<std::string> names;
    for (std::size_t i = 0, count = 1 + random() % 70; i < count; ++i) {
      names.push_back((random() % 4 == 0 ? std::string(38, 'X') : "") + "user" +
                      std::to_string(random() % 45));
    }
    const auto found = look_by_name(instance, names);
    ASSERT_TRUE(found) << found.error().message;
    for (std::size_t i = 0; i < names.size(); ++i) {
      std::size_t shown = 0;
      std::size_t hidden = 0;
      for (const auto& row : instance.rows) {
        std::string name = names[i];
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return static_cast<char>(c == 'X' ? 'x' : c); });
        const std::string& key = row.fields.at("user_name");
        if (key != name && key != name.substr(0, 40)) continue;
        ++(row.hidden ? hidden : shown);
      }
      ASSERT_EQ((*found)[i].rows.size(), shown) << world << " " << names[i];
      ASSERT_EQ((*found)[i].hidden_rows, hidden > 0) << world << " " << names[i];
    }
  }
}

TEST(RowLookupByKey, NeverAsksForWhatMayNotStandInAQuery) {
  Instance instance = table_of(3);
  const auto found =
      look_by_name(instance, {"a^b", "a,b", "", "javascript:1", "a\nb", std::string(300, 'a')});
  ASSERT_TRUE(found);
  EXPECT_TRUE(instance.requests.empty());
  for (const auto& result : *found) {
    EXPECT_TRUE(result.rows.empty());
    EXPECT_TRUE(result.hidden_rows);
  }
}

TEST(RowLookupByKey, KeepsGroupsWithin200ValuesAnd7000Bytes) {
  Instance instance;
  std::vector<std::string> names;
  for (int i = 0; i < 600; ++i)
    names.push_back("Ünï-cödé Nâmé." + std::to_string(i) + std::string(60, 'y') + "@example.com");
  ASSERT_TRUE(look_by_name(instance, names));
  for (const auto& request : instance.requests) EXPECT_LE(request.encoded_bytes, 7000U);
}

TEST(RowLookupByKey, SplitsWhereMoreRowsMatchThanAreSent) {
  Instance instance;
  for (std::size_t i = 0; i < 700; ++i) instance.rows.push_back(user(hex_id(i), "a"));
  for (std::size_t i = 700; i < 1400; ++i) instance.rows.push_back(user(hex_id(i), "b"));
  const auto found = look_by_name(instance, {"a", "b"});
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)[0].rows.size(), 700U);
  EXPECT_EQ((*found)[1].rows.size(), 700U);
  EXPECT_FALSE((*found)[0].hidden_rows || (*found)[1].hidden_rows);
}

TEST(RowLookupByKey, WithoutTotalsProvesNothing) {
  Instance instance = table_of(3);
  instance.send_total = false;
  const auto found = look_by_name(instance, {"user1", "nobody"});
  ASSERT_TRUE(found);
  EXPECT_TRUE((*found)[1].hidden_rows);
}

TEST(RowLookupByKey, IsIncompleteWhereTheInstanceDropsThePredicate) {
  Instance instance = table_of(500);
  instance.match = QueryAcl::drop;
  const auto found = look_by_name(instance, {"user1"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().error_class, ErrorClass::incomplete);
}

TEST(RowLookupByKey, CountsARowWhoseKeyMayNotBeReadAsHidden) {
  Instance instance = table_of(3);
  instance.rows[1].unreadable = {"user_name"};
  const auto found = look_by_name(instance, {"user1", "user2"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE((*found)[0].hidden_rows);
  EXPECT_FALSE((*found)[1].hidden_rows);
}

TEST(RowLookupByKey, ToleratesRowsThatOnlyTheCollationTookForTheKey) {
  Instance instance;
  instance.before = [](const std::string&) {
    net::HttpResponse response{200, {{"Content-Type", "application/json"}, {"X-Total-Count", "1"}}, {}};
    response.body = "{\"result\":[{\"sys_id\":\"a\",\"user_name\":\"josé\",\"email\":\"\"}]}";
    return std::optional(response);
  };
  const auto found = look_by_name(instance, {"jose"});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE((*found)[0].rows.empty());
}

}  // namespace
}  // namespace exporter::servicenow
