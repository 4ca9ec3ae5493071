// okta-servicenow simulator: an Okta org and a ServiceNow instance in one process, with a control endpoint.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include <unistd.h>

#include "simulator/control.h"
#include "simulator/scenarios.h"
#include "simulator/server.h"
#include "simulator/simulator.h"
#include "simulator/text.h"

namespace {

using simulator::Listener;

constexpr const char* kUsage =
    R"(usage: simulator [--scenario NAME] [--users N] [--seed S] [flags]
  --scenario NAME              healthy, acl-lockout, instance-clone, instance-clone-accounts, bad-credentials, mixed
  --users N                    app users, 10 to 1000000 (1000)
  --seed S                     the same seed makes the same world (1)
  --drift-share F              scales the drifted users of "mixed" (1.0)
  --bad-accounts A,B           of "bad-credentials": reader,provisioner
  --no-history                 no events before the start
  --event-rate N               tasks per second from now on (0)
  --event-failure-share F      of those, how many fail (0.1)
  --okta-listen HOST:PORT      (127.0.0.1:0, any port)
  --servicenow-listen HOST:PORT
  --control-listen HOST:PORT
  --addresses-file PATH        writes the line of addresses there too
  --tls-cert FILE --tls-key FILE   both APIs over HTTPS; the control endpoint stays HTTP
  --okta-token T               (sim-okta-token)
  --app-id ID --app-label L    (0oaSIMservicenow0001, ServiceNow)
  --reader NAME --reader-password P
  --provisioner NAME --provisioner-password P
  --lockout-after N            wrong passwords until an account locks; 0: never (0)
  --case-sensitive-columns     user_name and email compare with case
  --page-limit-max N           of app users (500)
  --rate-limit N               of each of Okta's buckets, requests per window (600)
  --rate-window S              seconds of such a window (60)
)";

struct Flags {
  std::map<std::string, std::string> values;

  std::string text(const std::string& name, const std::string& otherwise) const {
    const auto it = values.find(name);
    return it == values.end() ? otherwise : it->second;
  }
  std::int64_t integer(const std::string& name, std::int64_t otherwise, std::int64_t least,
                       std::int64_t most) const {
    const auto it = values.find(name);
    if (it == values.end()) return otherwise;
    const auto number = simulator::parse_integer(it->second);
    if (!number || *number < least || *number > most) {
      throw std::runtime_error("--" + name + " is a number from " + std::to_string(least) + " to " +
                               std::to_string(most));
    }
    return *number;
  }
  double real(const std::string& name, double otherwise) const {
    const auto it = values.find(name);
    return it == values.end() ? otherwise : std::stod(it->second);
  }
};

Flags parse(int argc, char** argv) {
  const std::map<std::string, bool> known = {// name, takes a value
                                             {"scenario", true},
                                             {"users", true},
                                             {"seed", true},
                                             {"drift-share", true},
                                             {"bad-accounts", true},
                                             {"no-history", false},
                                             {"event-rate", true},
                                             {"event-failure-share", true},
                                             {"okta-listen", true},
                                             {"servicenow-listen", true},
                                             {"control-listen", true},
                                             {"addresses-file", true},
                                             {"tls-cert", true},
                                             {"tls-key", true},
                                             {"okta-token", true},
                                             {"app-id", true},
                                             {"app-label", true},
                                             {"reader", true},
                                             {"reader-password", true},
                                             {"provisioner", true},
                                             {"provisioner-password", true},
                                             {"lockout-after", true},
                                             {"case-sensitive-columns", false},
                                             {"page-limit-max", true},
                                             {"rate-limit", true},
                                             {"rate-window", true},
                                             {"help", false}};
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (!name.starts_with("--")) throw std::runtime_error("unexpected argument \"" + name + "\"");
    name = name.substr(2);
    std::string value = "true";
    const auto equals = name.find('=');
    const bool joined = equals != std::string::npos;
    if (joined) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    }
    const auto it = known.find(name);
    if (it == known.end()) throw std::runtime_error("unknown flag --" + name);
    if (it->second && !joined) {
      if (++i >= argc) throw std::runtime_error("--" + name + " needs a value");
      value = argv[i];
    }
    flags.values[name] = value;
  }
  return flags;
}

