#include "sampling/users_sampler.h"

#include <future>

#include <gmock/gmock.h>

#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {
namespace {

using testing::Each;
using testing::HasSubstr;
using tests::hex_id;
using tests::user;
using QueryAcl = tests::Instance::QueryAcl;

class UsersSamplerTest : public SamplingWorld {
 protected:
  UsersSamplerTest() {
    inputs_.connect({.ready = [this] { ++ready_; },
                     .incomplete = [this] { ++incomplete_; },
                     .want_links = [this] { ++want_links_; },
                     .want_rows = [] {}});
    instance_.rows = {user(hex_id(9000), "reader"), user(hex_id(9001), "retired", "", false)};
  }

  void table(std::uint64_t rows) {
    for (std::uint64_t i = 1; i <= rows; ++i) {
      instance_.rows.push_back(user(hex_id(i), "user" + std::to_string(i)));
    }
  }
  // App users whose links lead to the first rows of the table.
  void list(std::uint64_t links) {
    auto input = std::make_shared<LinkInput>(LinkInput{drift::LinkListing(2), {}});
    for (std::uint64_t i = 1; i <= links; ++i) {
      okta::AppUser app_user;
      app_user.id = "00u" + std::to_string(i);
      app_user.external_id = hex_id(i);
      app_user.status = okta::AppUserStatus::PROVISIONED;
      app_user.keys = {"user" + std::to_string(i), ""};
      input->listing.add(app_user);
    }
    inputs_.put_links(std::move(input));
  }
  Result<void> sample(UsersStrategy strategy) {
    if (!sampler_) {
      sampler_ = std::make_unique<UsersSampler>(
          UsersOptions{.strategy = strategy, .sweep = {.page_size = 10, .query = {}, .own_name = "reader"}},
          session_, connection_.client, reader_, inputs_, registry_, log_);
    }
    SampleRun run(clock_, {});
    return sampler_->sample(run);
  }
  std::vector<std::string> queries() const {
    std::vector<std::string> queries;
    for (const tests::Instance::Request& request : instance_.requests) queries.push_back(request.query);
    return queries;
  }
  std::size_t sweeps() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        queries(), [](const std::string& query) { return query.ends_with("ORDERBYsys_id"); }));
  }

  DriftInputs inputs_;
  std::unique_ptr<UsersSampler> sampler_;
  int ready_ = 0;
  int incomplete_ = 0;
  int want_links_ = 0;
};

TEST_F(UsersSamplerTest, SweepsBesideAListingThatIsLongEnoughAlready) {
  table(30);
  inputs_.listing_links(5000);  // 25 lookups at least, and four pages
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_GT(sweeps(), 1U);
  EXPECT_EQ(ready_, 0);
  list(30);
  EXPECT_EQ(ready_, 1) << "the rows waited for the links";
}

TEST_F(UsersSamplerTest, WaitsForTheEndOfAListingThatIsNot) {
  table(200);
  for (const UsersStrategy strategy : {UsersStrategy::automatic, UsersStrategy::lookup}) {
    sampler_.reset();
    ready_ = 0;
    inputs_.listing_links(15);
    auto sampled = std::async(std::launch::async, [&] { return sample(strategy); });
    list(15);
    ASSERT_TRUE(sampled.get());
    EXPECT_EQ(ready_, 1);
    EXPECT_EQ(sweeps(), 0U);
    ASSERT_NE(inputs_.take(), nullptr);
  }
  EXPECT_EQ(want_links_, 0) << "they were on their way";
}

TEST_F(UsersSamplerTest, AnEndedListingWithoutLinksIsAskedForAgain) {
  table(200);
  inputs_.listing_links(15);
  auto sampled = std::async(std::launch::async, [&] { return sample(UsersStrategy::automatic); });
  inputs_.listing_over();
  EXPECT_TRUE(sampled.get());
  EXPECT_EQ(want_links_, 1);
  EXPECT_EQ(ready_, 0);
}

TEST_F(UsersSamplerTest, LooksUpAFewLinksAmongManyRows) {
  table(200);
  list(15);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(ready_, 1);
  EXPECT_EQ(sweeps(), 0U);
  EXPECT_LE(instance_.requests.size(), 4U) << "the count, the links, the two proofs";
  const auto pair = inputs_.take();
  EXPECT_EQ(pair->rows.listing.size(), 15U);
  EXPECT_TRUE(pair->rows.report.saw_inactive);
  EXPECT_TRUE(pair->rows.report.saw_own_row);
}

TEST_F(UsersSamplerTest, SweepsWhereThatNeedsLessThanHalfOfTheRequests) {
  table(50);
  list(50);
  // One request for the links and the two proofs; the sweep needs six pages.
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(sweeps(), 0U);
  sampler_.reset();
  instance_.rows.clear();
  table(8);
  list(8);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(sweeps(), 1U);
  EXPECT_EQ(ready_, 2);
}

