#include "sampling/failure_verdicts.h"

#include <gmock/gmock.h>

#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;
using tests::hex_id;
using tests::user;

class FailureVerdictsTest : public SamplingWorld {
 protected:
  void fails(const std::string& okta_user_id, std::chrono::milliseconds ago = 0ms,
             const std::string& reason = "record_not_found_or_hidden") {
    storage::LogCommit commit;
    commit.failures.push_back({.time = clock_.now() - ago,
                               .operation = "update",
                               .reason = reason,
                               .text = "404. No Record found",
                               .okta_user_id = okta_user_id,
                               .verdict = {}});
    ASSERT_TRUE(store_->commit_log(opened_.id, commit));
  }
  void compared(bool sees_inactive = true) {
    view_.set(
        {.policy = {.creates_users = true, .deactivates_users = true, .reader_sees_inactive = sees_inactive},
         .listed = clock_.now()});
  }
  Result<LinkCheck::Again> settle() {
    SampleRun run(clock_, {});
    return verdicts_.settle(opened_, run);
  }
  double verdicts(const std::string& verdict) {
    return counter("okta_provisioning_failure_verdicts_total", verdict);
  }
  std::string shown(const std::string& okta_user_id) {
    const auto failures = store_->failures(opened_.id, 100);
    for (const storage::Failure& failure : *failures) {
      if (failure.okta_user_id == okta_user_id) {
        return failure.verdict;
      }
    }
    return "no failure";
  }

  LastView view_;
  RecentUsers recent_{1h};
  LinkProbes probes_{reader_, "production", "reader", registry_, clock_};
  Picture picture_{session_, *store_, counters_, registry_, log_};
  LinkCheck check_{{.key_count = 2}, okta_, probes_, provisioner_, picture_, recent_, *store_, clock_, log_};
  FailureVerdicts verdicts_{session_, check_, picture_, {&probes_}, view_, *store_, counters_, clock_, log_};
};

TEST_F(FailureVerdictsTest, TellsGoneReCreatedAndGoodRecordsApart) {
  listed({known("00u1", hex_id(1), "ann"), known("00u2", hex_id(2), "bob"), known("00u3", hex_id(3), "eve")});
  instance_.rows = {user(hex_id(1), "ann"), user(hex_id(20), "bob")};
  compared();
  for (const char* failed : {"00u1", "00u2", "00u3"}) {
    fails(failed);
  }
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "linked_ok");
  EXPECT_EQ(shown("00u2"), "sys_id_changed");
  EXPECT_EQ(shown("00u3"), "record_missing");
  EXPECT_EQ(verdicts("linked_ok"), 1);
  EXPECT_EQ(verdicts("sys_id_changed"), 1);
  EXPECT_EQ(verdicts("record_missing"), 1);
}

TEST_F(FailureVerdictsTest, ARowThatOktasAccountIsNotShownIsHiddenByAcl) {
  listed({known("00u1", hex_id(1), "ann")});
  instance_.rows = {user(hex_id(1), "ann")};
  instance_.rows[0].hidden = true;
  tests::Instance as_provisioner = instance_;
  tests::Connection other(as_provisioner);
  servicenow::TableRowLookup provisioner_lookup(other.client);
  provisioner_.view = &provisioner_lookup;
  compared();
  fails("00u1");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "hidden_by_acl");
}

TEST_F(FailureVerdictsTest, ARowThatTheReaderSeesAndOktasAccountDoesNotIsHiddenByAcl) {
  listed({known("00u1", hex_id(1), "ann"), known("00u2", hex_id(2), "bob"), known("00u3", hex_id(3), "eve")});
  instance_.rows = {user(hex_id(1), "ann"), user(hex_id(2), "bob"), user(hex_id(3), "eve")};
  tests::Instance as_provisioner = instance_;
  as_provisioner.rows[0].hidden = true;
  as_provisioner.rows[1].filtered = true;
  tests::Connection other(as_provisioner);
  servicenow::TableRowLookup provisioner_lookup(other.client);
  provisioner_.view = &provisioner_lookup;
  compared();
  fails("00u1");
  fails("00u2");
  fails("00u3");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "hidden_by_acl");
  EXPECT_EQ(shown("00u2"), "hidden_by_acl");
  EXPECT_EQ(shown("00u3"), "linked_ok");
}

