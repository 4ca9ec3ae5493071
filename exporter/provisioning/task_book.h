// Provisioning tasks out of System Log events: one failed push writes several events, in any order, over
// several pages.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "okta/records.h"
#include "provisioning/classifier.h"
#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

// One thing to count. A closed task yields one; a failure that arrives within 10 minutes of the closing of a
// task without one yields a second outcome with late_failure set, which adds the failure and no attempt.
struct TaskOutcome {
  Operation operation = Operation::other;
  bool attempt =
      true;  // adds one to okta_provisioning_tasks_total, where attempts of the operation are logged
  bool failed = false;  // adds one to okta_provisioning_task_failures_total
  bool late_failure = false;
  Reason reason = Reason::other;  // of the most specific failure, the earliest among equals
  std::optional<Denial> denial;   // of a failure whose text is an ACL refusal
  std::string text;               // that failure's outcome.reason, as Okta wrote it; may be empty
  std::string user_id;            // 00u…; empty for groups and connections
  SystemTime first_event;         // published of the task's first and last event
  SystemTime last_event;
};

// Not thread-safe: one sampler owns it. Knows nothing of uuids: the caller drops events whose uuid it has
// seen. The classifier must outlive it.
//
// Events of one key (transaction, user or else app user, group, app instance, operation) are one task as long
// as each is published less than task_settle after the one before it, and less than five times task_settle
// after the first. All of this is counted in the events' own time, so that neither their order nor the pages
// that bring them change a count. What comes later on a key that has closed: an attempt starts a new task; a
// failure within 10 minutes of the closing is added where none was counted and dropped where one was, after
// that it is a new task; a success says nothing new.
//
// When storing fails, the book is ahead of its rows: build a new one from them.
class TaskBook {
 public:
  struct Options {
    std::string app_id;
    std::chrono::milliseconds task_settle{60'000};
    // Bounds on memory; beyond them the oldest open tasks close early and the oldest closed keys are
    // forgotten.
    std::size_t max_open_events = 100'000;
    std::size_t max_closed_keys = 100'000;
  };
  TaskBook(Options options, const Classifier& classifier);
  TaskBook(TaskBook&&) noexcept;
  TaskBook& operator=(TaskBook&&) noexcept;
  ~TaskBook();

  // What became of one event: counted (it opened a task), correlated (it joined one), ignored.
  Disposition add(const okta::LogEvent& event);

  // The tasks that are over, in the order of their first events. server_date is the Date of the last answer,
  // reached_end says that it was the log's end. A task closes when the end was reached and server_date is
  // task_settle past its last event, and in any case five times task_settle after its first. Short of the
  // end, that "after" is counted in the log's time (the newest `published` seen): while a backlog is read,
  // server_date is hours ahead of the events.
  std::vector<TaskOutcome> close(SystemTime server_date, bool reached_end);

  // Open tasks and closed keys (24 h) as opaque rows for storage: what changed since the last call, nullopt =
  // removed. Keys and rows are text without NUL bytes, except for such in a reason's own text.
  std::vector<std::pair<std::string, std::optional<std::string>>> take_changes();
  // A row that take_changes() gave. Unreadable rows are an error (storage): they were written by something
  // else.
  Result<void> restore(const std::string& key, const std::string& row);

  std::size_t open_tasks() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace exporter::provisioning
