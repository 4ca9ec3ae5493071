#include "sampling/counter_book.h"

#include <algorithm>

#include "base/text.h"
#include "metrics/catalogue.h"
#include "metrics/priming.h"

namespace exporter::sampling {

namespace {

constexpr char kSeparator = '|';

const metrics::Metric* find_metric(std::string_view name) {
  const auto all = metrics::all();
  const auto found =
      std::ranges::find_if(all, [&](const metrics::Metric* metric) { return metric->name == name; });
  return found == all.end() ? nullptr : *found;
}

std::string join(const auto& labels) {
  std::string joined;
  bool first = true;
  for (const auto& label : labels) {
    if (!first) {
      joined += kSeparator;
    }
    first = false;
    joined += label;
  }
  return joined;
}

}  // namespace

storage::CounterKey counter_key(const metrics::Metric& metric,
                                std::initializer_list<std::string_view> labels) {
  return {.metric = std::string(metric.name), .labels = join(labels)};
}

CounterBook::CounterBook(std::string integration, std::vector<std::string> tables,
                         metrics::Registry& registry)
    : integration_(std::move(integration)), tables_(std::move(tables)), registry_(registry) {}

void CounterBook::restore(const storage::Counters& stored) {
  const MutexLock lock(mutex_);
  values_.clear();
  for (const metrics::PrimedCounter& primed : metrics::primed_counters(tables_)) {
    values_[{.metric = std::string(primed.metric->name), .labels = join(primed.label_values)}] = 0;
  }
  for (const auto& [key, value] : stored) {
    values_[key] = value;
  }
  publish();
}

void CounterBook::committed(const storage::Counters& increments) {
  const MutexLock lock(mutex_);
  for (const auto& [key, amount] : increments) {
    values_[key] += amount;
  }
  publish();
}

void CounterBook::publish() {
  metrics::Snapshot snapshot;
  snapshot.reserve(values_.size());
  for (const auto& [key, value] : values_) {
    // A counter that an earlier version knew stays in the state and is not shown.
    const metrics::Metric* metric = find_metric(key.metric);
    if (metric == nullptr) {
      continue;
    }
    std::vector<std::string> labels{integration_};
    if (metric->labels.size() > 1) {
      for (const std::string_view part : split(key.labels, kSeparator)) {
        labels.emplace_back(part);
      }
    }
    if (labels.size() == metric->labels.size()) {
      snapshot.push_back({.metric = metric, .label_values = std::move(labels), .value = value});
    }
  }
  registry_.publish(integration_ + "/counters", std::move(snapshot));
}

}  // namespace exporter::sampling
