#include "sampling/sample_book.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

SampleBook::SampleBook(metrics::Registry& registry, Log& log, std::function<void()> after_sample)
    : registry_(registry), log_(log), after_sample_(std::move(after_sample)) {}

void SampleBook::enroll(const std::string& integration, std::string_view sampler,
                        std::chrono::milliseconds interval) {
  const std::vector<std::string> labels{integration, std::string(sampler)};
  registry_.set(catalogue::sampler_interval_seconds, labels, to_seconds(interval));
  for (const std::string_view error_class : kErrorClasses) {
    registry_.add(catalogue::sample_errors_total,
                  {integration, std::string(sampler), std::string(error_class)}, 0);
  }
  const MutexLock lock(mutex_);
  SamplerStatus& row = rows_[{integration, std::string(sampler)}];
  row.integration = integration;
  row.sampler = sampler;
  row.interval = interval;
}

void SampleBook::forget(std::string_view integration) {
  const MutexLock lock(mutex_);
  std::erase_if(rows_, [&](const auto& row) { return row.first.first == integration; });
}

void SampleBook::restore(const std::string& integration, std::string_view sampler, SystemTime last_success) {
  registry_.set(catalogue::sample_success_timestamp_seconds, {integration, std::string(sampler)},
                to_seconds(last_success));
  const MutexLock lock(mutex_);
  rows_[{integration, std::string(sampler)}].last_success = last_success;
}

void SampleBook::finished(const std::string& integration, std::string_view sampler, SystemTime at,
                          std::chrono::nanoseconds duration, const Result<void>& result) {
  // A sample that was cut short by our own stop says nothing about the vendors.
  if (!result && result.error().error_class == ErrorClass::cancelled) {
    return;
  }
  if (after_sample_) {
    after_sample_();
  }
  const std::vector<std::string> labels{integration, std::string(sampler)};
  std::optional<Error> before;
  {
    const MutexLock lock(mutex_);
    SamplerStatus& row = rows_[{integration, std::string(sampler)}];
    before = std::exchange(row.last_error, result ? std::nullopt : std::optional(result.error()));
    row.last_run = at;
    if (result) {
      row.last_success = at;
    }
    // A sweep that is slower than its interval stretches it.
    registry_.set(catalogue::sampler_interval_seconds, labels,
                  to_seconds(std::max<std::chrono::nanoseconds>(row.interval, duration)));
  }
  registry_.set(catalogue::sample_success, labels, result ? 1 : 0);
  registry_.set(catalogue::sample_timestamp_seconds, labels, to_seconds(at));
  registry_.set(catalogue::sample_duration_seconds, labels, to_seconds(duration));
  if (result) {
    registry_.set(catalogue::sample_success_timestamp_seconds, labels, to_seconds(at));
    if (before) {
      log_.info("sample succeeds again", {{"integration", integration}, {"sampler", std::string(sampler)}});
    }
    return;
  }
  const Error& error = result.error();
  registry_.add(catalogue::sample_errors_total,
                {integration, std::string(sampler), std::string(to_string(error.error_class))});
  const bool known = before && before->error_class == error.error_class;
  log_.write(known ? LogLevel::debug : LogLevel::warn, "sample failed; the last good values stay",
             {{"integration", integration},
              {"sampler", std::string(sampler)},
              {"class", std::string(to_string(error.error_class))},
              {"error", error.message}});
}

std::vector<SamplerStatus> SampleBook::status() const {
  const MutexLock lock(mutex_);
  std::vector<SamplerStatus> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, row] : rows_) {
    rows.push_back(row);
  }
  return rows;
}

}  // namespace exporter::sampling
