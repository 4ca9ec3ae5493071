#include "sampling/change_follower.h"

#include <gmock/gmock.h>

#include "unit/sampling/followed_instance.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using tests::hex_id;
using tests::user;

constexpr std::size_t kLinked = 40;

// Made before what refers to it.
class HasInstance {
 protected:
  tests::Instance instance_;
};

// Forty linked users and an inactive row, as the last comparison left them.
class ChangeFollowerTest : public testing::Test, protected HasInstance, protected FollowedInstance {
 protected:
  ChangeFollowerTest() : FollowedInstance(instance_) {
    for (std::size_t i = 0; i < kLinked; ++i) {
      links_.push_back(known("00u" + std::to_string(100 + i), hex_id(1000 + i), name(i)));
      links_.back().state = "linked";
      instance_.rows.push_back(user(hex_id(1000 + i), name(i)));
    }
    instance_.rows.push_back(user(hex_id(1), "gone.long.ago", "", false));
    instance_.date = fakes::http_date(clock_.now());
  }

  static std::string name(std::size_t i) { return "n" + std::to_string(100 + i); }
  static std::string id(std::size_t i) { return "00u" + std::to_string(100 + i); }

  // Stores the links as a comparison's that found `kinds` by user, beside what is linked.
  void compared(const std::map<std::string, std::string>& kinds = {}) {
    storage::ComparisonCommit commit;
    commit.record.time = clock_.now();
    for (const char* const state : {"linked", "drifted", "unverified", "exempt"}) commit.record.states[state];
    for (storage::KnownLink& link : links_) {
      const auto kind = kinds.find(link.okta_user_id);
      link.state = kind == kinds.end() ? "linked" : "drifted";
      ++commit.record.states[link.state];
      if (kind == kinds.end()) continue;
      ++commit.record.kinds[kind->second];
      commit.drifted.push_back({.okta_user_id = link.okta_user_id,
                                .kind = kind->second,
                                .scope = "USER",
                                .external_id = link.external_id,
                                .match_key = link.keys[0],
                                .candidate_sys_id = {},
                                .first_seen = clock_.now(),
                                .last_confirmed = clock_.now(),
                                .resolved = std::nullopt});
    }
    ASSERT_TRUE(picture_.replace(opened_, clock_.now(), [&](const auto&) { return std::move(commit); }));
    listed(links_);
    picture_.settle(
        {.policy = {.creates_users = true, .deactivates_users = true, .reader_sees_inactive = true},
         .listed = clock_.now(),
         .began = clock_.now(),
         .compared = clock_.now(),
         .newest_row = parse_iso8601("2026-01-01 00:00:00"),
         .links = kLinked,
         .linked_rows = {hex_id(1000), hex_id(1020), hex_id(1039)},
         .inactive_rows = inactive_rows_});
  }
  tests::InstanceRow& row(std::size_t i) { return instance_.rows[i]; }
  void touch(tests::InstanceRow& row) const { row.fields["sys_updated_on"] = now_text(); }
  void delete_row(std::size_t i) {
    audit_deletion(instance_.rows[i].sys_id);
    instance_.rows.erase(instance_.rows.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::uint64_t drifted(const std::string& kind) {
    const auto last = store_->last_comparison(opened_.id);
    const auto found = (*last)->kinds.find(kind);
    return found == (*last)->kinds.end() ? 0 : found->second;
  }
  std::uint64_t state(const std::string& state) {
    return (*store_->last_comparison(opened_.id))->states[state];
  }
  double detected(const std::string& kind) { return counter("okta_external_id_drift_detected_total", kind); }
  double resolved(const std::string& kind) { return counter("okta_external_id_drift_resolved_total", kind); }
  std::size_t warnings() const { return log_.count(LogLevel::warn); }
  void okta_says(const std::string& user, const std::string& external_id, const std::string& user_name) {
    okta_transport_.json(200, R"({"id":")" + user + R"(","externalId":")" + external_id +
                                  R"(","status":"PROVISIONED","scope":"USER","syncState":"SYNCHRONIZED",)"
                                  R"("created":"2026-01-01T00:00:00.000Z","credentials":{"userName":")" +
                                  user_name + R"("}})");
  }

  std::vector<storage::KnownLink> links_;
  std::vector<std::string> inactive_rows_{hex_id(1)};
};