TEST_F(UsersSamplerTest, SweepsASmallTableWithoutWaitingForTheLinks) {
  table(8);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(sweeps(), 1U);
  EXPECT_EQ(want_links_, 1) << "the rows wait for their links";
}

TEST_F(UsersSamplerTest, WaitsForTheLinksBeforeItChooses) {
  table(200);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(instance_.requests.size(), 1U);
  EXPECT_EQ(want_links_, 1);
  EXPECT_EQ(ready_, 0);
  list(200);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(ready_, 1);
}

TEST_F(UsersSamplerTest, LooksUpWhereTheSweepIsRefusedAndSaysSoOnce) {
  table(6);
  instance_.range = QueryAcl::refuse;
  instance_.sort = QueryAcl::refuse;
  const std::size_t before = log_.count(LogLevel::warn);
  for (int i = 0; i < 2; ++i) {
    list(6);
    ASSERT_TRUE(sample(UsersStrategy::automatic));
  }
  EXPECT_EQ(ready_, 2);
  EXPECT_EQ(log_.count(LogLevel::warn), before + 1);
}

TEST_F(UsersSamplerTest, WaitsForTheLinksWhereTheSweepOfASmallTableIsRefused) {
  table(6);
  instance_.sort = QueryAcl::refuse;
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(incomplete_, 0);
  EXPECT_EQ(want_links_, 1);
  list(6);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_EQ(ready_, 1);
}

TEST_F(UsersSamplerTest, SweepsWhereTheLookupIsRefused) {
  table(200);
  instance_.match = QueryAcl::refuse;
  list(8);
  ASSERT_TRUE(sample(UsersStrategy::automatic));
  EXPECT_GT(sweeps(), 1U);
  EXPECT_EQ(inputs_.take()->rows.listing.size(), 202U);
}

TEST_F(UsersSamplerTest, NeverLeavesAWayThatWasConfigured) {
  table(8);
  instance_.sort = QueryAcl::refuse;
  list(8);
  const Result<void> swept = sample(UsersStrategy::sweep);
  ASSERT_FALSE(swept);
  EXPECT_EQ(swept.error().error_class, ErrorClass::permission);
  EXPECT_THAT(queries(), Each(HasSubstr("ORDERBYsys_id")));
  EXPECT_EQ(incomplete_, 1);

  sampler_.reset();
  instance_.requests.clear();
  instance_.match = QueryAcl::refuse;
  list(8);
  EXPECT_FALSE(sample(UsersStrategy::lookup));
  EXPECT_EQ(sweeps(), 0U);
}

// A request whose query holds that text is not answered, for a while.
class InterruptedTest : public UsersSamplerTest {
 protected:
  InterruptedTest(UsersStrategy strategy, std::string query_part) : strategy_(strategy) {
    instance_.before =
        [this, part = std::move(query_part)](const std::string& query) -> std::optional<net::HttpResponse> {
      if (fails_ == 0 || query.find(part) == std::string::npos) return std::nullopt;
      return net::HttpResponse{
          .status = fails_, .headers = {{"Content-Type", "application/json"}}, .body = "{}"};
    };
  }
  void break_off(int status) {
    fails_ = status;
    ASSERT_FALSE(sample(strategy_));
    fails_ = 0;
    instance_.requests.clear();
  }

 private:
  const UsersStrategy strategy_;
  int fails_ = 0;
};

// Rows 1 to 20 are read; the page behind them is not there.
class InterruptedSweepTest : public InterruptedTest {
 protected:
  InterruptedSweepTest() : InterruptedTest(UsersStrategy::sweep, "sys_id>" + hex_id(20)) { table(35); }
};

TEST_F(InterruptedSweepTest, GoesOnBehindTheLastRowAndProvesTheReadersViewAnew) {
  break_off(503);
  EXPECT_EQ(incomplete_, 1);
  ASSERT_TRUE(sample(UsersStrategy::sweep));
  EXPECT_EQ(queries().front(), "sys_idIN" + hex_id(20));
  EXPECT_EQ(sweeps(), 2U) << "of four pages";
  list(35);
  const auto pair = inputs_.take();
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->rows.listing.size(), 37U);
  EXPECT_TRUE(pair->rows.report.saw_inactive);
  EXPECT_TRUE(pair->rows.report.saw_own_row);
}

TEST_F(InterruptedSweepTest, LeavesTheLinksWaiting) {
  list(35);
  break_off(503);
  ASSERT_TRUE(sample(UsersStrategy::sweep));
  EXPECT_EQ(ready_, 1);
}

TEST_F(InterruptedSweepTest, BeginsAnewWhereTheRowIsGoneThatItStandsAt) {
  break_off(503);
  std::erase_if(instance_.rows, [](const auto& row) { return row.sys_id == hex_id(20); });
  ASSERT_TRUE(sample(UsersStrategy::sweep));
  EXPECT_EQ(sweeps(), 4U);
  list(35);
  EXPECT_EQ(inputs_.take()->rows.listing.size(), 36U);
}

