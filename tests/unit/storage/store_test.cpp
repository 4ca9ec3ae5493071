#include <csignal>
#include <thread>

#include <sys/resource.h>

#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kUuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
constexpr const char* kOtherUuid = "3f2504e0-4f89-11d3-9a0c-0305e82c3302";
const CounterKey kTasks{.metric = "okta_provisioning_tasks_total", .labels = "create"};

class LogCommitTest : public StoreTest {
 protected:
  void SetUp() override { open(); }

  LogCommit commit(const std::string& next_url) {
    return {.cursor = {.next_url = next_url,
                       .filter_hash = "f1",
                       .last_published = clock_.now(),
                       .complete_until = clock_.now()},
            .seen_uuids = {},
            .tasks = {},
            .increments = {},
            .failures = {}};
  }
  void put(const LogCommit& commit) {
    const auto done = store_->commit_log(id_, commit);
    ASSERT_TRUE(done) << done.error().message;
  }
  std::vector<bool> seen(const std::vector<std::string>& uuids) {
    return store_->seen(id_, uuids).value_or(std::vector<bool>());
  }
};

TEST_F(LogCommitTest, ANewStateHasNeitherCursorNorCountersNorTasks) {
  EXPECT_EQ(store_->log_cursor(id_)->has_value(), false);
  EXPECT_THAT(*store_->counters(id_), IsEmpty());
  EXPECT_THAT(*store_->task_rows(id_), IsEmpty());
  EXPECT_THAT(*store_->failures(id_, 10), IsEmpty());
  EXPECT_THAT(*store_->sample_successes(id_), IsEmpty());
}

TEST_F(LogCommitTest, WhatWasCommittedIsThereAfterARestart) {
  LogCommit page = commit("https://acme.okta.com/api/v1/logs?after=1");
  page.seen_uuids = {kUuid, "not a uuid"};
  page.tasks = {{"t1", "open"}, {"t2", ""}};
  page.increments = {{kTasks, 2}};
  page.failures = {{.time = clock_.now(),
                    .operation = "update",
                    .reason = "acl_denied",
                    .text = "403. Operation Failed. ACL Exception",
                    .okta_user_id = "00u1",
                    .verdict = ""}};
  put(page);

  open();

  const auto cursor = *store_->log_cursor(id_);
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->next_url, page.cursor.next_url);
  EXPECT_EQ(cursor->filter_hash, "f1");
  EXPECT_EQ(cursor->last_published, page.cursor.last_published);
  EXPECT_EQ(cursor->complete_until, page.cursor.complete_until);
  EXPECT_THAT(seen({kUuid, kOtherUuid, "not a uuid", "another"}), ElementsAre(true, false, true, false));
  EXPECT_THAT(*store_->task_rows(id_), UnorderedElementsAre(Pair("t1", "open"), Pair("t2", "")));
  EXPECT_THAT(*store_->counters(id_), ElementsAre(Pair(kTasks, 2)));
  const auto failures = *store_->failures(id_, 10);
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].time, page.failures[0].time);
  EXPECT_EQ(failures[0].reason, "acl_denied");
  EXPECT_EQ(failures[0].text, page.failures[0].text);
}

TEST_F(LogCommitTest, WhatWasCommittedSurvivesACrash) {
  LogCommit page = commit("n1");
  page.seen_uuids = {kUuid};
  page.increments = {{kTasks, 1}};
  put(page);
  crash();
  EXPECT_EQ((*store_->log_cursor(id_))->next_url, "n1");
  EXPECT_EQ(counter(kTasks.metric, "create"), 1);
  EXPECT_THAT(seen({kUuid}), ElementsAre(true));
}

TEST_F(LogCommitTest, IncrementsAddUp) {
  LogCommit page = commit("n1");
  page.increments = {{kTasks, 2}};
  put(page);
  put(page);
  EXPECT_EQ(counter(kTasks.metric, "create"), 4);
}

TEST_F(LogCommitTest, TaskRowsAreReplacedAndRemoved) {
  LogCommit page = commit("n1");
  page.tasks = {{"a", "1"}, {"b", "1"}};
  put(page);
  page.tasks = {{"a", "2"}, {"b", std::nullopt}, {"never there", std::nullopt}};
  put(page);
  EXPECT_THAT(*store_->task_rows(id_), ElementsAre(Pair("a", "2")));
}

