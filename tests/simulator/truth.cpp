#include "simulator/truth.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "simulator/text.h"

namespace simulator {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 9> kKinds = {"duplicate_link", "wrong_user",      "hidden_by_acl",
                                                    "sys_id_changed", "ambiguous_match", "record_missing",
                                                    "not_linked",     "active_mismatch", "key_mismatch"};

bool is_off(Status status) {
  return status == Status::kDeprovisioned || status == Status::kInactive || status == Status::kSuspended ||
         status == Status::kRevoked;
}

class Judge {
 public:
  Judge(World& world, const TruthOptions& options)
      : world_(world),
        options_(options),
        creates_(world.features.contains("PUSH_NEW_USERS")),
        deactivates_(world.features.contains("PUSH_USER_DEACTIVATION")) {
    // The reader's view is proven when it gets its own row and an inactive one.
    bool own = false;
    bool inactive = false;
    for (const UserRow& row : world.rows) {
      if (!world.row_readable(world.reader(), row)) continue;
      inactive = inactive || !row.active;
      own = own || (row.person == kNone && world.row_user_name(row) == world.reader().user_name);
    }
    proven_ = own && inactive;
  }

  std::vector<Verdict> all() {
    mark_duplicates();
    std::vector<Verdict> verdicts(world_.users.size());
    std::uint64_t links = 0;
    bool any_resolves = false;
    for (UserIndex user = 0; user < world_.users.size(); ++user) {
      if (!world_.users[user].assigned) continue;
      verdicts[user] = judge(user);
      if (!world_.users[user].linked) continue;
      ++links;
      any_resolves = any_resolves || (verdicts[user].kind != "record_missing" &&
                                      verdicts[user].state != Verdict::State::kUnverified);
    }
    // Twenty links that lead nowhere, by id or by key, belong to another instance.
    if (links >= 20 && !any_resolves) {
      for (UserIndex user = 0; user < world_.users.size(); ++user) {
        if (world_.users[user].assigned && world_.users[user].linked)
          verdicts[user] = {Verdict::State::kUnverified};
      }
    }
    return verdicts;
  }

 private:
  static Verdict drifted(std::string_view kind, RowIndex row = kNone, RowIndex candidate = kNone) {
    return {Verdict::State::kDrifted, kind, row, candidate};
  }

  // Of several holders of one external ID the only one whose key agrees with the row keeps the link.
  void mark_duplicates() {
    const auto& holders = world_.holders();
    duplicate_.assign(world_.users.size(), false);
    for (std::size_t from = 0; from < holders.size();) {
      std::size_t to = from + 1;
      while (to < holders.size() &&
             world_.users[holders[to]].external == world_.users[holders[from]].external)
        ++to;
      if (to - from > 1) {
        const RowIndex row = world_.row_by_id(world_.users[holders[from]].external);
        std::vector<UserIndex> agreeing;
        for (std::size_t i = from; i < to; ++i) {
          duplicate_[holders[i]] = true;
          if (row != kNone && readable_by_us(world_.rows[row]) &&
              world_.matches(holders[i], world_.rows[row])) {
            agreeing.push_back(holders[i]);
          }
        }
        if (agreeing.size() == 1) duplicate_[agreeing.front()] = false;
      }
      from = to;
    }
  }

  bool readable_by_us(const UserRow& row) const {
    return world_.row_readable(world_.reader(), row) ||
           (options_.provisioner_configured && world_.row_readable(world_.provisioner(), row));
  }

  bool recent(std::uint32_t seconds) const { return options_.now_ms - seconds * 1000LL < options_.grace_ms; }

  Verdict judge(UserIndex user) {
    const AppUser& app_user = world_.users[user];
    if (!app_user.linked) {
      if (!creates_ || is_off(app_user.status)) return {Verdict::State::kExempt};
      if (recent(app_user.created) || recent(app_user.status_changed)) return {Verdict::State::kUnverified};
      return drifted("not_linked");
    }
    if (is_off(app_user.status) && !proven_) return {Verdict::State::kExempt};
    if (duplicate_[user]) return drifted("duplicate_link", world_.row_by_id(app_user.external));

    const RowIndex index = world_.row_by_id(app_user.external);
    const bool in_query_of_reader =
        index != kNone && world_.row_visible_in_query(world_.reader(), world_.rows[index]);
    const bool in_query_of_provisioner =
        index != kNone && options_.provisioner_configured &&
        world_.row_visible_in_query(world_.provisioner(), world_.rows[index]);
    if (!in_query_of_reader && !in_query_of_provisioner) return judge_absent(user, index != kNone);
    return judge_present(user, index);
  }

