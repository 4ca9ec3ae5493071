#include "simulator/tasks.h"

#include <algorithm>
#include <array>

#include "simulator/text.h"

namespace simulator {
namespace {

constexpr std::size_t kReasonLength =
    255;  // outcome.reason is cut there (facts: maxLength of LogOutcome.reason)

// How the System Log speaks of an operation on a user.
struct Wording {
  std::string_view operation;
  std::string_view type;
  std::string_view attempt;  // legacyEventType
  std::string_view error;    // legacyEventType
  std::string_view success;  // legacyEventType
  std::string_view message;
  std::string_view prefix;       // second layer of a failure text
  std::string_view task_prefix;  // third layer
};

constexpr std::string_view kProvisioning = "Automatic provisioning of user {name} to app {label} failed: ";
constexpr std::string_view kProfilePush = "Automatic profile push of user {name} to app {label} failed: ";

constexpr std::array<Wording, 7> kWordings = {{
    {"create", "application.provision.user.push", "app.user_management.push_new_user",
     "app.api.error.create_user", "", "Push new user to external application",
     "Error while creating user {login}: ", kProvisioning},
    {"update", "application.provision.user.push_profile", "app.user_management.push_profile_update",
     "app.api.error.push_profile_update", "app.user_management.push_profile_success",
     "Push users profile to external application",
     "Error while trying to push profile update for {login}: ", kProfilePush},
    {"activate", "application.provision.user.activate", "app.user_management.activate_user",
     "app.api.error.activate_user", "", "Activate user's application membership", "", kProvisioning},
    {"deactivate", "application.provision.user.deactivate", "app.user_management.deactivate_user",
     "app.api.error.deactivate_user", "", "Push user deactivation to external application",
     "Error while deactivating user: ", kProvisioning},
    {"reactivate", "application.provision.user.reactivate", "app.user_management.reactivate_user",
     "app.api.error.reactivate_user", "", "Push user reactivation in external application",
     "Error while reactivating user: ", kProvisioning},
    {"delete", "application.provision.user.delete", "", "", "", "Delete user in external application", "",
     kProvisioning},
    {"password", "application.provision.user.password", "app.user_management.push_password_update",
     "app.api.error.push_password_update", "", "Push password to external application",
     "Error pushing password: ", kProvisioning},
}};

const Wording* wording_of(std::string_view operation) {
  const auto it = std::find_if(kWordings.begin(), kWordings.end(),
                               [&](const Wording& wording) { return wording.operation == operation; });
  return it == kWordings.end() ? nullptr : it;
}

bool listed(std::string_view list, std::string_view item) {
  for (const std::string& entry : split(list, ',')) {
    if (entry == item) return true;
  }
  return false;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

std::string_view table_of(std::string_view operation) {
  if (operation == "group_push") return "sys_user_group";
  return operation == "group_membership" ? "sys_user_grmember" : "sys_user";
}

}  // namespace

// Vendors' texts (facts: failure corpus). Status and sentences are joined as the ServiceNow connector joins
// them.
const std::vector<FailureText>& failure_texts() {
  static const std::vector<FailureText> texts = {
      {"record_not_found_or_hidden",
       "Errors during execution: Error executing pushUserProfile: 404. No Record found. Record doesn't exist "
       "or ACL "
       "restricts the record retrieval. Error Code: null",
       "update,deactivate,reactivate,activate,password"},
      {"record_not_found_or_hidden",
       "404. No Record found. Record doesn't exist or ACL restricts the record retrieval",
       "update,deactivate,reactivate,delete,password,activate,create"},
      {"record_not_found_or_hidden", "No user returned for user {external}", "update,deactivate,reactivate"},
      {"record_not_found_or_hidden", "User {login} was not found in ServiceNow", "create,update"},
      {"record_not_found_or_hidden",
       "Linked group is missing in ServiceNow. Change the linked group to resume pushing group memberships.",
       "group_push"},
      {"acl_denied", "403. Operation Failed. ACL Exception Insert Failed due to security constraints",
       "create,group_push,group_membership", "create"},
      {"acl_denied", "403. Operation Failed. ACL Exception Update Failed due to security constraints",
       "update,activate,deactivate,reactivate,password", "write"},
      {"acl_denied",
       "Errors during execution: Error executing pushUserProfile: 403. Operation Failed. ACL Exception "
       "Update Failed "
       "due to security constraints Error Code: null",
       "update", "write"},
      {"acl_denied", "403. Operation Failed. ACL Exception Delete Failed due to security constraints",
       "delete", "delete"},
      {"acl_denied", "403. User Not Authorized. Failed API level ACL Validation", "", "execute"},
      {"acl_denied", "403. Insufficient rights to query records. No permission to read table 'sys_user'",
       "update,create,verify", "read", "sys_user"},
      {"acl_denied",
       "403. Insufficient rights to query records. Field(s) present in the query do not have permission to "
       "be read",
       "create,update,verify", "query_match"},
      {"acl_denied",
       "403. com.glide.script.fencing.access.ScopeAccessNotGrantedException: read access to "
       "sys_user_has_role not "
       "granted.",
       "update", "read", "other"},
      {"authentication", "401. User Not Authorized. Required to provide Auth information", ""},
      {"authentication", "401. User Not Authenticated. Required to provide Auth information", ""},
      {"authentication", "401. User is not authenticated. Required to provide Auth information", ""},
      {"authentication", "Unauthorized. Errors reported by remote server: Unauthorized",
       "create,update,verify"},
      {"authentication",
       "Could not verify the administrator credentials; please confirm that these are set correctly",
       "connection"},
      {"rate_limited", "429. Rate limit exceeded. Rate limit of 100 requests per hour for Table API exceeded",
       ""},
      {"rate_limited", "Rate Limit Exceeded", "create,update"},
      {"duplicate",
       "Conflict. Errors reported by remote server: A user with userName \"{login}\" already exists. The "
       "userName must "
       "be unique.",
       "create"},
      {"duplicate",
       "403. Operation Failed. Unique Key violation detected by database ((conn=74323) Duplicate entry "
       "'{login}' for "
       "key 'user_name')",
       "create,update"},
      {"duplicate",
       "Conflict. Errors reported by remote server: The externalId is already in use by another user",
       "update"},
      {"validation", "Bad Request. Errors reported by remote server: department is required",
       "create,update"},
      {"validation", "Unprocessable Entity. Errors reported by remote server: VALIDATION_ERROR.",
       "create,update"},
      {"data_policy",
       "403. Operation Failed. Data Policy Exception: The following fields are mandatory: Department",
       "create,update"},
      {"data_policy", "403. Operation Failed. The following mandatory fields are not filled in: Company",
       "create"},
      {"business_rule",
       "403. Operation Failed. Operation against file 'sys_user' was aborted by Business Rule 'Protect VIP "
       "users^5230b9179735ca504546f027f053af79'. Business Rule Stack:Protect VIP users",
       "create,update,deactivate,delete"},
      // One text can name both; the rule that aborted is the more specific cause. Longer than 255 characters.
      {"business_rule",
       "403. Operation Failed. Operation against file 'sys_user' was aborted by Business Rule 'Guard "
       "inserts^0e5b994583764f10b939cc65eeaad3c1'. Business Rule Stack:Guard inserts,Set defaults,Sync "
       "location,Check cost center,Notify manager: ACL Exception Update Failed due to security constraints",
       "update"},
      {"no_match", "Matching user not found.", "create,update"},
      {"ambiguous_match", "Multiple users found by userName. Expected 0 or 1 results but was [2 or higher]",
       "create,update,verify"},
      {"ambiguous_match", "More than one user was found for ID: {external}", "verify"},
      {"unlinked",
       "User was assigned this application before Provisioning was enabled and not provisioned in the "
       "downstream "
       "application.",
       "update,deactivate"},
      {"license", "License Limit Exceeded.", "create"},
      {"remote_error",
       "500. Transaction cancelled: maximum execution time exceeded. Transaction cancelled: maximum "
       "execution time "
       "exceeded. Check logs for error trace.",
       "create,update,import"},
      {"remote_error",
       "Bad Gateway. Errors reported by remote server: Invalid JSON: Unrecognized token 'error' ... line: 1, "
       "column: 6",
       "create,update,group_push"},
      {"remote_error", "403. Operation Failed. Error during insert of sys_user ({name})", "create"},
      {"other", "An error occurred while pushing a profile update to this app", "update"},
      {"other", "An error occurred during import", "import"},
      {"other", "The remote side said something nobody has heard before", "other,delete,group_push"},
  };
  return texts;
}

const std::vector<std::string_view>& task_operations() {
  static const std::vector<std::string_view> operations = {
      "create", "update", "activate",   "deactivate",       "reactivate", "delete", "password",
      "verify", "import", "group_push", "group_membership", "connection", "other"};
  return operations;
}

bool is_user_operation(std::string_view operation) {
  return wording_of(operation) != nullptr || operation == "verify";
}

bool fits(const FailureText& text, std::string_view operation) {
  return text.operations.empty() ? is_user_operation(operation) : listed(text.operations, operation);
}

bool attempts_are_logged(std::string_view operation) { return wording_of(operation) != nullptr; }

std::vector<std::string_view> TaskFactory::reasons() {
  std::vector<std::string_view> result;
  for (const FailureText& text : failure_texts()) {
    if (std::find(result.begin(), result.end(), text.reason) == result.end()) result.push_back(text.reason);
  }
  return result;
}

std::string TaskFactory::new_id(std::string_view prefix, std::size_t digits) {
  return std::string(prefix) + base62(random_.next(), 10) + base62(random_.next(), digits - 10);
}

std::string TaskFactory::new_uuid() {
  SysId bytes{};
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_.next());
  const std::string digits = hex(bytes);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text.push_back('-');
    text.push_back(digits[i]);
  }
  return text;
}

