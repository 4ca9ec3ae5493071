// ServiceNow's users' table: servicenow_users, hidden rows, and the other side of drift.
#pragma once

#include "sampling/drift_inputs.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/user_sweep.h"

namespace exporter::sampling {

struct UsersOptions {
  std::chrono::milliseconds interval{3'600'000};
  servicenow::SweepOptions sweep;
  std::string table_label =
      "sys_user";  // the users' table where it is on the allow-list of tables, else "other"
};

class UsersSampler final : public Sampler {
 public:
  UsersSampler(UsersOptions options, Session& session, servicenow::TableClient& client, DriftInputs& inputs,
               metrics::Registry& registry, Log& log);

  std::string_view name() const override { return "users"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  Result<void> list(SampleRun& run);

  const UsersOptions options_;
  Session& session_;
  servicenow::TableClient& client_;
  DriftInputs& inputs_;
  metrics::Registry& registry_;
  Log& log_;
  std::optional<servicenow::SweepReport::Method> method_;  // of the last sweep
};

}  // namespace exporter::sampling
