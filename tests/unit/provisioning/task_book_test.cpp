#include "provisioning/task_book.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::provisioning {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kPush = "application.provision.user.push";
constexpr const char* kProfile = "application.provision.user.push_profile";
constexpr const char* kSync = "application.provision.user.sync";
constexpr const char* kVerify = "application.provision.user.verify_exists";
constexpr const char* kGeneralFailure = "application.integration.general_failure";
constexpr const char* kNotFound =
    "404. No Record found. Record doesn't exist or ACL restricts the record retrieval";
constexpr const char* kAclInsert =
    "403. Operation Failed. ACL Exception Insert Failed due to security constraints";

const SystemTime kStart = *parse_iso8601("2026-11-23T12:00:00Z");

okta::LogEvent event(std::string_view type, std::chrono::milliseconds at = 0ms) {
  okta::LogEvent made;
  made.event_type = type;
  made.published = kStart + at;
  made.outcome_result = "SUCCESS";
  made.transaction_id = "gam1";
  made.user_id = "00u1";
  made.app_user_id = "0ua1";
  made.app_instance_ids = {"0oa1"};
  return made;
}
okta::LogEvent failure(std::string_view type, std::string_view reason, std::chrono::milliseconds at = 0ms) {
  auto made = event(type, at);
  made.outcome_result = "FAILURE";
  made.outcome_reason = reason;
  return made;
}

class TaskBookTest : public ::testing::Test {
 protected:
  std::vector<TaskOutcome> close(std::chrono::milliseconds at, bool reached_end = true) {
    return book.close(kStart + at, reached_end);
  }
  // All of it in one page, closed a day later.
  std::vector<TaskOutcome> outcomes(const std::vector<okta::LogEvent>& events) {
    for (const auto& one : events) book.add(one);
    return close(20h);
  }

  Classifier classifier = *Classifier::make({});
  TaskBook book{{.app_id = "0oa1"}, classifier};
};

TEST_F(TaskBookTest, OneFailedPushOfSeveralEventsIsOneTask) {
  EXPECT_EQ(book.add(event(kProfile)), Disposition::counted);
  auto error = failure(kProfile, kNotFound, 400ms);
  error.legacy_event_type = "app.api.error.push_profile_update";
  EXPECT_EQ(book.add(error), Disposition::correlated);
  EXPECT_EQ(book.add(failure(kProfile, "", 500ms)), Disposition::correlated);
  EXPECT_EQ(book.add(failure(kSync, "", 600ms)), Disposition::correlated);
  EXPECT_EQ(book.open_tasks(), 1u);
  const auto closed = close(2min);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].operation, Operation::update);
  EXPECT_TRUE(closed[0].attempt);
  EXPECT_TRUE(closed[0].failed);
  EXPECT_FALSE(closed[0].late_failure);
  EXPECT_EQ(closed[0].reason, Reason::record_not_found_or_hidden);
  EXPECT_EQ(closed[0].text, kNotFound);
  EXPECT_EQ(closed[0].user_id, "00u1");
  EXPECT_EQ(closed[0].first_event, kStart);
  EXPECT_EQ(closed[0].last_event, kStart + 600ms);
  EXPECT_FALSE(closed[0].denial.has_value());
  EXPECT_EQ(book.open_tasks(), 0u);
}

TEST_F(TaskBookTest, EventsThatAreNoTaskAreIgnored) {
  auto other_app = event(kPush);
  other_app.app_instance_ids = {"0oa2"};
  auto no_app = event(kPush);
  no_app.app_instance_ids.clear();
  auto skipped = event(kPush);
  skipped.outcome_result = "SKIPPED";
  for (const auto& one :
       {other_app, no_app, skipped, event("application.provision.user.delete.schedule"),
        event("application.provision.integration.call_api"), event("application.user_membership.add")}) {
    EXPECT_EQ(book.add(one), Disposition::ignored) << one.event_type;
  }
  EXPECT_TRUE(close(1h).empty());
  EXPECT_TRUE(book.take_changes().empty());
}

TEST_F(TaskBookTest, ANoteBelongsToItsTaskAndNeverFailsIt) {
  book.add(event(kProfile));
  auto note = failure(kProfile, "manager not found", 1s);
  note.legacy_event_type = "app.api.error.manager.not_found_for_user";
  EXPECT_EQ(book.add(note), Disposition::correlated);
  const auto closed = close(2min);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_FALSE(closed[0].failed);
}