  Verdict judge_absent(UserIndex user, bool filtered_from_view) {
    if (filtered_from_view || !proven_) return {Verdict::State::kUnverified};
    if (recent(world_.users[user].updated)) return {Verdict::State::kUnverified};
    std::vector<RowIndex> found = world_.rows_matching(user);
    std::erase_if(found, [&](RowIndex row) { return !readable_by_us(world_.rows[row]); });
    if (found.empty()) return drifted("record_missing");
    if (found.size() > 1) return drifted("ambiguous_match");
    return drifted("sys_id_changed", kNone, found.front());
  }

  Verdict judge_present(UserIndex user, RowIndex index) {
    const AppUser& app_user = world_.users[user];
    const UserRow& row = world_.rows[index];
    const bool key_readable = readable_by_us(row);
    const bool agrees = world_.matches(user, row);
    if (key_readable && !agrees && !recent(app_user.updated) && !recent(row.updated)) {
      if (world_.matches_another_user(row, user)) return drifted("wrong_user", index);
      for (const RowIndex other : world_.rows_matching(user)) {
        if (other != index && readable_by_us(world_.rows[other])) return drifted("wrong_user", index, other);
      }
    }
    if (options_.provisioner_configured && !world_.row_readable(world_.provisioner(), row)) {
      return drifted("hidden_by_acl", index);
    }
    if (!key_readable) return {Verdict::State::kUnverified};
    if (recent(app_user.updated) || recent(app_user.status_changed) || recent(row.updated)) {
      return {Verdict::State::kLinked, {}, index};
    }
    const bool leaver = app_user.status == Status::kDeprovisioned || app_user.status == Status::kInactive;
    if ((!is_off(app_user.status) && !row.active) || (leaver && deactivates_ && row.active)) {
      return drifted("active_mismatch", index);
    }
    if (!agrees) return drifted("key_mismatch", index);
    return {Verdict::State::kLinked, {}, index};
  }

  World& world_;
  const TruthOptions& options_;
  bool creates_;
  bool deactivates_;
  bool proven_ = false;
  std::vector<bool> duplicate_;
};

void add_tasks(json& result, const std::vector<TaskRecord>& tasks, const TruthOptions& options,
               const World& world) {
  json totals = json::object();
  json failures = json::object();
  json denials = json::object();
  json list = json::array();
  for (const std::string_view operation : task_operations()) {
    if (attempts_are_logged(operation)) totals[std::string(operation)] = 0;
  }
  const auto count = [](json& where, const std::string& key) { where[key] = where.value(key, 0) + 1; };
  for (const TaskRecord& task : tasks) {
    if (task.published_ms < options.since_ms) continue;
    if (attempts_are_logged(task.operation)) count(totals, task.operation);
    if (!task.reason.empty()) count(failures, task.operation + "|" + task.reason);
    if (!task.acl_operation.empty()) count(denials, task.acl_table + "|" + task.acl_operation);
    if (options.with_tasks) {
      list.push_back({{"operation", task.operation},
                      {"reason", task.reason},
                      {"acl_table", task.acl_table},
                      {"acl_operation", task.acl_operation},
                      {"published", iso_time(task.published_ms)},
                      {"persisted", iso_time(task.persisted_ms)},
                      {"transaction", task.transaction},
                      {"user", task.user == kNone ? json(nullptr) : json(world.okta_id(task.user))}});
    }
  }
  result["okta_provisioning_tasks_total"] = totals;
  result["okta_provisioning_task_failures_total"] = failures;
  result["okta_provisioning_acl_denials_total"] = denials;
  if (options.with_tasks) result["tasks"] = list;
}

}  // namespace

std::string_view name_of(Verdict::State state) {
  constexpr std::array<std::string_view, 4> names = {"linked", "drifted", "unverified", "exempt"};
  return names.at(static_cast<std::size_t>(state));
}

std::vector<Verdict> judge_links(World& world, const TruthOptions& options) {
  return Judge(world, options).all();
}

