#include "simulator/simulator.h"

namespace simulator {

void Simulator::remember(const TaskRecord& task) {
  tasks.push_back(task);
  if (task.user == kNone) return;
  AppUser& user = world.users[task.user];
  if (!task.reason.empty()) {
    user.sync = SyncState::kError;
  } else if (user.sync == SyncState::kError) {
    user.sync = SyncState::kSynchronized;
  }
}

std::optional<TaskRecord> Simulator::push(const TaskPlan& plan) {
  std::optional<Task> task = factory.make(plan);
  if (!task) return std::nullopt;
  for (Event& event : task->events) log.append(std::move(event));
  remember(task->record);
  return task->record;
}

UserIndex Simulator::any_user() {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto user = random.below32(static_cast<std::uint32_t>(world.users.size()));
    if (world.users[user].assigned && !world.has_own_names(user)) return user;
  }
  return 0;
}

}  // namespace simulator
