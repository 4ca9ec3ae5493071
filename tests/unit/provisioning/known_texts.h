// Every failure text that a public source shows, with what it means. Names and ids are made up.
#pragma once

#include <string_view>

#include "provisioning/vocabulary.h"

namespace exporter::provisioning {

struct KnownText {
  std::string_view text;
  Reason reason;
  // Of an ACL refusal: empty table where the text names none.
  std::string_view table = "";
  AclOperation operation = AclOperation::unknown;
};

// Connector texts: what is left of a task's text without Okta's words around it.
inline constexpr KnownText kConnectorTexts[] = {
    // SCIM connectors.
    {"Bad Request. Errors reported by remote server: department is required", Reason::validation},
    {"Bad Gateway. Errors reported by remote server: Invalid JSON: Unrecognized token 'error' ... line: 1, "
     "column: 6",
     Reason::remote_error},
    {"Bad Request. Errors reported by remote server: Request is unparsable, syntactically incorrect, or "
     "violates schema.",
     Reason::validation},
    {"Conflict. Errors reported by remote server: A user with userName \"jane\" already exists. The userName "
     "must be "
     "unique.",
     Reason::duplicate},
    {"Conflict. Errors reported by remote server: remote is not unique", Reason::duplicate},
    {"Conflict. Errors reported by remote server: Error for user jane@example.com: The externalId "
     "LogSafeString(00u1) is already in use by another user",
     Reason::duplicate},
    {"Unprocessable Entity. Errors reported by remote server: VALIDATION_ERROR.", Reason::validation},
    {"Unauthorized. Errors reported by remote server: Unauthorized", Reason::authentication},
    {"Bad Request. Errors reported by remote server: One (or more) of the arguments is invalid.",
     Reason::validation},
    {"Forbidden. Errors reported by remote server: Invalid JSON: Unexpected character ('<' (code 60)): "
     "expected a valid "
     "value (number, String, array, object, 'true', 'false' or 'null') at [Source: "
     "java.io.StringReader@4c76ba04; line: "
     "1, column: 2]",
     Reason::remote_error},
    {"Bad Request. Errors reported by remote server: rpc error: code = InvalidArgument desc = The username "
     "cannot be "
     "modified because the user is bound to one or more resources. Please fix this on the Tasks Page",
     Reason::validation},
    {"Could not push profile for Office 365 user received error: Received response with HTTP status code "
     "400. "
     "httpStatusCode=400 errorCode=Request_BadRequest errorMessage=\"Unable to update the specified "
     "properties for "
     "on-premises mastered Directory Sync objects or objects currently undergoing migration.\" method=PATCH",
     Reason::validation},
    // A status or its phrase and nothing that says more.
    {"Forbidden. Errors reported by remote server: no", Reason::acl_denied},
    {"Not Found. Errors reported by remote server: {}", Reason::record_not_found_or_hidden},
    {"Too Many Requests. Errors reported by remote server: slow down", Reason::rate_limited},
    {"Internal Server Error. Errors reported by remote server: oops", Reason::remote_error},
    {"Service Unavailable. Errors reported by remote server: maintenance", Reason::remote_error},
    {"Gateway Timeout. Errors reported by remote server: -", Reason::remote_error},
    {"Conflict. Errors reported by remote server: no", Reason::duplicate},
    {"401.", Reason::authentication},
    {"403. Operation Failed.", Reason::acl_denied},
    {"404.", Reason::record_not_found_or_hidden},
    {"409. Operation Failed.", Reason::duplicate},
    {"422. Operation Failed.", Reason::validation},
    {"429.", Reason::rate_limited},
    {"503. Operation Failed.", Reason::remote_error},
    // Okta's own.
    {"Linked group is missing in AWS IAM Identity Center. Change the linked group to resume pushing group "
     "memberships.",
     Reason::record_not_found_or_hidden},
    {"Multiple users found by userName. Expected 0 or 1 results but was [2 or higher]",
     Reason::ambiguous_match},
    {"FAILURE: Multiple users found by userName. Expected 0 or 1 results but was [2 or higher]",
     Reason::ambiguous_match},
    {"Could not verify the administrator credentials; please confirm that these are set correctly",
     Reason::authentication},
    {"Could not verify the ServiceNow administrator login and password; please confirm that these are set "
     "correctly.",
     Reason::authentication},
    {"Matching user not found.", Reason::no_match},
    {"License Limit Exceeded.", Reason::license},
    {"No user returned for user 70c14cc17d3745e8a9f98d599a68329c", Reason::record_not_found_or_hidden},
    {"User account is inactive", Reason::other},
    {"Rate Limit Exceeded", Reason::rate_limited},
    {"API rate limit exceeded. Rate Limit Exceeded", Reason::rate_limited},
    {"This choice creates a conflict.", Reason::duplicate},
    {"User was assigned this application before Provisioning was enabled and not provisioned in the "
     "downstream "
     "application.",
     Reason::unlinked},
    {"User jane was not found in ServiceNow UD", Reason::record_not_found_or_hidden},
    {"Group Staff was not found in ServiceNow UD", Reason::record_not_found_or_hidden},
    {"More than one user was found for ID: jane", Reason::ambiguous_match},
    {"More than one group was found for ID: Staff", Reason::ambiguous_match},
    {"User group already exists: Staff", Reason::duplicate},
    {"Group name is too long: Staff", Reason::validation},
    // ServiceNow, as its connector relays it: "<status>. <message>. <detail>".
    {"Errors during execution: Error executing pushUserProfile: 404. No Record found. Record doesn't exist "
     "or ACL "
     "restricts the record retrieval. Error Code: null",
     Reason::record_not_found_or_hidden},
    {"404. No Record found. Record doesn\xE2\x80\x99t exist or ACL restricts the record retrieval",
     Reason::record_not_found_or_hidden},
    {"403. Operation Failed. ACL Exception Insert Failed due to security constraints", Reason::acl_denied, "",
     AclOperation::create},
    {"403. Operation Failed. ACL Exception Update Failed due to security constraints", Reason::acl_denied, "",
     AclOperation::write},
    {"403. Operation Failed. ACL Exception Delete Failed due to security constraints", Reason::acl_denied, "",
     AclOperation::remove},
    {"403. User Not Authorized. Failed API level ACL Validation", Reason::acl_denied, "",
     AclOperation::execute},
    {"401. User Not Authorized. Failed API level ACL Validation", Reason::acl_denied, "",
     AclOperation::execute},
    {"403. Insufficient rights to query records. Field(s) present in the query do not have permission to be "
     "read",
     Reason::acl_denied, "", AclOperation::query_match},
    {"403. Insufficient rights to query records. No permission to read table 'sys_user_group'",
     Reason::acl_denied, "sys_user_group", AclOperation::read},
    {"403. Insufficient rights to query records. ", Reason::acl_denied},
    {"403. Insufficient rights to query records. query_range ACL on table 'sys_user'", Reason::acl_denied,
     "sys_user", AclOperation::query_range},
    {"403. com.glide.script.fencing.access.ScopeAccessNotGrantedException: read access to sys_user_has_role "
     "not granted",
     Reason::acl_denied, "sys_user_has_role", AclOperation::read},
    {"403. Operation Failed. Operation against file 'change_request' was aborted by Business Rule 'Restrict "
     "fields from "
     "Standard Change^5230b9179735ca504546f027f053af79'. Business Rule Stack:Restrict fields from Standard "
     "Change",
     Reason::business_rule},
    {"Operation against file 'sys_update_xml' was aborted by Business Rule 'Handle updates moving between "
     "sets^0e5b9945'. Business Rule Stack:Handle updates moving between sets",
     Reason::business_rule},
    // Two causes in one text: the rule is the more specific one, and knows ACLs by name only.
    {"403. Operation Failed. ACL Exception Insert Failed due to security constraints. Operation against file "
     "'sys_user' "
     "was aborted by Business Rule 'Check ACL^0e5b9945'. Business Rule Stack:Check ACL",
     Reason::business_rule},
    {"403. Operation Failed. Data Policy Exception: The following fields are mandatory: Resolution code",
     Reason::data_policy},
    {"Data Policy Exception: Short description is mandatory", Reason::data_policy},
    {"403. ACL Exception Insert Failed due to security constraints. Data Policy Exception: Company is "
     "mandatory",
     Reason::data_policy},
    {"The following mandatory fields are not filled in: Company", Reason::data_policy},
    {"403. Operation Failed. Error during insert of sys_user (Jane Doe)", Reason::remote_error},
    {"Insert Aborted : Error during insert of sys_user (Jane Doe)", Reason::remote_error},
    {"Error during insert of", Reason::remote_error},
    {"403. Operation Failed. Error during insert of sys_user (Jane). Unique Key violation detected by "
     "database "
     "((conn=74323) Duplicate entry 'jane' for key 'user_name')",
     Reason::duplicate},
    {"Unique Key violation detected by database (Duplicate entry 'ABC' for key 'name')", Reason::duplicate},
    {"401. User Not Authenticated. Required to provide Auth information", Reason::authentication},
    {"401. User is not authenticated. Required to provide Auth information", Reason::authentication},
    {"401. User Not Authorized. Required to provide Auth information", Reason::authentication},
    {"401. invalid_client. Invalid client_id or client_secret.", Reason::authentication},
    {"401: {\"error_description\":\"access_denied\",\"error\":\"server_error\"}", Reason::authentication},
    {"400. Invalid table bad_table_name. ", Reason::validation},
    {"400. offset is -1. Negative offset is not supported", Reason::validation},
    {"400. Requested URI does not represent any resource. ", Reason::validation},
    {"404. Requested URI does not represent any resource. ", Reason::validation},
    {"429. Rate limit exceeded. Rate limit of 100 requests per hour for Table API exceeded",
     Reason::rate_limited},
    {"500. Transaction cancelled: maximum execution time exceeded. Transaction cancelled: maximum execution "
     "time "
     "exceeded. Check logs for error trace.",
     Reason::remote_error},
    {"<html><head><title>Instance Hibernating page</title></head><body>Your instance is "
     "hibernating.</body></html>",
     Reason::remote_error},
    {"<!DOCTYPE html><html><head><title>Sign In | ServiceNow</title></head></html>", Reason::remote_error},
    {"Read timed out", Reason::remote_error},
    {"Connect to example.service-now.com failed: Connection refused", Reason::remote_error},
    // ServiceNow's JSON, quoted whole.
    {"404 {\"error\":{\"message\":\"No Record found\",\"detail\":\"Record doesn't exist or ACL restricts the "
     "record "
     "retrieval\"},\"status\":\"failure\"}",
     Reason::record_not_found_or_hidden},
    {"{\"error\":{\"detail\":\"Record doesn\\u0027t exist or ACL restricts the record "
     "retrieval\",\"message\":\"No "
     "Record found\"},\"status\":\"failure\"}",
     Reason::record_not_found_or_hidden},
    {"403 {\"error\":{\"message\":\"Operation Failed\",\"detail\":\"ACL Exception Insert Failed due to "
     "security "
     "constraints\"}}",
     Reason::acl_denied, "", AclOperation::create},
    {"403 {\\\"error\\\":{\\\"message\\\":\\\"Insufficient rights to query records\\\",\\\"detail\\\":\\\"No "
     "permission "
     "to read table \\'sys_user\\'\\\"}}",
     Reason::acl_denied, "sys_user", AclOperation::read},
    {"{\"error\":{\"message\":\"User Not Authenticated\",\"detail\":\"Required to provide Auth "
     "information\"},"
     "\"status\":\"failure\"}",
     Reason::authentication},
    {"{\"result\":[{\"sys_id\":\"375924dfdb6fb2882f74f12aaf9619b8\",\"sys_created_on\":\"2017-06-29 "
     "11:03:27\"},"
     "{\"sys_id\":\"",
     Reason::remote_error},
    {"{\"result\":[{\"sys_id\":\"375924dfdb6fb2882f74f12aaf9619b8\"}],\"error\":{\"detail\":\"Transaction "
     "cancelled: "
     "maximum execution time exceeded. Check logs for error trace.\"},\"status\":\"failure\"}",
     Reason::remote_error},
};

// Whole sentences of Okta's; what they carry at their end is not known.
inline constexpr KnownText kSentences[] = {
    {"An error occurred during import", Reason::other},
    {"An error occurred while pushing a profile update to this app", Reason::other},
    {"Failed to push User's Profile to App", Reason::other},
    {"Could not synchronize user with app", Reason::other},
    {"Could not reactivate user in app", Reason::other},
    {"Could not deactivate user. This user is the API user", Reason::other},
    {"Failed to bind with ServiceNow. X1", Reason::authentication},
    {"Failed to download all user from ServiceNow. X1", Reason::other},
    {"Failed to create new a user. X1", Reason::other},
    {"Failed to verify a user exists from ServiceNow. X1", Reason::other},
    {"Failed to push a new password to a user to ServiceNow. X1", Reason::other},
    {"Failed to push a profile to a user to ServiceNow. X1", Reason::other},
    {"Failed to download a user's profile from ServiceNow. X1", Reason::other},
    {"Failed to deactivate user from ServiceNow. X1", Reason::other},
    {"Failed to reactivate user from ServiceNow. X1", Reason::other},
    {"Failed to validate your Admin credentials. X1", Reason::authentication},
    {"Failed to fetch user. X1", Reason::other},
    {"Failed to download departments list from ServiceNow. X1", Reason::other},
    {"Failed to download locations list from ServiceNow. X1", Reason::other},
    {"Failed to download cost centers list from ServiceNow. X1", Reason::other},
    {"Failed to resolve ServiceNow manager hash: X1", Reason::other},
    {"Failed to get user groups from ServiceNow. X1", Reason::other},
    {"Failed to upsert group in ServiceNow. X1", Reason::other},
    {"Failed to delete group in ServiceNow. X1", Reason::other},
    {"Failed to get group memberships from ServiceNow. X1", Reason::other},
    {"Failed to add group membership in ServiceNow. X1", Reason::other},
    {"Failed to find manager profile in AD X1", Reason::other},
    {"Failed to validate Admin credentials: X1", Reason::authentication},
    {"Error authenticating: X1", Reason::authentication},
    {"Error authenticating: Forbidden. Errors reported by remote server: no", Reason::authentication},
    {"Error while retrieving OAuth token: X1", Reason::authentication},
    {"Error while refreshing OAuth token: X1", Reason::authentication},
    {"Error while verifying if user exists: X1", Reason::other},
    {"Error while creating user: X1", Reason::other},
    {"Error while deactivating user: X1", Reason::other},
    {"Error while reactivating user: X1", Reason::other},
    {"Error while trying to import user profile: X1", Reason::other},
    {"Error while trying to push profile update: X1", Reason::other},
    {"Error pushing password: X1", Reason::other},
    {"Error while creating user group: X1", Reason::other},
    {"Error while deleting user group: X1", Reason::other},
    {"Error while updating user group membership for group: X1", Reason::other},
    {"Error while adding user(s) to group: X1", Reason::other},
    {"Error while removing user(s) from group: X1", Reason::other},
    {"Error while downloading all users: X1", Reason::other},
    {"Error while downloading custom objects: X1", Reason::other},
    {"Error while trying to find an individual group by id: X1", Reason::other},
    {"Error while downloading all groups: X1", Reason::other},
    {"Error while downloading users for group: X1", Reason::other},
    {"API error: X1", Reason::other},
    {"API rate limit exceeded. X1", Reason::rate_limited},
};

}  // namespace exporter::provisioning
