// The groups that Okta could not push, and why: okta_group_push_mappings_in_error{reason}.
#pragma once

#include <array>
#include <string>

#include "metrics/registry.h"
#include "okta/client.h"
#include "provisioning/classifier.h"
#include "sampling/sampler.h"
#include "sampling/session.h"

namespace exporter::sampling {

// A mapping is the one object in which Okta keeps the text of a failure (okta.md 4.4), so what failed before
// the exporter came is seen too. Reading it takes the scope okta.groups.read beside okta.apps.read. Where the
// credentials lack it, or the app pushes no groups, there is no metric, and the log says so once.
class GroupPushSampler final : public Sampler {
 public:
  GroupPushSampler(std::chrono::milliseconds interval, Session& session, okta::Client& client,
                   const provisioning::Classifier& classifier, metrics::Registry& registry, Log& log);

  std::string_view name() const override { return "group_push"; }
  std::chrono::milliseconds interval() const override { return interval_; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  using Reasons = std::array<double, std::size(provisioning::kReasons)>;
  Result<Reasons> count(const std::string& app_id, SampleRun& run) const;
  void publish(const Reasons& reasons);
  void not_available(const Error& why);

  const std::chrono::milliseconds interval_;
  Session& session_;
  okta::Client& client_;
  const provisioning::Classifier& classifier_;
  metrics::Registry& registry_;
  Log& log_;
  bool said_ = false;  // that it is not available
};

}  // namespace exporter::sampling
