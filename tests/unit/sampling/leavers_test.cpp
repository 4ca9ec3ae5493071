#include "sampling/leavers.h"

#include <gmock/gmock.h>

#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;
using tests::hex_id;
using tests::user;

class LeaversTest : public SamplingWorld {
 protected:
  void listing(const std::vector<std::pair<std::string, int>>& users, bool deactivates_users = true) {
    drift::LinkListing links(2);
    for (const auto& [id, row] : users) {
      okta::AppUser app_user;
      app_user.id = id;
      app_user.external_id = row == 0 ? "" : hex_id(static_cast<std::uint64_t>(row));
      app_user.status = okta::AppUserStatus::PROVISIONED;
      app_user.keys = {"name of " + id, ""};
      links.add(app_user);
    }
    const Result<void> remembered = remember(links, deactivates_users, {});
    ASSERT_TRUE(remembered) << remembered.error().message;
  }
  Result<void> remember(const drift::LinkListing& links, bool deactivates_users, std::stop_token stop) {
    SampleRun run(clock_, std::move(stop));
    return leavers_.remember(opened_, links, std::vector(links.size(), drift::Standing::linked),
                             deactivates_users, run);
  }
  void look(bool reader_sees_inactive = true) {
    SampleRun run(clock_, {});
    ASSERT_TRUE(leavers_.look(opened_, reader_sees_inactive, run));
  }
  std::map<std::string, std::uint64_t> count() { return leavers_.count(opened_).value(); }

  Leavers leavers_{15min, session_, reader_, *store_, clock_, log_};
};

TEST_F(LeaversTest, SaysWhatServiceNowStillHasOfThoseWhoLeft) {
  listing({{"00u4", 4}, {"00u1", 1}, {"00u2", 2}, {"00u3", 3}, {"00u5", 0}});
  instance_.rows = {user(hex_id(1), "a"), user(hex_id(2), "b", "", false), user(hex_id(4), "d")};
  listing({{"00u4", 4}});
  clock_.advance(16min);
  look();
  EXPECT_THAT(count(), ElementsAre(Pair("active", 1), Pair("gone", 1), Pair("inactive", 1)));
}

TEST_F(LeaversTest, NobodyIsALeaverWithinTheGrace) {
  listing({{"00u1", 1}});
  listing({});
  look();
  EXPECT_TRUE(instance_.requests.empty());
  EXPECT_THAT(count(), ElementsAre(Pair("active", 0), Pair("gone", 0), Pair("inactive", 0)));
}

TEST_F(LeaversTest, EachIsLookedUpOnceADayUntilThirtyDaysAreOver) {
  listing({{"00u1", 1}});
  instance_.rows = {user(hex_id(1), "a")};
  listing({});
  clock_.advance(1h);
  look();
  look();
  EXPECT_EQ(instance_.requests.size(), 1U);
  instance_.rows[0].fields["active"] = "false";
  clock_.advance(24h + 1min);
  look();
  EXPECT_EQ(instance_.requests.size(), 2U);
  EXPECT_THAT(count(), ElementsAre(Pair("active", 0), Pair("gone", 0), Pair("inactive", 1)));
  clock_.advance(31 * 24h);
  ASSERT_TRUE(store_->commit_log(opened_.id, {}));  // a commit prunes
  EXPECT_THAT(count(), ElementsAre(Pair("active", 0), Pair("gone", 0), Pair("inactive", 0)));
}

TEST_F(LeaversTest, WhoComesBackIsNoLeaverAnyMore) {
  listing({{"00u1", 1}});
  instance_.rows = {user(hex_id(1), "a")};
  listing({});
  clock_.advance(1h);
  look();
  EXPECT_EQ(count()["active"], 1U);
  listing({{"00u1", 1}});
  EXPECT_EQ(count()["active"], 0U);
}

TEST_F(LeaversTest, ARowThatAnotherAccountOfThePersonHoldsIsNobodysLeftover) {
  listing({{"00u1", 1}});
  instance_.rows = {user(hex_id(1), "a")};
  listing({{"00u9", 1}});
  clock_.advance(1h);
  look();
  EXPECT_EQ(count()["active"], 0U);
}

TEST_F(LeaversTest, WithoutDeactivationInOktaNobodyIsKept) {
  listing({{"00u1", 1}}, false);
  instance_.rows = {user(hex_id(1), "a")};
  listing({}, false);
  clock_.advance(1h);
  look();
  EXPECT_TRUE(instance_.requests.empty());
}

TEST_F(LeaversTest, AHiddenRowAndAnUnprovenReaderSayNothing) {
  listing({{"00u1", 1}, {"00u2", 2}});
  instance_.rows = {user(hex_id(1), "a")};
  instance_.rows[0].hidden = true;
  listing({});
  clock_.advance(1h);
  look(false);
  EXPECT_THAT(count(), ElementsAre(Pair("active", 0), Pair("gone", 0), Pair("inactive", 0)));
}

TEST_F(LeaversTest, AStopComesBetweenTwoCommitsAndLosesNobody) {
  std::vector<std::pair<std::string, int>> users;
  for (int i = 0; i < 5'000; ++i) {
    users.emplace_back("00u" + std::to_string(100'000 + i), 1 + i);
  }
  listing(users);
  std::stop_source stopped;
  stopped.request_stop();
  drift::LinkListing again(2);
  for (const auto& [id, row] : users) {
    okta::AppUser app_user;
    app_user.id = id;
    app_user.external_id = hex_id(static_cast<std::uint64_t>(row));
    app_user.keys = {"name", ""};
    again.add(app_user);
  }
  const Result<void> cancelled = remember(again, true, stopped.get_token());
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().error_class, ErrorClass::cancelled);
  clock_.advance(1h);
  look();
  EXPECT_EQ(count()["gone"], 0U) << "who was not stored again is no leaver";
}

TEST_F(LeaversTest, AListingOfManyCommitsFindsWhoLeftInEachOfThem) {
  std::vector<std::pair<std::string, int>> users;
  for (int i = 0; i < 12'000; ++i) {
    users.emplace_back("00u" + std::to_string(100'000 + i), 1 + i);
  }
  listing(users);
  std::vector<std::pair<std::string, int>> rest;
  for (int i = 0; i < 12'000; ++i) {
    if (i % 3'000 != 0) {
      rest.push_back(users[static_cast<std::size_t>(i)]);
    }
  }
  listing(rest);
  clock_.advance(1h);
  look();
  EXPECT_EQ(count()["gone"], 4U);
}

}  // namespace
}  // namespace exporter::sampling
