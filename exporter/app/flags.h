// The command line, in the style of Prometheus's exporters.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace exporter::app {

struct ListenAddress {
  std::string host;        // empty: every address of the machine; an IPv6 literal without its brackets
  std::uint16_t port = 0;  // 0: the system chooses
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

// ":10717", "127.0.0.1:10717", "[::1]:10717", "host:10717".
std::optional<ListenAddress> parse_listen_address(std::string_view text);
// The same way round.
std::string to_text(const ListenAddress& address);

inline constexpr std::string_view kMemoryStorage = ":memory:";

enum class Command : std::uint8_t { run, once, check, probe };
// What of a person the pages show; by name as in --web.show-users.
enum class ShownUsers : std::uint8_t { never, ids, names };

// Command::probe: what to ask, and for what.
struct ProbeFlags {
  std::string url = {};            // absolute; from --url or --web.probe-address
  std::string metric = {};         // empty: the status is enough
  std::string ca_file = {};        // empty: the system's
  std::string username = {};       // empty: no basic authentication
  std::string password_file = {};  // not empty with a username
};

struct Flags {
  std::string config_file;                      // empty with Command::probe only
  std::vector<ListenAddress> listen_addresses;  // at least one
  std::string telemetry_path = "/metrics";      // begins with a slash; is none of the other pages
  std::string web_config_file;                  // exporter-toolkit's; empty: none
  std::string external_url;                     // without a slash at its end; empty: unknown
  std::string route_prefix;                     // "/prefix", or empty; by default the path of external_url
  std::optional<ListenAddress> probe_address;   // a plain listener for /-/healthy and /-/ready
  std::string
      storage_path;    // a directory, or kMemoryStorage; empty with once, check, probe or config_check only
  std::string output;  // Command::once: the file to write; empty: stdout
  int max_requests = 40;  // scrapes at a time; 0: no limit
  Command command = Command::run;
  ShownUsers show_users = ShownUsers::ids;
  LogLevel log_level = LogLevel::info;
  LogFormat log_format = LogFormat::logfmt;
  bool config_check = false;  // load the configuration, say what is wrong, and end; only with Command::run
  bool enable_lifecycle = false;     // POST /-/reload
  bool systemd_socket = false;       // sockets from systemd instead of listen_addresses
  bool openmetrics_created = false;  // _created lines
  bool reset_counters = false;
  bool check_json = false;  // Command::check: the report as JSON
  ProbeFlags probe;         // Command::probe
  bool force = false;       // Command::check: also with accounts that are left alone after a refusal
};

// The program has nothing to run: help, version (code 0, to stdout) or wrong usage (code 2, to stderr).
struct UsageExit {
  int code = 0;
  std::string text;  // ends with a line end
  bool to_stdout = false;
};

// `arguments` as main() got them, the program's name first.
std::expected<Flags, UsageExit> parse_flags(std::span<const char* const> arguments);

// "0.1.0"
std::string_view version();
// What --version prints: name, version, compiler, platform.
std::string version_text();

}  // namespace exporter::app
