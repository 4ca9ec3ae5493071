#include "provisioning/rules.h"

namespace exporter::provisioning {
namespace {

// First match wins. A text often names two causes, so the order is part of the rules: a business rule or data
// policy may mention ACLs, an ACL refusal comes with a 403, a refused unique key inside an aborted insert.
constexpr TextRule kDetailRules[] = {
    // ServiceNow REST 403: "Operation against file 't' was aborted by Business Rule 'name^sys_id'. Business
    // Rule Stack:…"
    {"aborted by business rule", Reason::business_rule},
    {"business rule stack", Reason::business_rule},
    {"operation against file '", Reason::business_rule},
    // ServiceNow REST 403 and form banner.
    {"data policy exception", Reason::data_policy},
    {"mandatory fields are not filled in", Reason::data_policy},
    {"following fields are mandatory", Reason::data_policy},
    {" is mandatory", Reason::data_policy},
    // ServiceNow REST 403: "ACL Exception Insert|Update|Delete Failed due to security constraints".
    {"acl exception", Reason::acl_denied},
    {"failed due to security constraints", Reason::acl_denied},
    {"failed api level acl validation", Reason::acl_denied},
    {"403. user not authorized", Reason::acl_denied},  // the same, cut; with 401 it is about the credentials
    {"insufficient rights to query records", Reason::acl_denied},
    {"present in the query do not have permission", Reason::acl_denied},
    {"do not have permission to be read", Reason::acl_denied},
    {"no permission to read table", Reason::acl_denied},
    {"no permission to query", Reason::acl_denied},
    {"query_range", Reason::acl_denied},
    {"query_match", Reason::acl_denied},
    // Query ACLs in the log's and the banner's words (KB3088826): "Part of the query on t has been ignored
    // because
    // of …", "Attempt to query against t.f refused because of … ACLs on that field."
    {"part of the query on ", Reason::acl_denied},
    {"attempt to query against ", Reason::acl_denied},
    // "Security restricted: Write operation against 't' from scope 's' has been refused due to the table's
    // cross-scope access policy".
    {"cross-scope access policy", Reason::acl_denied},
    // Cross-scope: "….ScopeAccessNotGrantedException: read access to t not granted".
    {"scopeaccessnotgrantedexception", Reason::acl_denied},
    {"read access to ", Reason::acl_denied},
    {"write access to ", Reason::acl_denied},
    // ServiceNow 401 in its three wordings, its OAuth answers, Okta's test of the credentials.
    {"required to provide auth information", Reason::authentication},
    {"user not authenticated", Reason::authentication},
    {"user is not authenticated", Reason::authentication},
    {"invalid_client", Reason::authentication},
    {"invalid_grant", Reason::authentication},
    {"invalid_token", Reason::authentication},
    {"access_denied", Reason::authentication},
    {"invalid credentials", Reason::authentication},
    {"invalid username or password", Reason::authentication},
    {"expired credentials", Reason::authentication},
    {"credentials have expired", Reason::authentication},
    {"token has expired", Reason::authentication},
    {"token is expired", Reason::authentication},
    {"token expired", Reason::authentication},
    {"expired token", Reason::authentication},
    {"invalid token", Reason::authentication},
    {"could not verify the administrator credentials", Reason::authentication},
    {"administrator login and password", Reason::authentication},
    {"validate your admin credentials", Reason::authentication},
    {"validate admin credentials", Reason::authentication},
    // ServiceNow 429: "Rate limit of 100 requests per hour for Table API exceeded"; Okta: "Rate Limit
    // Exceeded".
    {"rate limit", Reason::rate_limited},
    {"too many requests", Reason::rate_limited},
    // ServiceNow's database, with and without "(conn=…)"; SCIM's uniqueness; Okta's group push.
    {"unique key violation", Reason::duplicate},
    {"duplicate entry", Reason::duplicate},
    {"notuniquewithinorg", Reason::duplicate},
    {"already exists", Reason::duplicate},
    {"already in use", Reason::duplicate},
    {"is not unique", Reason::duplicate},
    {"must be unique", Reason::duplicate},
    {"creates a conflict", Reason::duplicate},
    // Okta: several candidates where one was expected.
    {"multiple users found", Reason::ambiguous_match},
    {"expected 0 or 1 results", Reason::ambiguous_match},
    {"more than one user was found", Reason::ambiguous_match},
    {"more than one group was found", Reason::ambiguous_match},
    // Okta: "User was assigned this application before Provisioning was enabled and not provisioned…".
    {"before provisioning was enabled", Reason::unlinked},
    {"license limit exceeded", Reason::license},
    {"no licenses available", Reason::license},
    {"no available licenses", Reason::license},
    {"not enough licenses", Reason::license},
    {"out of licenses", Reason::license},
    // Okta: nobody to match, and Create Users is off.
    {"matching user not found", Reason::no_match},
    {"no matching user", Reason::no_match},
    // ServiceNow 404: one text for "absent" and for "hidden by an ACL", on purpose. Its twins in other
    // connectors.
    {"no record found", Reason::record_not_found_or_hidden},
    {"record doesn't exist or acl restricts", Reason::record_not_found_or_hidden},
    {"acl restricts the record retrieval", Reason::record_not_found_or_hidden},
    {"no user returned for user", Reason::record_not_found_or_hidden},
    {"linked group is missing", Reason::record_not_found_or_hidden},
    {"linked user is missing", Reason::record_not_found_or_hidden},
    {"was not found", Reason::record_not_found_or_hidden},
    {"user not found", Reason::record_not_found_or_hidden},
    {"group not found", Reason::record_not_found_or_hidden},
    // An answer that is no answer of the API: a proxy's page, a sleeping instance, a database error, a
    // cancelled query.
    {"invalid json", Reason::remote_error},
    {"instance hibernating page", Reason::remote_error},
    {"<html", Reason::remote_error},
    {"<!doctype html", Reason::remote_error},
    {"transaction cancelled", Reason::remote_error},
    {"maximum execution time exceeded", Reason::remote_error},
    {"insert aborted", Reason::remote_error},
    {"error during insert of", Reason::remote_error},
    {"error during update of", Reason::remote_error},
    {"empty user", Reason::remote_error},
    {"user is empty", Reason::remote_error},
    {"timed out", Reason::remote_error},
    {"timeout", Reason::remote_error},
    {"connection refused", Reason::remote_error},
    {"connection reset", Reason::remote_error},
    {"unknownhostexception", Reason::remote_error},
    {"\"result\":[", Reason::remote_error},
    // Values that the other side does not take.
    {" is required", Reason::validation},
    {"validation_error", Reason::validation},
    {"validation error", Reason::validation},
    {"request is unparsable", Reason::validation},
    {"violates schema", Reason::validation},
    {"arguments is invalid", Reason::validation},
    {"invalidargument", Reason::validation},
    {"cannot be modified", Reason::validation},
    {"unable to update the specified properties", Reason::validation},
    {"group name is too long", Reason::validation},
    {"value too long", Reason::validation},
    {"invalid table", Reason::validation},
    {"negative offset", Reason::validation},
    {"requested uri does not represent any resource", Reason::validation},
    {"rejected large rest payload", Reason::validation},
    // Okta could not reactivate the account (Deactivate Users is off); no reason of the closed set fits
    // better.
    {"user account is inactive", Reason::other},
    {"this user is the api user", Reason::other},
};

constexpr StatusRule kStatusRules[] = {
    {401, 401, Reason::authentication},
    {403, 403, Reason::acl_denied},
    {404, 404, Reason::record_not_found_or_hidden},
    {408, 408, Reason::remote_error},
    {409, 409, Reason::duplicate},
    {429, 429, Reason::rate_limited},
    {400, 400, Reason::validation},
    {422, 422, Reason::validation},
    {402, 499, Reason::other},
    {500, 599, Reason::remote_error},
};

constexpr PhraseRule kPhraseRules[] = {
    {"bad request", 400},
    {"unauthorized", 401},
    {"forbidden", 403},
    {"not found", 404},
    {"request timeout", 408},
    {"conflict", 409},
    {"unprocessable entity", 422},
    {"too many requests", 429},
    {"internal server error", 500},
    {"not implemented", 501},
    {"bad gateway", 502},
    {"service unavailable", 503},
    {"gateway timeout", 504},
};

// Okta's templates (app.api.error.*, app.servicenow*.api.error.*) and sentences that wrap or replace a cause.
constexpr TextRule kTemplateRules[] = {
    {"error authenticating", Reason::authentication},
    {"error while retrieving oauth token", Reason::authentication},
    {"error while refreshing oauth token", Reason::authentication},
    {"failed to bind with servicenow", Reason::authentication},
    {"user not authorized", Reason::authentication},
    {"api rate limit", Reason::rate_limited},
    {"an error occurred during import", Reason::other},
    {"an error occurred while pushing", Reason::other},
    {"failed to push ", Reason::other},
    {"failed to create ", Reason::other},
    {"failed to verify ", Reason::other},
    {"failed to download ", Reason::other},
    {"failed to deactivate ", Reason::other},
    {"failed to reactivate ", Reason::other},
    {"failed to fetch ", Reason::other},
    {"failed to get ", Reason::other},
    {"failed to upsert ", Reason::other},
    {"failed to delete ", Reason::other},
    {"failed to add ", Reason::other},
    {"failed to resolve servicenow manager", Reason::other},
    {"failed to find manager", Reason::other},
    {"could not synchronize user with app", Reason::other},
    {"could not reactivate user", Reason::other},
    {"could not deactivate user", Reason::other},
    {"error while ", Reason::other},
    {"error pushing ", Reason::other},
    {"api error", Reason::other},
};

constexpr AclRule kAclRules[] = {
    {"query_range", AclOperation::query_range},
    {"query_match", AclOperation::query_match},
    {"acl exception insert", AclOperation::create},
    {"acl exception update", AclOperation::write},
    {"acl exception delete", AclOperation::remove},
    {"acl exception read", AclOperation::read},
    {"acl exception query", AclOperation::read},
    {"failed api level acl validation", AclOperation::execute},
    // A field that may not be read, or that does not exist: ServiceNow answers both with this.
    {"field(s) present in the query", AclOperation::query_match},
    {"attempt to query against ", AclOperation::query_match},
    {"because of read security rules on ", AclOperation::read},
    {"read operation against ", AclOperation::read},
    {"write operation against ", AclOperation::write},
    {"create operation against ", AclOperation::create},
    {"delete operation against ", AclOperation::remove},
    {"execute operation on ", AclOperation::execute},
    {"no permission to read table", AclOperation::read},
    {"no permission to query", AclOperation::read},
    {"read access to ", AclOperation::read},
    {"write access to ", AclOperation::write},
    {"create access to ", AclOperation::create},
    {"delete access to ", AclOperation::remove},
};

using enum TypeRule::Where;
constexpr TypeRule kTypeRules[] = {
    {"user.not_found", ends, Reason::record_not_found_or_hidden},
    {"user.not_found_or_deleted", ends, Reason::record_not_found_or_hidden},
    {"group.not_found", ends, Reason::record_not_found_or_hidden},
    {"more_than_one_with_same_id", ends, Reason::ambiguous_match},
    {"_duplicate", ends, Reason::duplicate},
    {"error.duplicate", ends, Reason::duplicate},
    {"rate.limit.exceeded", ends, Reason::rate_limited},
    {"rate_limit_exceeded", ends, Reason::rate_limited},
    {"grouppush.mapping.created.from.rule.error.validation", contains, Reason::validation},
    {"group_name_long_length", ends, Reason::validation},
    {"empty_password", ends, Reason::validation},
    {"api.error.auth", ends, Reason::authentication},
    {".auth_error.", contains, Reason::authentication},
    {".oauth.", contains, Reason::authentication},
    {".validation", contains,
     Reason::authentication},  // of the credentials: api.validation, validation.failure
    {"binding.user", ends, Reason::authentication},
    {"integration.authentication_failure", ends, Reason::authentication},
    {"application.configuration.update", ends, Reason::authentication},
    {"integration.api_query", ends, Reason::remote_error},
    // "No group was found on update or delete"; with a legacy type, that one says whether it was so.
    {"application.provision.group.verify_exists", ends_without_legacy, Reason::record_not_found_or_hidden},
};

}  // namespace

std::span<const TextRule> detail_rules() { return kDetailRules; }
std::span<const StatusRule> status_rules() { return kStatusRules; }
std::span<const PhraseRule> phrase_rules() { return kPhraseRules; }
std::span<const TextRule> template_rules() { return kTemplateRules; }
std::span<const AclRule> acl_rules() { return kAclRules; }
std::span<const TypeRule> type_rules() { return kTypeRules; }

}  // namespace exporter::provisioning
