// The exporter's servers: which address, which paths, and where each page's data comes from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/flags.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "metrics/registry.h"
#include "sampling/sample_book.h"
#include "storage/store.h"

namespace exporter::app {

// What is shown. Outlives the servers; the functions are thread-safe.
struct Shown {
  const Clock& clock;
  metrics::Registry& registry;  // also takes what the servers count
  storage::Store& store;
  const sampling::SampleBook& samples;
  std::function<std::vector<std::string>()> integration_names;
  std::function<std::shared_ptr<const std::string>()> redacted_config;
  std::function<Result<void>()> reload;
};

// start() and stop() on one thread.
class Serving {
 public:
  static std::unique_ptr<Serving> make(Flags flags, Shown shown, Log& log);
  virtual ~Serving() = default;  // stops

  // Binds. The error names the address that cannot be bound.
  virtual Result<void> start() = 0;
  virtual void stop() = 0;
};

}  // namespace exporter::app