simulator::WorldOptions world_options(const Flags& flags) {
  simulator::WorldOptions options;
  options.users = static_cast<std::uint32_t>(flags.integer("users", 1000, 10, 1'000'000));
  options.seed = static_cast<std::uint64_t>(flags.integer("seed", 1, 0, 1LL << 60));
  options.app_id = flags.text("app-id", options.app_id);
  options.app_label = flags.text("app-label", options.app_label);
  options.okta_token = flags.text("okta-token", options.okta_token);
  options.reader = flags.text("reader", options.reader);
  options.reader_password = flags.text("reader-password", options.reader_password);
  options.provisioner = flags.text("provisioner", options.provisioner);
  options.provisioner_password = flags.text("provisioner-password", options.provisioner_password);
  options.lockout_after = static_cast<int>(flags.integer("lockout-after", 0, 0, 1000));
  options.case_insensitive_columns = flags.values.find("case-sensitive-columns") == flags.values.end();
  options.page_limit_max = static_cast<int>(flags.integer("page-limit-max", 500, 1, 500));
  return options;
}

void write_atomically(const std::string& path, const std::string& line) {
  const std::string temporary = path + ".new";
  {
    std::ofstream file(temporary);
    file << line << '\n';
    if (!file.flush()) throw std::runtime_error("can't write " + temporary);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) throw std::runtime_error("can't write " + path);
}

// The trickle of --event-rate: mostly successful pushes, some failures of every common reason.
void push_one(simulator::Simulator& sim, double failure_share) {
  const std::lock_guard lock(sim.world.mutex);
  simulator::TaskPlan plan;
  plan.user = sim.any_user();
  plan.published_ms = plan.persisted_ms = simulator::now_ms();
  if (sim.random.chance(failure_share)) {
    const auto reasons = simulator::TaskFactory::reasons();
    plan.reason = reasons[sim.random.below(reasons.size())];
    plan.shape = static_cast<int>(sim.random.below(5));
    plan.layers = 1 + static_cast<int>(sim.random.below(3));
  } else if (sim.random.chance(0.3)) {
    plan.operation = "create";
  }
  if (!sim.push(plan)) {
    plan.operation = "create";
    sim.push(plan);
  }
}

int run(const Flags& flags) {
  simulator::ScenarioOptions scenario;
  scenario.name = flags.text("scenario", scenario.name);
  scenario.drift_share = flags.real("drift-share", 1.0);
  scenario.bad_accounts = simulator::split(flags.text("bad-accounts", "reader,provisioner"), ',');
  scenario.history = flags.values.find("no-history") == flags.values.end();
  bool known = false;
  for (const auto name : simulator::scenario_names()) known = known || name == scenario.name;
  if (!known) throw std::runtime_error("there is no scenario \"" + scenario.name + "\"");
  const auto rate = flags.integer("event-rate", 0, 0, 10'000);
  const double failure_share = flags.real("event-failure-share", 0.1);
  const simulator::Tls tls{flags.text("tls-cert", ""), flags.text("tls-key", "")};

  simulator::Simulator sim(world_options(flags));
  sim.okta.default_limit = flags.integer("rate-limit", 600, 1, 1'000'000'000);
  sim.okta.window_s = flags.integer("rate-window", 60, 1, 86'400);
  simulator::Control control(sim);
  Listener okta(flags.text("okta-listen", "127.0.0.1:0"), tls,
                [&](const simulator::Call& call) { return sim.okta.handle(call); });
  Listener servicenow(flags.text("servicenow-listen", "127.0.0.1:0"), tls,
                      [&](const simulator::Call& call) { return sim.servicenow.handle(call); });
  Listener controls(flags.text("control-listen", "127.0.0.1:0"), {},
                    [&](const simulator::Call& call) { return control.handle(call); });
  simulator::build(sim, scenario);

  // Blocked before the threads begin, so that only the wait below takes the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  okta.start();
  servicenow.start();
  controls.start();
  const std::string line = R"({"okta":")" + okta.url() + R"(","servicenow":")" + servicenow.url() +
                           R"(","control":")" + controls.url() + "\"}";
  std::cout << line << std::endl;
  if (const std::string path = flags.text("addresses-file", ""); !path.empty()) write_atomically(path, line);

  const std::int64_t nanoseconds = rate == 0 ? 1'000'000'000 : 1'000'000'000 / rate;
  const timespec pause{nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  while (sigtimedwait(&signals, nullptr, &pause) < 0) {
    if (rate > 0) push_one(sim, failure_share);
  }
  std::signal(SIGALRM, [](int) { _exit(0); });  // a stuck connection must not hold the stop back
  alarm(1);
  controls.stop();
  okta.stop();
  servicenow.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    const Flags flags = parse(argc, argv);
    if (flags.values.find("help") != flags.values.end()) {
      std::cout << kUsage;
      return 0;
    }
    return run(flags);
  } catch (const std::exception& error) {
    std::cerr << "simulator: " << error.what() << "\n" << kUsage;
    return 2;
  }
}