TEST_F(InterruptedSweepTest, BeginsAnewWhenItsBeginningIsOlderThanItsInterval) {
  break_off(503);
  clock_.advance(std::chrono::minutes(61));
  ASSERT_TRUE(sample(UsersStrategy::sweep));
  EXPECT_EQ(sweeps(), 4U);
}

// A clone replaces the accounts too: first come refusals.
TEST_F(InterruptedSweepTest, BeginsAnewAfterARefusal) {
  break_off(401);
  ASSERT_TRUE(sample(UsersStrategy::sweep));
  EXPECT_EQ(sweeps(), 4U);
}

// Links 1 to 398, two requests' worth, are looked up; the group behind them is not answered.
class InterruptedLookupsTest : public InterruptedTest {
 protected:
  InterruptedLookupsTest() : InterruptedTest(UsersStrategy::lookup, hex_id(450)) {
    table(500);
    list(500);
  }
  bool asked_for(std::uint64_t row) const {
    return std::ranges::any_of(
        queries(), [&](const std::string& query) { return query.find(hex_id(row)) != std::string::npos; });
  }
};

TEST_F(InterruptedLookupsTest, GoOnWithTheGroupThatFailedAndProveTheReadersViewAnew) {
  break_off(503);
  EXPECT_EQ(incomplete_, 1);
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_EQ(queries().front(), "sys_idIN" + hex_id(398));
  EXPECT_FALSE(asked_for(1));
  EXPECT_TRUE(asked_for(450));
  EXPECT_EQ(instance_.requests.size(), 4U) << "the row it stands at, the last group, the two proofs";
  EXPECT_EQ(ready_, 1) << "the links were kept for it";
  const auto pair = inputs_.take();
  EXPECT_EQ(pair->rows.listing.size(), 500U);
  EXPECT_TRUE(pair->rows.report.saw_inactive);
  EXPECT_TRUE(pair->rows.report.saw_own_row);
}

TEST_F(InterruptedLookupsTest, GoOnWithTheirOwnLinksWhateverWasListedSince) {
  break_off(503);
  list(3);
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_EQ(inputs_.take()->links->listing.size(), 500U);
}

TEST_F(InterruptedLookupsTest, BeginAnewWhereTheRowIsGoneThatWasShownLast) {
  break_off(503);
  std::erase_if(instance_.rows, [](const auto& row) { return row.sys_id == hex_id(398); });
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_TRUE(asked_for(1));
  EXPECT_EQ(inputs_.take()->rows.listing.size(), 499U);
}

TEST_F(InterruptedLookupsTest, BeginAnewWhenTheirBeginningIsOlderThanTheInterval) {
  break_off(503);
  clock_.advance(std::chrono::minutes(61));
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_EQ(want_links_, 1) << "the links were as old";
  list(500);
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_TRUE(asked_for(1));
}

TEST_F(InterruptedLookupsTest, BeginAnewAfterARefusal) {
  break_off(401);
  list(500);
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_TRUE(asked_for(1));
}

TEST_F(UsersSamplerTest, IsNotProvenWhereNoInactiveRowAndNotItsOwnRowIsShown) {
  instance_.rows.clear();
  table(200);
  list(3);
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  const auto pair = inputs_.take();
  EXPECT_FALSE(pair->rows.report.saw_inactive);
  EXPECT_FALSE(pair->rows.report.saw_own_row);
}

TEST_F(UsersSamplerTest, DoesNotTakeADroppedPredicateForAnInactiveRow) {
  table(200);
  std::erase_if(instance_.rows, [](const auto& row) { return row.fields.at("active") == "false"; });
  list(3);
  instance_.before = [this](const std::string& query) -> std::optional<net::HttpResponse> {
    if (query != "active=false") return std::nullopt;
    tests::Instance other;
    other.rows = instance_.rows;
    return other.answer({.url = "https://x/y?sysparm_query=&sysparm_limit=20&sysparm_offset=0&sysparm_fields="
                                "sys_id,user_name,email,active"});
  };
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  EXPECT_FALSE(inputs_.take()->rows.report.saw_inactive);
}

TEST_F(UsersSamplerTest, PairsLookedUpRowsWithTheLinksTheyWereLookedUpFor) {
  table(200);
  list(3);
  // While these are looked up, Okta is listed again and has more users.
  bool listed_again = false;
  instance_.before = [&](const std::string& query) -> std::optional<net::HttpResponse> {
    if (query.starts_with("sys_idIN") && !std::exchange(listed_again, true)) list(20);
    return std::nullopt;
  };
  ASSERT_TRUE(sample(UsersStrategy::lookup));
  const auto pair = inputs_.take();
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pair->links->listing.size(), 3U);
  EXPECT_EQ(pair->rows.listing.size(), 3U);
}

}  // namespace
}  // namespace exporter::sampling
