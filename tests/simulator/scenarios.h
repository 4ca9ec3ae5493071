// The named beginnings: who is there, what is broken, and what Okta has logged in the last forty minutes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulator/simulator.h"

namespace simulator {

struct ScenarioOptions {
  std::string name = "healthy";
  double drift_share = 1.0;  // scales the drifted users of "mixed"
  std::vector<std::string> bad_accounts = {"reader", "provisioner"};
  bool history = true;
};

const std::vector<std::string_view>& scenario_names();
void build(Simulator& simulator, const ScenarioOptions& options);

}  // namespace simulator