std::string TaskFactory::fill(std::string_view text, UserIndex user) const {
  std::string result(text);
  if (user < world_.users.size()) {
    replace_all(result, "{login}", world_.user_name(user));
    replace_all(result, "{name}", world_.first_name(user) + " " + world_.last_name(user));
    replace_all(result, "{external}", hex(world_.users[user].external));
  }
  replace_all(result, "{label}", world_.options.app_label);
  return result;
}

std::string TaskFactory::wrap(const std::string& text, const TaskPlan& plan, int layers) const {
  std::string result = text;
  if (const Wording* wording = wording_of(plan.operation)) {
    if (layers >= 2) result = fill(wording->prefix, plan.user) + result;
    if (layers >= 3) result = fill(wording->task_prefix, plan.user) + result;
  }
  return result.substr(0, kReasonLength);
}

Target TaskFactory::app_target() const {
  return {"AppInstance", world_.options.app_id, world_.options.app_label, world_.options.app_label};
}

std::vector<Target> TaskFactory::user_targets(UserIndex user, bool app_user_only) const {
  const std::string login = world_.user_name(user);
  const std::string name = world_.last_name(user) + ", " + world_.first_name(user);
  std::vector<Target> targets = {{"AppUser", world_.app_user_id(user), login, name}, app_target()};
  if (!app_user_only) targets.push_back({"User", world_.okta_id(user), login, name});
  return targets;
}