TEST_F(TaskBookTest, TheAppMayBeAnyOfTheTargets) {
  auto one = event(kPush);
  one.app_instance_ids = {"0oa9", "0oa1"};
  EXPECT_EQ(book.add(one), Disposition::counted);
}

TEST_F(TaskBookTest, ATaskIsOverWhenTheEndIsSettledPastItsLastEvent) {
  book.add(event(kPush));
  book.add(event("app.user_management.push_new_user_success", 30s));
  EXPECT_TRUE(close(89s).empty());
  EXPECT_TRUE(close(90s, false).empty());
  EXPECT_EQ(close(90s).size(), 1u);
  EXPECT_TRUE(close(1h).empty());
}

TEST_F(TaskBookTest, InAnyCaseItIsOverAfterFiveTimesThat) {
  for (int i = 0; i < 11; ++i) book.add(event(kProfile, i * 30s));
  // The last event came at 300 s and is a task of its own by then: the first had its five minutes.
  EXPECT_EQ(close(300s).size(), 1u);
  EXPECT_EQ(close(360s).size(), 1u);
}

TEST_F(TaskBookTest, WhileABacklogIsReadTheLogsOwnTimeCounts) {
  book.add(event(kProfile));
  // Now is hours later, the failure stands on the next page.
  EXPECT_TRUE(close(10h, false).empty());
  book.add(failure(kProfile, kNotFound, 2s));
  auto later = event(kPush, 299s);
  later.user_id = "00u2";
  book.add(later);
  EXPECT_TRUE(close(10h, false).empty());
  auto past = event(kPush, 300s);
  past.user_id = "00u3";
  book.add(past);
  const auto closed = close(10h, false);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_TRUE(closed[0].failed);
}

TEST_F(TaskBookTest, TransactionsSubjectsAndOperationsAreTasksOfTheirOwn) {
  std::vector<okta::LogEvent> events(8, event(kPush));
  events[1].transaction_id = "gam2";
  events[2].user_id = "00u2";
  events[3].user_id = "";  // the app user is the subject then
  events[4].user_id = "", events[4].app_user_id = "0ua2";
  events[5].event_type = kProfile;
  events[6].group_id = "00g1";
  events[7].app_user_id = "0ua9";  // the same user
  EXPECT_EQ(outcomes(events).size(), 7u);
}

TEST_F(TaskBookTest, AFailureWithoutAnAttemptEventIsAnAttemptToo) {
  const auto closed = outcomes({failure(kPush, kAclInsert)});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_TRUE(closed[0].attempt);
  EXPECT_TRUE(closed[0].failed);
  ASSERT_TRUE(closed[0].denial.has_value());
  EXPECT_EQ(closed[0].denial->table, "sys_user");
  EXPECT_EQ(closed[0].denial->operation, AclOperation::create);
}

TEST_F(TaskBookTest, ASuccessDoesNotTakeAFailureBack) {
  const auto closed = outcomes(
      {event(kPush), failure(kPush, kNotFound, 1s), event("app.user_management.push_new_user_success", 2s)});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_TRUE(closed[0].failed);
}

TEST_F(TaskBookTest, TheMostSpecificFailureTellsTheReasonAndTheEarliestAmongEquals) {
  const auto closed =
      outcomes({failure(kProfile, "", 1s), failure(kProfile, kNotFound, 2s),
                failure(kProfile, "No user returned for user a", 3s), failure(kProfile, "429. slow", 4s)});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].reason, Reason::record_not_found_or_hidden);
  EXPECT_EQ(closed[0].text, kNotFound);
}

TEST_F(TaskBookTest, AmongFailuresThatNameNoCauseOneWithATextIsShown) {
  const auto closed = outcomes({failure(kProfile, "", 1s), failure(kProfile, "Etwas ging schief", 2s)});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].reason, Reason::other);
  EXPECT_EQ(closed[0].text, "Etwas ging schief");
}

TEST_F(TaskBookTest, WhatAttachesJoinsTheNewestTaskOfItsTransactionAndSubject) {
  const auto closed = outcomes({event(kPush), event(kProfile, 10s),
                                failure(kVerify, "More than one user was found for ID: x", 15s),
                                failure(kGeneralFailure, kAclInsert, 5s)});
  ASSERT_EQ(closed.size(), 2u);
  EXPECT_EQ(closed[0].operation, Operation::create);
  EXPECT_EQ(closed[0].reason, Reason::acl_denied);
  EXPECT_EQ(closed[1].operation, Operation::update);
  EXPECT_EQ(closed[1].reason, Reason::ambiguous_match);
}

