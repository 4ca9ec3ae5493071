// Any order and any paging of the same events gives the same counts, restarts in between included.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "provisioning/task_book.h"

namespace exporter::provisioning {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

const SystemTime kOrigin = *parse_iso8601("2026-11-23T12:00:00Z");
constexpr milliseconds kSettle = 60s;

// What the counters would say; reasons and tables included.
struct Counts {
  std::map<Operation, int> tasks;
  std::map<std::pair<Operation, Reason>, int> failures;
  std::map<std::tuple<std::string, AclOperation>, int> denials;
  std::multiset<std::string> failed_users;

  void add(const std::vector<TaskOutcome>& outcomes) {
    for (const TaskOutcome& outcome : outcomes) {
      if (outcome.attempt) ++tasks[outcome.operation];
      if (outcome.failed) {
        ++failures[{outcome.operation, outcome.reason}];
        failed_users.insert(outcome.user_id + " " + outcome.text);
      }
      if (outcome.denial) ++denials[{outcome.denial->table, outcome.denial->operation}];
    }
  }
  int failures_of(Operation operation) const {
    int sum = 0;
    for (const auto& [key, count] : failures) sum += key.first == operation ? count : 0;
    return sum;
  }
  friend bool operator==(const Counts&, const Counts&) = default;
};

std::ostream& operator<<(std::ostream& out, const Counts& counts) {
  for (const auto& [operation, count] : counts.tasks) out << to_string(operation) << "=" << count << " ";
  for (const auto& [key, count] : counts.failures) {
    out << to_string(key.first) << "/" << to_string(key.second) << "=" << count << " ";
  }
  for (const auto& [key, count] : counts.denials) {
    out << std::get<0>(key) << "/" << to_string(std::get<1>(key)) << "=" << count << " ";
  }
  return out;
}

struct Kind {
  const char* type;
  const char* legacy;
  const char* result;
};
constexpr Kind kKinds[] = {
    {"application.provision.user.push", "app.user_management.push_new_user", "SUCCESS"},
    {"application.provision.user.push", "app.api.error.create_user", "FAILURE"},
    {"app.user_management.push_new_user_success", "", "SUCCESS"},
    {"application.provision.user.push_profile", "app.user_management.push_profile_update", "SUCCESS"},
    {"application.provision.user.push_profile", "app.user_management.push_profile_failure", "FAILURE"},
    {"application.provision.user.push_profile", "app.user_management.push_profile_success", "SUCCESS"},
    {"application.provision.user.push_profile", "app.api.error.manager.not_found_for_user", "FAILURE"},
    {"application.provision.user.deactivate", "", "SUCCESS"},
    {"application.provision.user.sync", "app.user_management.provision_user", "SUCCESS"},
    {"application.provision.user.sync", "app.user_management.provision_user_failed", "FAILURE"},
    {"application.provision.user.verify_exists", "app.api.error.check_user_exists", "SUCCESS"},
    {"application.provision.user.verify_exists", "app.user_management.verified_user_with_thirdparty",
     "SUCCESS"},
    {"application.integration.general_failure", "", "SUCCESS"},
    {"application.integration.rate_limit_exceeded", "app.api.error.rate.limit.exceeded", "SUCCESS"},
    {"application.provision.group_push.pushed", "", "SUCCESS"},
    {"application.provision.user.delete.schedule", "", "SUCCESS"},
    {"application.provision.integration.call_api", "", "FAILURE"},
};
constexpr const char* kTexts[] = {
    "",
    "404. No Record found. Record doesn't exist or ACL restricts the record retrieval",
    "403. Operation Failed. ACL Exception Insert Failed due to security constraints",
    "Operation against file 'sys_user' was aborted by Business Rule 'x^1'",
    "Something new",
    "503. Operation Failed.",
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  // Events of a few transactions and users, bunched as pushes are, over `span`.
  std::vector<okta::LogEvent> events(milliseconds span) {
    std::vector<okta::LogEvent> made(1 + below(25));
    for (auto& event : made) {
      const Kind& kind = kKinds[below(std::size(kKinds))];
      event.event_type = kind.type;
      event.legacy_event_type = kind.legacy;
      event.outcome_result = kind.result;
      event.outcome_reason = kTexts[below(std::size(kTexts))];
      // Coarse times, so that some are equal and some lie exactly on a bound.
      const milliseconds coarse =
          kSettle / 2 * static_cast<int>(below(static_cast<std::size_t>(span / (kSettle / 2))));
      event.published =
          kOrigin + (below(3) == 0 ? coarse : milliseconds(below(static_cast<std::size_t>(span.count()))));
      event.transaction_id = below(8) == 0 ? "" : "gam" + std::to_string(below(2));
      if (below(4) != 0) event.user_id = "00u" + std::to_string(below(2));
      if (event.user_id.empty() && below(2) == 0) event.app_user_id = "0ua1";
      if (below(10) == 0) event.group_id = "00g1";
      event.app_instance_ids = {below(20) == 0 ? "0oa2" : "0oa1"};
      event.uuid = std::to_string(next_uuid_++);
    }
    in_order(made);
    return made;
  }

  static void in_order(std::vector<okta::LogEvent>& events) {
    std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
      return std::tie(a.published, a.uuid) < std::tie(b.published, b.uuid);
    });
  }
  void shuffle(std::vector<okta::LogEvent>& events) { std::shuffle(events.begin(), events.end(), random_); }

 private:
  std::mt19937 random_;
  int next_uuid_ = 0;
};

