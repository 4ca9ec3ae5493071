// Provisioning tasks: the events that Okta writes about one, and what the task truly was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/event_log.h"
#include "simulator/world.h"

namespace simulator {

struct FailureText {
  std::string_view reason;
  std::string_view text;        // {login}, {name}, {external} are filled in
  std::string_view operations;  // comma list; empty: every operation on a user
  std::string_view acl_operation = {};
  std::string_view acl_table = {};  // empty: the table of the task's subject
};

const std::vector<FailureText>& failure_texts();
bool fits(const FailureText& text, std::string_view operation);
const std::vector<std::string_view>& task_operations();
bool is_user_operation(std::string_view operation);
// Only these are logged when they are attempted, so only these have a number of tasks.
bool attempts_are_logged(std::string_view operation);

struct TaskPlan {
  std::string operation = "update";
  std::string reason;               // empty: the task succeeds
  std::optional<std::string> text;  // instead of one of the texts of the reason
  UserIndex user = 0;
  int layers = 1;  // 1: connector's text; 2: with Okta's operation prefix; 3: with the text of the Tasks page
  // 0 attempt and error · 1 error says SUCCESS · 2 all four events · 3 the error alone · 4 the push itself
  // says FAILURE
  int shape = 0;
  bool app_user_target_only = false;
  std::int64_t published_ms = 0;
  std::int64_t persisted_ms = 0;  // of the first event
  std::int64_t step_ms = 10;
};

// What one task truly was, in the exporter's vocabulary.
struct TaskRecord {
  std::string operation;
  std::string reason;  // empty: it succeeded
  std::string acl_table;
  std::string acl_operation;
  std::int64_t published_ms = 0;
  std::int64_t persisted_ms = 0;
  UserIndex user = kNone;
  std::string transaction;
};

struct Task {
  TaskRecord record;
  std::vector<Event> events;
};

class TaskFactory {
 public:
  TaskFactory(const World& world, std::uint64_t seed) : world_(world), random_(seed) {}

  // Empty when the reason has no text that fits the operation.
  std::optional<Task> make(const TaskPlan& plan);
  // Things in the log that are no task: notes, skipped tasks, calls without failure, mapping changes.
  std::vector<Event> distractions(UserIndex user, std::int64_t published_ms);
  // A task of another app of the org.
  std::vector<Event> foreign_task(std::int64_t published_ms);
  static std::vector<std::string_view> reasons();

 private:
  Event event(const TaskPlan& plan, std::string type, std::string legacy, std::string message);
  std::string new_id(std::string_view prefix, std::size_t digits);
  std::string new_uuid();
  std::string fill(std::string_view text, UserIndex user) const;
  std::string wrap(const std::string& text, const TaskPlan& plan, int layers) const;
  std::vector<Target> user_targets(UserIndex user, bool app_user_only) const;
  std::vector<Target> group_targets() const;
  Target app_target() const;
  void make_user_task(const TaskPlan& plan, const std::string& text, Task& task);
  void make_other_task(const TaskPlan& plan, const std::string& text, Task& task);

  const World& world_;
  Random random_;
};

}  // namespace simulator
