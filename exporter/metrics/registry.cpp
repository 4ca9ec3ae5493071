#include "metrics/registry.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <stdexcept>
#include <variant>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "base/mutex.h"
#include "metrics/process_metrics.h"

namespace exporter::metrics {

namespace {

using LabelValues = std::vector<std::string>;

constexpr std::string_view kOther = "other";
constexpr std::string_view kIntegrationLabel = "integration";

struct UnknownValue {
  const Metric* metric;
  std::size_t label;
};

void require(bool right, const Metric& metric, std::string_view what) {
  if (!right) {
    throw std::invalid_argument(std::string(metric.name) + ": " + std::string(what));
  }
}

// Values outside the closed sets become "other"; tells which.
std::vector<UnknownValue> close_sets(const Metric& metric, LabelValues& values) {
  require(values.size() == metric.labels.size(), metric,
          "another number of label values than the catalogue says");
  std::vector<UnknownValue> unknown;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto allowed = metric.labels[i].values;
    if (!allowed.empty() && std::ranges::find(allowed, values[i]) == allowed.end()) {
      values[i] = kOther;
      unknown.push_back({.metric = &metric, .label = i});
    }
  }
  return unknown;
}

bool is_before(const Metric& a, const LabelValues& a_values, const Metric& b, const LabelValues& b_values) {
  return &a == &b ? a_values < b_values : a.name < b.name;
}

void sort_and_add_up(Snapshot& snapshot) {
  std::ranges::sort(snapshot, [](const Point& a, const Point& b) {
    return is_before(*a.metric, a.label_values, *b.metric, b.label_values);
  });
  auto kept = snapshot.begin();
  for (auto point = snapshot.begin(); point != snapshot.end(); ++point) {
    if (kept != point && kept->metric == point->metric && kept->label_values == point->label_values) {
      kept->value += point->value;
    } else if (point != snapshot.begin() && ++kept != point) {
      *kept = std::move(*point);
    }
  }
  if (!snapshot.empty()) {
    snapshot.erase(std::next(kept), snapshot.end());
  }
}

bool is_below(std::string_view owner, std::string_view prefix) {
  return owner.starts_with(prefix) && (owner.size() == prefix.size() || owner[prefix.size()] == '/');
}

// A series of the process's own. The values are atomic: they are changed outside the registry's lock.
struct OwnSeries {
  std::variant<prometheus::Counter, prometheus::Gauge, prometheus::Histogram> instrument;
  std::optional<SystemTime> expires;
  SystemTime created;

  OwnSeries(const Metric& metric, SystemTime now) : created(now) {
    switch (metric.type) {
      case Type::counter:
        break;  // what a variant holds at first
      case Type::gauge:
        instrument.emplace<prometheus::Gauge>();
        break;
      case Type::histogram:
        instrument.emplace<prometheus::Histogram>(
            prometheus::Histogram::BucketBoundaries(metric.buckets.begin(), metric.buckets.end()));
        break;
    }
  }
};

Series read(const OwnSeries& own, const LabelValues& label_values) {
  Series series{.label_values = label_values};
  if (!std::holds_alternative<prometheus::Gauge>(own.instrument)) {
    series.created = own.created;
  }
  if (const auto* counter = std::get_if<prometheus::Counter>(&own.instrument)) {
    series.value = counter->Value();
  } else if (const auto* gauge = std::get_if<prometheus::Gauge>(&own.instrument)) {
    series.value = gauge->Value();
  } else if (const auto* histogram = std::get_if<prometheus::Histogram>(&own.instrument)) {
    const prometheus::ClientMetric collected = histogram->Collect();
    series.count = collected.histogram.sample_count;
    series.sum = collected.histogram.sample_sum;
    for (const auto& bucket : collected.histogram.bucket) {
      series.buckets.emplace_back(bucket.upper_bound, bucket.cumulative_count);
    }
  }
  return series;
}

// A series on its way to the page; the snapshots that it points into are held by collect().
struct Candidate {
  const Metric* metric;
  const LabelValues* label_values;
  double value;
  std::uint64_t publication;  // the later one wins
};

// `own` is sorted by label values; `published` becomes so. What the process itself has set is the newest
// there is.
std::vector<Series> merge(std::vector<Series> own, std::vector<Candidate>& published) {
  std::ranges::sort(published, [](const Candidate& a, const Candidate& b) {
    const auto order = *a.label_values <=> *b.label_values;
    return order == 0 ? a.publication > b.publication : order < 0;
  });
  std::vector<Series> merged;
  merged.reserve(own.size() + published.size());
  auto mine = own.begin();
  for (const Candidate& candidate : published) {
    while (mine != own.end() && mine->label_values < *candidate.label_values) {
      merged.push_back(std::move(*mine++));
    }
    const bool set_by_process = mine != own.end() && mine->label_values == *candidate.label_values;
    const bool shown = !merged.empty() && merged.back().label_values == *candidate.label_values;
    if (!set_by_process && !shown) {
      merged.push_back({.label_values = *candidate.label_values, .value = candidate.value});
    }
  }
  std::move(mine, own.end(), std::back_inserter(merged));
  return merged;
}

}  // namespace