TEST_F(FailureVerdictsTest, TwoHoldersOfOneIdAreDuplicatesAlsoWhenOnlyOneOfThemFailed) {
  listed({known("00u1", hex_id(1), "ann"), known("00u2", hex_id(1), "bob")});
  instance_.rows = {user(hex_id(1), "ann")};
  compared();
  fails("00u2");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u2"), "duplicate_link");
}

TEST_F(FailureVerdictsTest, CountsEachFailureOnceHoweverOftenItRuns) {
  listed({known("00u1", hex_id(1), "ann")});
  compared();
  fails("00u1");
  fails("00u1");
  ASSERT_TRUE(settle());
  ASSERT_TRUE(settle());
  EXPECT_EQ(verdicts("record_missing"), 2);
}

TEST_F(FailureVerdictsTest, OtherReasonsNeedNoVerdict) {
  listed({known("00u1", hex_id(1), "ann")});
  compared();
  fails("00u1", 0ms, "acl_denied");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "");
  EXPECT_TRUE(instance_.requests.empty());
}

TEST_F(FailureVerdictsTest, WaitsForTheFirstComparisonAndGivesUpAfterAnHour) {
  listed({known("00u1", hex_id(1), "ann")});
  fails("00u1");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "");
  clock_.advance(61min);
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "unverified");
  EXPECT_EQ(verdicts("unverified"), 1);
}

TEST_F(FailureVerdictsTest, AServiceNowThatDoesNotAnswerLeavesTheVerdictOpenAndTheSampleGood) {
  listed({known("00u1", hex_id(1), "ann")});
  compared();
  fails("00u1");
  const std::size_t said = log_.count(LogLevel::warn);
  instance_.before = [](const std::string&) {
    return net::HttpResponse{.status = 503, .headers = {}, .body = ""};
  };
  ASSERT_TRUE(settle());
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "");
  EXPECT_EQ(log_.count(LogLevel::warn) - said, 1U) << log_.text();
  EXPECT_EQ(probes_.due(9), std::vector<std::string>{hex_id(1)}) << "the probes look at failed users first";
  instance_.before = nullptr;
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "record_missing");
}

TEST_F(FailureVerdictsTest, AReaderThatMayNotSeeInactiveRowsTellsNothingOfAnAbsentOne) {
  listed({known("00u1", hex_id(1), "ann")});
  compared(false);
  fails("00u1");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "unverified");
}

TEST_F(FailureVerdictsTest, AFailureFromBeforeTheStateIsShownAndNotCounted) {
  listed({known("00u1", hex_id(1), "ann")});
  compared();
  fails("00u1", 10min);
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "record_missing");
  EXPECT_EQ(verdicts("record_missing"), 0);
}

TEST_F(FailureVerdictsTest, OktaIsAskedAgainForWhomATaskHasMendedSinceTheListing) {
  listed({known("00u1", hex_id(1), "ann")});
  instance_.rows = {user(hex_id(7), "ann")};
  compared();
  clock_.advance(1min);
  recent_.touched("00u1", clock_.now());
  fails("00u1");
  okta_transport_.json(200, R"({"id":"00u1","externalId":")" + hex_id(7) +
                                R"(","status":"PROVISIONED","scope":"USER","syncState":"SYNCHRONIZED",)"
                                R"("created":"2026-01-01T00:00:00.000Z","credentials":{"userName":"ann"}})");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u1"), "linked_ok");
}

TEST_F(FailureVerdictsTest, AFailedUserCostsAtMostFourRequestsAnd250NoMoreThanTwelve) {
  std::vector<storage::KnownLink> links;
  for (int i = 100; i < 350; ++i) {
    links.push_back(
        known("00u" + std::to_string(i), hex_id(static_cast<std::uint64_t>(i)), "n" + std::to_string(i)));
  }
  listed(links);
  tests::Instance as_provisioner;
  tests::Connection other(as_provisioner);
  servicenow::TableRowLookup provisioner_lookup(other.client);
  provisioner_.view = &provisioner_lookup;
  compared();
  const auto sent = [&] {
    return instance_.requests.size() + as_provisioner.requests.size() + okta_transport_.requests().size();
  };
  fails("00u100");
  ASSERT_TRUE(settle());
  EXPECT_EQ(shown("00u100"), "record_missing");
  EXPECT_LE(sent(), 4U);
  const std::size_t before = sent();
  for (int i = 100; i < 350; ++i) {
    fails("00u" + std::to_string(i));
  }
  ASSERT_TRUE(settle());
  EXPECT_EQ(verdicts("record_missing"), 251);
  EXPECT_LE(sent() - before, 12U);
}

}  // namespace
}  // namespace exporter::sampling
