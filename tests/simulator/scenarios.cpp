#include "simulator/scenarios.h"

#include <algorithm>
#include <array>
#include <utility>

#include "simulator/changes.h"
#include "simulator/text.h"

namespace simulator {
namespace {

constexpr std::uint32_t kHour = 3600;
constexpr std::uint32_t kDay = 24 * kHour;

// Every hundredth user is in each of the quiet corners; the rest is active.
void populate(World& world) {
  Random random(world.options.seed * 31 + 7);
  const auto start = static_cast<std::uint32_t>(world.started_ms / 1000);
  world.users.resize(world.options.users);
  world.rows.reserve(world.options.users + world.options.users / 20 + 16);
  for (UserIndex index = 0; index < world.options.users; ++index) {
    AppUser& user = world.users[index];
    UserRow row;
    row.id = world.new_sys_id();
    row.person = index;
    row.created = start - 30 * kDay - random.below32(1000 * kDay);
    row.updated = start - 2 * kHour - random.below32(28 * kDay);
    user.external = row.id;
    user.linked = true;
    user.created = row.created + 60;
    user.updated = start - 2 * kHour - random.below32(28 * kDay);
    user.status_changed = std::min(user.created + kHour, user.updated);
    user.last_sync = user.updated;
    user.scope = random.chance(0.7) ? Scope::kGroup : Scope::kUser;
    user.status = random.chance(0.6) ? Status::kActive : Status::kProvisioned;
    if (index % 50 == 7) user.sync = SyncState::kOutOfSync;
    if (index % 100 == 97) user.status = Status::kSuspended;
    if (index % 100 == 98) {
      user.status = Status::kInactive;
      row.active = false;
    }
    if (index % 100 == 99) {  // facts: deprovisioning takes the external ID away
      user.status = Status::kDeprovisioned;
      user.linked = false;
      user.external = {};
      user.sync = SyncState::kDisabled;
      row.active = false;
    }
    world.rows.push_back(row);
  }
  const auto extra = [&](const std::string& user_name, const std::string& email, const std::string& name,
                         bool active) {
    UserRow row;
    row.id = world.new_sys_id();
    row.created = start - 900 * kDay;
    row.updated = start - 3 * kDay;
    row.active = active;
    return world.add_row(row, {user_name, email, name});
  };
  extra(world.options.reader, "", "Prometheus Reader", true);
  extra(world.options.provisioner, "", "Okta Integration", true);
  extra("admin", "admin@example.com", "System Administrator", true);
  extra("guest", "", "Guest", true);
  extra("retired.admin", "retired.admin@example.com", "Retired Admin", false);
  const std::uint32_t more = std::max(3U, world.options.users / 20);
  for (std::uint32_t i = 0; i < more; ++i) {
    const std::string name = "local.user." + std::to_string(i);
    const RowIndex row = extra(name, i % 4 == 0 ? "" : name + "@local.example.com",
                               "Local User" + std::to_string(i), i % 3 != 0);
    world.rows[row].locked_out = i % 5 == 1;
  }
  world.users_changed();
}

void hide_everything(World& world) {
  const Account& provisioner = world.provisioner();
  for (UserRow& row : world.rows) {
    const bool own = row.person == kNone && world.row_user_name(row) == provisioner.user_name;
    if (!own) row.hidden_from |= provisioner.bit;
  }
}

// Hands out users for one purpose each, and never more than half of them.
class Dealer {
 public:
  Dealer(World& world, double share_scale) : world_(world), scale_(share_scale) {}

  std::vector<UserIndex> deal(double share) {
    const auto users = static_cast<double>(world_.users.size());
    const auto wanted = std::max<std::size_t>(1, static_cast<std::size_t>(users * share * scale_));
    std::vector<UserIndex> result;
    while (result.size() < wanted) {
      const auto user = one();
      if (!user) break;
      result.push_back(*user);
    }
    return result;
  }

