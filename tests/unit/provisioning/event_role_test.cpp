#include "provisioning/event_role.h"

#include <gtest/gtest.h>

namespace exporter::provisioning {
namespace {

EventRole role(std::string_view type, std::string_view legacy = "", std::string_view result = "SUCCESS") {
  okta::LogEvent event;
  event.event_type = type;
  event.legacy_event_type = legacy;
  event.outcome_result = result;
  return role_of(event);
}

constexpr auto kPushEvent = "application.provision.user.push";
constexpr auto kProfileEvent = "application.provision.user.push_profile";

TEST(EventRole, SchedulesMappingChangesAndCallsAreIgnored) {
  EXPECT_EQ(role("application.provision.user.delete.schedule"), EventRole::ignored);
  EXPECT_EQ(role("application.provision.user.remove_entitlements.schedule", "", "FAILURE"),
            EventRole::ignored);
  EXPECT_EQ(role("application.provision.group_push.mapping.created"), EventRole::ignored);
  EXPECT_EQ(role("application.provision.group_push.activate_mapping"), EventRole::ignored);
  EXPECT_EQ(role("application.provision.group_push.deactivate_mapping"), EventRole::ignored);
  EXPECT_EQ(role("application.provision.field_mapping_rule.change"), EventRole::ignored);
  EXPECT_EQ(role("application.provision.integration.call_api"), EventRole::ignored);
  EXPECT_EQ(role("application.user_membership.add"), EventRole::ignored);
  EXPECT_EQ(role("application.integration.transfer_files"), EventRole::ignored);
}

TEST(EventRole, AFailedCallOrMappingIsAFailure) {
  EXPECT_EQ(role("application.provision.integration.call_api", "", "FAILURE"), EventRole::failure);
  EXPECT_EQ(role("application.provision.group_push.mapping.update.or.delete.failed"), EventRole::failure);
  EXPECT_EQ(role("application.provision.group_push.mapping.update.or.delete.failed.with.error"),
            EventRole::failure);
  EXPECT_EQ(role("application.provision.group_push.mapping.app.group.renamed.failed"), EventRole::failure);
}

TEST(EventRole, NotesNeverFailATask) {
  for (const char* legacy :
       {"app.api.error.manager.not_found_for_user", "app.servicenow.api.error.import.manager.profile",
        "app.servicenow_app2.api.error.import.manager.profile",
        "app.generic.user_management.error.add_manager_to_user",
        "app.servicenow_app2.api.warn.upsert.group"}) {
    EXPECT_EQ(role(kProfileEvent, legacy, "FAILURE"), EventRole::note) << legacy;
  }
  for (const char* result : {"SKIPPED", "DEFERRED", "SCHEDULED", "skipped"}) {
    EXPECT_EQ(role(kPushEvent, "app.user_management.push_new_user", result), EventRole::note) << result;
    EXPECT_EQ(role(kPushEvent, "app.api.error.create_user", result), EventRole::note) << result;
  }
}

// Such events have been seen with the result SUCCESS.
TEST(EventRole, AFailureIsAFailureWhateverTheResultSays) {
  for (const char* legacy :
       {"app.api.error.create_user", "app.servicenow.api.error.create.new.user",
        "app.servicenow_app2.api.error.push.profile.update", "app.auth_error.INVALID_CREDENTIALS",
        "app.user_management.push_profile_failure", "app.user_management.provision_user_failed",
        "app.user_management.deactivate_user_failed", "app.user_management.user_group_import.upsert_fail",
        "app.user_management.provision_user.user_inactive", "app.user_management.deactivate_user.api_account",
        "app.user_management.grouppush.mapping.update.or.delete.failed",
        "app.user_management.grouppush.mapping.update.or.delete.failed.with.error"}) {
    EXPECT_EQ(role(kProfileEvent, legacy), EventRole::failure) << legacy;
  }
  for (const char* type :
       {"application.integration.authentication_failure", "application.integration.general_failure",
        "application.integration.rate_limit_exceeded", "application.integration.api_query"}) {
    EXPECT_EQ(role(type), EventRole::failure) << type;
  }
  EXPECT_EQ(role(kPushEvent, "", "FAILURE"), EventRole::failure);
  EXPECT_EQ(role("application.integration.transfer_files", "", "FAILURE"), EventRole::failure);
}

TEST(EventRole, SuccessesAreTold) {
  EXPECT_EQ(role("app.user_management.push_new_user_success"), EventRole::success);
  EXPECT_EQ(role(kProfileEvent, "app.user_management.push_profile_success"), EventRole::success);
  EXPECT_EQ(
      role("application.provision.user.verify_exists", "app.user_management.verified_user_with_thirdparty"),
      EventRole::success);
  EXPECT_EQ(role("application.provision.user.deprovision", "app.user_management.deprovision_task_complete"),
            EventRole::success);
  for (const char* type : {"pushed", "updated", "removed"}) {
    EXPECT_EQ(role("application.provision.group_push." + std::string(type)), EventRole::success) << type;
  }
}

TEST(EventRole, AnyOtherProvisioningEventIsAnAttempt) {
  EXPECT_EQ(role(kPushEvent), EventRole::attempt);
  EXPECT_EQ(role(kPushEvent, "app.user_management.push_new_user"), EventRole::attempt);
  EXPECT_EQ(role(kProfileEvent, "app.user_management.push_profile_update"), EventRole::attempt);
  EXPECT_EQ(role("application.provision.user.sync", "app.user_management.provision_user"),
            EventRole::attempt);
  EXPECT_EQ(role("application.provision.user.something_new", "", ""), EventRole::attempt);
}

TEST(EventOperation, FollowsTheType) {
  struct {
    std::string_view type;
    Operation operation;
    bool attaches;
  } const cases[] = {
      {"application.provision.user.push", Operation::create, false},
      {"app.user_management.push_new_user_success", Operation::create, false},
      {"application.provision.user.push_profile", Operation::update, false},
      {"application.provision.user.activate", Operation::activate, false},
      {"application.provision.user.deactivate", Operation::deactivate, false},
      {"application.provision.user.deprovision", Operation::deactivate, false},
      {"application.provision.user.reactivate", Operation::reactivate, false},
      {"application.provision.user.delete", Operation::remove, false},
      {"application.provision.user.password", Operation::password, false},
      {"application.provision.user.push_password", Operation::password, false},
      {"application.provision.user.push_okta_password", Operation::password, false},
      {"application.provision.user.import", Operation::import, false},
      {"application.provision.user.import_profile", Operation::import, false},
      {"application.provision.group.add", Operation::group_push, false},
      {"application.provision.group.verify_exists", Operation::group_push, false},
      {"application.provision.group_push.pushed", Operation::group_push, false},
      {"application.provision.group_push.push_memberships", Operation::group_membership, false},
      {"application.provision.group_membership.add", Operation::group_membership, false},
      {"application.provision.user.sync", Operation::update, true},
      {"application.provision.user.verify_exists", Operation::verify, true},
      {"application.integration.general_failure", Operation::connection, true},
      {"application.provision.integration.call_api", Operation::connection, true},
      {"application.provision.user.remove_entitlements", Operation::other, false},
      {"application.provision.something", Operation::other, false},
      {"app.app_instance.provision_sync_job.failed", Operation::other, false},
  };
  for (const auto& [type, operation, attaches] : cases) {
    EXPECT_EQ(to_string(operation_of(type, "").operation), to_string(operation)) << type;
    EXPECT_EQ(operation_of(type, "").attaches, attaches) << type;
  }
  EXPECT_EQ(operation_of(kProfileEvent, "app.user_management.provision_user.user_inactive").operation,
            Operation::reactivate);
}

}  // namespace
}  // namespace exporter::provisioning
