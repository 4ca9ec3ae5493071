// A sampler whose outcome somebody else wants to hear of.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "sampling/sampler.h"

namespace exporter::sampling {

class WatchedSampler final : public Sampler {
 public:
  // `watch` is called after each sample, on its thread.
  WatchedSampler(std::unique_ptr<Sampler> sampler, std::function<void(const Result<void>&)> watch)
      : sampler_(std::move(sampler)), watch_(std::move(watch)) {}

  std::string_view name() const override { return sampler_->name(); }
  std::chrono::milliseconds interval() const override { return sampler_->interval(); }
  bool triggered() const override { return sampler_->triggered(); }
  Result<void> sample(SampleRun& run) override {
    Result<void> result = sampler_->sample(run);
    watch_(result);
    return result;
  }
  void succeeded(SystemTime at) override { sampler_->succeeded(at); }

 private:
  const std::unique_ptr<Sampler> sampler_;
  const std::function<void(const Result<void>&)> watch_;
};

}  // namespace exporter::sampling