  std::optional<UserIndex> one() {
    while (next_ < world_.users.size() && dealt_ < world_.users.size() / 2 + 1) {
      const UserIndex user = next_++;
      const AppUser& entry = world_.users[user];
      if (!entry.linked || (entry.status != Status::kActive && entry.status != Status::kProvisioned))
        continue;
      ++dealt_;
      return user;
    }
    return std::nullopt;
  }

 private:
  World& world_;
  double scale_;
  UserIndex next_ = 0;
  std::size_t dealt_ = 0;
};

void mix_everything(World& world, double drift_share) {
  Dealer dealer(world, drift_share);
  const When earlier = ago(world, 3 * kHour);
  struct Pair {
    UserIndex first;
    UserIndex second;
  };
  const auto pairs = [&](double share) {
    const std::vector<UserIndex> users = dealer.deal(share);
    std::vector<Pair> result;
    for (const UserIndex user : users) {
      if (const auto other = dealer.one()) result.push_back({user, *other});
    }
    return result;
  };
  const std::vector<UserIndex> changed = dealer.deal(0.01);
  const std::vector<UserIndex> missing = dealer.deal(0.006);
  const std::vector<UserIndex> hidden = dealer.deal(0.008);
  const std::vector<Pair> wrong = pairs(0.003);
  const std::vector<Pair> duplicate = pairs(0.004);
  const std::vector<UserIndex> ambiguous = dealer.deal(0.003);
  const std::vector<UserIndex> unlinked = dealer.deal(0.006);
  const std::vector<UserIndex> inactive = dealer.deal(0.006);
  const std::vector<UserIndex> leavers = dealer.deal(0.003);
  const std::vector<UserIndex> renamed = dealer.deal(0.006);
  const std::vector<UserIndex> locked = dealer.deal(0.006);
  const std::vector<UserIndex> other_case = dealer.deal(0.003);
  std::vector<UserIndex> cut = dealer.deal(0.003);
  if (cut.size() > 20) cut.resize(20);  // set_person() looks at every row

  // Links first, while every row still has its id; the ids move in the second half.
  for (const UserIndex user : hidden) world.rows[row_of(world, user)].hidden_from |= world.provisioner().bit;
  for (const UserIndex user : inactive) world.rows[row_of(world, user)].active = false;
  for (const UserIndex user : leavers) world.users[user].status = Status::kDeprovisioned;
  for (const UserIndex user : locked) world.rows[row_of(world, user)].locked_out = true;
  std::vector<std::pair<RowIndex, SysId>> ids;
  std::vector<RowIndex> gone;
  for (const UserIndex user : changed) ids.emplace_back(row_of(world, user), world.new_sys_id());
  for (const UserIndex user : missing) gone.push_back(row_of(world, user));
  for (const UserIndex user : ambiguous) gone.push_back(row_of(world, user));
  for (const Pair& pair : wrong) {
    ids.emplace_back(row_of(world, pair.first), world.users[pair.second].external);
    ids.emplace_back(row_of(world, pair.second), world.users[pair.first].external);
  }
  std::vector<std::pair<RowIndex, RowText>> texts;
  for (const UserIndex user : renamed) {
    const std::string name = "renamed.person." + std::to_string(user) + "@example.com";
    texts.emplace_back(row_of(world, user), RowText{name, "", "Renamed Person"});
  }
  for (const UserIndex user : other_case) {  // keys agree without regard to case and outer blanks
    std::string name = world.user_name(user);
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    texts.emplace_back(row_of(world, user),
                       RowText{name, "", world.row_name(world.rows[row_of(world, user)])});
  }
  for (const UserIndex user : cut) {  // ServiceNow keeps 40 characters of a user name
    const std::string name =
        "a.very.long.user.name.indeed." + std::to_string(1000000 + user) + "@example.com";
    texts.emplace_back(row_of(world, user), RowText{name.substr(0, 40), "", "Long Name"});
  }
  for (auto& [row, id] : ids) world.rows[row].id = id;
  for (const RowIndex row : gone) world.rows[row].exists = false;
  for (auto& [row, text] : texts) world.set_row_text(row, text);
  // The other direction: app users.
  for (const UserIndex user : cut) {
    const std::string name =
        "a.very.long.user.name.indeed." + std::to_string(1000000 + user) + "@example.com";
    world.set_person(user, {name, "long." + std::to_string(user) + "@mail.example.com"});
  }
  for (const Pair& pair : duplicate) world.users[pair.second].external = world.users[pair.first].external;
  for (const UserIndex user : unlinked) unlink(world, user, earlier);
  for (const UserIndex user : ambiguous) {
    duplicate_person(world, user, earlier);
    duplicate_person(world, user, earlier);
  }
  world.users_changed();
}

struct Weighted {
  const char* operation;
  const char* reason;
};

class History {
 public:
  explicit History(Simulator& simulator) : sim_(simulator), random_(simulator.world.options.seed * 11 + 5) {
    count_ = std::clamp<std::size_t>(simulator.world.options.users / 20, 30, 2000);
  }

