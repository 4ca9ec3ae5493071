// Every metric of the exporter, once: what registers, documents and tests them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace exporter::metrics {

enum class Type : std::uint8_t { counter, gauge, histogram };

struct Label {
  std::string_view name;
  // The closed set of values; everything else becomes "other". Empty: bounded by the configuration
  // (integration, host …).
  std::span<const std::string_view> values = {};
};

struct Metric {
  std::string_view name;
  Type type;
  std::string_view unit;  // "seconds", "bytes" or empty
  std::string_view help;
  std::span<const Label> labels;
  std::size_t max_series;                // per integration; of metrics without that label: in all
  bool sampled = false;                  // its HELP says so
  std::span<const double> buckets = {};  // of histograms: upper bounds, +Inf left out
  // Moves with every scrape: written anew each time, below what can be kept from one scrape to the next.
  bool fleeting = false;
};

// HELP as exposed: `help`, and for sampled metrics the sentence on background sampling.
std::string help_of(const Metric& metric);

// "counter", "gauge" or "histogram", as the text format writes it.
std::string_view to_string(Type type);

// In the order of the documentation.
std::span<const Metric* const> all();

namespace catalogue {
extern const Metric
    okta_provisioning_tasks_total;  // integration, operation (those whose attempts are logged)
extern const Metric okta_provisioning_task_failures_total;     // integration, operation, reason
extern const Metric okta_provisioning_acl_denials_total;       // integration, table, operation
extern const Metric okta_provisioning_failure_verdicts_total;  // integration, verdict
extern const Metric okta_app_users;                            // integration, status
extern const Metric okta_group_push_mappings_in_error;         // integration, reason
extern const Metric okta_app_user_sync_states;                 // integration, sync_state
extern const Metric okta_system_log_events_total;              // integration, disposition
extern const Metric okta_system_log_complete_until_timestamp_seconds;
extern const Metric okta_app_provisioning_feature_enabled;  // integration, feature
extern const Metric okta_credentials_valid;
extern const Metric okta_up;
extern const Metric servicenow_acl_denials_total;            // integration, table, operation
extern const Metric servicenow_rest_transactions_total;      // integration, code
extern const Metric servicenow_acl_denial_source_available;  // integration, source
extern const Metric servicenow_transaction_log_complete_until_timestamp_seconds;
extern const Metric servicenow_acl_permission_granted;  // integration, account, table, operation
extern const Metric servicenow_acl_probed_links;        // integration, account
extern const Metric servicenow_acl_hidden_links;        // integration, account
extern const Metric servicenow_acl_hidden_fields;       // integration, account, table
extern const Metric servicenow_access_changes_total;    // integration, kind
extern const Metric servicenow_acl_hidden_records;      // integration, account, table
extern const Metric servicenow_credentials_valid;       // integration, account
extern const Metric servicenow_users;                   // integration, active
extern const Metric servicenow_up;
extern const Metric okta_external_id_users;                           // integration, state
extern const Metric okta_external_id_drift_users;                     // integration, kind
extern const Metric okta_external_id_drift_detected_total;            // integration, kind
extern const Metric okta_external_id_drift_resolved_total;            // integration, kind
extern const Metric okta_external_id_drift_oldest_timestamp_seconds;  // integration, kind
extern const Metric okta_external_id_mass_drift;
extern const Metric okta_external_id_comparison_complete;
extern const Metric okta_external_id_comparison_timestamp_seconds;
extern const Metric okta_external_id_former_users;  // integration, state
extern const Metric okta_external_id_locked_out_users;
extern const Metric build_info;        // okta_servicenow_exporter_build_info: version, revision, compiler
extern const Metric integration_info;  // integration, okta_host, servicenow_host, app_id, tier
extern const Metric sample_success;    // integration, sampler
extern const Metric sample_duration_seconds;
extern const Metric sample_timestamp_seconds;
extern const Metric sample_success_timestamp_seconds;
extern const Metric sample_errors_total;  // integration, sampler, class
extern const Metric sampler_interval_seconds;
extern const Metric api_requests_total;            // integration, api, endpoint, code
extern const Metric api_request_duration_seconds;  // integration, api; histogram
extern const Metric api_rate_limit_limit;          // api, host, bucket
extern const Metric api_rate_limit_remaining;
extern const Metric api_rate_limit_reset_timestamp_seconds;
extern const Metric api_throttled_seconds_total;  // integration, api
extern const Metric config_last_reload_successful;
extern const Metric config_last_reload_success_timestamp_seconds;
extern const Metric http_requests_total;   // handler, code
extern const Metric unknown_values_total;  // metric, label
extern const Metric web_certificate_expiry_timestamp_seconds;
extern const Metric storage_size_bytes;
// From /proc at each scrape (process_metrics.h).
extern const Metric process_cpu_seconds_total;
extern const Metric process_open_fds;
extern const Metric process_max_fds;
extern const Metric process_virtual_memory_bytes;
extern const Metric process_resident_memory_bytes;
extern const Metric process_start_time_seconds;
extern const Metric process_threads;
}  // namespace catalogue

// What the look at a failed user found: drift::kKinds, and that nothing is wrong or nothing can be told.
inline constexpr std::string_view kVerdicts[] = {"duplicate_link", "wrong_user",      "hidden_by_acl",
                                                 "sys_id_changed", "ambiguous_match", "record_missing",
                                                 "not_linked",     "active_mismatch", "key_mismatch",
                                                 "linked_ok",      "unverified"};
inline constexpr std::string_view kFormerUserStates[] = {"active", "inactive", "gone"};
inline constexpr std::string_view kSamplers[] = {"system_log",     "app_users",       "users",
                                                 "comparison",     "transaction_log", "acl_probe",
                                                 "access_changes", "group_push"};
inline constexpr std::string_view kTransactionCodes[] = {"2xx", "3xx", "400",       "401", "403",
                                                         "404", "429", "other_4xx", "5xx"};
inline constexpr std::string_view kDenialSources[] = {"okta_task", "transaction_log", "probe"};
inline constexpr std::string_view kAccessChanges[] = {"roles", "acl_rules", "instance"};
inline constexpr std::string_view kFeatures[] = {
    "PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "REACTIVATE_USERS",
    "GROUP_PUSH",     "IMPORT_NEW_USERS",     "IMPORT_PROFILE_UPDATES", "PROFILE_MASTERING"};

}  // namespace exporter::metrics