TEST_F(TaskBookTest, WhatAttachesWaitsForATaskThatComesAfterIt) {
  EXPECT_EQ(book.add(failure(kVerify, kNotFound)), Disposition::counted);
  EXPECT_EQ(book.add(event(kPush, 20s)), Disposition::correlated);
  const auto closed = close(2min);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].operation, Operation::create);
  EXPECT_TRUE(closed[0].failed);
  EXPECT_EQ(closed[0].first_event, kStart);
}

TEST_F(TaskBookTest, AloneTheyAreUpdateVerifyAndConnection) {
  struct {
    const char* type;
    Operation operation;
  } const cases[] = {
      {kSync, Operation::update}, {kVerify, Operation::verify}, {kGeneralFailure, Operation::connection}};
  for (const auto& [type, operation] : cases) {
    TaskBook alone({.app_id = "0oa1"}, classifier);
    alone.add(failure(type, kAclInsert));
    const auto closed = alone.close(kStart + 1h, true);
    ASSERT_EQ(closed.size(), 1u);
    EXPECT_EQ(to_string(closed[0].operation), to_string(operation));
    ASSERT_TRUE(closed[0].denial.has_value());
    EXPECT_EQ(closed[0].denial->table, operation == Operation::connection ? "other" : "sys_user");
  }
}

TEST_F(TaskBookTest, AloneTogetherTheyAreOneTask) {
  const auto closed = outcomes({failure(kGeneralFailure, "", 0s), event(kVerify, 1s), event(kSync, 2s)});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].operation, Operation::update);
  EXPECT_TRUE(closed[0].failed);
}

TEST_F(TaskBookTest, AnotherSubjectOrTransactionIsNothingToAttachTo) {
  auto of_the_app = failure(kGeneralFailure, "", 1s);
  of_the_app.user_id = of_the_app.app_user_id = "";
  auto of_another_job = failure(kGeneralFailure, "", 1s);
  of_another_job.transaction_id = "gam2";
  const auto closed = outcomes({event(kPush), of_the_app, of_another_job});
  ASSERT_EQ(closed.size(), 3u);
  EXPECT_FALSE(closed[0].failed);
}

TEST_F(TaskBookTest, ADenialWithoutATableIsAboutTheTaskThatItAttachedTo) {
  auto push = event("application.provision.group_push.push_memberships");
  push.user_id = push.app_user_id = "";
  push.group_id = "00g1";
  auto refused = failure(kGeneralFailure, kAclInsert, 1s);
  refused.user_id = refused.app_user_id = "";
  refused.group_id = "00g1";
  const auto closed = outcomes({push, refused});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].operation, Operation::group_membership);
  ASSERT_TRUE(closed[0].denial.has_value());
  EXPECT_EQ(closed[0].denial->table, "sys_user_grmember");
  EXPECT_EQ(closed[0].user_id, "");
}

TEST_F(TaskBookTest, AFailureWithinTenMinutesOfTheClosingIsAddedOnce) {
  book.add(event(kPush));
  ASSERT_EQ(close(60s).size(), 1u);
  EXPECT_EQ(book.add(failure(kPush, kNotFound, 11min)), Disposition::correlated);
  const auto late = close(12min);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_TRUE(late[0].late_failure);
  EXPECT_FALSE(late[0].attempt);
  EXPECT_TRUE(late[0].failed);
  EXPECT_EQ(late[0].operation, Operation::create);
  EXPECT_EQ(late[0].reason, Reason::record_not_found_or_hidden);
  EXPECT_EQ(late[0].user_id, "00u1");
}

TEST_F(TaskBookTest, ASecondLateFailureAddsNothing) {
  book.add(event(kPush));
  ASSERT_EQ(close(60s).size(), 1u);
  book.add(failure(kPush, kNotFound, 5min));
  ASSERT_EQ(close(7min).size(), 1u);
  book.add(failure(kPush, kAclInsert, 8min));
  EXPECT_TRUE(close(10min).empty());
}

TEST_F(TaskBookTest, AFailureOfATaskThatFailedAlreadyIsNotCountedAgain) {
  book.add(failure(kPush, kNotFound));
  ASSERT_EQ(close(60s).size(), 1u);
  book.add(failure(kPush, kAclInsert, 2min));
  EXPECT_TRUE(close(5min).empty());
}

