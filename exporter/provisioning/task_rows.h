// The events and closed tasks of one transaction and subject, and their form in storage.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "provisioning/event_role.h"
#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

// An event of a task that is still open.
struct TaskEvent {
  SystemTime at;                        // published
  EventRole role = EventRole::attempt;  // attempt, success or failure
  EventOperation operation;
  Reason reason = Reason::other;  // of a failure
  std::string text;               // of a failure: outcome.reason
  friend bool operator==(const TaskEvent&, const TaskEvent&);
};

// A task that was counted.
struct ClosedTask {
  Operation operation = Operation::other;
  bool failed = false;  // a failure of it was counted
  SystemTime first;
  SystemTime last;
  friend bool operator==(const ClosedTask&, const ClosedTask&) = default;
};

// All of one transaction and subject.
struct TaskBundle {
  std::string user_id;
  std::vector<TaskEvent> events;   // by time, then by the rest of their fields
  std::vector<ClosedTask> closed;  // by first event
  std::size_t open_tasks = 0;      // what `events` make; not stored
};

// The order of TaskBundle::events: complete, so that equal sets of events are equal lists.
bool before(const TaskEvent& a, const TaskEvent& b);

// "1 …": the format's version, then decimal numbers, each followed by a space, and texts as <length>:<bytes>.
std::string write_row(const TaskBundle& bundle);
// nullopt where the text is not one of write_row().
std::optional<TaskBundle> read_row(std::string_view text);

}  // namespace exporter::provisioning