std::vector<Target> TaskFactory::group_targets() const {
  return {{"AppGroup", "AGrSIMpushedgroup001", "unknown", "APP-ServiceNow-Users"}, app_target()};
}

Event TaskFactory::event(const TaskPlan& plan, std::string type, std::string legacy, std::string message) {
  Event result;
  result.uuid = new_uuid();
  result.published_ms = plan.published_ms;
  result.persisted_ms = plan.persisted_ms;
  result.type = std::move(type);
  result.legacy_type = std::move(legacy);
  result.message = std::move(message);
  return result;
}

std::optional<Task> TaskFactory::make(const TaskPlan& plan) {
  Task task;
  task.record.operation = plan.operation;
  task.record.reason = plan.reason;
  std::string text;
  if (!plan.reason.empty()) {
    std::vector<const FailureText*> fitting;
    for (const FailureText& candidate : failure_texts()) {
      if (candidate.reason != plan.reason) continue;
      if (plan.text && candidate.text != *plan.text) continue;
      if (fits(candidate, plan.operation)) fitting.push_back(&candidate);
    }
    if (!fitting.empty()) {
      const FailureText& chosen = *fitting[random_.below(fitting.size())];
      text = fill(chosen.text, plan.user);
      task.record.acl_operation = chosen.acl_operation;
      if (!chosen.acl_operation.empty()) {
        task.record.acl_table = chosen.acl_table.empty() ? table_of(plan.operation) : chosen.acl_table;
      }
    } else if (plan.text) {
      text = fill(*plan.text, plan.user);
      if (plan.reason == "acl_denied") {
        task.record.acl_table = table_of(plan.operation);
        task.record.acl_operation = "unknown";
      }
    } else if (plan.operation == "connection" &&
               (plan.reason == "authentication" || plan.reason == "rate_limited")) {
      // Those events speak by their type, without a text.
    } else {
      return std::nullopt;
    }
  }
  if (wording_of(plan.operation) != nullptr) {
    make_user_task(plan, text, task);
  } else {
    if (plan.reason.empty()) return std::nullopt;
    make_other_task(plan, text, task);
  }
  const std::string transaction = new_id("gam", 17);
  std::int64_t shift = 0;
  for (Event& event : task.events) {
    event.transaction = transaction;
    event.published_ms += shift;
    event.persisted_ms += shift;
    shift += plan.step_ms;
  }
  task.record.transaction = transaction;
  task.record.published_ms = task.events.front().published_ms;
  task.record.persisted_ms = task.events.front().persisted_ms;
  if (is_user_operation(plan.operation)) task.record.user = plan.user;
  return task;
}

