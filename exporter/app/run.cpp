#include "app/run.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <unistd.h>

#include "app/exporter.h"
#include "app/flags.h"
#include "app/probe.h"
#include "app/signals.h"
#include "app/systemd.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/load.h"
#include "config/web_config.h"
#include "net/curl_transport.h"

namespace exporter::app {

namespace {

constexpr int kGood = 0;
constexpr int kTrouble = 1;
constexpr int kUsage = 2;

// Beside the target and renamed over it, so that the textfile collector never reads half a file.
Result<void> write_atomically(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  std::error_code error;
  if (file) {
    std::filesystem::rename(temporary, path, error);
  }
  if (!file || error) {
    std::filesystem::remove(temporary, error);
    return std::unexpected(
        Error{.error_class = ErrorClass::storage,
              .message = "cannot write " + path + "; check that its directory exists and is writable"});
  }
  return {};
}

int run_forever(Exporter& exporter, Log& log) {
  // Before any thread is there: they inherit the blocked signals, and only wait() sees them.
  SignalWaiter signals;
  if (const Result<void> started = exporter.start(); !started) {
    log.error("cannot start", {{"error", started.error().message}});
    return kTrouble;
  }
  notify_systemd("READY=1");
  for (int signal = signals.wait(); signal == SIGHUP; signal = signals.wait()) {
    notify_systemd("RELOADING=1");
    // What went wrong is in the log and in config_last_reload_successful.
    [[maybe_unused]] const Result<void> reloaded = exporter.reload();
    notify_systemd("READY=1");
  }
  notify_systemd("STOPPING=1");
  log.info("stopping");
  exporter.stop();
  return kGood;
}

int run_once(Exporter& exporter, const Flags& flags, Log& log) {
  const int failed = exporter.sample_once();
  const std::string text = exporter.exposition(flags.storage_path.empty());
  if (flags.output.empty()) {
    std::cout << text << std::flush;
  } else if (const Result<void> written = write_atomically(flags.output, text); !written) {
    log.error("cannot write the metrics", {{"error", written.error().message}});
    return kTrouble;
  }
  return failed == 0 ? kGood : kTrouble;
}

int run_check(Exporter& exporter, const Flags& flags, const Clock& clock) {
  const std::vector<IntegrationReport> reports = exporter.check();
  std::cout << (flags.check_json ? to_json(reports, to_iso8601(clock.now())) : to_text(reports))
            << std::flush;
  return is_good(reports) ? kGood : kTrouble;
}

// Never through a proxy: it asks an exporter nearby.
int run_probe(const ProbeFlags& flags) {
  net::CurlTransportOptions options;
  if (!flags.ca_file.empty()) {
    std::ifstream file(flags.ca_file, std::ios::binary);
    options.tls.ca_pem.assign(std::istreambuf_iterator<char>(file), {});
    if (options.tls.ca_pem.empty()) {
      std::cerr << "cannot read a CA from " << flags.ca_file << '\n';
      return kUsage;
    }
  }
  const net::CurlGlobal curl;
  net::CurlTransport transport(curl, std::move(options));
  if (const Result<void> answered = probe(transport, flags); !answered) {
    std::cerr << answered.error().message << '\n';
    return kTrouble;
  }
  std::cout << flags.url << " is good\n";
  return kGood;
}

}  // namespace

int run(int argc, const char* const* argv) {
  const auto flags = parse_flags(std::span(argv, static_cast<std::size_t>(argc)));
  if (!flags) {
    (flags.error().to_stdout ? std::cout : std::cerr) << flags.error().text << std::flush;
    return flags.error().code;
  }
  if (flags->command == Command::probe) return run_probe(flags->probe);
  const config::LoadResult loaded = config::load_config(flags->config_file);
  if (!loaded) {
    for (const config::ConfigError& error : loaded.error()) {
      std::cerr << error.to_string() << '\n';
    }
    return kUsage;
  }
  if (!flags->web_config_file.empty()) {
    if (const config::WebConfigResult web = config::load_web_config(flags->web_config_file); !web) {
      for (const config::ConfigError& error : web.error()) {
        std::cerr << error.to_string() << '\n';
      }
      return kUsage;
    }
  }
  if (flags->config_check) {
    for (const std::string& warning : loaded->warnings) {
      std::cerr << "warning: " << warning << '\n';
    }
    std::cout << flags->config_file << " is valid\n";
    return kGood;
  }

  // The report is what check has to say; the log beside it only disturbs.
  const LogLevel level =
      flags->command == Command::check ? std::max(flags->log_level, LogLevel::error) : flags->log_level;
  const std::unique_ptr<Log> log = make_log(level, flags->log_format);
  for (const std::string& warning : loaded->warnings) {
    log->warn(warning);
  }
  log->info("starting", {{"version", std::string(version())}, {"config", flags->config_file}});

  const RealClock clock;
  Result<std::unique_ptr<Exporter>> exporter = Exporter::make(*flags, *loaded, clock, *log);
  if (!exporter) {
    log->error("cannot start", {{"error", exporter.error().message}});
    return kTrouble;
  }
  if (flags->command == Command::check) {
    return run_check(**exporter, *flags, clock);
  }
  return flags->command == Command::once ? run_once(**exporter, *flags, *log) : run_forever(**exporter, *log);
}

}  // namespace exporter::app