struct Registry::Impl {
  struct Publication {
    std::uint64_t number = 0;
    std::shared_ptr<const Snapshot> points;
  };
  using OwnFamily = std::map<LabelValues, std::shared_ptr<OwnSeries>>;

  explicit Impl(const Clock& the_clock) : clock(the_clock) {}

  std::shared_ptr<OwnSeries> own(const Metric& metric, LabelValues label_values) EXCLUDES(mutex) {
    const std::vector<UnknownValue> unknown = close_sets(metric, label_values);
    const MutexLock lock(mutex);
    count(unknown);
    return find_or_make(metric, label_values);
  }

  std::shared_ptr<OwnSeries>& find_or_make(const Metric& metric, const LabelValues& label_values)
      REQUIRES(mutex) {
    std::shared_ptr<OwnSeries>& series = own_families[&metric][label_values];
    if (!series) {
      series = std::make_shared<OwnSeries>(metric, clock.now());
    }
    return series;
  }

  void count(const std::vector<UnknownValue>& unknown) REQUIRES(mutex) {
    for (const auto& [metric, label] : unknown) {
      const auto& series = find_or_make(catalogue::unknown_values_total,
                                        {std::string(metric->name), std::string(metric->labels[label].name)});
      std::get<prometheus::Counter>(series->instrument).Increment();
    }
  }

  // After the change: who reads the revision and then collects sees the change, or the revision before it.
  void changed(const Metric& metric) {
    if (!metric.fleeting) revision.fetch_add(1);
  }

  const Clock& clock;
  std::atomic<std::uint64_t> revision = 0;
  mutable Mutex mutex;
  // The first end of a gauge that collect() still shows.
  std::optional<SystemTime> next_end GUARDED_BY(mutex);
  std::uint64_t publications GUARDED_BY(mutex) = 0;
  std::map<std::string, Publication, std::less<>> published GUARDED_BY(mutex);
  std::map<const Metric*, OwnFamily> own_families GUARDED_BY(mutex);
};

Registry::Registry(const Clock& clock) : impl_(std::make_unique<Impl>(clock)) {}
Registry::~Registry() = default;

void Registry::publish(const std::string& owner, Snapshot snapshot) {
  std::vector<UnknownValue> unknown;
  for (Point& point : snapshot) {
    require(point.metric->type != Type::histogram, *point.metric,
            "a histogram cannot be published as points");
    const auto found = close_sets(*point.metric, point.label_values);
    unknown.insert(unknown.end(), found.begin(), found.end());
  }
  sort_and_add_up(snapshot);
  auto points = std::make_shared<const Snapshot>(std::move(snapshot));

  const MutexLock lock(impl_->mutex);
  impl_->count(unknown);
  Impl::Publication& publication = impl_->published[owner];
  publication.number = ++impl_->publications;
  publication.points.swap(points);
  impl_->revision.fetch_add(1);
}

void Registry::retract(std::string_view prefix) {
  if (prefix.ends_with('/')) {
    prefix.remove_suffix(1);
  }
  const MutexLock lock(impl_->mutex);
  std::erase_if(impl_->published, [&](const auto& entry) { return is_below(entry.first, prefix); });
  impl_->revision.fetch_add(1);
  if (prefix.find('/') != std::string_view::npos) {
    return;
  }
  for (auto& [metric, family] : impl_->own_families) {
    const auto label = std::ranges::find(metric->labels, kIntegrationLabel, &Label::name);
    if (label == metric->labels.end()) {
      continue;
    }
    const auto index = static_cast<std::size_t>(label - metric->labels.begin());
    std::erase_if(family, [&](const auto& entry) { return entry.first[index] == prefix; });
  }
}