void TaskFactory::make_user_task(const TaskPlan& plan, const std::string& text, Task& task) {
  const Wording& wording = *wording_of(plan.operation);
  const auto add = [&](std::string_view type, std::string_view legacy, std::string_view message,
                       std::string_view result, const std::string& reason) {
    Event next = event(plan, std::string(type), std::string(legacy), std::string(message));
    next.result = result;
    next.reason = reason;
    next.targets = user_targets(plan.user, plan.app_user_target_only);
    task.events.push_back(std::move(next));
  };
  constexpr std::string_view kSync = "application.provision.user.sync";
  constexpr std::string_view kSyncMessage = "Sync user in external application";

  if (plan.reason.empty()) {
    if (plan.operation == "create" && plan.shape == 2) {  // the whole dance around one create
      add(kSync, "app.user_management.provision_user", kSyncMessage, "SUCCESS", "");
      add("application.provision.user.verify_exists", "app.user_management.verified_user_with_thirdparty",
          "Verify user exists in external application", "SUCCESS", "");
    }
    add(wording.type, wording.attempt, wording.message, "SUCCESS", "");
    if (!wording.success.empty()) add(wording.type, wording.success, wording.message, "SUCCESS", "");
    if (plan.operation == "create") {
      add("app.user_management.push_new_user_success", "app.user_management.push_new_user_success",
          "Successfully pushed new user account to app", "SUCCESS", "");
    }
    if (plan.operation == "deactivate" && plan.shape == 2) {
      add("application.provision.user.deprovision", "app.user_management.deprovision_task_complete",
          "Deprovision user from external application", "SUCCESS", "");
    }
    return;
  }

  const std::string wrapped = wrap(text, plan, plan.layers);
  const bool has_error_event = !wording.error.empty();
  if (!has_error_event || plan.shape == 4) {
    add(wording.type, wording.attempt, wording.message, "SUCCESS", "");
    const std::string legacy = plan.operation == "update" ? "app.user_management.push_profile_failure" : "";
    add(wording.type, legacy, wording.message, "FAILURE", wrapped);
    return;
  }
  if (plan.shape != 3) add(wording.type, wording.attempt, wording.message, "SUCCESS", "");
  // facts: an app.api.error event may say SUCCESS; its legacy type tells the truth
  add(wording.type, wording.error, wording.message, plan.shape == 1 ? "SUCCESS" : "FAILURE", wrapped);
  if (plan.shape != 2) return;
  if (plan.operation == "update") {
    add(wording.type, "app.user_management.push_profile_failure", wording.message, "FAILURE", "");
  }
  add("application.provision.integration.call_api", "", "Application integration API called", "FAILURE",
      wrap(text, plan, 1));
  add(kSync, "app.user_management.provision_user_failed", kSyncMessage, "FAILURE", wrap(text, plan, 3));
}