TEST_F(TaskBookTest, AFailureAfterTenMinutesIsANewTask) {
  book.add(event(kPush));
  ASSERT_EQ(close(60s).size(), 1u);
  book.add(failure(kPush, kNotFound, 11min + 1ms));
  const auto closed = close(13min);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_FALSE(closed[0].late_failure);
  EXPECT_TRUE(closed[0].attempt);
  EXPECT_TRUE(closed[0].failed);
}

TEST_F(TaskBookTest, ANewAttemptOnAClosedKeyIsANewTask) {
  book.add(failure(kPush, kNotFound));
  ASSERT_EQ(close(60s).size(), 1u);
  EXPECT_EQ(book.add(event(kPush, 60s)), Disposition::counted);
  const auto closed = close(3min);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_FALSE(closed[0].failed);
}

TEST_F(TaskBookTest, AnEventThatWasPersistedLateBelongsToItsClosedTask) {
  book.add(failure(kPush, kNotFound, 2s));
  ASSERT_EQ(close(62s).size(), 1u);
  EXPECT_EQ(book.add(event(kPush, 0s)), Disposition::correlated);
  EXPECT_EQ(book.add(event("app.user_management.push_new_user_success", 5s)), Disposition::correlated);
  EXPECT_TRUE(close(10min).empty());
}

TEST_F(TaskBookTest, ASuccessAfterTheClosingIsNoTask) {
  book.add(event(kPush));
  ASSERT_EQ(close(60s).size(), 1u);
  book.add(event("app.user_management.push_new_user_success", 2h));
  EXPECT_TRUE(close(3h).empty());
}

TEST_F(TaskBookTest, ALateConnectionFailureBelongsToTheTaskOfItsUser) {
  book.add(event(kPush));
  ASSERT_EQ(close(60s).size(), 1u);
  book.add(failure(kGeneralFailure, kAclInsert, 3min));
  const auto late = close(10min);
  ASSERT_EQ(late.size(), 1u);
  EXPECT_TRUE(late[0].late_failure);
  EXPECT_EQ(late[0].operation, Operation::create);
}

TEST_F(TaskBookTest, AClosedKeyIsForgottenAfterADay) {
  book.add(event(kPush));
  ASSERT_EQ(close(60s).size(), 1u);
  ASSERT_EQ(book.take_changes().size(), 1u);
  close(24h + 60s);
  EXPECT_TRUE(book.take_changes().empty());
  close(24h + 61s);
  const auto changes = book.take_changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(changes[0].second.has_value());
}

TEST_F(TaskBookTest, RowsBringABookBack) {
  book.add(event(kPush));
  auto odd = failure(kProfile, std::string("5:a\0\xFF 1 2 3:\n", 14), 1s);
  odd.user_id = "00u2";
  book.add(odd);
  auto third = event(kPush);
  third.user_id = "00u3";
  book.add(third);
  ASSERT_EQ(close(60s).size(), 2u);
  const auto changes = book.take_changes();
  EXPECT_EQ(changes.size(), 3u);
  EXPECT_TRUE(book.take_changes().empty());

  TaskBook copy({.app_id = "0oa1"}, classifier);
  for (const auto& [key, row] : changes) {
    ASSERT_TRUE(row.has_value());
    ASSERT_TRUE(copy.restore(key, *row).has_value());
  }
  EXPECT_TRUE(copy.take_changes().empty());
  EXPECT_EQ(copy.open_tasks(), 1u);
  for (TaskBook* each : {&book, &copy}) {
    each->add(failure(kPush, kNotFound, 90s));
    const auto closed = each->close(kStart + 5min, true);
    ASSERT_EQ(closed.size(), 2u);
    EXPECT_EQ(closed[0].user_id, "00u2");
    EXPECT_EQ(closed[0].text, odd.outcome_reason);
    EXPECT_TRUE(closed[1].late_failure);
  }
  EXPECT_THAT(copy.take_changes(), ::testing::UnorderedElementsAreArray(book.take_changes()));
}

TEST_F(TaskBookTest, ARowThatIsRestoredTwiceIsThereOnce) {
  book.add(event(kPush));
  const auto changes = book.take_changes();
  TaskBook copy({.app_id = "0oa1"}, classifier);
  ASSERT_TRUE(copy.restore(changes[0].first, *changes[0].second).has_value());
  ASSERT_TRUE(copy.restore(changes[0].first, *changes[0].second).has_value());
  EXPECT_EQ(copy.open_tasks(), 1u);
  EXPECT_EQ(copy.close(kStart + 1h, true).size(), 1u);
}

