#include "sampling/comparison_sampler.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sampling/leavers.h"
#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;
using tests::hex_id;
using tests::user;

constexpr std::uint64_t kUsers = 20;

// Linked users, whose rows are listed and, unless a test takes them away, still there.
class ComparisonSamplerTest : public SamplingWorld {
 protected:
  ComparisonSamplerTest() {
    inputs_.connect({.ready = [] {}, .incomplete = [] {}, .want_links = [] {}, .want_rows = [] {}});
    for (std::uint64_t i = 0; i < kUsers; ++i) instance_.rows.push_back(user(hex_id(i), name(i)));
    instance_.rows.push_back(user(hex_id(900), "gone.long.ago", "", false));
  }

  static std::string id(std::uint64_t i) { return "00u" + std::to_string(100 + i); }
  static std::string name(std::uint64_t i) { return "n" + std::to_string(100 + i); }

  // Both sides as they are now; compared by the next sample.
  void list(std::uint64_t users = kUsers) {
    auto links = std::make_shared<LinkInput>(LinkInput{drift::LinkListing(2), {"PUSH_NEW_USERS"}});
    for (std::uint64_t i = 0; i < users; ++i) {
      okta::AppUser app_user;
      app_user.id = id(i);
      app_user.external_id = hex_id(i);
      app_user.status = okta::AppUserStatus::PROVISIONED;
      app_user.scope = okta::Scope::USER;
      app_user.keys = {name(i), ""};
      links->listing.add(app_user);
    }
    links->begun = links->ended = ServerTime{.time = clock_.now(), .at = clock_.steady_now()};
    auto rows = std::make_unique<RowInput>(RowInput{drift::RowListing(2), {}});
    rows->began = clock_.now();
    rows->report.saw_inactive = rows->report.saw_own_row = true;
    ASSERT_TRUE(servicenow::sweep_users(connection_.client, {},
                                        [&](const servicenow::UserRow& row) { rows->listing.add(row); }, {}));
    rows->listing.seal();
    inputs_.put_links(std::move(links));
    inputs_.put_rows(std::move(rows));
  }
  void compare() {
    SampleRun run(clock_, {});
    const Result<void> compared = sampler_.sample(run);
    ASSERT_TRUE(compared) << compared.error().message;
  }
  // A single look finds that the user's row is gone.
  void find_missing(std::uint64_t i) {
    std::erase_if(instance_.rows, [&](const auto& row) { return row.sys_id == hex_id(i); });
    storage::KnownLink link = known(id(i), hex_id(i), name(i));
    link.state = "drifted";
    const storage::LedgerEntry entry{.okta_user_id = id(i),
                                     .kind = "record_missing",
                                     .scope = "USER",
                                     .external_id = hex_id(i),
                                     .match_key = name(i),
                                     .candidate_sys_id = {},
                                     .first_seen = clock_.now(),
                                     .last_confirmed = clock_.now(),
                                     .resolved = std::nullopt};
    const auto changed = picture_.change(opened_, picture_.settled()->number,
                                         {.time = clock_.now(),
                                          .users = {{.okta_user_id = id(i), .link = link, .drifted = entry}},
                                          .keep_leavers = true});
    ASSERT_TRUE(changed);
    ASSERT_TRUE(*changed);
  }
  double detected() { return counter("okta_external_id_drift_detected_total", "record_missing"); }
  double resolved() { return counter("okta_external_id_drift_resolved_total", "record_missing"); }
  storage::ComparisonRecord last() { return picture_.last().value_or(storage::ComparisonRecord()); }

  DriftInputs inputs_;
  LastView view_;
  RecentUsers recent_{1h};
  RunProgress progress_;
  Picture picture_{session_, *store_, counters_, registry_, log_};
  ComparisonSampler sampler_{1h,      {.grace = 0ms}, session_, inputs_,   reader_, provisioner_, view_,
                             recent_, picture_,       *store_,  progress_, clock_,  log_};
};

TEST_F(ComparisonSamplerTest, DoesNotTakeBackWhatWasFoundWhileItsSidesWereListed) {
  list();
  compare();
  clock_.advance(1min);
  list();
  clock_.advance(1s);
  find_missing(7);
  EXPECT_EQ(detected(), 1);
  clock_.advance(1s);
  compare();
  EXPECT_EQ(last().states["drifted"], 1U);
  EXPECT_EQ(last().states["linked"], kUsers - 1);
  EXPECT_EQ(last().kinds["record_missing"], 1U);
  EXPECT_EQ((*store_->known_links(opened_.id, {id(7)}))[0].state, "drifted");
  EXPECT_EQ(resolved(), 0);
  // What was listed since knows it too.
  clock_.advance(1min);
  list();
  compare();
  EXPECT_EQ(last().states["drifted"], 1U);
  EXPECT_EQ(detected(), 1);
  EXPECT_EQ(resolved(), 0);
}

TEST_F(ComparisonSamplerTest, TakesBackWhatWasFoundBeforeItsSidesWereListed) {
  list();
  compare();
  clock_.advance(1min);
  find_missing(7);
  instance_.rows.push_back(user(hex_id(7), name(7)));
  clock_.advance(1min);
  list();
  compare();
  EXPECT_EQ(last().states["drifted"], 0U);
  EXPECT_EQ(resolved(), 1);
}

TEST_F(ComparisonSamplerTest, CountsWhomASingleLookFoundAfterTheListOfUsersWasRead) {
  list(kUsers - 1);
  compare();
  clock_.advance(1min);
  list(kUsers - 1);
  clock_.advance(1s);
  find_missing(kUsers - 1);
  compare();
  EXPECT_EQ(last().states["drifted"], 1U);
  EXPECT_EQ(last().states["linked"], kUsers - 1);
  EXPECT_EQ(detected(), 1);
  EXPECT_EQ(resolved(), 0);
}

}  // namespace
}  // namespace exporter::sampling