TEST_F(LogCommitTest, ACursorWithoutTimesStaysWithoutThem) {
  LogCommit page = commit("");
  page.cursor.last_published.reset();
  page.cursor.complete_until.reset();
  put(page);
  const auto cursor = **store_->log_cursor(id_);
  EXPECT_FALSE(cursor.last_published);
  EXPECT_FALSE(cursor.complete_until);
}

TEST_F(LogCommitTest, IdsThatDifferInLetterCaseAreDifferentIds) {
  LogCommit page = commit("n1");
  page.seen_uuids = {kUuid};
  put(page);
  EXPECT_THAT(seen({"3F2504E0-4F89-11D3-9A0C-0305E82C3301"}), ElementsAre(false));
}

// A refused cursor starts again shortly before the last event: those uuids must still be known, however long
// ago it was.
TEST_F(LogCommitTest, TheUuidsOfTheLastEventsStayAfterAQuietWeek) {
  LogCommit page = commit("n1");
  page.cursor.last_published = clock_.now();
  page.seen_uuids = {kUuid};
  put(page);
  clock_.advance(days(20));
  LogCommit quiet = commit("n1");
  quiet.cursor.last_published = page.cursor.last_published;
  put(quiet);
  EXPECT_THAT(seen({kUuid}), ElementsAre(true));
}

TEST_F(LogCommitTest, TheVendorsClockReplacesTheTimeOfCreation) {
  const SystemTime vendors = std::chrono::floor<std::chrono::seconds>(clock_.now()) - minutes(10);
  LogCommit page = commit("n1");
  page.created = vendors;
  put(page);
  open();
  EXPECT_EQ(open_integration().created, vendors);
}

TEST_F(LogCommitTest, SeenUuidsAreForgottenAfterSevenDays) {
  LogCommit page = commit("n1");
  page.seen_uuids = {kUuid};
  put(page);
  clock_.advance(days(7) - minutes(1));
  put(commit("n2"));
  EXPECT_THAT(seen({kUuid}), ElementsAre(true));
  clock_.advance(hours(2));
  put(commit("n3"));
  EXPECT_THAT(seen({kUuid}), ElementsAre(false));
}

TEST_F(LogCommitTest, FailuresAreKeptThirtyDaysAndShownNewestFirst) {
  LogCommit page = commit("n1");
  for (int i = 0; i < 3; ++i) {
    page.failures.push_back({.time = clock_.now() + days(10) * i,
                             .operation = "update",
                             .reason = "other",
                             .text = std::to_string(i),
                             .okta_user_id = "",
                             .verdict = ""});
  }
  put(page);
  const auto texts = [&](std::size_t limit) {
    std::vector<std::string> found;
    const auto failures = store_->failures(id_, limit);
    for (const Failure& failure : *failures) {
      found.push_back(failure.text);
    }
    return found;
  };
  EXPECT_THAT(texts(100), ElementsAre("2", "1", "0"));
  EXPECT_THAT(texts(2), ElementsAre("2", "1"));
  clock_.advance(days(31));
  put(commit("n2"));
  EXPECT_THAT(texts(100), ElementsAre("2", "1"));
}

TEST_F(LogCommitTest, AnUnknownIntegrationChangesNothing) {
  LogCommit page = commit("n1");
  page.increments = {{kTasks, 1}};
  const auto done = store_->commit_log(id_ + 1, page);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().error_class, ErrorClass::storage);
  EXPECT_THAT(done.error().message, HasSubstr(file().string()));
  EXPECT_THAT(*store_->counters(id_), IsEmpty());
}

TEST_F(LogCommitTest, ACommitThatTheDiskRefusesChangesNothingAndTheNextOneWorks) {
  LogCommit page = commit("n1");
  page.increments = {{kTasks, 1}};
  put(page);

  // A limit on the size of files is a disk that is full, for this process.
  rlimit unlimited{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit full = unlimited;
  full.rlim_cur = std::filesystem::file_size(file().string() + "-wal");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  LogCommit large = commit("n2");
  large.increments = {{kTasks, 1}};
  for (int i = 0; i < 20'000; ++i) {
    large.seen_uuids.push_back("event " + std::to_string(i));
  }
  const auto refused = store_->commit_log(id_, large);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
  std::signal(SIGXFSZ, previous);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::storage);
  EXPECT_EQ((*store_->log_cursor(id_))->next_url, "n1");
  EXPECT_EQ(counter(kTasks.metric, "create"), 1);
  EXPECT_THAT(seen({"event 0"}), ElementsAre(false));
  put(large);
  EXPECT_EQ(counter(kTasks.metric, "create"), 2);
  EXPECT_THAT(seen({"event 0"}), ElementsAre(true));
}

