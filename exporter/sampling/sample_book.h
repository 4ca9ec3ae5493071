// How the samples went: the sample_* metrics, the rows of the landing page, and one log line per failure.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "metrics/registry.h"

namespace exporter::sampling {

struct SamplerStatus {
  std::string integration;
  std::string sampler;
  std::chrono::milliseconds interval{0};
  std::optional<SystemTime> last_run;
  std::optional<SystemTime> last_success;
  std::optional<Error> last_error;  // of the last run, where it failed
};

// Thread-safe.
class SampleBook {
 public:
  // `after_sample` is called at the end of every sample, on its thread.
  SampleBook(metrics::Registry& registry, Log& log, std::function<void()> after_sample = {});

  void enroll(const std::string& integration, std::string_view sampler, std::chrono::milliseconds interval);
  // The integration is not sampled any more.
  void forget(std::string_view integration);
  // The time of a success before this process started.
  void restore(const std::string& integration, std::string_view sampler, SystemTime last_success);
  // A failure is logged as a warning the first time and whenever its class changes, at debug while it stays
  // the same; the first success after a failure is logged too.
  void finished(const std::string& integration, std::string_view sampler, SystemTime at,
                std::chrono::nanoseconds duration, const Result<void>& result);

  std::vector<SamplerStatus> status() const;

 private:
  using Key = std::pair<std::string, std::string>;

  metrics::Registry& registry_;
  Log& log_;
  const std::function<void()> after_sample_;
  mutable Mutex mutex_;
  std::map<Key, SamplerStatus> rows_ GUARDED_BY(mutex_);
};

}  // namespace exporter::sampling
