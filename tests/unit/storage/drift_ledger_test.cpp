#include <algorithm>
#include <random>
#include <set>

#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

LedgerEntry entry(const std::string& user, const std::string& kind) {
  return {.okta_user_id = user,
          .kind = kind,
          .scope = "USER",
          .external_id = "6816f79cc0a8016401c5a33be04be441",
          .match_key = user + "@example.com",
          .candidate_sys_id = "",
          .first_seen = {},
          .last_confirmed = {},
          .resolved = std::nullopt};
}

class DriftLedgerTest : public StoreTest {
 protected:
  void SetUp() override { open(); }

  CommittedComparison compare(const std::vector<LedgerEntry>& drifted) {
    clock_.advance(hours(1));
    const auto committed = store_->commit_comparison(id_, {.record = {.time = clock_.now(),
                                                                      .states = {{"drifted", drifted.size()}},
                                                                      .kinds = {},
                                                                      .locked_out = 0,
                                                                      .mass_drift = false,
                                                                      .mass_absence = false},
                                                           .drifted = drifted});
    EXPECT_TRUE(committed) << committed.error().message;
    return committed.value_or(CommittedComparison());
  }
  std::vector<LedgerEntry> ledger(std::size_t limit = 100'000) {
    auto entries = store_->ledger(id_, limit);
    EXPECT_TRUE(entries) << entries.error().message;
    return entries.value_or(std::vector<LedgerEntry>());
  }
  double detected(const std::string& kind) { return counter(std::string(kDriftDetectedCounter), kind); }
  double resolved(const std::string& kind) { return counter(std::string(kDriftResolvedCounter), kind); }
};

TEST_F(DriftLedgerTest, TheFirstComparisonOpensWithoutCounting) {
  const CommittedComparison committed = compare({entry("00u1", "wrong_user"), entry("00u2", "not_linked")});
  EXPECT_THAT(committed.detected, IsEmpty());
  EXPECT_THAT(committed.oldest,
              ElementsAre(Pair("not_linked", clock_.now()), Pair("wrong_user", clock_.now())));
  EXPECT_EQ(detected("wrong_user"), 0);
  EXPECT_EQ(ledger().size(), 2U);
}

TEST_F(DriftLedgerTest, AFirstComparisonWithoutDriftIsAFirstComparison) {
  compare({});
  EXPECT_THAT(compare({entry("00u1", "wrong_user")}).detected, ElementsAre(Pair("wrong_user", 1)));
  EXPECT_EQ(detected("wrong_user"), 1);
}

TEST_F(DriftLedgerTest, AUserWhoIsNotDriftedAnyMoreIsResolved) {
  compare({entry("00u1", "wrong_user"), entry("00u2", "wrong_user")});
  const SystemTime confirmed = clock_.now();
  const CommittedComparison committed = compare({entry("00u2", "wrong_user")});
  EXPECT_THAT(committed.resolved, ElementsAre(Pair("wrong_user", 1)));
  EXPECT_EQ(resolved("wrong_user"), 1);
  const std::vector<LedgerEntry> lines = ledger();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].okta_user_id, "00u2");
  EXPECT_EQ(lines[0].last_confirmed, clock_.now());
  EXPECT_FALSE(lines[0].resolved);
  EXPECT_EQ(lines[1].okta_user_id, "00u1");
  EXPECT_EQ(lines[1].last_confirmed, confirmed);
  EXPECT_EQ(lines[1].resolved, clock_.now());
}

TEST_F(DriftLedgerTest, AChangeOfKindResolvesTheOldOneAndOpensTheNewOne) {
  compare({entry("00u1", "record_missing")});
  const CommittedComparison committed = compare({entry("00u1", "sys_id_changed")});
  EXPECT_THAT(committed.resolved, ElementsAre(Pair("record_missing", 1)));
  EXPECT_THAT(committed.detected, ElementsAre(Pair("sys_id_changed", 1)));
  EXPECT_THAT(committed.oldest, ElementsAre(Pair("sys_id_changed", clock_.now())));
}

TEST_F(DriftLedgerTest, AConfirmedEntryKeepsItsFirstTimeAndTakesItsNewDetails) {
  compare({entry("00u1", "sys_id_changed")});
  const SystemTime first = clock_.now();
  LedgerEntry again = entry("00u1", "sys_id_changed");
  again.candidate_sys_id = "5137153cc611227c000bbd1bd8cd2005";
  again.scope = "GROUP";
  const CommittedComparison committed = compare({again});
  EXPECT_THAT(committed.detected, IsEmpty());
  EXPECT_THAT(committed.oldest, ElementsAre(Pair("sys_id_changed", first)));
  open();
  const std::vector<LedgerEntry> lines = ledger();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].first_seen, first);
  EXPECT_EQ(lines[0].last_confirmed, clock_.now());
  EXPECT_EQ(lines[0].candidate_sys_id, again.candidate_sys_id);
  EXPECT_EQ(lines[0].scope, "GROUP");
  EXPECT_EQ(lines[0].match_key, again.match_key);
}

