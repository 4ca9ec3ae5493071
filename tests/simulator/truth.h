// The true answer: what a perfect exporter would show, computed from the world by the definitions of the
// contract.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "simulator/journal.h"
#include "simulator/system_tables.h"
#include "simulator/tasks.h"
#include "simulator/world.h"

namespace simulator {

struct TruthOptions {
  std::int64_t since_ms = 0;  // count tasks whose first event was published at or after this
  bool with_users = false;
  bool with_tasks = false;
  bool provisioner_configured = true;
  std::int64_t grace_ms = 15 * 60 * 1000;
  double mass_threshold = 0.05;
  std::uint64_t mass_minimum = 10;
  std::int64_t now_ms = 0;
  bool with_method = false;  // denials by the method of the call, not only by its URL
};

struct Verdict {
  enum class State { kLinked, kDrifted, kUnverified, kExempt } state = State::kLinked;
  std::string_view kind = {};  // of drift
  RowIndex row = kNone;        // where the link leads
  RowIndex candidate = kNone;
};

std::string_view name_of(Verdict::State state);

// One verdict per assigned user; users without assignment keep the default and are to be skipped.
std::vector<Verdict> judge_links(World& world, const TruthOptions& options);

nlohmann::json truth(World& world, const std::vector<TaskRecord>& tasks, const Journal& journal,
                     const TruthOptions& options);

// servicenow_rest_transactions_total {code} and servicenow_acl_denials_total {"table|operation"}: Okta's own.
void add_transactions(nlohmann::json& result, const SystemTables& tables, const TruthOptions& options,
                      const World& world);

}  // namespace simulator