TEST_F(TaskBookTest, RowsOfSomethingElseAreAnError) {
  book.add(failure(kPush, kNotFound));
  auto other = event(kPush);
  other.user_id = "00u2";
  book.add(other);
  close(30s);
  book.add(event(kPush, 5min));
  const auto changes = book.take_changes();
  const std::string key = changes[0].first;
  const std::string row = *changes[0].second;
  std::vector<std::pair<std::string, std::string>> bad = {{"", row},
                                                          {"x", row},
                                                          {key + "0", row},
                                                          {std::string(32, 'G'), row},
                                                          {key, ""},
                                                          {key, row + " "},
                                                          {key, "2" + row.substr(1)},
                                                          {key, "x" + row},
                                                          {key, "1 0:0 0 "},
                                                          {key, "1 0:-1 0 "},
                                                          {key, "1 0:99999999999999999999 "},
                                                          {key, "1 0:4000000000 "},
                                                          {key, "1 99:a"},
                                                          {key, "1 0:1 13 0 0 0 0 "},
                                                          {key, "1 0:1 0 2 0 0 0 "},
                                                          {key, "1 0:0 1 0 5 0 0 0 0:"},
                                                          {key, "1 0:0 1 0 2 0 0 14 0:"},
                                                          {key, "1 0:0 2 0 2 0 0 0 0:"}};
  for (std::size_t length = 0; length < row.size(); ++length) bad.emplace_back(key, row.substr(0, length));
  for (const auto& [bad_key, bad_row] : bad) {
    TaskBook copy({.app_id = "0oa1"}, classifier);
    const auto restored = copy.restore(bad_key, bad_row);
    ASSERT_FALSE(restored.has_value()) << bad_key << " / " << bad_row;
    EXPECT_EQ(restored.error().error_class, ErrorClass::storage);
    EXPECT_THAT(restored.error().message, HasSubstr("storage"));
    EXPECT_EQ(copy.open_tasks(), 0u);
  }
}

TEST_F(TaskBookTest, ALongTextIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "\xE2\x82\xAC";
  const auto closed = outcomes({failure(kPush, text)});
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].text.size(), 1020u);
}

TEST_F(TaskBookTest, OutcomesComeInTheOrderOfTheirFirstEvents) {
  for (int i : {3, 1, 4, 0, 2}) {
    auto one = event(kPush, i * 1s);
    one.user_id = "00u" + std::to_string(i);
    book.add(one);
  }
  const auto closed = close(10min);
  ASSERT_EQ(closed.size(), 5u);
  for (std::size_t i = 0; i < closed.size(); ++i) EXPECT_EQ(closed[i].user_id, "00u" + std::to_string(i));
}

TEST_F(TaskBookTest, MemoryIsBounded) {
  TaskBook small({.app_id = "0oa1", .max_open_events = 100, .max_closed_keys = 50}, classifier);
  std::size_t closed = 0;
  std::size_t rows = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto one = event(kPush, i * 1ms);
    one.user_id = "00u" + std::to_string(i);
    small.add(one);
    if (i % 10 == 9) {
      closed += small.close(kStart + 1s, true).size();
      EXPECT_LE(small.open_tasks(), 100u);
      for (const auto& [key, row] : small.take_changes()) {
        if (row) ++rows;
      }
    }
  }
  closed += small.close(kStart + 1h, true).size();
  EXPECT_EQ(closed, 1'000u);
  EXPECT_GE(rows, 1'000u);
}

TEST_F(TaskBookTest, AStormWithoutTransactionsIsManageable) {
  for (int i = 0; i < 20'000; ++i) {
    auto one = failure(kGeneralFailure, "", i * 10ms);
    one.transaction_id = one.user_id = one.app_user_id = "";
    book.add(one);
    if (i % 1'000 == 999) close(i * 10ms);
  }
  const auto closed = close(1h);
  EXPECT_LE(closed.size(), 1u);
}

TEST_F(TaskBookTest, AMovedBookGoesOn) {
  book.add(event(kPush));
  TaskBook moved = std::move(book);
  EXPECT_EQ(moved.open_tasks(), 1u);
  EXPECT_EQ(moved.close(kStart + 1h, true).size(), 1u);
}

}  // namespace
}  // namespace exporter::provisioning
