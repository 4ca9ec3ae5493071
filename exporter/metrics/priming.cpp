#include "metrics/priming.h"

#include <iterator>

#include "drift/vocabulary.h"

namespace exporter::metrics {

using provisioning::Operation;
using provisioning::Reason;

namespace {

bool is_group_operation(Operation operation) {
  return operation == Operation::group_push || operation == Operation::group_membership;
}

// Operations on one user, the look-up before them included.
bool is_user_operation(Operation operation) {
  return provisioning::attempts_are_logged(operation) || operation == Operation::verify;
}

bool writes(Operation operation) {
  return provisioning::attempts_are_logged(operation) || is_group_operation(operation);
}

}  // namespace

bool possible(Operation operation, Reason reason) {
  switch (reason) {
    // Every request can meet these, the test of a connection too.
    case Reason::authentication:
    case Reason::rate_limited:
    case Reason::remote_error:
    case Reason::other:
      return true;
    // A record must be named: not so where only the connection is tried.
    case Reason::record_not_found_or_hidden:
    case Reason::acl_denied:
      return operation != Operation::connection;
    // ServiceNow looks at values only when something is written; an import writes into Okta and meets
    // required fields there.
    case Reason::validation:
      return writes(operation) || operation == Operation::import;
    case Reason::data_policy:
    case Reason::business_rule:
      return writes(operation);
    // A record comes into being, gets a name, or comes back beside its successor.
    case Reason::duplicate:
      return operation == Operation::create || operation == Operation::update ||
             operation == Operation::activate || operation == Operation::reactivate ||
             is_group_operation(operation);
    // Okta looks for the one record that has the user's name.
    case Reason::no_match:
      return is_user_operation(operation);
    case Reason::ambiguous_match:
      return is_user_operation(operation) || operation == Operation::group_push;
    // The assignment is older than provisioning, so there is nothing to push to; a create is what would have
    // made the link.
    case Reason::unlinked:
      return is_user_operation(operation) && operation != Operation::create && operation != Operation::verify;
    // Only an account that is to be active takes a licence.
    case Reason::license:
      return operation == Operation::create || operation == Operation::update ||
             operation == Operation::activate || operation == Operation::reactivate;
  }
  return false;
}

std::vector<PrimedCounter> primed_counters(std::span<const std::string_view> tables) {
  std::vector<PrimedCounter> primed;
  const auto add = [&](const Metric& metric, auto... values) {
    primed.push_back({.metric = &metric, .label_values = {std::string(values)...}});
  };
  for (std::size_t i = 0; i < std::size(provisioning::kOperations); ++i) {
    const auto operation = static_cast<Operation>(i);
    if (provisioning::attempts_are_logged(operation)) {
      add(catalogue::okta_provisioning_tasks_total, to_string(operation));
    }
    for (std::size_t j = 0; j < std::size(provisioning::kReasons); ++j) {
      const auto reason = static_cast<Reason>(j);
      if (possible(operation, reason)) {
        add(catalogue::okta_provisioning_task_failures_total, to_string(operation), to_string(reason));
      }
    }
  }
  // Every operation with every table: a text names the table or not and the operation or not, each for
  // itself.
  const auto add_denials = [&](std::string_view table) {
    for (const std::string_view operation : provisioning::kAclOperations) {
      add(catalogue::okta_provisioning_acl_denials_total, table, operation);
      add(catalogue::servicenow_acl_denials_total, table, operation);
    }
  };
  for (const std::string_view table : tables) {
    add_denials(table);
  }
  add_denials("other");
  for (const std::string_view verdict : kVerdicts) {
    add(catalogue::okta_provisioning_failure_verdicts_total, verdict);
  }
  for (const std::string_view disposition : provisioning::kDispositions) {
    add(catalogue::okta_system_log_events_total, disposition);
  }
  for (const std::string_view code : kTransactionCodes) {
    add(catalogue::servicenow_rest_transactions_total, code);
  }
  for (const std::string_view kind : kAccessChanges) {
    add(catalogue::servicenow_access_changes_total, kind);
  }
  for (const std::string_view kind : drift::kKinds) {
    add(catalogue::okta_external_id_drift_detected_total, kind);
    add(catalogue::okta_external_id_drift_resolved_total, kind);
  }
  return primed;
}

std::vector<PrimedCounter> primed_counters(const std::vector<std::string>& tables) {
  return primed_counters(std::vector<std::string_view>(tables.begin(), tables.end()));
}

}  // namespace exporter::metrics