  void successes(double share) {
    constexpr std::array<const char*, 9> operations = {
        "update", "update", "update", "create", "create", "update", "activate", "deactivate", "password"};
    const auto wanted = static_cast<std::size_t>(static_cast<double>(count_) * share);
    for (std::size_t i = 0; i < wanted; ++i) {
      TaskPlan plan = planned(operations[i % operations.size()], "");
      plan.shape = i % 3 == 0 ? 2 : 0;
      add(plan);
    }
  }

  void failures(double share, const std::vector<Weighted>& choices) {
    const auto wanted =
        std::max<std::size_t>(choices.size(), static_cast<std::size_t>(static_cast<double>(count_) * share));
    for (std::size_t i = 0; i < wanted; ++i) {
      const Weighted& choice = choices[i % choices.size()];
      TaskPlan plan = planned(choice.operation, choice.reason);
      plan.shape = static_cast<int>((i / choices.size() + i) % 5);
      plan.layers = 1 + static_cast<int>((i / choices.size() + i / 2) % 3);
      plan.app_user_target_only = i % 11 == 10;
      add(plan);
    }
  }

  // Each text with each operation that it fits, in turning shapes and layers.
  void every_text() {
    int turn = 0;
    for (const FailureText& text : failure_texts()) {
      for (const std::string_view operation : task_operations()) {
        TaskPlan plan = planned(std::string(operation), std::string(text.reason));
        plan.text = text.text;
        if (!fits(text, operation)) continue;
        plan.shape = turn % 5;
        plan.layers = 1 + turn / 2 % 3;
        ++turn;
        add(plan);
      }
    }
    for (const char* reason : {"authentication", "rate_limited"}) {
      TaskPlan plan = planned("connection", reason);
      plan.text = "";
      add(plan);
    }
    for (const char* operation : {"delete", "reactivate", "activate", "deactivate", "password", "create"}) {
      add(planned(operation, ""));
    }
  }

  void distractions() {
    for (Event& event : sim_.factory.distractions(sim_.any_user(), moment()))
      events_.push_back(std::move(event));
    for (int i = 0; i < 3; ++i) {
      for (Event& event : sim_.factory.foreign_task(moment())) events_.push_back(std::move(event));
    }
  }

  // The same event once more, as a poll that overlaps would bring it.
  void duplicates(std::size_t count) {
    for (std::size_t i = 0; i < count && !events_.empty(); ++i) {
      Event again = events_[random_.below(events_.size())];
      again.persisted_ms += 20'000;
      events_.push_back(std::move(again));
    }
  }

