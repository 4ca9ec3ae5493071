#include <random>

#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Pair;

class UserChangesTest : public StoreTest {
 protected:
  void SetUp() override { open(); }

  static KnownLink link(const std::string& user, const std::string& state) {
    return {.okta_user_id = user,
            .external_id = "e" + user,
            .keys = {user, ""},
            .status = "ACTIVE",
            .scope = "USER",
            .state = state};
  }
  static LedgerEntry entry(const std::string& user, const std::string& kind) {
    return {.okta_user_id = user,
            .kind = kind,
            .scope = "USER",
            .external_id = "e" + user,
            .match_key = user,
            .candidate_sys_id = {},
            .first_seen = {},
            .last_confirmed = {},
            .resolved = std::nullopt};
  }
  // state: or a kind of drift.
  static UserChange change(const std::string& user, const std::string& what) {
    const bool standing =
        what == "linked" || what == "locked_out" || what == "unverified" || what == "exempt";
    return {.okta_user_id = user,
            .link = link(user, standing ? what : "drifted"),
            .drifted = standing ? std::nullopt : std::optional(entry(user, what))};
  }
  void compared(const std::map<std::string, std::string>& users) {
    ComparisonCommit commit;
    LinkRange range;
    commit.record.time = clock_.now();
    for (const auto& [user, what] : users) {
      const UserChange one = change(user, what);
      range.links.push_back(*one.link);
      ++commit.record.states[what == "locked_out" ? "linked" : one.link->state];
      commit.record.locked_out += what == "locked_out" ? 1 : 0;
      if (one.drifted) {
        ++commit.record.kinds[one.drifted->kind];
        commit.drifted.push_back(*one.drifted);
      }
    }
    ASSERT_TRUE(store_->commit_comparison(id_, commit));
    ASSERT_TRUE(store_->remember_links(id_, range));
  }
  std::optional<CommittedChanges> changed(std::vector<UserChange> users) {
    clock_.advance(std::chrono::minutes(1));
    auto committed = store_->commit_changes(id_, {.time = clock_.now(), .users = std::move(users)});
    EXPECT_TRUE(committed) << committed.error().message;
    return committed.value_or(std::nullopt);
  }
};

TEST_F(UserChangesTest, NothingIsDoneBeforeAComparison) {
  EXPECT_FALSE(changed({change("00u1", "linked")}));
  EXPECT_TRUE(store_->known_links(id_, {"00u1"})->empty());
}

TEST_F(UserChangesTest, MoveAUserFromOneStateAndKindToAnother) {
  compared({{"00u1", "linked"}, {"00u2", "wrong_user"}, {"00u3", "locked_out"}});
  const auto committed = changed({change("00u1", "record_missing"), change("00u2", "linked"),
                                  change("00u3", "linked"), change("00u4", "unverified")});
  ASSERT_TRUE(committed);
  EXPECT_THAT(committed->detected, ElementsAre(Pair("record_missing", 1)));
  EXPECT_THAT(committed->resolved, ElementsAre(Pair("wrong_user", 1)));
  EXPECT_THAT(committed->oldest, ElementsAre(Pair("record_missing", clock_.now())));
  EXPECT_EQ(committed->record.states.at("linked"), 2U);
  EXPECT_EQ(committed->record.states.at("drifted"), 1U);
  EXPECT_EQ(committed->record.states.at("unverified"), 1U);
  EXPECT_EQ(committed->record.locked_out, 0U);
  EXPECT_EQ((*store_->last_comparison(id_))->kinds, committed->record.kinds) << "stored";
  EXPECT_EQ(counter(std::string(kDriftDetectedCounter), "record_missing"), 1);
  const auto ledger = store_->ledger(id_, 9);
  EXPECT_EQ((*ledger)[0].last_confirmed, clock_.now()) << "found after the comparison, and confirmed then";
}