TEST_F(LogCommitTest, ResettingTheCountersKeepsCursorTasksAndLedger) {
  LogCommit page = commit("n1");
  page.increments = {{kTasks, 7}};
  page.tasks = {{"t", "open"}};
  put(page);
  open(true);
  EXPECT_THAT(*store_->counters(id_), ElementsAre(Pair(kTasks, 0)));
  EXPECT_EQ((*store_->log_cursor(id_))->next_url, "n1");
  EXPECT_THAT(*store_->task_rows(id_), ElementsAre(Pair("t", "open")));
}

TEST_F(LogCommitTest, SampleSuccessesAreKeptPerSampler) {
  ASSERT_TRUE(store_->set_sample_success(id_, "system_log", clock_.now()));
  clock_.advance(minutes(1));
  ASSERT_TRUE(store_->set_sample_success(id_, "system_log", clock_.now()));
  ASSERT_TRUE(store_->set_sample_success(id_, "users", clock_.now() - minutes(3)));
  open();
  EXPECT_THAT(*store_->sample_successes(id_),
              ElementsAre(Pair("system_log", clock_.now()), Pair("users", clock_.now() - minutes(3))));
}

TEST_F(LogCommitTest, IntegrationsDoNotSeeEachOther) {
  const IntegrationState other = open_integration("sandbox");
  EXPECT_NE(other.id, id_);
  LogCommit page = commit("n1");
  page.seen_uuids = {kUuid};
  page.increments = {{kTasks, 1}};
  put(page);
  EXPECT_EQ(store_->log_cursor(other.id)->has_value(), false);
  EXPECT_THAT(*store_->counters(other.id), IsEmpty());
  EXPECT_THAT(*store_->seen(other.id, {kUuid}), ElementsAre(false));
}

TEST_F(LogCommitTest, AnotherFingerprintStartsFreshAndSaysSo) {
  const IntegrationId sandbox = open_integration("sandbox").id;
  LogCommit page = commit("n1");
  page.increments = {{kTasks, 1}};
  put(page);
  ASSERT_TRUE(store_->commit_log(sandbox, page));
  clock_.advance(hours(1));

  const IntegrationState state = open_integration(
      "production",
      {.okta_host = "acme.okta.com", .app_id = "0oa2", .servicenow_host = "acme.service-now.com"});
  EXPECT_TRUE(state.fresh);
  EXPECT_EQ(state.created, clock_.now());
  EXPECT_EQ(store_->log_cursor(state.id)->has_value(), false);
  EXPECT_THAT(*store_->counters(state.id), IsEmpty());
  EXPECT_THAT(*store_->counters(sandbox), ElementsAre(Pair(kTasks, 1)));
  EXPECT_EQ(log_.count(LogLevel::warn), 1U);
  EXPECT_THAT(log_.text(), HasSubstr("integration=production"));
}

TEST_F(LogCommitTest, TheSameFingerprintFindsItsStateWithItsAge) {
  const SystemTime created = clock_.now();
  clock_.advance(hours(1));
  open();
  const IntegrationState state = open_integration();
  EXPECT_FALSE(state.fresh);
  EXPECT_EQ(state.created, created);
}

TEST_F(LogCommitTest, ThreadsMayUseOneStoreTogether) {
  constexpr int kCommits = 50;
  const auto work = [&](const std::string& sampler) {
    LogCommit page = commit("n");
    page.increments = {{kTasks, 1}};
    for (int i = 0; i < kCommits; ++i) {
      EXPECT_TRUE(store_->commit_log(id_, page));
      EXPECT_TRUE(store_->set_sample_success(id_, sampler, clock_.now()));
      EXPECT_TRUE(store_->counters(id_));
      EXPECT_GT(store_->size_bytes(), 0U);
    }
  };
  {
    const std::jthread first(work, "a");
    const std::jthread second(work, "b");
  }
  EXPECT_EQ(counter(kTasks.metric, "create"), 2 * kCommits);
}

}  // namespace
}  // namespace exporter::storage
