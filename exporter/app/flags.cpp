#include "app/flags.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/probe.h"

namespace exporter::app {
namespace {

constexpr std::string_view kProgram = "okta-servicenow-exporter";
constexpr const char* kDefaultListenAddress = ":10717";

constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warn", "error"};  // by LogLevel
constexpr std::array<std::string_view, 2> kLogFormats{"logfmt", "json"};                 // by LogFormat
constexpr std::array<std::string_view, 3> kShownUsers{"never", "ids", "names"};          // by ShownUsers
constexpr std::array<std::string_view, 2> kReportFormats{"text", "json"};

template <std::size_t N>
CLI::Validator one_of(const std::array<std::string_view, N>& words) {
  return {[&words](const std::string& text) -> std::string {
            if (std::ranges::find(words, text) != words.end()) return {};
            std::string known;
            for (const std::string_view word : words)
              known += (known.empty() ? "" : ", ") + std::string(word);
            return "\"" + text + "\" is none of " + known;
          },
          ""};
}

// `text` went through one_of(words).
template <class E, std::size_t N>
E value_of(const std::array<std::string_view, N>& words, std::string_view text) {
  return static_cast<E>(std::ranges::find(words, text) - words.begin());
}

// CLI11 wants a reason for "no" and nothing for "yes".
std::string check_listen_address(const std::string& text) {
  if (parse_listen_address(text)) return {};
  return "\"" + text +
         "\" is not an address to listen on; write it as :10717, 127.0.0.1:10717 or [::1]:10717";
}

bool is_path(std::string_view path) {
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  return path.starts_with('/') && std::ranges::all_of(path, printable) &&
         path.find_first_of("?#%\"<>\\") == std::string_view::npos &&
         path.find("//") == std::string_view::npos;
}

std::string check_route_prefix(const std::string& prefix) {
  if (is_path(prefix)) return {};
  return "\"" + prefix + "\" is not a prefix; write it as /exporter";
}

struct ExternalUrl {
  std::string url;   // without a slash at its end
  std::string path;  // "" or "/…"
};

std::optional<ExternalUrl> parse_external_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos ||
      (text.substr(0, scheme) != "http" && text.substr(0, scheme) != "https")) {
    return std::nullopt;
  }
  while (text.ends_with('/') && text.size() > scheme + 3) text.remove_suffix(1);
  const std::string_view rest = text.substr(scheme + 3);
  const std::size_t slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  const bool printable = std::ranges::all_of(host, [](char c) { return c > ' ' && c < '\x7f'; });
  if (host.empty() || !printable || host.find_first_of("?#@\"<>\\%") != std::string_view::npos ||
      (!path.empty() && !is_path(path))) {
    return std::nullopt;
  }
  return ExternalUrl{std::string(text), std::string(path)};
}

std::string check_external_url(const std::string& text) {
  if (parse_external_url(text)) return {};
  return "\"" + text + "\" is not an URL of the exporter; write it as https://host/path";
}

std::string check_telemetry_path(const std::string& path) {
  static constexpr std::array<std::string_view, 5> kPages{"/drift", "/failures", "/config", "/runbook",
                                                          "/style.css"};
  if (!is_path(path)) {
    return "\"" + path + "\" is not a path; write it as /metrics";
  }
  if (path.starts_with("/-/") || path == "/" || std::ranges::find(kPages, path) != kPages.end()) {
    return path + " is another page of the exporter; choose another path";
  }
  return {};
}

std::string check_probe_url(const std::string& text) {
  const bool http = text.starts_with("http://") || text.starts_with("https://");
  const std::size_t host = text.find("://") + 3;
  if (http && host < text.size() && text[host] != '/' && text.find('@') == std::string::npos &&
      std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; })) {
    return {};
  }
  return "\"" + text + "\" is not an URL; write it as http://127.0.0.1:10717/metrics";
}

std::string check_not_empty(const std::string& text) {
  return text.empty() ? "must not be empty" : std::string();
}

UsageExit wrong_usage(const std::string& message) {
  std::string text(kProgram);
  text += ": error: " + message + ", try --help";
  text += '\n';
  return {.code = 2, .text = std::move(text), .to_stdout = false};
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  ListenAddress address;
  const auto [end, failure] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), address.port);
  if (failure != std::errc{} || end != port_text.data() + port_text.size()) return std::nullopt;
  if (host.starts_with('[')) {
    if (host.size() < 4 || !host.ends_with(']')) return std::nullopt;
    host = host.substr(1, host.size() - 2);
    // A link-local address may carry its zone: fe80::1%eth0.
    if (host.find(':') == std::string_view::npos || host.find_first_of("[]/ ") != std::string_view::npos) {
      return std::nullopt;
    }
  } else if (host.find_first_of(":[]/@ ") != std::string_view::npos) {
    return std::nullopt;
  }
  address.host = host;
  return address;
}

