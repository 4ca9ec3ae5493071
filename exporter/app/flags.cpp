#include "app/flags.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <CLI/CLI.hpp>

namespace exporter::app {
namespace {

constexpr std::string_view kProgram = "okta-servicenow-exporter";
constexpr const char* kDefaultListenAddress = ":10717";

constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warn", "error"};  // by LogLevel
constexpr std::array<std::string_view, 2> kLogFormats{"logfmt", "json"};                 // by LogFormat

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

std::string check_telemetry_path(const std::string& path) {
  static constexpr std::array<std::string_view, 3> kPages{"/drift", "/failures", "/config"};
  const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!path.starts_with('/') || !std::ranges::all_of(path, printable) ||
      path.find_first_of("?#%\"<>") != std::string::npos) {
    return "\"" + path + "\" is not a path; write it as /metrics";
  }
  if (path.starts_with("/-/") || path == "/" || std::ranges::find(kPages, path) != kPages.end()) {
    return path + " is another page of the exporter; choose another path";
  }
  return {};
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

std::expected<Flags, UsageExit> parse_flags(std::span<const char* const> arguments) {
  Flags flags;
  std::vector<std::string> listen_addresses{kDefaultListenAddress};
  std::string log_level = "info";
  std::string log_format = "logfmt";

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
  app.add_option("--storage.path", flags.storage_path,
                 "Directory of the state; made with mode 0700 if it is not there. Required to run; optional "
                 "for once. "
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
  flags.log_level = value_of<LogLevel>(kLogLevels, log_level);
  flags.log_format = value_of<LogFormat>(kLogFormats, log_format);
  for (const std::string& text : listen_addresses) {
    if (std::optional<ListenAddress> address = parse_listen_address(text)) {
      flags.listen_addresses.push_back(std::move(*address));
    }
  }
  if (flags.config_file.empty()) return std::unexpected(wrong_usage("--config.file is required"));
  if (flags.config_check && flags.command == Command::once) {
    return std::unexpected(wrong_usage("--config.check does not go with once"));
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
