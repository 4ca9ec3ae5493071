#include "provisioning/event_role.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace exporter::provisioning {
namespace {

using namespace std::string_view_literals;

constexpr auto kProvision = "application.provision."sv;
constexpr auto kIntegration = "application.integration."sv;

template <std::size_t N>
bool ends_with_any(std::string_view text, const std::array<std::string_view, N>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return text.ends_with(ending); });
}

template <std::size_t N>
bool is_any(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Lookups beside the push itself (the manager could not be resolved, a warning): the push goes on without
// them.
constexpr std::array kNoteEndings = {"manager.not_found_for_user"sv, "import.manager.profile"sv,
                                     "add_manager_to_user"sv};
// SKIPPED, DEFERRED and SCHEDULED are no tasks.
constexpr std::array kNoteResults = {"skipped"sv, "deferred"sv, "scheduled"sv};

constexpr std::array kFailureEndings = {
    "_fail"sv,          "_failed"sv,     "_failure"sv, ".failed"sv, ".failed.with.error"sv,
    ".user_inactive"sv, ".api_account"sv};
// These say failure in their name and have been seen with outcome.result SUCCESS.
constexpr std::array kFailureTypes = {
    "application.integration.authentication_failure"sv, "application.integration.general_failure"sv,
    "application.integration.rate_limit_exceeded"sv, "application.integration.api_query"sv};
constexpr std::array kSuccessEndings = {"_success"sv,
                                        "verified_user_with_thirdparty"sv,
                                        "deprovision_task_complete"sv,
                                        "group_push.pushed"sv,
                                        "group_push.updated"sv,
                                        "group_push.removed"sv};

// app.api.error.*, app.<x>.api.error.*: x is the connector (servicenow, servicenow_app2, …).
bool is_api_error(std::string_view legacy) {
  return legacy.starts_with("app.") && legacy.find(".api.error.") != std::string_view::npos;
}

// A group push mapping that was made, renamed, switched on or off: configuration, not a push.
bool is_mapping_change(std::string_view type) {
  return type.starts_with("application.provision.group_push.mapping.") ||
         type == "application.provision.group_push.activate_mapping" ||
         type == "application.provision.group_push.deactivate_mapping" ||
         type == "application.provision.field_mapping_rule.change";
}

}  // namespace

EventRole role_of(const okta::LogEvent& event) {
  const std::string type = to_lower(event.event_type);
  const std::string legacy = to_lower(event.legacy_event_type);
  const std::string result = to_lower(event.outcome_result);

  const bool note = ends_with_any(legacy, kNoteEndings) || legacy.find(".api.warn.") != std::string::npos ||
                    is_any(result, kNoteResults);
  const bool failure = result == "failure" || is_api_error(legacy) || legacy.starts_with("app.auth_error.") ||
                       ends_with_any(legacy, kFailureEndings) || ends_with_any(type, kFailureEndings) ||
                       is_any(type, kFailureTypes);
  // group_push.mapping.update.or.delete.failed.with.error is a mapping's event and a failed push all the
  // same.
  const bool quiet = is_mapping_change(type) || type == "application.provision.integration.call_api";

  if (type.ends_with(".schedule") || (quiet && !failure)) return EventRole::ignored;
  if (note) return EventRole::note;
  if (failure) return EventRole::failure;
  if (ends_with_any(type, kSuccessEndings) || ends_with_any(legacy, kSuccessEndings))
    return EventRole::success;
  if (type.starts_with(kProvision)) return EventRole::attempt;
  return EventRole::ignored;
}

EventOperation operation_of(std::string_view event_type, std::string_view legacy_event_type) {
  const std::string type = to_lower(event_type);
  if (type == "app.user_management.push_new_user_success") return {Operation::create, false};
  if (type.starts_with(kIntegration)) return {Operation::connection, true};
  if (!type.starts_with(kProvision)) return {Operation::other, false};
  const std::string_view what = std::string_view(type).substr(kProvision.size());
  if (what.starts_with("integration.")) return {Operation::connection, true};
  if (what.starts_with("group_membership.") || what == "group_push.push_memberships") {
    return {Operation::group_membership, false};
  }
  if (what.starts_with("group.") || what.starts_with("group_push.")) return {Operation::group_push, false};
  if (!what.starts_with("user.")) return {Operation::other, false};
  const std::string_view action = what.substr(std::string_view("user.").size());
  if (action == "sync") return {Operation::update, true};
  if (action == "verify_exists") return {Operation::verify, true};
  // Okta files the failed reactivation of an inactive account under push_profile.
  if (to_lower(legacy_event_type).ends_with(".user_inactive")) return {Operation::reactivate, false};
  if (action == "push") return {Operation::create, false};
  if (action == "push_profile") return {Operation::update, false};
  if (action == "activate") return {Operation::activate, false};
  if (action == "deactivate" || action == "deprovision") return {Operation::deactivate, false};
  if (action == "reactivate") return {Operation::reactivate, false};
  if (action.starts_with("delete")) return {Operation::remove, false};
  if (action.ends_with("password")) return {Operation::password, false};
  if (action.starts_with("import")) return {Operation::import, false};
  return {Operation::other, false};
}

}  // namespace exporter::provisioning