std::string to_text(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::expected<Flags, UsageExit> parse_flags(std::span<const char* const> arguments) {
  Flags flags;
  std::vector<std::string> listen_addresses{kDefaultListenAddress};
  std::string log_level = "info";
  std::string log_format = "logfmt";
  std::string external_url;
  std::string route_prefix;
  std::string probe_address;
  std::string show_users = "ids";
  std::string report_format = "text";

  CLI::App app(
      "Prometheus exporter for provisioning from Okta to ServiceNow: failed tasks, ACL denials and drift of "
      "external IDs. It only reads.",
      std::string(kProgram));
  app.set_help_flag("-h,--help", "Show this help and end.");
  app.set_version_flag("--version", version_text(), "Show the version and end.");
  app.get_formatter()->column_width(42);

  const auto not_empty = CLI::Validator(check_not_empty, "");
  app.add_option("--config.file", flags.config_file, "The configuration file (YAML).")
      ->type_name("FILE")
      ->check(not_empty);
  app.add_flag("--config.check", flags.config_check,
               "Load the configuration, report what is wrong with it, and end.");
  app.add_option("--web.listen-address", listen_addresses,
                 "Address to listen on; give it several times for several addresses.")
      ->type_name("ADDRESS")
      ->capture_default_str()
      ->allow_extra_args(false)  // each flag takes one value and leaves the command alone
      ->check(CLI::Validator(check_listen_address, ""));
  app.add_option("--web.telemetry-path", flags.telemetry_path, "Path under which the metrics are served.")
      ->type_name("PATH")
      ->capture_default_str()
      ->check(CLI::Validator(check_telemetry_path, ""));
  app.add_option("--web.max-requests", flags.max_requests,
                 "Scrapes that are served at a time; 0 for any number.")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000'000).description(""));
  app.add_option(
         "--web.config.file", flags.web_config_file,
         "File with TLS, passwords, headers and rate limit, in the format of Prometheus's exporter-toolkit. "
         "Read again when it or a file it names changes.")
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option("--web.external-url", external_url,
                 "URL under which others reach the exporter, for links that leave its pages.")
      ->type_name("URL")
      ->check(CLI::Validator(check_external_url, ""));
  app.add_option("--web.route-prefix", route_prefix,
                 "Prefix of all paths; by default the path of --web.external-url.")
      ->type_name("PREFIX")
      ->check(CLI::Validator(check_route_prefix, ""));
  app.add_option("--web.probe-address", probe_address,
                 "A second address, without TLS and passwords, that serves only /-/healthy and /-/ready.")
      ->type_name("ADDRESS")
      ->check(CLI::Validator(check_listen_address, ""));
  app.add_option("--web.show-users", show_users,
                 "What the pages show of a person: never, ids, or names (ids and match keys).")
      ->type_name("WHAT")
      ->capture_default_str()
      ->check(one_of(kShownUsers));
  app.add_flag("--web.enable-lifecycle", flags.enable_lifecycle, "Reload on POST /-/reload.");
  app.add_flag("--web.systemd-socket", flags.systemd_socket,
               "Listen on the sockets that systemd hands over, instead of --web.listen-address.");
  app.add_flag("--web.openmetrics-created", flags.openmetrics_created,
               "Tell in OpenMetrics when a counter of this process began (_created lines).");
  app.add_option("--storage.path", flags.storage_path,
                 "Directory of the state; made with mode 0700 if it is not there. Required to run; optional "
                 "for once and check. "
                 ":memory: keeps nothing: counters start at 0 and events may be missed at each start.")
      ->type_name("DIR")
      ->check(not_empty);
  app.add_flag("--storage.reset-counters", flags.reset_counters,
               "Start all counters at 0 but keep cursors and ledger: after an old state file was restored.");
  app.add_option("--log.level", log_level, "Only log what is at least so severe: debug, info, warn or error.")
      ->type_name("LEVEL")
      ->capture_default_str()
      ->check(one_of(kLogLevels));
  app.add_option("--log.format", log_format, "Form of the log: logfmt or json.")
      ->type_name("FORMAT")
      ->capture_default_str()
      ->check(one_of(kLogFormats));

  CLI::App* once = app.add_subcommand("once", "Sample once, print the metrics on stdout, and end.");
  once->fallthrough();
  once->add_option("--output", flags.output,
                   "Write the metrics to this file instead, atomically, as the textfile collector needs it.")
      ->type_name("FILE")
      ->check(not_empty);

  CLI::App* check = app.add_subcommand(
      "check", "Diagnose every integration once, print a report with what to do next, and end.");
  check->fallthrough();
  check->add_option("--format", report_format, "Form of the report: text or json.")
      ->type_name("FORMAT")
      ->capture_default_str()
      ->check(one_of(kReportFormats));
  check->add_flag(
      "--force", flags.force,
      "Also try accounts that are left alone because they were refused: ServiceNow locks an account after "
      "a few failures.");

  CLI::App* probe = app.add_subcommand(
      "probe", "Ask a running exporter once and end: for health checks where there is no curl.");
  probe->fallthrough();
  probe
      ->add_option("--url", flags.probe.url,
                   "What to ask; by default whether the exporter behind --web.probe-address is ready.")
      ->type_name("URL")
      ->check(CLI::Validator(check_probe_url, ""));
  probe->add_option("--metric", flags.probe.metric, "Also look for this metric in the answer.")
      ->type_name("NAME")
      ->check(not_empty);
  probe->add_option("--ca-file", flags.probe.ca_file, "The CA to trust instead of the system's (PEM).")
      ->type_name("FILE")
      ->check(not_empty);
  probe->add_option("--username", flags.probe.username, "User name for basic authentication.")
      ->type_name("NAME")
      ->check(not_empty);
  probe->add_option("--password-file", flags.probe.password_file, "File that holds only the password.")
      ->type_name("FILE")
      ->check(not_empty);

  // CLI11 takes what follows `--name=` for its value: an empty variable in a unit file would eat the next
  // flag.
  for (const std::string_view argument : arguments.subspan(arguments.empty() ? 0 : 1)) {
    if (argument == "--") break;
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
      return std::unexpected(
          wrong_usage(std::string(argument.substr(0, argument.size() - 1)) + " has no value"));
    }
  }

  try {
    app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(UsageExit{.code = 0, .text = app.help(), .to_stdout = true});
  } catch (const CLI::CallForVersion&) {
    return std::unexpected(UsageExit{.code = 0, .text = version_text(), .to_stdout = true});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(wrong_usage(error.what()));
  }

  if (once->parsed()) flags.command = Command::once;
  if (check->parsed()) flags.command = Command::check;
  if (probe->parsed()) flags.command = Command::probe;
  flags.check_json = report_format == "json";
  flags.show_users = value_of<ShownUsers>(kShownUsers, show_users);
  if (const auto url = parse_external_url(external_url)) {
    flags.external_url = url->url;
    flags.route_prefix = url->path;
  }
  if (!route_prefix.empty()) flags.route_prefix = route_prefix;
  while (flags.route_prefix.ends_with('/')) flags.route_prefix.pop_back();
  if (!probe_address.empty()) flags.probe_address = parse_listen_address(probe_address);
  flags.log_level = value_of<LogLevel>(kLogLevels, log_level);
  flags.log_format = value_of<LogFormat>(kLogFormats, log_format);
  for (const std::string& text : listen_addresses) {
    if (std::optional<ListenAddress> address = parse_listen_address(text)) {
      flags.listen_addresses.push_back(std::move(*address));
    }
  }
  if (static_cast<int>(once->parsed()) + static_cast<int>(check->parsed()) +
          static_cast<int>(probe->parsed()) >
      1) {
    return std::unexpected(wrong_usage("once, check and probe are commands of their own; give one of them"));
  }
  if (flags.command == Command::probe) {
    if (flags.probe.url.empty() && !flags.probe_address) {
      return std::unexpected(wrong_usage("probe needs --url, or the running exporter's --web.probe-address"));
    }
    if (flags.probe.username.empty() != flags.probe.password_file.empty()) {
      return std::unexpected(wrong_usage("--username and --password-file go together"));
    }
    if (flags.probe.url.empty()) flags.probe.url = probe_url(*flags.probe_address);
    return flags;
  }
  if (flags.config_file.empty()) return std::unexpected(wrong_usage("--config.file is required"));
  if (flags.config_check && flags.command != Command::run) {
    return std::unexpected(wrong_usage("--config.check does not go with once or check"));
  }
  if (flags.command == Command::run && !flags.config_check && flags.storage_path.empty()) {
    return std::unexpected(
        wrong_usage("--storage.path is required (a directory, or :memory: to keep nothing)"));
  }
  if (flags.reset_counters && flags.storage_path.empty()) {
    return std::unexpected(wrong_usage("--storage.reset-counters needs --storage.path"));
  }
  return flags;
}

std::string_view version() { return EXPORTER_VERSION; }

std::string version_text() {
#if defined(__clang__)
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
#if defined(__x86_64__)
  const std::string platform = "linux/amd64";
#elif defined(__aarch64__)
  const std::string platform = "linux/arm64";
#else
  const std::string platform = "linux/other";
#endif
  std::string text(kProgram);
  text += ", version " + std::string(version()) + "\n";
  text += "  compiler:         " + compiler + "\n";
  text += "  platform:         " + platform + "\n";
  return text;
}

}  // namespace exporter::app