void Registry::add(const Metric& counter, const std::vector<std::string>& label_values, double amount) {
  require(counter.type == Type::counter, counter, "add() is for counters");
  std::get<prometheus::Counter>(impl_->own(counter, label_values)->instrument).Increment(amount);
  impl_->changed(counter);
}

void Registry::set(const Metric& gauge, const std::vector<std::string>& label_values, double value,
                   std::optional<SystemTime> expires) {
  require(gauge.type == Type::gauge, gauge, "set() is for gauges");
  LabelValues values = label_values;
  const std::vector<UnknownValue> unknown = close_sets(gauge, values);
  // The value and its end change together.
  const MutexLock lock(impl_->mutex);
  impl_->count(unknown);
  OwnSeries& series = *impl_->find_or_make(gauge, values);
  std::get<prometheus::Gauge>(series.instrument).Set(value);
  series.expires = expires;
  if (expires) {
    impl_->next_end = std::min(impl_->next_end.value_or(*expires), *expires);
  }
  impl_->changed(gauge);
}

void Registry::observe(const Metric& histogram, const std::vector<std::string>& label_values, double value) {
  require(histogram.type == Type::histogram, histogram, "observe() is for histograms");
  std::get<prometheus::Histogram>(impl_->own(histogram, label_values)->instrument).Observe(value);
  impl_->changed(histogram);
}

void Registry::remove(const Metric& gauge, const std::vector<std::string>& label_values) {
  LabelValues values = label_values;
  close_sets(gauge, values);
  const MutexLock lock(impl_->mutex);
  const auto family = impl_->own_families.find(&gauge);
  if (family != impl_->own_families.end()) {
    family->second.erase(values);
    impl_->changed(gauge);
  }
}

std::uint64_t Registry::revision() const {
  const SystemTime now = impl_->clock.now();
  const MutexLock lock(impl_->mutex);
  if (impl_->next_end && *impl_->next_end <= now) {
    impl_->next_end.reset();
    for (const auto& [metric, family] : impl_->own_families) {
      for (const auto& [label_values, series] : family) {
        const std::optional<SystemTime> end = series->expires;
        if (end && now < *end) impl_->next_end = std::min(impl_->next_end.value_or(*end), *end);
      }
    }
    impl_->revision.fetch_add(1);
  }
  return impl_->revision.load();
}

std::vector<Family> Registry::collect(Part part) const {
  const auto wanted = [part](const Metric& metric) {
    return part == Part::all || metric.fleeting == (part == Part::fleeting);
  };
  // Everything that Candidates point into.
  std::vector<std::shared_ptr<const Snapshot>> snapshots;
  std::map<std::string_view, Family> own;
  std::vector<std::uint64_t> numbers;
  const SystemTime now = impl_->clock.now();
  {
    const MutexLock lock(impl_->mutex);
    for (const auto& [owner, publication] : impl_->published) {
      snapshots.push_back(publication.points);
      numbers.push_back(publication.number);
    }
    for (const auto& [metric, series_map] : impl_->own_families) {
      if (!wanted(*metric)) continue;
      Family family{.metric = metric, .series = {}};
      family.series.reserve(series_map.size());
      for (const auto& [label_values, series] : series_map) {
        const std::optional<SystemTime> expires = series->expires;
        if (!expires || now < *expires) {
          family.series.push_back(read(*series, label_values));
        }
      }
      if (!family.series.empty()) {
        own.emplace(metric->name, std::move(family));
      }
    }
  }
  if (part != Part::lasting) {
    snapshots.push_back(std::make_shared<const Snapshot>(process_points()));
    numbers.push_back(0);
  }

  std::map<std::string_view, std::vector<Candidate>> published;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    for (const Point& point : *snapshots[i]) {
      if (!wanted(*point.metric)) continue;
      published[point.metric->name].push_back({.metric = point.metric,
                                               .label_values = &point.label_values,
                                               .value = point.value,
                                               .publication = numbers[i]});
    }
  }

  for (auto& [name, candidates] : published) {
    Family& family =
        own.try_emplace(name, Family{.metric = candidates.front().metric, .series = {}}).first->second;
    family.series = merge(std::move(family.series), candidates);
  }

  std::vector<Family> families;
  families.reserve(own.size());
  for (auto& [name, family] : own) {
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace exporter::metrics
