// The state on a disk that fails at any of its operations: what was committed stays, nothing is there by
// half, and a disk that does not answer is not taken for a damaged state.
#include "unit/storage/faulty_disk.h"

#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using Fault = FaultyDisk::Fault;

constexpr const char* kTasksTotal = "okta_provisioning_tasks_total";
constexpr int kBefore = 3;         // commits of the image that each run begins with
constexpr int kCommitsOfARun = 4;  // of a run

class FaultyDiskTest : public StoreTest {
 protected:
  // SQLite's memory of the disk must be gone before the disk is.
  ~FaultyDiskTest() override { store_.reset(); }

  // Everything that a page of the log and a comparison change, so that a half of it would show.
  bool commit(int number) {
    LogCommit page;
    page.cursor.next_url = std::to_string(number);
    for (int i = 0; i < 40; ++i) {
      page.seen_uuids.push_back("event " + std::to_string(number) + "." + std::to_string(i));
    }
    page.tasks = {{"task " + std::to_string(number), std::string(2000, 't')},
                  {"task " + std::to_string(number - 1), std::nullopt}};
    page.increments = {{{.metric = kTasksTotal, .labels = "create"}, 1}};
    page.failures = {{.time = clock_.now(),
                      .operation = "create",
                      .reason = "other",
                      .text = std::string(3000, 'f'),
                      .okta_user_id = std::to_string(number),
                      .verdict = {}}};
    return store_->commit_log(id_, page).has_value();
  }
  bool compare(int number) {
    ComparisonCommit comparison;
    comparison.record.time = clock_.now();
    for (int user = 0; user < number; ++user) {
      comparison.drifted.push_back({.okta_user_id = std::to_string(user),
                                    .kind = "record_missing",
                                    .scope = "USER",
                                    .external_id = "e",
                                    .match_key = "k",
                                    .candidate_sys_id = {},
                                    .first_seen = clock_.now(),
                                    .last_confirmed = clock_.now(),
                                    .resolved = std::nullopt});
    }
    return store_->commit_comparison(id_, comparison).has_value();
  }

  bool try_to_open() {
    store_.reset();
    auto opened = try_open();
    if (!opened) {
      EXPECT_EQ(opened.error().error_class, ErrorClass::storage);
      return false;
    }
    store_ = std::move(*opened);
    const auto integration = store_->open_integration("production", kHere);
    id_ = integration.value_or(IntegrationState()).id;
    return integration.has_value();
  }

  // A state with kBefore commits, closed.
  std::shared_ptr<const FaultyDisk::Image> some_state() {
    EXPECT_TRUE(try_to_open());
    for (int number = 1; number <= kBefore; ++number) {
      EXPECT_TRUE(commit(number) && compare(number));
    }
    store_.reset();
    return disk_.image();
  }

  // Of the two kinds of commits, as many as this.
  struct Done {
    int pages = kBefore;
    int comparisons = kBefore;
  };
  // Opens and commits until something fails. False then, and `pending` is what failed.
  bool run(Done& done) {
    if (!try_to_open()) {
      return false;
    }
    for (int number = 0; number < kCommitsOfARun; ++number) {
      if (!commit(done.pages + 1)) {
        return false;
      }
      ++done.pages;
      if (!compare(done.comparisons + 1)) {
        return false;
      }
      ++done.comparisons;
    }
    store_.reset();  // what is left of the write-ahead log goes into the file
    return true;
  }

  // Reads back how many commits there are, and that each is there as a whole.
  Done stored() {
    const Done found{.pages = static_cast<int>(counter(kTasksTotal, "create")),
                     .comparisons = static_cast<int>(store_->ledger(id_, 1000)->size())};
    const std::string last = std::to_string(found.pages);
    EXPECT_EQ(store_->log_cursor(id_)->value_or(LogCursor()).next_url, last);
    EXPECT_EQ(store_->failures(id_, 1000)->size(), static_cast<std::size_t>(found.pages));
    EXPECT_EQ(
        *store_->seen(id_, {"event " + last + ".39", "event " + std::to_string(found.pages + 1) + ".0"}),
        (std::vector<bool>{true, false}));
    const auto tasks = store_->task_rows(id_);
    EXPECT_EQ(tasks->size(), 1U);
    EXPECT_EQ(tasks->front().first, "task " + last);
    // What the first comparison found is not counted.
    EXPECT_EQ(counter(std::string(kDriftDetectedCounter), "record_missing"), found.comparisons - 1);
    return found;
  }

