#include "simulator/simulator.h"

#include "simulator/text.h"

namespace simulator {
namespace {

// The call that Okta made for the task, as ServiceNow's transaction log keeps it.
RestCall rest_call_of(const World& world, const TaskRecord& task) {
  RestCall call;
  call.time_ms = now_ms();
  call.user_name = world.options.provisioner;
  call.user_agent = "Okta";
  const bool creates = task.operation == "create" || task.operation.starts_with("group");
  call.table = task.operation == "group_push"         ? "sys_user_group"
               : task.operation == "group_membership" ? "sys_user_grmember"
                                                      : "sys_user";
  call.method = creates ? "POST" : task.operation == "delete" ? "DELETE" : "PATCH";
  call.operation = creates ? "create" : task.operation == "delete" ? "delete" : "write";
  call.url = "/api/now/table/" + call.table;
  if (!creates && task.user != kNone) call.url += "/" + hex(world.users[task.user].external);
  call.status = task.reason.empty()                           ? (creates ? 201 : 200)
                : task.reason == "acl_denied"                 ? 403
                : task.reason == "business_rule"              ? 403
                : task.reason == "data_policy"                ? 403
                : task.reason == "record_not_found_or_hidden" ? 404
                : task.reason == "authentication"             ? 401
                : task.reason == "rate_limited"               ? 429
                : task.reason == "remote_error"               ? 500
                                                              : 400;
  return call;
}

}  // namespace

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
  // A 401 may have no row: who calls is not known (facts: unverified).
  if (task->record.reason != "authentication") servicenow.tables.log(rest_call_of(world, task->record));
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
