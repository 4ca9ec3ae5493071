#include "app/check_report.h"

#include <algorithm>
#include <array>
#include <utility>

#include "web/json_text.h"

namespace exporter::app {

namespace {

std::string_view mark(Verdict verdict) {
  constexpr std::array<std::string_view, 4> kMarks{"ok      ", "warning ", "FAILED  ", "skipped "};
  return kMarks[static_cast<std::size_t>(verdict)];
}

// Lines after the first keep the indentation.
void append_indented(std::string& out, std::string_view text, std::string_view indentation) {
  for (const char c : text) {
    out += c;
    if (c == '\n') out += indentation;
  }
}

std::size_t count(const IntegrationReport& report, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(report.lines, verdict, &CheckLine::verdict));
}

std::string_view availability(const SourceLine& line) {
  if (!line.available) return "not known";
  return *line.available ? "available" : "not available";
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(out.size(), width), ' ');
  return out;
}

// What can tell ACL denials: source, available or why not, what would make it available.
void append_sources(std::string& out, const std::vector<SourceLine>& sources) {
  if (sources.empty()) return;
  constexpr std::size_t kSource = 17;
  constexpr std::size_t kAvailable = 15;
  const std::string indentation(4 + kSource + kAvailable, ' ');
  out += "  sources of ACL denials:\n";
  for (const SourceLine& line : sources) {
    std::string row = "    " + padded(line.source, kSource) + padded(availability(line), kAvailable);
    if (line.why.empty()) row.erase(row.find_last_not_of(' ') + 1);
    out += row;
    append_indented(out, line.why, indentation);
    out += '\n';
    if (!line.remedy.empty()) {
      out.append(indentation).append("-> ");
      append_indented(out, line.remedy, indentation);
      out += '\n';
    }
  }
}

// Why users can't be verified, and how many of the sampled ones each cause hits.
void append_causes(std::string& out, const std::vector<CauseLine>& causes) {
  if (causes.empty()) return;
  out += "  unverified users of the sample, by cause:\n";
  for (const CauseLine& line : causes) {
    out += "    " + padded(std::to_string(line.users), 6) + line.cause + "\n";
  }
}

void append_available(std::string& out, std::optional<bool> available) {
  if (available) {
    out += *available ? "true" : "false";
  } else {
    out += "null";
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  web::append_json_string(out, name);
  out += ": ";
  web::append_json_string(out, value);
}

}  // namespace

CheckLine ok(std::string check, std::string message) {
  return {.check = std::move(check), .verdict = Verdict::ok, .message = std::move(message), .next = {}};
}

CheckLine warning(std::string check, std::string message, std::string next) {
  return {.check = std::move(check),
          .verdict = Verdict::warning,
          .message = std::move(message),
          .next = std::move(next)};
}

CheckLine failed(std::string check, std::string message, std::string next) {
  return {.check = std::move(check),
          .verdict = Verdict::failed,
          .message = std::move(message),
          .next = std::move(next)};
}

CheckLine skipped(std::string check, std::string why) {
  return {.check = std::move(check), .verdict = Verdict::skipped, .message = std::move(why), .next = {}};
}

bool is_good(const std::vector<IntegrationReport>& reports) {
  return std::ranges::all_of(
      reports, [](const IntegrationReport& report) { return count(report, Verdict::failed) == 0; });
}

std::string to_text(const std::vector<IntegrationReport>& reports) {
  constexpr std::string_view kIndentation = "            ";
  std::string out;
  for (const IntegrationReport& report : reports) {
    if (!out.empty()) out += '\n';
    out += report.name + ": " + report.okta_url + " to " + report.servicenow_url + "\n";
    for (const CheckLine& line : report.lines) {
      out.append("  ").append(mark(line.verdict)).append("  ");
      if (line.verdict == Verdict::skipped) out += line.check + ": ";
      append_indented(out, line.message, kIndentation);
      out += '\n';
      if (!line.next.empty()) {
        out.append(kIndentation).append("-> ");
        append_indented(out, line.next, kIndentation);
        out += '\n';
      }
    }
    append_sources(out, report.denial_sources);
    append_causes(out, report.unverified);
    out += "  " + std::to_string(count(report, Verdict::ok)) + " ok, " +
           std::to_string(count(report, Verdict::warning)) + " warnings, " +
           std::to_string(count(report, Verdict::failed)) + " failed, " +
           std::to_string(count(report, Verdict::skipped)) + " skipped\n";
  }
  return out;
}

std::string to_json(const std::vector<IntegrationReport>& reports, std::string_view generated) {
  std::string out = "{";
  append_field(out, "generated", generated);
  out += is_good(reports) ? ", \"ok\": true" : ", \"ok\": false";
  out += ", \"integrations\": [";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    out += i == 0 ? "\n {" : ",\n {";
    append_field(out, "name", reports[i].name);
    out += ", ";
    append_field(out, "okta_url", reports[i].okta_url);
    out += ", ";
    append_field(out, "servicenow_url", reports[i].servicenow_url);
    out += ", \"checks\": [";
    const std::vector<CheckLine>& lines = reports[i].lines;
    for (std::size_t k = 0; k < lines.size(); ++k) {
      out += k == 0 ? "\n  {" : ",\n  {";
      append_field(out, "check", lines[k].check);
      out += ", ";
      append_field(out, "verdict", kVerdicts[static_cast<std::size_t>(lines[k].verdict)]);
      out += ", ";
      append_field(out, "message", lines[k].message);
      out += ", ";
      append_field(out, "next", lines[k].next);
      out += "}";
    }
    out += "],\n  \"denial_sources\": [";
    const std::vector<SourceLine>& sources = reports[i].denial_sources;
    for (std::size_t k = 0; k < sources.size(); ++k) {
      out += k == 0 ? "\n  {" : ",\n  {";
      append_field(out, "source", sources[k].source);
      out += ", \"available\": ";
      append_available(out, sources[k].available);
      out += ", ";
      append_field(out, "why", sources[k].why);
      out += ", ";
      append_field(out, "remedy", sources[k].remedy);
      out += "}";
    }
    out += "],\n  \"unverified\": [";
    const std::vector<CauseLine>& causes = reports[i].unverified;
    for (std::size_t k = 0; k < causes.size(); ++k) {
      out += k == 0 ? "\n  {" : ",\n  {";
      append_field(out, "cause", causes[k].cause);
      out += ", \"users\": " + std::to_string(causes[k].users) + "}";
    }
    out += "]}";
  }
  return out + "]}\n";
}

}  // namespace exporter::app
