#include "metrics/catalogue.h"

#include "base/error.h"
#include "drift/vocabulary.h"
#include "okta/records.h"
#include "provisioning/vocabulary.h"

namespace exporter::metrics {

namespace {

using Values = std::span<const std::string_view>;

constexpr std::string_view kAccounts[] = {"reader", "provisioner"};
constexpr std::string_view kApis[] = {"okta", "servicenow"};
constexpr std::string_view kBooleans[] = {"true", "false"};
constexpr std::string_view kBuckets[] = {"logs", "apps", "token", "table", "aggregate"};
constexpr std::string_view kEndpoints[] = {
    "token",      "logs",         "apps",     "app", "app_users", "app_user", "group_push_mappings",
    "table_list", "table_record", "aggregate"};
constexpr std::string_view kTiers[] = {"production", "other"};

// Operations whose attempts Okta logs come first in the vocabulary.
constexpr std::size_t kAttemptedCount = static_cast<std::size_t>(provisioning::Operation::password) + 1;
static_assert(provisioning::attempts_are_logged(provisioning::Operation{kAttemptedCount - 1}) &&
              !provisioning::attempts_are_logged(provisioning::Operation{kAttemptedCount}));
constexpr Values kAttempted = Values(provisioning::kOperations).first<kAttemptedCount>();

// From a connection that is there already to the timeout of a request (30 s).
constexpr double kRequestSeconds[] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

constexpr Label kIntegration{.name = "integration"};
constexpr Label kTable{.name = "table"};
constexpr Label kAccount{.name = "account", .values = kAccounts};
constexpr Label kApi{.name = "api", .values = kApis};
constexpr Label kSampler{.name = "sampler", .values = kSamplers};

constexpr Label kPerIntegration[] = {kIntegration};
constexpr Label kTaskLabels[] = {kIntegration, {"operation", kAttempted}};
constexpr Label kTaskFailureLabels[] = {
    kIntegration, {"operation", provisioning::kOperations}, {"reason", provisioning::kReasons}};
constexpr Label kDenialLabels[] = {kIntegration, kTable, {"operation", provisioning::kAclOperations}};
constexpr Label kStatusLabels[] = {kIntegration, {"status", okta::kAppUserStatuses}};
constexpr Label kSyncStateLabels[] = {kIntegration, {"sync_state", okta::kSyncStates}};
constexpr Label kDispositionLabels[] = {kIntegration, {"disposition", provisioning::kDispositions}};
constexpr Label kGroupPushLabels[] = {kIntegration, {"reason", provisioning::kReasons}};
constexpr Label kFeatureLabels[] = {kIntegration, {"feature", kFeatures}};
constexpr Label kAccountLabels[] = {kIntegration, kAccount};
constexpr Label kAccountTableLabels[] = {kIntegration, kAccount, kTable};
constexpr Label kProbeLabels[] = {
    kIntegration, kAccount, kTable, {"operation", provisioning::kAclOperations}};
constexpr Label kTransactionLabels[] = {kIntegration, {"code", kTransactionCodes}};
constexpr Label kSourceLabels[] = {kIntegration, {"source", kDenialSources}};
constexpr Label kAccessChangeLabels[] = {kIntegration, {"kind", kAccessChanges}};
constexpr Label kActiveLabels[] = {kIntegration, {"active", kBooleans}};
constexpr Label kDriftStateLabels[] = {kIntegration, {"state", drift::kStates}};
constexpr Label kVerdictLabels[] = {kIntegration, {"verdict", kVerdicts}};
constexpr Label kFormerUserLabels[] = {kIntegration, {"state", kFormerUserStates}};
constexpr Label kDriftKindLabels[] = {kIntegration, {"kind", drift::kKinds}};
constexpr Label kBuildLabels[] = {{"version"}, {"revision"}, {"compiler"}};
constexpr Label kIntegrationInfoLabels[] = {
    kIntegration, {"okta_host"}, {"servicenow_host"}, {"app_id"}, {"tier", kTiers}};
constexpr Label kSamplerLabels[] = {kIntegration, kSampler};
constexpr Label kSampleErrorLabels[] = {kIntegration, kSampler, {"class", kErrorClasses}};
constexpr Label kApiRequestLabels[] = {kIntegration, kApi, {"endpoint", kEndpoints}, {"code"}};
constexpr Label kApiLabels[] = {kIntegration, kApi};
constexpr Label kRateLimitLabels[] = {kApi, {"host"}, {"bucket", kBuckets}};
constexpr Label kHttpLabels[] = {{"handler"}, {"code"}};
constexpr Label kUnknownValueLabels[] = {{"metric"}, {"label"}};

}  // namespace

namespace catalogue {

// ---- Okta provisioning

constinit const Metric okta_provisioning_tasks_total{
    .name = "okta_provisioning_tasks_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Provisioning tasks that Okta attempted, each counted once however many events it wrote; the "
        "denominator of "
        "okta_provisioning_task_failures_total. Only the operations whose attempts Okta logs.",
    .labels = kTaskLabels,
    .max_series = 8,
    .sampled = true,
};
constinit const Metric okta_provisioning_task_failures_total{
    .name = "okta_provisioning_task_failures_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Provisioning tasks that failed, by what was attempted and by why, as Okta's text tells it. "
        "record_not_found_or_hidden is the ambiguous 404: the record is gone, or an ACL hides it.",
    .labels = kTaskFailureLabels,
    .max_series = 182,
    .sampled = true,
};
constinit const Metric okta_provisioning_acl_denials_total{
    .name = "okta_provisioning_acl_denials_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Failed tasks whose text is an ACL refusal of ServiceNow, by the table and the ACL operation that "
        "was "
        "refused. table is one of the configured tables (servicenow.acl.tables) or other.",
    .labels = kDenialLabels,
    .max_series = 80,
    .sampled = true,
};
constinit const Metric okta_provisioning_failure_verdicts_total{
    .name = "okta_provisioning_failure_verdicts_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Failed tasks with the ambiguous 404 (reason record_not_found_or_hidden) of a user, by what a look "
        "at both "
        "sides found: a kind of drift, linked_ok (the link is good, so look at permissions), or unverified.",
    .labels = kVerdictLabels,
    .max_series = 11,
    .sampled = true,
};
constinit const Metric okta_app_users{
    .name = "okta_app_users",
    .type = Type::gauge,
    .unit = "",
    .help = "Users assigned to the app in Okta, by the status of the assignment.",
    .labels = kStatusLabels,
    .max_series = 14,
    .sampled = true,
};
constinit const Metric okta_group_push_mappings_in_error{
    .name = "okta_group_push_mappings_in_error",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Group push mappings of the app whose last push failed, by why, as Okta's text tells it. Absent "
        "where "
        "the credentials may not read them, or the app pushes no groups.",
    .labels = kGroupPushLabels,
    .max_series = 14,
    .sampled = true,
};
constinit const Metric okta_app_user_sync_states{
    .name = "okta_app_user_sync_states",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Users assigned to the app in Okta, by how far Okta has synchronised them. ERROR: Okta holds a "
        "failed task "
        "open. Some tenants show DISABLED for everyone, also where provisioning works; there this metric "
        "says "
        "nothing.",
    .labels = kSyncStateLabels,
    .max_series = 6,
    .sampled = true,
};
constinit const Metric okta_system_log_events_total{
    .name = "okta_system_log_events_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "System Log events read, by what became of them. counted: opened a task; correlated: belongs to a "
        "task that "
        "was open; duplicate: seen before; ignored: no part of a task; malformed: without the fields that "
        "every "
        "event has.",
    .labels = kDispositionLabels,
    .max_series = 6,
    .sampled = true,
};
constinit const Metric okta_system_log_complete_until_timestamp_seconds{
    .name = "okta_system_log_complete_until_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help =
        "Unix time, by Okta's clock, of the last poll that reached the end of the System Log: everything "
        "before it "
        "is counted.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};
constinit const Metric okta_app_provisioning_feature_enabled{
    .name = "okta_app_provisioning_feature_enabled",
    .type = Type::gauge,
    .unit = "",
    .help = "Whether a provisioning feature of the app is switched on in Okta (1) or not (0).",
    .labels = kFeatureLabels,
    .max_series = 9,
    .sampled = true,
};
constinit const Metric okta_credentials_valid{
    .name = "okta_credentials_valid",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether Okta accepted the exporter's credentials in its last answer (1) or refused them with 401 "
        "(0).",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};
constinit const Metric okta_up{
    .name = "okta_up",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether the last request to Okta was answered by its API, in JSON and with a status below 500 (1), "
        "or not "
        "(0).",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};

// ---- ServiceNow access control

constinit const Metric servicenow_acl_denials_total{
    .name = "servicenow_acl_denials_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "REST transactions of Okta's account that ServiceNow answered with 403, from ServiceNow's "
        "transaction log. table and operation come from the URL and, where the log has one, the method. The "
        "log holds no text: a 403 by a business rule or a data policy is in here too. The same refusal may "
        "also be in okta_provisioning_acl_denials_total; never add the two.",
    .labels = kDenialLabels,
    .max_series = 80,
    .sampled = true,
};
constinit const Metric servicenow_rest_transactions_total{
    .name = "servicenow_rest_transactions_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "REST transactions of Okta's account by the HTTP status that ServiceNow answered, from ServiceNow's "
        "transaction log; the denominator of servicenow_acl_denials_total. Those of the exporter itself are "
        "not in it.",
    .labels = kTransactionLabels,
    .max_series = 10,
    .sampled = true,
};
constinit const Metric servicenow_acl_denial_source_available{
    .name = "servicenow_acl_denial_source_available",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether a source of ACL denials can be read here (1) or not (0). okta_task: Okta's failure texts; "
        "transaction_log: syslog_transaction with its column http_response_code, from the Australia release "
        "on; probe: requests as Okta's own account.",
    .labels = kSourceLabels,
    .max_series = 4,
    .sampled = true,
};
constinit const Metric servicenow_transaction_log_complete_until_timestamp_seconds{
    .name = "servicenow_transaction_log_complete_until_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help =
        "Unix time, by ServiceNow's clock, of the last poll that reached the end of the transaction log: "
        "everything before it is counted.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};
constinit const Metric servicenow_acl_permission_granted{
    .name = "servicenow_acl_permission_granted",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether the last probe proved that the account may do this on a table (1) or not (0). Only what "
        "reading can prove: read, query_match (= and IN), query_range (> and sorting). read is 0 where it is "
        "refused, or where none of the first records is shown. Absent where the probe proved neither.",
    .labels = kProbeLabels,
    .max_series = 160,
    .sampled = true,
};
constinit const Metric servicenow_acl_probed_links{
    .name = "servicenow_acl_probed_links",
    .type = Type::gauge,
    .unit = "",
    .help =
        "External IDs that the account was asked for by sys_id within the last 24 hours and whose record is "
        "there; each counts once, by its last look.",
    .labels = kAccountLabels,
    .max_series = 3,
    .sampled = true,
};
constinit const Metric servicenow_acl_hidden_links{
    .name = "servicenow_acl_hidden_links",
    .type = Type::gauge,
    .unit = "",
    .help = "Those of servicenow_acl_probed_links whose record is there and was not shown to the account.",
    .labels = kAccountLabels,
    .max_series = 3,
    .sampled = true,
};
constinit const Metric servicenow_acl_hidden_fields{
    .name = "servicenow_acl_hidden_fields",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Fields that a push writes and that the last probe did not show to the account in any record of the "
        "table.",
    .labels = kAccountTableLabels,
    .max_series = 20,
    .sampled = true,
};
constinit const Metric servicenow_access_changes_total{
    .name = "servicenow_access_changes_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Changes seen between two looks: roles of Okta's account, ACL rules on the configured tables, the "
        "build or the name of the instance. One per role, rule or property; each is a line in the log.",
    .labels = kAccessChangeLabels,
    .max_series = 4,
    .sampled = true,
};
constinit const Metric servicenow_acl_hidden_records{
    .name = "servicenow_acl_hidden_records",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Records of a table that ServiceNow counted in the last complete listing and did not show to the "
        "account.",
    .labels = kAccountTableLabels,
    .max_series = 20,
    .sampled = true,
};
constinit const Metric servicenow_credentials_valid{
    .name = "servicenow_credentials_valid",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether ServiceNow accepted the account's credentials in its last answer (1) or refused them with "
        "401 (0). "
        "reader is the exporter's own account, provisioner is Okta's.",
    .labels = kAccountLabels,
    .max_series = 3,
    .sampled = true,
};
constinit const Metric servicenow_users{
    .name = "servicenow_users",
    .type = Type::gauge,
    .unit = "",
    .help = "User records in ServiceNow that the reader sees, by whether they are active.",
    .labels = kActiveLabels,
    .max_series = 3,
    .sampled = true,
};
constinit const Metric servicenow_up{
    .name = "servicenow_up",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether the last request to ServiceNow was answered by its API, in JSON and with a status below 500 "
        "(1), or "
        "not (0): a hibernating instance answers with a page.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};

// ---- External-ID drift

constinit const Metric okta_external_id_users{
    .name = "okta_external_id_users",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Users assigned to the app, by the state of their external ID; the sum is every assigned user. "
        "linked: leads "
        "to the right record; drifted: does not; unverified: cannot be told; exempt: is not expected to.",
    .labels = kDriftStateLabels,
    .max_series = 5,
    .sampled = true,
};
constinit const Metric okta_external_id_drift_users{
    .name = "okta_external_id_drift_users",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Users whose external ID does not lead to the right, visible record in ServiceNow, by what is wrong; "
        "each "
        "user counts once.",
    .labels = kDriftKindLabels,
    .max_series = 10,
    .sampled = true,
};
constinit const Metric okta_external_id_drift_detected_total{
    .name = "okta_external_id_drift_detected_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Users found drifted, by kind. What the first comparison finds was there before and is not counted.",
    .labels = kDriftKindLabels,
    .max_series = 10,
    .sampled = true,
};
constinit const Metric okta_external_id_drift_resolved_total{
    .name = "okta_external_id_drift_resolved_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Drifted users that are drifted no more, by the kind that ended: repaired, unassigned, or of another "
        "kind "
        "now.",
    .labels = kDriftKindLabels,
    .max_series = 10,
    .sampled = true,
};
constinit const Metric okta_external_id_drift_oldest_timestamp_seconds{
    .name = "okta_external_id_drift_oldest_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help =
        "Unix time at which the longest-drifted user of a kind was first seen; absent while there is none.",
    .labels = kDriftKindLabels,
    .max_series = 10,
    .sampled = true,
};
constinit const Metric okta_external_id_mass_drift{
    .name = "okta_external_id_mass_drift",
    .type = Type::gauge,
    .unit = "",
    .help =
        "1 where the last complete comparison found so many links broken at once that ServiceNow's database "
        "was "
        "probably replaced (a clone, a migration, a restore); else 0.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};
constinit const Metric okta_external_id_comparison_complete{
    .name = "okta_external_id_comparison_complete",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether the last comparison had two complete listings and could be believed (1) or not (0); then "
        "the "
        "numbers of the last complete one stay.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};
constinit const Metric okta_external_id_comparison_timestamp_seconds{
    .name = "okta_external_id_comparison_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help = "Unix time of the last complete comparison: how old the numbers on drift are.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};
constinit const Metric okta_external_id_former_users{
    .name = "okta_external_id_former_users",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Users who left the app within the last 30 days while it pushes deactivations, by what ServiceNow "
        "still has of "
        "them; active ones are leavers with access. Looked up once a day.",
    .labels = kFormerUserLabels,
    .max_series = 3,
    .sampled = true,
};
constinit const Metric okta_external_id_locked_out_users{
    .name = "okta_external_id_locked_out_users",
    .type = Type::gauge,
    .unit = "",
    .help = "Users that are linked and active and locked out in ServiceNow.",
    .labels = kPerIntegration,
    .max_series = 1,
    .sampled = true,
};

// ---- The exporter itself

constinit const Metric build_info{
    .name = "okta_servicenow_exporter_build_info",
    .type = Type::gauge,
    .unit = "",
    .help = "Always 1; the labels tell which build of the exporter this is.",
    .labels = kBuildLabels,
    .max_series = 1,
};
constinit const Metric integration_info{
    .name = "okta_servicenow_exporter_integration_info",
    .type = Type::gauge,
    .unit = "",
    .help = "Always 1; the labels tell which Okta app and which ServiceNow instance an integration joins.",
    .labels = kIntegrationInfoLabels,
    .max_series = 3,
};
constinit const Metric sample_success{
    .name = "okta_servicenow_exporter_sample_success",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether the sampler's last run succeeded (1) or failed (0); after a failure the last good values "
        "stay.",
    .labels = kSamplerLabels,
    .max_series = 8,
};
constinit const Metric sample_duration_seconds{
    .name = "okta_servicenow_exporter_sample_duration_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help = "How long the sampler's last run took.",
    .labels = kSamplerLabels,
    .max_series = 8,
};
constinit const Metric sample_timestamp_seconds{
    .name = "okta_servicenow_exporter_sample_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help = "Unix time at which the sampler's last run ended, well or not.",
    .labels = kSamplerLabels,
    .max_series = 8,
};
constinit const Metric sample_success_timestamp_seconds{
    .name = "okta_servicenow_exporter_sample_success_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help = "Unix time at which the sampler last succeeded, also before a restart: how old its values are.",
    .labels = kSamplerLabels,
    .max_series = 8,
};
constinit const Metric sample_errors_total{
    .name = "okta_servicenow_exporter_sample_errors_total",
    .type = Type::counter,
    .unit = "",
    .help = "Runs of a sampler that failed, by the class of the error.",
    .labels = kSampleErrorLabels,
    .max_series = 112,
};
constinit const Metric sampler_interval_seconds{
    .name = "okta_servicenow_exporter_sampler_interval_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help =
        "Time from one run of the sampler to the next; a run that takes longer than the configured interval "
        "stretches it.",
    .labels = kSamplerLabels,
    .max_series = 8,
};
constinit const Metric api_requests_total{
    .name = "okta_servicenow_exporter_api_requests_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Requests that the exporter made to the vendors' APIs. code is the HTTP status, or the class of the "
        "error "
        "where there was none.",
    .labels = kApiRequestLabels,
    .max_series = 200,
};
constinit const Metric api_request_duration_seconds{
    .name = "okta_servicenow_exporter_api_request_duration_seconds",
    .type = Type::histogram,
    .unit = "seconds",
    .help = "How long the vendors' APIs took to answer, to the last byte.",
    .labels = kApiLabels,
    .max_series = 3,
    .buckets = kRequestSeconds,
};
constinit const Metric api_rate_limit_limit{
    .name = "okta_servicenow_exporter_api_rate_limit_limit",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Requests that the vendor allows per window, as the last answer's headers told it; the whole org or "
        "account "
        "shares them. Absent where no header came, and once the window is over.",
    .labels = kRateLimitLabels,
    .max_series = 16,
};
constinit const Metric api_rate_limit_remaining{
    .name = "okta_servicenow_exporter_api_rate_limit_remaining",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Requests left in the window, as the last answer's headers told it. Absent where no header came, and "
        "once "
        "the window is over.",
    .labels = kRateLimitLabels,
    .max_series = 16,
};
constinit const Metric api_rate_limit_reset_timestamp_seconds{
    .name = "okta_servicenow_exporter_api_rate_limit_reset_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help =
        "Unix time at which the window ends, as the last answer's headers told it. Absent where no header "
        "came, and "
        "once the window is over.",
    .labels = kRateLimitLabels,
    .max_series = 16,
};
constinit const Metric api_throttled_seconds_total{
    .name = "okta_servicenow_exporter_api_throttled_seconds_total",
    .type = Type::counter,
    .unit = "seconds",
    .help = "Time that requests waited, so that the exporter stays within its share of the vendor's limit.",
    .labels = kApiLabels,
    .max_series = 3,
};
constinit const Metric config_last_reload_successful{
    .name = "okta_servicenow_exporter_config_last_reload_successful",
    .type = Type::gauge,
    .unit = "",
    .help =
        "Whether the configuration was good when it was last read (1) or not (0); then the one before it is "
        "in "
        "force.",
    .labels = {},
    .max_series = 1,
};
constinit const Metric config_last_reload_success_timestamp_seconds{
    .name = "okta_servicenow_exporter_config_last_reload_success_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help = "Unix time at which the configuration in force was read.",
    .labels = {},
    .max_series = 1,
};
constinit const Metric http_requests_total{
    .name = "okta_servicenow_exporter_http_requests_total",
    .type = Type::counter,
    .unit = "",
    .help = "Requests that the exporter answered, by handler (other: no such page) and HTTP status.",
    .labels = kHttpLabels,
    .max_series = 100,
    .fleeting = true,
};
constinit const Metric unknown_values_total{
    .name = "okta_servicenow_exporter_unknown_values_total",
    .type = Type::counter,
    .unit = "",
    .help =
        "Times that a value had no place in the closed set of a label and was shown as other: a vendor has "
        "new "
        "words, and the exporter wants an update.",
    .labels = kUnknownValueLabels,
    .max_series = 100,
};
constinit const Metric web_certificate_expiry_timestamp_seconds{
    .name = "okta_servicenow_exporter_web_certificate_expiry_timestamp_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help =
        "Unix time at which the certificate ends that the exporter itself serves TLS with; absent where it "
        "serves none.",
    .labels = {},
    .max_series = 1,
};
constinit const Metric storage_size_bytes{
    .name = "okta_servicenow_exporter_storage_size_bytes",
    .type = Type::gauge,
    .unit = "bytes",
    .help = "Size of the state on disk; 0 where it is kept in memory.",
    .labels = {},
    .max_series = 1,
};

// ---- The process, named as Prometheus's own client libraries name it

constinit const Metric process_cpu_seconds_total{
    .name = "process_cpu_seconds_total",
    .type = Type::counter,
    .unit = "seconds",
    .help = "Processor time that the process has used, in user and system mode.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};
constinit const Metric process_open_fds{
    .name = "process_open_fds",
    .type = Type::gauge,
    .unit = "",
    .help = "File descriptors that the process holds open.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};
constinit const Metric process_max_fds{
    .name = "process_max_fds",
    .type = Type::gauge,
    .unit = "",
    .help = "File descriptors that the process may hold open.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};
constinit const Metric process_virtual_memory_bytes{
    .name = "process_virtual_memory_bytes",
    .type = Type::gauge,
    .unit = "bytes",
    .help = "Virtual memory of the process.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};
constinit const Metric process_resident_memory_bytes{
    .name = "process_resident_memory_bytes",
    .type = Type::gauge,
    .unit = "bytes",
    .help = "Memory of the process that is in RAM.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};
constinit const Metric process_start_time_seconds{
    .name = "process_start_time_seconds",
    .type = Type::gauge,
    .unit = "seconds",
    .help = "Unix time at which the process started.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};
constinit const Metric process_threads{
    .name = "process_threads",
    .type = Type::gauge,
    .unit = "",
    .help = "Threads of the process.",
    .labels = {},
    .max_series = 1,
    .fleeting = true,
};

}  // namespace catalogue

namespace {

constexpr const Metric* kAll[] = {
    &catalogue::okta_provisioning_tasks_total,
    &catalogue::okta_provisioning_task_failures_total,
    &catalogue::okta_provisioning_acl_denials_total,
    &catalogue::okta_provisioning_failure_verdicts_total,
    &catalogue::okta_app_users,
    &catalogue::okta_app_user_sync_states,
    &catalogue::okta_group_push_mappings_in_error,
    &catalogue::okta_system_log_events_total,
    &catalogue::okta_system_log_complete_until_timestamp_seconds,
    &catalogue::okta_app_provisioning_feature_enabled,
    &catalogue::okta_credentials_valid,
    &catalogue::okta_up,
    &catalogue::servicenow_acl_denials_total,
    &catalogue::servicenow_rest_transactions_total,
    &catalogue::servicenow_acl_denial_source_available,
    &catalogue::servicenow_transaction_log_complete_until_timestamp_seconds,
    &catalogue::servicenow_acl_permission_granted,
    &catalogue::servicenow_acl_probed_links,
    &catalogue::servicenow_acl_hidden_links,
    &catalogue::servicenow_acl_hidden_fields,
    &catalogue::servicenow_access_changes_total,
    &catalogue::servicenow_acl_hidden_records,
    &catalogue::servicenow_credentials_valid,
    &catalogue::servicenow_users,
    &catalogue::servicenow_up,
    &catalogue::okta_external_id_users,
    &catalogue::okta_external_id_drift_users,
    &catalogue::okta_external_id_drift_detected_total,
    &catalogue::okta_external_id_drift_resolved_total,
    &catalogue::okta_external_id_drift_oldest_timestamp_seconds,
    &catalogue::okta_external_id_mass_drift,
    &catalogue::okta_external_id_comparison_complete,
    &catalogue::okta_external_id_comparison_timestamp_seconds,
    &catalogue::okta_external_id_former_users,
    &catalogue::okta_external_id_locked_out_users,
    &catalogue::build_info,
    &catalogue::integration_info,
    &catalogue::sample_success,
    &catalogue::sample_duration_seconds,
    &catalogue::sample_timestamp_seconds,
    &catalogue::sample_success_timestamp_seconds,
    &catalogue::sample_errors_total,
    &catalogue::sampler_interval_seconds,
    &catalogue::api_requests_total,
    &catalogue::api_request_duration_seconds,
    &catalogue::api_rate_limit_limit,
    &catalogue::api_rate_limit_remaining,
    &catalogue::api_rate_limit_reset_timestamp_seconds,
    &catalogue::api_throttled_seconds_total,
    &catalogue::config_last_reload_successful,
    &catalogue::config_last_reload_success_timestamp_seconds,
    &catalogue::http_requests_total,
    &catalogue::unknown_values_total,
    &catalogue::web_certificate_expiry_timestamp_seconds,
    &catalogue::storage_size_bytes,
    &catalogue::process_cpu_seconds_total,
    &catalogue::process_open_fds,
    &catalogue::process_max_fds,
    &catalogue::process_virtual_memory_bytes,
    &catalogue::process_resident_memory_bytes,
    &catalogue::process_start_time_seconds,
    &catalogue::process_threads,
};

}  // namespace

std::span<const Metric* const> all() { return kAll; }

std::string help_of(const Metric& metric) {
  std::string help(metric.help);
  if (metric.sampled) {
    help += " Sampled in the background; see okta_servicenow_exporter_sampler_interval_seconds.";
  }
  return help;
}

std::string_view to_string(Type type) {
  switch (type) {
    case Type::counter:
      return "counter";
    case Type::gauge:
      return "gauge";
    case Type::histogram:
      return "histogram";
  }
  return "untyped";
}

}  // namespace exporter::metrics