TEST_F(ChangeFollowerTest, AUserWhoWasAssignedAgainIsResolvedBeforeTheNextComparison) {
  row(7).sys_id = hex_id(7777);
  compared({{id(7), "sys_id_changed"}});
  follow();
  recent_.touched(id(7), clock_.now() + 1s);
  follower_.named(id(7));
  okta_says(id(7), hex_id(7777), name(7));
  follow();
  EXPECT_EQ(drifted("sys_id_changed"), 0U);
  EXPECT_EQ(resolved("sys_id_changed"), 1);
  EXPECT_EQ(state("linked"), kLinked);
  EXPECT_EQ(state("drifted"), 0U);
  EXPECT_TRUE(store_->open_kinds(opened_.id, {id(7)})->empty());
  EXPECT_EQ((*store_->known_links(opened_.id, {id(7)}))[0].external_id, hex_id(7777));
}

TEST_F(ChangeFollowerTest, ARowThatWasSwitchedOffAndOneThatGotAnotherNameShowAsDrift) {
  compared();
  follow();
  row(3).fields["active"] = "false";
  touch(row(3));
  row(4).fields["user_name"] = "somebody.else";
  touch(row(4));
  row(5).fields["user_name"] = name(6);  // the name of another app user
  touch(row(5));
  follow();
  EXPECT_EQ(drifted("active_mismatch"), 1U);
  EXPECT_EQ(drifted("key_mismatch"), 1U);
  EXPECT_EQ(drifted("wrong_user"), 1U);
  EXPECT_EQ(state("drifted"), 3U);
  EXPECT_EQ(detected("wrong_user"), 1);
  row(3).fields["active"] = "true";
  touch(row(3));
  follow();
  EXPECT_EQ(drifted("active_mismatch"), 0U);
  EXPECT_EQ(resolved("active_mismatch"), 1);
}

TEST_F(ChangeFollowerTest, ARowThatWasMadeAnewIsFoundByItsKey) {
  instance_.rows.erase(instance_.rows.begin() + 9);
  compared({{id(9), "record_missing"}});
  follow();
  EXPECT_EQ(drifted("record_missing"), 1U);
  instance_.rows.push_back(user(hex_id(9999), name(9)));
  touch(instance_.rows.back());
  follow();
  EXPECT_EQ(drifted("record_missing"), 0U);
  EXPECT_EQ(drifted("sys_id_changed"), 1U);
  const auto ledger = store_->ledger(opened_.id, 1);
  EXPECT_EQ((*ledger)[0].candidate_sys_id, hex_id(9999));
}

TEST_F(ChangeFollowerTest, ADeletedRowShowsAsDriftAndCountsOnce) {
  compared();
  follow();
  delete_row(11);
  follow();
  follow();
  EXPECT_EQ(drifted("record_missing"), 1U);
  EXPECT_EQ(detected("record_missing"), 1);
  EXPECT_EQ(state("linked"), kLinked - 1);
}

TEST_F(ChangeFollowerTest, NothingChangedCostsTwoRequestsAnInterval) {
  compared();
  follow();
  const std::size_t users = instance_.requests.size();
  const std::size_t audit = audit_.requests.size();
  follow(30s);
  EXPECT_EQ(instance_.requests.size(), users);
  follow(30s);
  EXPECT_EQ(instance_.requests.size(), users + 1);
  EXPECT_EQ(audit_.requests.size(), audit + 1);
}

TEST_F(ChangeFollowerTest, RefusedSourcesAreLeftAloneUntilTheNextComparisonAndSaidOnce) {
  compared();
  instance_.range = tests::Instance::QueryAcl::refuse;
  audit_.range = tests::Instance::QueryAcl::refuse;
  const std::size_t said = warnings();
  follow();
  EXPECT_EQ(warnings() - said, 2U) << log_.text();
  EXPECT_THAT(log_.text(), HasSubstr("rows that change cannot be followed"));
  EXPECT_THAT(log_.text(), HasSubstr("deletions of rows cannot be followed"));
  const std::size_t sent = instance_.requests.size() + audit_.requests.size();
  follow();
  EXPECT_EQ(instance_.requests.size() + audit_.requests.size(), sent);
  compared();
  follow();
  EXPECT_GT(instance_.requests.size() + audit_.requests.size(), sent);
  EXPECT_EQ(warnings() - said, 2U) << log_.text();
}

TEST_F(ChangeFollowerTest, AnIgnoredRangeQueryAndAnotherTimeZoneSwitchItOff) {
  row(3).fields["sys_updated_on"] = "2025-06-01 00:00:00";
  compared();
  instance_.range = tests::Instance::QueryAcl::drop;
  follow();
  EXPECT_THAT(log_.text(), HasSubstr("is ignored"));
  instance_.range = tests::Instance::QueryAcl::allow;
  for (auto& one : instance_.rows) one.fields["sys_updated_on"] = "2025-06-01 00:00:00";
  compared();
  const std::size_t sent = instance_.requests.size();
  follow();
  follow();
  EXPECT_EQ(instance_.requests.size(), sent + 1)
      << "the newest row is not found: the times mean another zone";
}

