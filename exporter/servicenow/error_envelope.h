// {"error":{"message":…,"detail":…},"status":"failure"}: ServiceNow's own words about a refusal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace exporter::servicenow {

struct ErrorEnvelope {
  std::string message;
  std::string detail;  // empty where null
};

// nullopt where the body is none.
std::optional<ErrorEnvelope> parse_error_envelope(std::string_view body);

}  // namespace exporter::servicenow