// A book whose rows are stored, and which may be killed and started again at any moment.
class Process {
 public:
  Process(const Classifier& classifier, milliseconds settle = kSettle)
      : classifier_(classifier),
        settle_(settle),
        book_({.app_id = "0oa1", .task_settle = settle}, classifier) {}

  void add(const okta::LogEvent& event) { book_.add(event); }
  void close(SystemTime date, bool reached_end) {
    counts.add(book_.close(date, reached_end));
    for (auto& [key, row] : book_.take_changes()) {
      if (row) {
        rows_[key] = *row;
      } else {
        rows_.erase(key);
      }
    }
  }
  void restart() {
    book_ = TaskBook({.app_id = "0oa1", .task_settle = settle_}, classifier_);
    for (const auto& [key, row] : rows_) ASSERT_TRUE(book_.restore(key, row).has_value()) << row;
  }

  Counts counts;

 private:
  const Classifier& classifier_;
  milliseconds settle_;
  TaskBook book_;
  std::map<std::string, std::string> rows_;
};

class TaskBookProperty : public ::testing::Test {
 protected:
  // In order, one page, closed when all is long over.
  Counts truth(const std::vector<okta::LogEvent>& events) {
    Process process(classifier);
    for (const auto& event : events) process.add(event);
    process.close(kOrigin + 12h, true);
    return process.counts;
  }
  static void expect_failures_within_tasks(const Counts& counts) {
    for (std::size_t i = 0; i < std::size(kOperations); ++i) {
      const auto operation = static_cast<Operation>(i);
      if (!attempts_are_logged(operation)) continue;
      const auto tasks = counts.tasks.find(operation);
      EXPECT_LE(counts.failures_of(operation), tasks == counts.tasks.end() ? 0 : tasks->second)
          << to_string(operation);
    }
  }

  Classifier classifier = *Classifier::make({});
};

TEST_F(TaskBookProperty, ABacklogInAnyOrderPagesAndRestartsGivesTheSameCounts) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Generator random(seed);
    // Within the time that any task may stay open, events may come in any order at all.
    auto events = random.events(5 * kSettle);
    const Counts expected = truth(events);
    expect_failures_within_tasks(expected);
    for (int round = 0; round < 3; ++round) {
      random.shuffle(events);
      Process process(classifier);
      for (const auto& event : events) {
        process.add(event);
        if (random.below(4) == 0) process.close(kOrigin + 5h, false);
        if (random.below(8) == 0) {
          process.close(kOrigin + 5h, false);
          process.restart();
        }
      }
      process.close(kOrigin + 12h, true);
      ASSERT_EQ(process.counts, expected) << "seed " << seed;
    }
  }
}