TEST_F(DriftLedgerTest, AUserWhoDriftsAgainIsDetectedAgain) {
  compare({});
  compare({entry("00u1", "wrong_user")});
  compare({});
  compare({entry("00u1", "wrong_user")});
  EXPECT_EQ(detected("wrong_user"), 2);
  EXPECT_EQ(resolved("wrong_user"), 1);
}

TEST_F(DriftLedgerTest, AUserWhoIsNamedTwiceCountsOnce) {
  compare({});
  compare({entry("00u1", "wrong_user"), entry("00u1", "wrong_user")});
  EXPECT_EQ(detected("wrong_user"), 1);
}

TEST_F(DriftLedgerTest, OpenEntriesComeFirstAndTheNewestOfThem) {
  compare({entry("old", "wrong_user"), entry("resolved", "wrong_user")});
  compare({entry("old", "wrong_user"), entry("new", "wrong_user")});
  std::vector<std::string> users;
  for (const LedgerEntry& line : ledger()) {
    users.push_back(line.okta_user_id);
  }
  EXPECT_THAT(users, ElementsAre("new", "old", "resolved"));
  EXPECT_EQ(ledger(2).size(), 2U);
}

TEST_F(DriftLedgerTest, TellsWhatIsOpenAndWasFoundSince) {
  compare({entry("old", "wrong_user"), entry("resolved", "wrong_user")});
  const SystemTime before = clock_.now();
  compare({entry("old", "wrong_user"), entry("new", "not_linked"), entry("short", "not_linked")});
  compare({entry("old", "wrong_user"), entry("new", "not_linked")});
  const auto found = store_->drift_since(id_, before);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().okta_user_id, "new");
  EXPECT_EQ(found->front().kind, "not_linked");
  EXPECT_EQ(found->front().first_seen, before + hours(1));
}

TEST_F(DriftLedgerTest, ResolvedEntriesAreKeptThirtyDaysAndOpenOnesForEver) {
  compare({entry("00u1", "wrong_user"), entry("00u2", "wrong_user")});
  compare({entry("00u2", "wrong_user")});
  clock_.advance(days(29));
  compare({entry("00u2", "wrong_user")});
  EXPECT_EQ(ledger().size(), 2U);
  clock_.advance(days(2));
  compare({entry("00u2", "wrong_user")});
  EXPECT_EQ(ledger().size(), 1U);
  clock_.advance(days(400));
  compare({entry("00u2", "wrong_user")});
  EXPECT_EQ(ledger().size(), 1U);
}

TEST_F(DriftLedgerTest, TheLastComparisonComesBackAsItWas) {
  EXPECT_FALSE(*store_->last_comparison(id_));
  const ComparisonRecord record{.time = clock_.now(),
                                .states = {{"linked", 95}, {"drifted", 5}},
                                .kinds = {{"wrong_user", 2}, {"not_linked", 3}},
                                .locked_out = 4,
                                .mass_drift = true,
                                .mass_absence = true};
  ASSERT_TRUE(store_->commit_comparison(id_, {.record = record, .drifted = {}}));
  open();
  const auto stored = **store_->last_comparison(id_);
  EXPECT_EQ(stored.time, record.time);
  EXPECT_EQ(stored.states, record.states);
  EXPECT_EQ(stored.kinds, record.kinds);
  EXPECT_EQ(stored.locked_out, 4U);
  EXPECT_TRUE(stored.mass_drift);
  EXPECT_TRUE(stored.mass_absence);

  ASSERT_TRUE(store_->commit_comparison(
      id_, {.record = {.time = clock_.now(), .states = {{"linked", 100}}, .kinds = {}}, .drifted = {}}));
  const auto next = **store_->last_comparison(id_);
  EXPECT_THAT(next.states, ElementsAre(Pair("linked", 100)));
  EXPECT_THAT(next.kinds, IsEmpty());
  EXPECT_FALSE(next.mass_drift);
}

TEST_F(DriftLedgerTest, ALaterRoundThatFailedIsRememberedUntilTheNextCompleteOne) {
  const ComparisonCommit commit{.record = {.time = clock_.now(), .states = {{"linked", 1}}, .kinds = {}},
                                .drifted = {}};
  ASSERT_TRUE(store_->commit_comparison(id_, commit));
  EXPECT_TRUE((**store_->last_comparison(id_)).complete);
  ASSERT_TRUE(store_->set_comparison_incomplete(id_));
  open();
  EXPECT_FALSE((**store_->last_comparison(id_)).complete);
  ASSERT_TRUE(store_->commit_comparison(id_, commit));
  EXPECT_TRUE((**store_->last_comparison(id_)).complete);
}

TEST_F(DriftLedgerTest, ResettingTheCountersKeepsTheLedger) {
  compare({});
  compare({entry("00u1", "wrong_user")});
  open(true);
  EXPECT_EQ(detected("wrong_user"), 0);
  EXPECT_EQ(ledger().size(), 1U);
  compare({entry("00u1", "wrong_user"), entry("00u2", "wrong_user")});
  EXPECT_EQ(detected("wrong_user"), 1);
}

