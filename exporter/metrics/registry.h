// What scrapes read: the samplers' snapshots and the process's own counters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "metrics/catalogue.h"

namespace exporter::metrics {

// One sample of one series; label values in the order of Metric::labels.
struct Point {
  const Metric* metric;
  std::vector<std::string> label_values;
  double value;
};
// What one sampler last knew, immutable once published.
using Snapshot = std::vector<Point>;

struct Series {
  std::vector<std::string> label_values;
  double value = 0;
  // Histograms only.
  std::vector<std::pair<double, std::uint64_t>> buckets =
      {};  // upper bound (the last is +Inf), cumulative count
  std::uint64_t count = 0;
  double sum = 0;
  // Counters and histograms that live for the process: when they began at 0.
  std::optional<SystemTime> created = std::nullopt;
};
struct Family {
  const Metric* metric;
  std::vector<Series> series;  // sorted by label values
};

// Thread-safe; readers never wait for a sampler. The clock must outlive it. A metric with another number of
// label values than the catalogue says, or of another type than the call is for, is a programming error:
// std::invalid_argument.
class Registry {
 public:
  explicit Registry(const Clock& clock);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Replaces what `owner` ("production/system_log") published before, as a whole: a vanished value vanishes.
  // Label values outside a label's closed set become "other" (their points are added up) and move
  // unknown_values_total. Where two owners publish the same series, the later publication is shown.
  void publish(const std::string& owner, Snapshot snapshot);
  // Takes back everything of `prefix` and of the owners below it ("production" and "production/" take back
  // "production/system_log", not "production-eu/…"), and, where it is a whole integration, what add(), set()
  // and observe() hold of that integration.
  void retract(std::string_view prefix);

  // The process's own metrics (requests, errors, durations): they live for the process. Backed by
  // prometheus-cpp.
  void add(const Metric& counter, const std::vector<std::string>& label_values, double amount = 1);
  // A gauge with an end (`expires`) is absent after it: the rest of a rate limit says nothing once its window
  // is over.
  void set(const Metric& gauge, const std::vector<std::string>& label_values, double value,
           std::optional<SystemTime> expires = std::nullopt);
  void observe(const Metric& histogram, const std::vector<std::string>& label_values, double value);
  void remove(const Metric& gauge, const std::vector<std::string>& label_values);

  // Metric::fleeting or not.
  enum class Part : std::uint8_t { all, lasting, fleeting };
  // Sorted by name; families without series are left out. Includes process_* of this process.
  std::vector<Family> collect(Part part = Part::all) const;
  // As long as it stays the same, collect(Part::lasting) gives the same. Read it before collect().
  std::uint64_t revision() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::metrics