TEST_F(TaskBookProperty, PollingAsEventsHappenGivesTheSameCountsAsReadingThemAtOnce) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Generator random(seed);
    auto events = random.events(40min);
    const Counts expected = truth(events);
    Process process(classifier);
    std::size_t next = 0;
    for (SystemTime now = kOrigin; now < kOrigin + 1h;) {
      now += milliseconds(1 + random.below(90'000));
      std::vector<okta::LogEvent> page;
      while (next < events.size() && events[next].published <= now) page.push_back(events[next++]);
      random.shuffle(page);
      for (std::size_t i = 0; i < page.size(); ++i) {
        process.add(page[i]);
        // A page that is not the last: its Date says as little as it does in a backlog.
        if (random.below(5) == 0) process.close(now, false);
      }
      process.close(now, true);
      if (random.below(10) == 0) process.restart();
    }
    process.close(kOrigin + 12h, true);
    ASSERT_EQ(process.counts, expected) << "seed " << seed;
  }
}

TEST_F(TaskBookProperty, ALongBacklogInOrderGivesTheSameCountsWhateverItsPages) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Generator random(seed);
    const auto events = random.events(3h);
    const Counts expected = truth(events);
    Process process(classifier);
    for (const auto& event : events) {
      process.add(event);
      if (random.below(3) == 0) process.close(kOrigin + 12h, false);
      if (random.below(10) == 0) {
        process.close(kOrigin + 12h, false);
        process.restart();
      }
    }
    process.close(kOrigin + 12h, true);
    ASSERT_EQ(process.counts, expected) << "seed " << seed;
  }
}

// Okta promises no bound on how late an event is persisted. Then a reason may have been told already, but
// never is a task counted twice or a failure lost.
TEST_F(TaskBookProperty, AFailureThatIsPersistedLateIsNeitherLostNorCountedTwice) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Generator random(seed);
    std::vector<okta::LogEvent> events;
    std::vector<SystemTime> persisted;
    const std::size_t users = 1 + random.below(5);
    for (std::size_t user = 0; user < users; ++user) {
      const SystemTime at = kOrigin + milliseconds(random.below(600'000));
      for (std::size_t i = 0; i < 1 + random.below(4); ++i) {
        okta::LogEvent event;
        event.event_type = "application.provision.user.push";
        event.outcome_result = i == 0 ? "SUCCESS" : "FAILURE";
        event.outcome_reason = i == 0 ? "" : kTexts[1];
        event.published = at + milliseconds(random.below(20'000));
        event.user_id = "00u" + std::to_string(user);
        event.transaction_id = "gam1";
        event.app_instance_ids = {"0oa1"};
        events.push_back(event);
        persisted.push_back(event.published +
                            milliseconds(random.below(3) == 0 ? random.below(1'800'000) : 0));
      }
    }
    const Counts expected = truth(events);
    Process process(classifier);
    for (SystemTime before = kOrigin - 1ms, now = kOrigin; now < kOrigin + 2h; before = now) {
      now = before + milliseconds(1 + random.below(60'000));
      for (std::size_t i = 0; i < events.size(); ++i) {
        if (persisted[i] > before && persisted[i] <= now) process.add(events[i]);
      }
      process.close(now, true);
      if (random.below(20) == 0) process.restart();
    }
    ASSERT_EQ(process.counts.tasks, expected.tasks) << "seed " << seed;
    ASSERT_EQ(process.counts.failures, expected.failures) << "seed " << seed;
    expect_failures_within_tasks(process.counts);
  }
}

TEST_F(TaskBookProperty, FailuresNeverExceedTasksEvenIfEventsComeArbitrarilyLate) {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Generator random(seed);
    auto events = random.events(2h);
    random.shuffle(events);
    Process process(classifier);
    SystemTime now = kOrigin;
    for (const auto& event : events) {
      now += milliseconds(random.below(600'000));
      process.add(event);
      process.close(now, random.below(2) == 0);
      if (random.below(10) == 0) process.restart();
      expect_failures_within_tasks(process.counts);
    }
    process.close(now + 12h, true);
    expect_failures_within_tasks(process.counts);
  }
}

}  // namespace
}  // namespace exporter::provisioning
