// What `check` found out, for people and for machines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::app {

// warning: it works, and something is worth knowing. failed: it does not work, and the exit code says so.
// skipped: could not be told, because of what failed before or because it is not configured.
enum class Verdict : std::uint8_t { ok, warning, failed, skipped };
inline constexpr std::string_view kVerdicts[] = {"ok", "warning", "failed", "skipped"};

struct CheckLine {
  std::string check;  // the same in every report: "servicenow_reader_credentials"
  Verdict verdict = Verdict::ok;
  std::string message;  // what was found; no secret, no user's name
  std::string next;     // what to do; empty where nothing is to be done
};

CheckLine ok(std::string check, std::string message);
CheckLine warning(std::string check, std::string message, std::string next);
CheckLine failed(std::string check, std::string message, std::string next);
CheckLine skipped(std::string check, std::string why);

// A row of the table of what can tell ACL denials.
struct SourceLine {
  std::string source;             // one of metrics::kDenialSources
  std::optional<bool> available;  // nullopt: could not be told
  std::string why;                // where it is not available or not known
  std::string remedy;             // which role, property or setting would make it available
};

// Why sampled users could not be verified; the causes are those of drift::Cause.
struct CauseLine {
  std::string cause;
  std::size_t users = 0;
};

struct IntegrationReport {
  std::string name;
  std::string okta_url;
  std::string servicenow_url;
  std::vector<CheckLine> lines;
  std::vector<SourceLine> denial_sources;
  std::vector<CauseLine> unverified;
};

// Whether nothing failed.
bool is_good(const std::vector<IntegrationReport>& reports);

std::string to_text(const std::vector<IntegrationReport>& reports);
// {"generated": time, "ok": bool, "integrations": [{"name", "okta_url", "servicenow_url", "checks":
// [{"check", "verdict", "message", "next"}], "denial_sources": [{"source", "available": true|false|null,
// "why", "remedy"}], "unverified": [{"cause", "users"}]}]}
std::string to_json(const std::vector<IntegrationReport>& reports, std::string_view generated);

}  // namespace exporter::app