  // Into the log in the order of persistence.
  void write() {
    std::stable_sort(events_.begin(), events_.end(),
                     [](const Event& a, const Event& b) { return a.persisted_ms < b.persisted_ms; });
    for (Event& event : events_) {
      event.persisted_ms = std::min(event.persisted_ms, sim_.world.started_ms);
      sim_.log.append(std::move(event));
    }
  }

 private:
  std::int64_t moment() {
    return sim_.world.started_ms - 3 * 60'000 - static_cast<std::int64_t>(random_.below(37 * 60'000));
  }

  TaskPlan planned(std::string operation, std::string reason) {
    TaskPlan plan;
    plan.operation = std::move(operation);
    plan.reason = std::move(reason);
    plan.user = sim_.any_user();
    plan.published_ms = moment();
    plan.persisted_ms = plan.published_ms + 200 + static_cast<std::int64_t>(random_.below(1500));
    if (random_.chance(0.03)) plan.persisted_ms += 90'000;  // an event may be committed late
    plan.step_ms = 300 + static_cast<std::int64_t>(random_.below(900));
    return plan;
  }

  void add(const TaskPlan& plan) {
    std::optional<Task> task = sim_.factory.make(plan);
    if (!task) return;
    sim_.remember(task->record);
    for (Event& event : task->events) events_.push_back(std::move(event));
  }

  Simulator& sim_;
  Random random_;
  std::size_t count_;
  std::vector<Event> events_;
};

void write_history(Simulator& simulator, const std::string& scenario) {
  History history(simulator);
  if (scenario == "healthy") {
    history.successes(1.0);
  } else if (scenario == "acl-lockout") {
    history.successes(0.2);
    history.failures(0.8, {{"update", "record_not_found_or_hidden"},
                           {"create", "acl_denied"},
                           {"update", "acl_denied"},
                           {"deactivate", "record_not_found_or_hidden"},
                           {"deactivate", "acl_denied"},
                           {"group_push", "acl_denied"}});
  } else if (scenario == "instance-clone") {
    history.successes(0.4);
    history.failures(0.6, {{"update", "record_not_found_or_hidden"},
                           {"update", "record_not_found_or_hidden"},
                           {"deactivate", "record_not_found_or_hidden"},
                           {"create", "duplicate"}});
  } else if (scenario == "instance-clone-accounts" || scenario == "bad-credentials") {
    history.successes(0.2);
    history.failures(0.8, {{"update", "authentication"},
                           {"create", "authentication"},
                           {"deactivate", "authentication"},
                           {"connection", "authentication"}});
  } else {
    history.successes(0.6);
    history.every_text();
    history.failures(0.3, {{"update", "record_not_found_or_hidden"},
                           {"update", "acl_denied"},
                           {"create", "acl_denied"},
                           {"update", "business_rule"},
                           {"create", "duplicate"},
                           {"delete", "acl_denied"}});
    history.distractions();
    history.duplicates(5);
  }
  history.write();
}

}  // namespace

const std::vector<std::string_view>& scenario_names() {
  static const std::vector<std::string_view> names = {
      "healthy", "acl-lockout", "instance-clone", "instance-clone-accounts", "bad-credentials", "mixed"};
  return names;
}

void build(Simulator& simulator, const ScenarioOptions& options) {
  World& world = simulator.world;
  populate(world);
  if (options.name == "acl-lockout") hide_everything(world);
  if (options.name == "instance-clone" || options.name == "instance-clone-accounts") {
    clone_instance(world, simulator.random, {});
  }
  if (options.name == "instance-clone-accounts") clone_accounts(world);
  if (options.name == "bad-credentials") {
    for (const std::string& name : options.bad_accounts) {
      if (Account* account = world.account(name)) account->password = "changed-" + account->password;
    }
  }
  if (options.name == "mixed") mix_everything(world, options.drift_share);
  if (options.history) write_history(simulator, options.name);
  world.rows_by_id();  // the indexes are part of the start, not of the first request
  world.holders();
}

}  // namespace simulator
