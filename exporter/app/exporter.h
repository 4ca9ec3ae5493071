// The running exporter: everything is made in the order of its dependencies and ended in the reverse.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/check_report.h"
#include "app/flags.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "config/load.h"

namespace exporter::app {

class Exporter {
 public:
  // Opens the state and makes the integrations. Errors say what to do: another process holds the state, a
  // directory that cannot be made, a certificate that cannot be read.
  static Result<std::unique_ptr<Exporter>> make(const Flags& flags, const config::LoadedConfig& loaded,
                                                const Clock& clock, Log& log);
  virtual ~Exporter() = default;  // stops

  // Binds, then samples. The error names the address that cannot be bound.
  virtual Result<void> start() = 0;
  // Reads the configuration again. A bad one changes nothing but config_last_reload_successful, and the error
  // is also in the log. A good one ends the integrations that are gone or changed, starts those that are new
  // or changed, and leaves the others as they are. Thread-safe; one reload at a time.
  virtual Result<void> reload() = 0;
  // Within 2 s, with requests in flight.
  virtual void stop() = 0;

  // Samples everything once on this thread; the number of samples that failed.
  virtual int sample_once() = 0;
  // Asks both vendors of every integration what `check` asks, and samples nothing.
  virtual std::vector<IntegrationReport> check() = 0;
  // The exposition as scrapes get it. Without stored state (`gauges_only`) counters say nothing and are left
  // out.
  virtual std::string exposition(bool gauges_only) const = 0;
};

}  // namespace exporter::app