TEST_F(DriftLedgerTest, AnotherFingerprintBeginsAnEmptyLedgerWithAFirstComparison) {
  compare({entry("00u1", "wrong_user")});
  id_ = open_integration("production", {.okta_host = "a", .app_id = "b", .servicenow_host = "c"}).id;
  EXPECT_THAT(ledger(), IsEmpty());
  EXPECT_FALSE(*store_->last_comparison(id_));
  EXPECT_THAT(compare({entry("00u1", "wrong_user")}).detected, IsEmpty());
}

TEST_F(DriftLedgerTest, AHundredThousandDriftedUsersAreOneCommit) {
  constexpr int kUsers = 100'000;
  std::vector<LedgerEntry> drifted;
  for (int i = 0; i < kUsers; ++i) {
    drifted.push_back(entry("00u" + std::to_string(i), "sys_id_changed"));
  }
  compare({});
  EXPECT_THAT(compare(drifted).detected, ElementsAre(Pair("sys_id_changed", kUsers)));
  EXPECT_THAT(compare(drifted).detected, IsEmpty());
  for (LedgerEntry& line : drifted) {
    line.kind = "wrong_user";
  }
  compare(drifted);
  EXPECT_THAT(compare({}).resolved, ElementsAre(Pair("wrong_user", kUsers)));
  EXPECT_EQ(detected("sys_id_changed"), kUsers);
  EXPECT_EQ(resolved("sys_id_changed"), kUsers);
  EXPECT_EQ(detected("wrong_user"), kUsers);
  EXPECT_EQ(resolved("wrong_user"), kUsers);
}

// detected − resolved + entries of the first comparison = open entries, for each kind, whatever happens
// between.
TEST_F(DriftLedgerTest, TheCountersAlwaysExplainTheOpenEntries) {
  const std::vector<std::string> kinds = {"duplicate_link", "wrong_user", "record_missing", "key_mismatch"};
  for (unsigned seed = 0; seed < 8; ++seed) {
    std::mt19937 random(seed);
    const auto draw = [&](std::size_t bound) {
      return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    id_ = open_integration("run " + std::to_string(seed)).id;
    std::map<std::string, std::string> world;  // user → kind
    std::map<std::string, std::pair<std::string, SystemTime>> model;
    std::map<std::string, double> first;
    std::map<std::string, double> total_detected;
    std::map<std::string, double> total_resolved;
    for (int round = 0; round < 40; ++round) {
      for (std::size_t change = draw(12); change > 0; --change) {
        const std::string user = "00u" + std::to_string(draw(20));
        if (draw(3) == 0) {
          world.erase(user);
        } else {
          world[user] = kinds[draw(kinds.size())];
        }
      }
      std::vector<LedgerEntry> drifted;
      for (const auto& [user, kind] : world) {
        drifted.push_back(entry(user, kind));
      }
      std::ranges::shuffle(drifted, random);
      const CommittedComparison committed = compare(drifted);

      for (const auto& [kind, count] : committed.detected) {
        total_detected[kind] += static_cast<double>(count);
      }
      for (const auto& [kind, count] : committed.resolved) {
        total_resolved[kind] += static_cast<double>(count);
      }
      std::erase_if(model, [&](const auto& known) { return !world.contains(known.first); });
      for (const auto& [user, kind] : world) {
        const auto known = model.find(user);
        if (known == model.end() || known->second.first != kind) {
          model[user] = {kind, clock_.now()};
        }
        first[kind] += round == 0 ? 1 : 0;
      }
      if (draw(5) == 0) {
        crash();
        id_ = open_integration("run " + std::to_string(seed)).id;
      }

      std::map<std::string, double> open_now;
      std::map<std::string, SystemTime> oldest;
      std::map<std::string, std::pair<std::string, SystemTime>> stored;
      for (const LedgerEntry& line : ledger()) {
        if (line.resolved) {
          continue;
        }
        open_now[line.kind] += 1;
        stored[line.okta_user_id] = {line.kind, line.first_seen};
        const auto [at, added] = oldest.try_emplace(line.kind, line.first_seen);
        at->second = std::min(at->second, line.first_seen);
      }
      ASSERT_EQ(stored, model) << "seed " << seed << " round " << round;
      ASSERT_EQ(committed.oldest, oldest) << "seed " << seed << " round " << round;
      ASSERT_EQ(*store_->oldest_drift(id_), oldest);
      for (const std::string& kind : kinds) {
        ASSERT_EQ(detected(kind), total_detected[kind]);
        ASSERT_EQ(resolved(kind), total_resolved[kind]);
        ASSERT_EQ(detected(kind) - resolved(kind) + first[kind], open_now[kind])
            << kind << ", seed " << seed << " round " << round;
      }
    }
  }
}

}  // namespace
}  // namespace exporter::storage