TEST_F(ChangeFollowerTest, AnAbsenceIsBelievedOnlyWhileInactiveRowsAreShown) {
  compared();
  follow();
  instance_.rows[kLinked].filtered = true;  // the inactive one
  delete_row(11);
  follow();
  EXPECT_EQ(drifted("record_missing"), 0U);
  EXPECT_EQ(state("linked"), kLinked) << "it may be inactive now, and not shown";
}

TEST_F(ChangeFollowerTest, AnotherInstanceThatAnswersChangesNothing) {
  compared();
  follow();
  delete_row(11);
  instance_.rows = {user(hex_id(424242), "stranger"), user(hex_id(424243), "other", "", false)};
  for (auto& one : instance_.rows) touch(one);
  follow();
  EXPECT_EQ(state("linked"), kLinked);
  EXPECT_EQ(state("drifted"), 0U);
}

TEST_F(ChangeFollowerTest, ManyAbsencesAtOnceAreAComparisonsToJudge) {
  int wanted = 0;
  check_.on_mass([&] { ++wanted; });
  compared();
  follow();
  for (int i = 0; i < 15; ++i) delete_row(5);
  follow();
  follow();
  EXPECT_EQ(wanted, 1);
  EXPECT_EQ(drifted("record_missing"), 0U);
  EXPECT_EQ(state("linked"), kLinked);
}

TEST_F(ChangeFollowerTest, WhatChangedWhileAComparisonWasMadeIsLookedAtAfterIt) {
  compared();
  follow();
  row(3).fields["active"] = "false";
  touch(row(3));
  follow();
  EXPECT_EQ(drifted("active_mismatch"), 1U);
  // Its listings began before, so it knows nothing of it.
  const SystemTime began = clock_.now() - 2min;
  ASSERT_TRUE(picture_.settled());
  Picture::Settled next = *picture_.settled();
  compared();
  EXPECT_EQ(drifted("active_mismatch"), 0U);
  next.listed = next.began = began;
  picture_.settle(next);
  follow();
  EXPECT_EQ(drifted("active_mismatch"), 1U);
}

TEST_F(ChangeFollowerTest, WhoLeftTheAppIsResolvedAndALeaver) {
  instance_.rows.erase(instance_.rows.begin() + 7);
  compared({{id(7), "record_missing"}});
  recent_.touched(id(7), clock_.now() + 1s);
  follower_.named(id(7));
  okta_transport_.json(404, R"({"errorCode":"E0000007"})");
  follow();
  EXPECT_EQ(drifted("record_missing"), 0U);
  EXPECT_EQ(resolved("record_missing"), 1);
  EXPECT_EQ(state("drifted"), 0U);
  EXPECT_EQ(store_->leavers(opened_.id, clock_.now() + 1s, clock_.now(), 9)->size(), 1U);
}

TEST_F(ChangeFollowerTest, TheOtherHolderOfAnIdThatMovedIsLookedAtToo) {
  links_[8].external_id = links_[7].external_id;
  compared({{id(8), "duplicate_link"}, {id(7), "duplicate_link"}});
  recent_.touched(id(8), clock_.now() + 1s);
  follower_.named(id(8));
  okta_says(id(8), hex_id(1008), name(8));
  follow();
  EXPECT_EQ(drifted("duplicate_link"), 0U);
  EXPECT_EQ(resolved("duplicate_link"), 2);
  EXPECT_EQ(state("linked"), kLinked);
}

TEST_F(ChangeFollowerTest, AServiceNowThatDoesNotAnswerIsSaidOnceAndAskedAgain) {
  row(7).sys_id = hex_id(7777);
  compared({{id(7), "sys_id_changed"}});
  follower_.named(id(7));
  recent_.touched(id(7), clock_.now() + 1s);
  okta_says(id(7), hex_id(7777), name(7));
  instance_.before = [](const std::string&) {
    return net::HttpResponse{.status = 503, .headers = {}, .body = ""};
  };
  const std::size_t said = warnings();
  follow();
  okta_says(id(7), hex_id(7777), name(7));
  follow();
  EXPECT_EQ(warnings() - said, 1U) << log_.text();
  EXPECT_EQ(drifted("sys_id_changed"), 1U);
  instance_.before = nullptr;
  okta_says(id(7), hex_id(7777), name(7));
  follow();
  EXPECT_EQ(drifted("sys_id_changed"), 0U);
}

TEST(RowsInterval, IsATwelfthOfThatOfTheListingsAndNotLonger) {
  EXPECT_EQ(rows_interval(1h), 5min);
  EXPECT_EQ(rows_interval(1min), 5s);
  EXPECT_EQ(rows_interval(6s), 5s);
  EXPECT_EQ(rows_interval(5s), std::nullopt);
}

}  // namespace
}  // namespace exporter::sampling