void TaskFactory::make_other_task(const TaskPlan& plan, const std::string& text, Task& task) {
  const std::string& operation = plan.operation;
  Event failure;
  if (operation == "verify") {
    failure = event(plan, "application.provision.user.verify_exists", "app.api.error.check_user_exists",
                    "Verify user exists in external application");
    failure.targets = user_targets(plan.user, plan.app_user_target_only);
  } else if (operation == "import") {
    failure = event(plan, "application.provision.user.import", "app.api.error.download_users",
                    "Import users from external application");
    failure.targets = {app_target()};
  } else if (operation == "group_push") {
    failure = plan.shape % 2 == 0
                  ? event(plan, "application.provision.group_push.mapping.update.or.delete.failed.with.error",
                          "app.user_management.grouppush.mapping.update.or.delete.failed.with.error",
                          "Update or delete of a group failed")
                  : event(plan, "application.provision.group.add", "app.api.error.upsert_group",
                          "Add group in external application");
    failure.targets = group_targets();
  } else if (operation == "group_membership") {
    failure = event(plan, "application.provision.group_membership.add", "app.api.error.add_group_membership",
                    "Add user to group in external application");
    failure.targets = group_targets();
  } else if (operation == "connection") {
    if (plan.reason == "rate_limited") {
      failure = event(plan, "application.integration.rate_limit_exceeded",
                      "app.api.error.rate.limit.exceeded", "Rate limit of the external application exceeded");
      failure.targets = {app_target()};
      task.events.push_back(std::move(failure));  // SUCCESS and no text, as it was seen
      return;
    }
    failure = plan.reason == "authentication"
                  ? event(plan, "application.integration.authentication_failure", "app.api.error.auth",
                          "Authentication of integration failed")
                  : event(plan, "application.integration.general_failure", "app.api.error.generic",
                          "General failure of integration");
    failure.targets = {app_target()};
  } else {
    failure = event(plan, "application.provision.user.remove_entitlements", "",
                    "Remove entitlements in external application");
    failure.targets = user_targets(plan.user, false);
  }
  failure.result = "FAILURE";
  failure.reason = wrap(text, plan, 1);
  task.events.push_back(std::move(failure));
}

std::vector<Event> TaskFactory::distractions(UserIndex user, std::int64_t published_ms) {
  TaskPlan plan;
  plan.user = user;
  plan.published_ms = published_ms;
  plan.persisted_ms = published_ms + 300;
  std::vector<Event> events;
  const auto add = [&](std::string type, std::string legacy, std::string message, std::string result,
                       std::string reason, bool of_user) {
    Event next = event(plan, std::move(type), std::move(legacy), std::move(message));
    next.result = std::move(result);
    next.reason = std::move(reason);
    next.targets = of_user ? user_targets(user, false) : group_targets();
    next.transaction = new_id("gam", 17);
    plan.published_ms += 700;
    plan.persisted_ms += 700;
    events.push_back(std::move(next));
  };
  add("application.provision.user.push_profile", "app.api.error.manager.not_found_for_user",
      "Push users profile to external application", "SUCCESS", "Manager was not found", true);
  add("application.provision.user.push_profile", "app.servicenow.api.error.import.manager.profile",
      "Push users profile to external application", "SUCCESS", "Failed to resolve ServiceNow manager hash",
      true);
  add("application.provision.user.deactivate", "app.user_management.deactivate_user",
      "Push user deactivation to external application", "SKIPPED", "", true);
  add("application.provision.user.push_profile", "app.user_management.push_profile_update",
      "Push users profile to external application", "DEFERRED", "", true);
  add("application.provision.user.delete.schedule", "", "Schedule deletion of user in external application",
      "SUCCESS", "", true);
  add("application.provision.integration.call_api", "", "Application integration API called", "SUCCESS", "",
      true);
  add("application.provision.field_mapping_rule.change", "", "Change field mapping rules", "SUCCESS", "",
      false);
  add("application.provision.group_push.mapping.created", "app.user_management.grouppush.mapping.created",
      "Create group push mapping", "SUCCESS", "", false);
  add("application.provision.group_push.updated", "app.user_management.grouppush.updated", "Group was pushed",
      "SUCCESS", "", false);
  add("application.user_membership.add", "app.generic.provision.assign_user_to_app",
      "Add user to application membership", "SUCCESS", "", true);
  return events;
}

std::vector<Event> TaskFactory::foreign_task(std::int64_t published_ms) {
  TaskPlan plan;
  plan.published_ms = published_ms;
  plan.persisted_ms = published_ms + 300;
  std::vector<Event> events;
  const std::string transaction = new_id("gam", 17);
  for (const char* legacy :
       {"app.user_management.push_profile_update", "app.api.error.push_profile_update"}) {
    Event next = event(plan, "application.provision.user.push_profile", legacy, "Push users profile");
    const bool failed = std::string_view(legacy).find("error") != std::string_view::npos;
    if (failed) {
      next.result = "FAILURE";
      next.reason = "404. No Record found. Record doesn't exist or ACL restricts the record retrieval";
    }
    next.transaction = transaction;
    next.targets = {{"AppInstance", "0oaSIMotherapp000001", "Other", "Other"},
                    {"User", world_.okta_id(0), "somebody@example.com", "Body, Some"}};
    events.push_back(std::move(next));
  }
  return events;
}

}  // namespace simulator