json truth(World& world, const std::vector<TaskRecord>& tasks, const Journal& journal,
           const TruthOptions& options) {
  json result;
  add_tasks(result, tasks, options, world);

  std::map<std::string, std::uint64_t> statuses;
  std::map<std::string, std::uint64_t> syncs;
  std::map<std::string, std::uint64_t> states = {
      {"linked", 0}, {"drifted", 0}, {"unverified", 0}, {"exempt", 0}};
  std::map<std::string, std::uint64_t> kinds;
  for (const std::string_view kind : kKinds) kinds[std::string(kind)] = 0;
  std::uint64_t locked_out = 0;
  json users = json::array();
  const std::vector<Verdict> verdicts = judge_links(world, options);
  for (UserIndex user = 0; user < world.users.size(); ++user) {
    const AppUser& app_user = world.users[user];
    if (!app_user.assigned) continue;
    const Verdict& verdict = verdicts[user];
    ++statuses[std::string(name_of(app_user.status))];
    ++syncs[std::string(name_of(app_user.sync))];
    ++states[std::string(name_of(verdict.state))];
    if (!verdict.kind.empty()) ++kinds[std::string(verdict.kind)];
    if (verdict.state == Verdict::State::kLinked && verdict.row != kNone && !is_off(app_user.status) &&
        world.rows[verdict.row].active && world.rows[verdict.row].locked_out) {
      ++locked_out;
    }
    if (options.with_users) {
      users.push_back(
          {{"okta_user_id", world.okta_id(user)},
           {"user_name", world.user_name(user)},
           {"external_id", world.odd_external_id(user)
                               ? json(*world.odd_external_id(user))
                               : (app_user.linked ? json(hex(app_user.external)) : json(nullptr))},
           {"status", name_of(app_user.status)},
           {"scope", app_user.scope == Scope::kUser ? "USER" : "GROUP"},
           {"state", name_of(verdict.state)},
           {"kind", verdict.kind.empty() ? json(nullptr) : json(verdict.kind)},
           {"candidate_sys_id",
            verdict.candidate == kNone ? json(nullptr) : json(hex(world.rows[verdict.candidate].id))}});
    }
  }
  result["okta_app_users"] = statuses;
  result["okta_app_user_sync_states"] = syncs;
  result["okta_external_id_users"] = states;
  result["okta_external_id_drift_users"] = kinds;
  result["okta_external_id_locked_out_users"] = locked_out;
  const std::uint64_t moved = kinds["sys_id_changed"] + kinds["record_missing"] + kinds["wrong_user"];
  const double judged = static_cast<double>(states["linked"] + states["drifted"]);
  const bool mass =
      moved >= options.mass_minimum && static_cast<double>(moved) >= options.mass_threshold * judged;
  result["okta_external_id_mass_drift"] = mass ? 1 : 0;
  if (options.with_users) result["users"] = users;

  std::map<std::string, std::uint64_t> seen = {{"true", 0}, {"false", 0}};
  std::map<std::string, std::uint64_t> counted = seen;
  for (const UserRow& row : world.rows) {
    const std::string active = row.active ? "true" : "false";
    if (world.row_readable(world.reader(), row)) ++seen[active];
    if (world.row_visible_in_query(world.reader(), row)) ++counted[active];
  }
  result["servicenow_users"] = seen;
  result["servicenow_users_before_row_acls"] = counted;

  json features = json::object();
  for (const char* feature :
       {"PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "REACTIVATE_USERS", "GROUP_PUSH",
        "IMPORT_NEW_USERS", "IMPORT_PROFILE_UPDATES", "PROFILE_MASTERING"}) {
    features[feature] = world.features.contains(feature) ? 1 : 0;
  }
  result["okta_app_provisioning_feature_enabled"] = features;
  result["requests"] = {{"okta", journal.okta},
                        {"servicenow", journal.servicenow},
                        {"servicenow_by_account", journal.servicenow_by_account},
                        {"codes", journal.codes}};
  result["limits"] = json::object();
  for (const auto& [name, used] : journal.limits) {
    result["limits"][name] = {{"limit", used.limit}, {"most", used.most}, {"denied", used.denied}};
  }
  result["writes"] = journal.writes;
  result["failed_logins"] = journal.failed_logins;
  result["now"] = iso_time(options.now_ms);
  result["started"] = iso_time(world.started_ms);
  return result;
}

void add_transactions(json& result, const SystemTables& tables, const TruthOptions& options,
                      const World& world) {
  const std::set<std::string> allowed = {"sys_user", "sys_user_group", "sys_user_grmember"};
  json codes = json::object();
  json denials = json::object();
  for (const RestCall& call : tables.calls()) {
    // The log has seconds.
    const bool before = call.time_ms / 1000 < options.since_ms / 1000;
    if (call.of_exporter || call.user_name != world.options.provisioner || before) continue;
    std::string code = std::to_string(call.status / 100) + "xx";
    for (const int named : {400, 401, 403, 404, 429}) {
      if (call.status == named) code = std::to_string(named);
    }
    if (code == "4xx") code = "other_4xx";
    codes[code] = codes.value(code, 0) + 1;
    if (call.status != 403) continue;
    const std::string key = denial_key(call, options.with_method, allowed);
    denials[key] = denials.value(key, 0) + 1;
  }
  result["servicenow_rest_transactions_total"] = codes;
  result["servicenow_acl_denials_total"] = denials;
}

}  // namespace simulator
