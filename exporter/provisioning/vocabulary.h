// The closed sets of provisioning: they are label values, and every place that needs them takes them from
// here.
#pragma once

#include <cstdint>
#include <string_view>

namespace exporter::provisioning {

enum class Operation : std::uint8_t {
  create,
  update,
  activate,
  deactivate,
  reactivate,
  remove,  // "delete"
  password,
  verify,
  import,
  group_push,
  group_membership,
  connection,
  other,
};
inline constexpr std::string_view kOperations[] = {
    "create", "update", "activate",   "deactivate",       "reactivate", "delete", "password",
    "verify", "import", "group_push", "group_membership", "connection", "other"};
constexpr std::string_view to_string(Operation value) { return kOperations[static_cast<std::size_t>(value)]; }
// Okta logs an attempt for these, so their failures have a denominator.
constexpr bool attempts_are_logged(Operation value) { return value <= Operation::password; }

enum class Reason : std::uint8_t {
  record_not_found_or_hidden,
  acl_denied,
  authentication,
  rate_limited,
  duplicate,
  validation,
  data_policy,
  business_rule,
  no_match,
  ambiguous_match,
  unlinked,
  license,
  remote_error,
  other,
};
inline constexpr std::string_view kReasons[] = {"record_not_found_or_hidden",
                                                "acl_denied",
                                                "authentication",
                                                "rate_limited",
                                                "duplicate",
                                                "validation",
                                                "data_policy",
                                                "business_rule",
                                                "no_match",
                                                "ambiguous_match",
                                                "unlinked",
                                                "license",
                                                "remote_error",
                                                "other"};
constexpr std::string_view to_string(Reason value) { return kReasons[static_cast<std::size_t>(value)]; }

// What ServiceNow refused, in its own ACL operations.
enum class AclOperation : std::uint8_t {
  create,
  read,
  write,
  remove,
  query_match,
  query_range,
  execute,
  unknown
};
inline constexpr std::string_view kAclOperations[] = {"create",      "read",        "write",   "delete",
                                                      "query_match", "query_range", "execute", "unknown"};
constexpr std::string_view to_string(AclOperation value) {
  return kAclOperations[static_cast<std::size_t>(value)];
}

enum class Disposition : std::uint8_t { counted, correlated, duplicate, ignored, malformed };
inline constexpr std::string_view kDispositions[] = {"counted", "correlated", "duplicate", "ignored",
                                                     "malformed"};
constexpr std::string_view to_string(Disposition value) {
  return kDispositions[static_cast<std::size_t>(value)];
}

}  // namespace exporter::provisioning