  void expect_nothing_was_moved_aside() const {
    EXPECT_EQ(log_.count(LogLevel::warn) + log_.count(LogLevel::error), 0U) << log_.text();
  }

  FaultyDisk disk_;
};

TEST_F(FaultyDiskTest, WhereverThePowerIsCutWhatWasCommittedIsThereAndNothingByHalf) {
  const auto image = some_state();
  bool cut = true;
  for (std::uint64_t operation = 1; cut; ++operation) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      disk_.restore(*image);
      disk_.fail_from(operation, Fault::power_cut);
      Done done;
      const bool finished = run(done);
      store_.reset();
      cut = disk_.failed();
      ASSERT_TRUE(finished || cut);
      std::mt19937_64 dice(operation * 2 + seed);
      disk_.lose_power(dice);

      ASSERT_TRUE(try_to_open()) << "operation " << operation << ", seed " << seed;
      const Done found = stored();
      // The one in flight may have reached the disk before its success was known.
      const int in_flight = finished ? 0 : 1;
      EXPECT_GE(found.pages, done.pages);
      EXPECT_GE(found.comparisons, done.comparisons);
      EXPECT_LE(found.pages + found.comparisons, done.pages + done.comparisons + in_flight);
      store_.reset();
      ASSERT_FALSE(HasFailure()) << "operation " << operation << ", seed " << seed;
    }
  }
  expect_nothing_was_moved_aside();
}

TEST_F(FaultyDiskTest, WhereverThePowerIsCutInTheFirstStartTheNextOneBeginsAfresh) {
  const auto empty = disk_.image();
  bool cut = true;
  for (std::uint64_t operation = 1; cut; ++operation) {
    disk_.restore(*empty);
    disk_.fail_from(operation, Fault::power_cut);
    try_to_open();
    store_.reset();
    cut = disk_.failed();
    std::mt19937_64 dice(operation);
    disk_.lose_power(dice);
    ASSERT_TRUE(try_to_open()) << "operation " << operation;
    EXPECT_TRUE(commit(1));
    store_.reset();
    ASSERT_FALSE(HasFailure()) << "operation " << operation;
  }
  expect_nothing_was_moved_aside();
}

class FailingDiskTest : public FaultyDiskTest, public testing::WithParamInterface<Fault> {};

TEST_P(FailingDiskTest, WhateverFailsTheSameStoreGoesOnOnceTheDiskDoes) {
  const auto image = some_state();
  bool failed = true;
  for (std::uint64_t operation = 1; failed; ++operation) {
    disk_.restore(*image);
    disk_.fail_from(operation, GetParam());
    Done done;
    const bool finished = run(done);
    failed = disk_.failed();
    ASSERT_TRUE(finished || failed);
    disk_.heal();
    if (!store_) {
      ASSERT_TRUE(try_to_open()) << "operation " << operation;
    } else if (id_ == 0) {
      id_ = open_integration().id;
    }
    // What failed is not there, and what comes after it is.
    ASSERT_TRUE(commit(done.pages + 1) && compare(done.comparisons + 1)) << "operation " << operation;
    for (const bool reopened : {false, true}) {
      if (reopened) {
        ASSERT_TRUE(try_to_open()) << "operation " << operation;
      }
      const Done found = stored();
      EXPECT_EQ(found.pages, done.pages + 1);
      EXPECT_EQ(found.comparisons, done.comparisons + 1);
    }
    store_.reset();
    ASSERT_FALSE(HasFailure()) << "operation " << operation;
  }
  expect_nothing_was_moved_aside();
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingDiskTest, testing::Values(Fault::full, Fault::error),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace exporter::storage
