// Which tasks the events of one transaction and subject make: a function of the set of events alone, whatever
// order and pages they came in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/clock.h"
#include "provisioning/task_rows.h"
#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

// How long after a task's closing a failure still belongs to it.
inline constexpr std::chrono::minutes kLateFailure{10};

struct TaskTimes {
  std::chrono::milliseconds settle;
  // At most so long is a task open.
  std::chrono::milliseconds longest() const { return 5 * settle; }
  SystemTime closing(SystemTime first, SystemTime last) const {
    return std::min(last + settle, first + longest());
  }
};

enum class Verdict : std::uint8_t {
  new_task,
  late_failure,  // to be added to an earlier task, which counted none
  nothing_new,   // belongs to an earlier task and changes nothing about it
};

inline constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

struct PlannedTask {
  Verdict verdict = Verdict::new_task;
  Operation operation = Operation::other;
  SystemTime first;
  SystemTime last;
  std::vector<std::size_t> events;  // indices into TaskBundle::events, ascending
  std::size_t failure = kNone;      // of these, the one that tells the task's reason
  // The earlier task: an index into TaskBundle::closed; kNone for a new task, and while the earlier one is
  // still open.
  std::size_t owner = kNone;
  bool inside = false;  // it lies within the time of its owner and may lengthen it
};

// In the order of their first events. bundle.events must be in the order of before().
std::vector<PlannedTask> plan_tasks(const TaskBundle& bundle, TaskTimes times);

}  // namespace exporter::provisioning