TEST_F(UserChangesTest, AUserWhoLeftIsALeaverWhereLeaversAreKept) {
  compared({{"00u1", "wrong_user"}, {"00u2", "linked"}});
  const auto committed = changed({{.okta_user_id = "00u1", .link = {}, .drifted = {}}});
  EXPECT_EQ(committed->record.states.at("drifted"), 0U);
  EXPECT_THAT(committed->resolved, ElementsAre(Pair("wrong_user", 1)));
  const SystemTime later = clock_.now() + std::chrono::seconds(1);
  EXPECT_THAT(*store_->leavers(id_, later, later, 9), ElementsAre(Field(&KnownLink::okta_user_id, "00u1")));
  ASSERT_TRUE(store_->commit_changes(id_, {.time = clock_.now(),
                                           .users = {{.okta_user_id = "00u2", .link = {}, .drifted = {}}},
                                           .keep_leavers = false}));
  EXPECT_EQ(store_->leavers(id_, later, later, 9)->size(), 1U);
  EXPECT_THAT(*store_->known_links(id_, {"00u1", "00u2"}), IsEmpty());
}

TEST_F(UserChangesTest, LinksAreFoundByAFilterOverMoreThanOneSlice) {
  LinkRange range;
  for (int i = 100'000; i < 141'000; ++i) range.links.push_back(link(std::to_string(i), "linked"));
  ASSERT_TRUE(store_->remember_links(id_, range));
  const auto found = store_->links_where(id_, [](std::string_view external_id, std::string_view keys) {
    return external_id == "e100000" || external_id == "e119999" || external_id == "e120000" ||
           keys == "140999\n";
  });
  ASSERT_TRUE(found);
  EXPECT_THAT(
      *found,
      ElementsAre(Field(&KnownLink::okta_user_id, "100000"), Field(&KnownLink::okta_user_id, "119999"),
                  Field(&KnownLink::okta_user_id, "120000"), Field(&KnownLink::okta_user_id, "140999")));
}

TEST_F(UserChangesTest, EveryOrderOfChangesKeepsTheSums) {
  const std::vector<std::string> what{"linked",     "locked_out",     "unverified",     "exempt",
                                      "wrong_user", "record_missing", "sys_id_changed", "gone"};
  std::mt19937 random(7);
  std::map<std::string, std::string> users;
  for (int i = 0; i < 30; ++i) users["00u" + std::to_string(i)] = what[random() % 7];
  compared(users);
  std::map<std::string, double> first;
  const auto record = store_->last_comparison(id_);
  for (const auto& [kind, count] : (*record)->kinds) first[kind] = static_cast<double>(count);
  std::vector<std::string> everybody;
  for (int i = 0; i < 48; ++i) everybody.push_back("00u" + std::to_string(i));
  for (int round = 0; round < 60; ++round) {
    if (round % 20 == 19) compared(users);
    std::vector<UserChange> changes;
    for (int i = 0; i < 5; ++i) {
      const std::string user = "00u" + std::to_string(i * 8 + static_cast<int>(random() % 8));
      const std::string now = what[random() % what.size()];
      if (now == "gone") {
        users.erase(user);
        changes.push_back({.okta_user_id = user, .link = {}, .drifted = {}});
      } else {
        users[user] = now;
        changes.push_back(change(user, now));
      }
    }
    const auto committed = changed(std::move(changes));
    std::map<std::string, std::uint64_t> states;
    std::map<std::string, std::uint64_t> kinds;
    std::uint64_t locked_out = 0;
    for (const auto& [user, now] : users) {
      const UserChange one = change(user, now);
      ++states[now == "locked_out" ? "linked" : one.link->state];
      locked_out += now == "locked_out" ? 1 : 0;
      if (one.drifted) ++kinds[now];
    }
    std::map<std::string, std::uint64_t> open;
    const auto open_kinds = store_->open_kinds(id_, everybody);
    for (const auto& [user, kind] : *open_kinds) ++open[kind];
    ASSERT_EQ(open, kinds) << round;
    ASSERT_EQ(committed->record.locked_out, locked_out) << round;
    for (const auto& [state, count] : committed->record.states)
      ASSERT_EQ(count, states[state]) << round << state;
    for (const auto& [kind, count] : committed->record.kinds) {
      ASSERT_EQ(count, kinds[kind]) << round << kind;
      ASSERT_EQ(counter(std::string(kDriftDetectedCounter), kind) -
                    counter(std::string(kDriftResolvedCounter), kind) + first[kind],
                static_cast<double>(count))
          << round << kind;
    }
  }
}

}  // namespace
}  // namespace exporter::storage
