#include "simulator/control.h"

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

#include "simulator/changes.h"
#include "simulator/text.h"
#include "simulator/truth.h"

namespace simulator {
namespace {

using nlohmann::json;

// A sentence for the caller; becomes a 400.
struct Refusal {
  std::string why;
};

Reply reply_of(int status, const json& body) {
  Reply reply;
  reply.status = status;
  reply.body = body.dump(status == 200 ? -1 : 2) + "\n";
  return reply;
}

class Commands {
 public:
  explicit Commands(Simulator& simulator) : sim_(simulator), world_(simulator.world) {}

  json run(const json& command) {
    if (!command.is_object() || !command.contains("do") || !command["do"].is_string()) {
      throw Refusal{"each command is an object with a string \"do\""};
    }
    const std::string name = command["do"];
    const auto it = table().find(name);
    if (it == table().end()) {
      std::string known;
      for (const auto& [key, unused] : table()) known += (known.empty() ? "" : ", ") + key;
      throw Refusal{"unknown command \"" + name + "\"; known are " + known};
    }
    return (this->*it->second)(command);
  }

 private:
  using Method = json (Commands::*)(const json&);
  static const std::map<std::string, Method>& table() {
    static const std::map<std::string, Method> methods = {
        {"push", &Commands::push},
        {"distractions", &Commands::distractions},
        {"clone", &Commands::clone},
        {"clone_accounts", &Commands::lock_out_accounts},
        {"set_password", &Commands::set_password},
        {"set_okta_token", &Commands::set_okta_token},
        {"unlock", &Commands::unlock},
        {"hide_rows", &Commands::hide_rows},
        {"unhide_rows", &Commands::unhide_rows},
        {"hide_fields", &Commands::hide_fields},
        {"deny_table", &Commands::deny_table},
        {"api_acl", &Commands::api_acl},
        {"transient_refusal", &Commands::transient_refusal},
        {"refuse", &Commands::refuse},
        {"table_acl", &Commands::table_acl},
        {"domain_visible", &Commands::domain_visible},
        {"transaction_log", &Commands::transaction_log},
        {"rest_call", &Commands::rest_call},
        {"put_row", &Commands::put_row},
        {"remove_row", &Commands::remove_system_row},
        {"query_range", &Commands::query_range},
        {"inactive_visible", &Commands::inactive_visible},
        {"delete_row", &Commands::delete_row},
        {"recreate_row", &Commands::recreate},
        {"duplicate_row", &Commands::duplicate_row},
        {"duplicate_link", &Commands::duplicate_link},
        {"swap_rows", &Commands::swap_rows},
        {"rename_row", &Commands::rename},
        {"set_active", &Commands::set_active},
        {"set_locked_out", &Commands::set_locked_out},
        {"set_status", &Commands::set_status},
        {"set_external_id", &Commands::set_external_id},
        {"rename_user", &Commands::rename_user},
        {"unlink", &Commands::remove_link},
        {"reassign", &Commands::assign_again},
        {"unassign", &Commands::unassign},
        {"set_feature", &Commands::set_feature},
        {"group_push_mapping", &Commands::group_push_mapping},
        {"group_push_readable", &Commands::group_push_readable},
        {"hibernate", &Commands::hibernate},
        {"unavailable", &Commands::unavailable},
        {"fault", &Commands::fault},
        {"clear_faults", &Commands::clear_faults},
        {"expire_cursors", &Commands::expire_cursors},
        {"rate_limit", &Commands::rate_limit},
        {"servicenow_limit", &Commands::servicenow_limit},
        {"oauth", &Commands::oauth},
        {"okta_clock", &Commands::okta_clock}};
    return methods;
  }

  Account& account_of(const json& command, const char* fallback = "provisioner") {
    const std::string name = command.value("account", fallback);
    Account* account = world_.account(name);
    if (account == nullptr) throw Refusal{"\"account\" is reader or provisioner, not \"" + name + "\""};
    return *account;
  }

  // "user": one Okta id, or "users": a list, or "count": so many that are still well, at random; or "share"
  // of all.
  std::vector<UserIndex> users_of(const json& command, bool need_row = true) {
    std::vector<std::string> ids;
    if (command.contains("user")) ids.push_back(command["user"].get<std::string>());
    if (command.contains("users")) ids = command["users"].get<std::vector<std::string>>();
    std::vector<UserIndex> users;
    for (const std::string& id : ids) {
      const auto user = world_.user_by_okta_id(id);
      if (!user || !world_.users[*user].assigned) throw Refusal{"no app user " + id};
      users.push_back(*user);
    }
    if (!users.empty()) return users;
    auto count = command.value("count", std::size_t{1});
    if (command.contains("share")) {
      count = static_cast<std::size_t>(
          command["share"].get<double>() * static_cast<double>(world_.users.size()) + 0.5);
    }
    std::vector<UserIndex> well;
    TruthOptions options;
    options.now_ms = now_ms();
    const std::vector<Verdict> verdicts = judge_links(world_, options);
    for (UserIndex user = 0; user < world_.users.size(); ++user) {
      const AppUser& entry = world_.users[user];
      const bool active = entry.status == Status::kActive || entry.status == Status::kProvisioned;
      if (entry.assigned && active && verdicts[user].state == Verdict::State::kLinked &&
          (!need_row || verdicts[user].row != kNone)) {
        well.push_back(user);
      }
    }
    if (well.size() < count) throw Refusal{"only " + std::to_string(well.size()) + " linked users are left"};
    for (std::size_t i = 0; i < count; ++i) std::swap(well[i], well[i + sim_.random.below(well.size() - i)]);
    well.resize(count);
    return well;
  }

  When when_of(const json& command) { return ago(world_, command.value("age_seconds", std::int64_t{3600})); }

  json users_json(const std::vector<UserIndex>& users) {
    json list = json::array();
    for (const UserIndex user : users) {
      list.push_back(
          {{"okta_user_id", world_.okta_id(user)},
           {"external_id", world_.users[user].linked ? json(hex(world_.users[user].external)) : json()},
           {"user_name", world_.user_name(user)}});
    }
    return {{"users", list}};
  }

  template <typename Act>
  json for_users(const json& command, const Act& act) {
    const std::vector<UserIndex> users = users_of(command);
    const When when = when_of(command);
    for (const UserIndex user : users) act(user, when);
    return users_json(users);
  }

  json push(const json& command) {
    const int count = command.value("count", 1);
    json made = json::array();
    for (int i = 0; i < count; ++i) {
      TaskPlan plan;
      plan.operation = command.value("operation", "update");
      plan.reason = command.value("reason", "");
      if (command.contains("text")) plan.text = command["text"].get<std::string>();
      plan.user = command.contains("user") ? users_of(command).front() : sim_.any_user();
      plan.layers = command.value("layers", 1);
      plan.shape = command.value("shape", 0);
      plan.app_user_target_only = command.value("app_user_target_only", false);
      const std::int64_t now = now_ms();
      plan.published_ms = now - command.value("late_seconds", std::int64_t{0}) * 1000;
      plan.persisted_ms = now;
      plan.step_ms = command.value("step_ms", std::int64_t{5});
      const auto& operations = task_operations();
      if (std::find(operations.begin(), operations.end(), plan.operation) == operations.end()) {
        throw Refusal{"unknown operation \"" + plan.operation + "\""};
      }
      const auto record = sim_.push(plan);
      if (!record) {
        throw Refusal{"no text of reason \"" + plan.reason + "\" fits operation \"" + plan.operation +
                      "\"; give \"text\", or operations without a logged attempt need a reason"};
      }
      made.push_back({{"operation", record->operation},
                      {"reason", record->reason},
                      {"acl_table", record->acl_table},
                      {"acl_operation", record->acl_operation},
                      {"user", record->user == kNone ? json() : json(world_.okta_id(record->user))},
                      {"published", iso_time(record->published_ms)},
                      {"transaction", record->transaction}});
    }
    return {{"tasks", made}};
  }

  json distractions(const json& /*command*/) {
    const std::int64_t now = now_ms();
    std::size_t count = 0;
    for (auto events :
         {sim_.factory.distractions(sim_.any_user(), now - 8000), sim_.factory.foreign_task(now - 500)}) {
      count += events.size();
      for (Event& event : events) {
        event.persisted_ms = now;
        sim_.log.append(std::move(event));
      }
    }
    return {{"events", count}};
  }

  json clone(const json& command) {
    CloneShares shares;
    shares.changed = command.value("changed", shares.changed);
    shares.missing = command.value("missing", shares.missing);
    shares.wrong = command.value("wrong", shares.wrong);
    const auto affected = clone_instance(world_, sim_.random, shares);
    if (command.value("accounts", false)) clone_accounts(world_);
    return {{"affected", affected.size()}};
  }

  json lock_out_accounts(const json& /*command*/) {
    clone_accounts(world_);
    return json::object();
  }

  json set_password(const json& command) {
    Account& account = account_of(command);
    const std::string fallback =
        account.role == "reader" ? world_.options.reader_password : world_.options.provisioner_password;
    account.password = command.value("password", fallback);
    account.failed_logins = 0;
    return {{"account", account.role}};
  }

  json set_okta_token(const json& command) {
    world_.okta_token = command.value("token", world_.options.okta_token);
    return json::object();
  }

  json unlock(const json& command) {
    Account& account = account_of(command);
    account.locked = false;
    account.failed_logins = 0;
    return {{"account", account.role}};
  }

  json hide_rows(const json& command) {
    const Account& account = account_of(command);
    std::vector<RowIndex> rows;
    if (command.contains("sys_ids")) {
      for (const auto& text : command["sys_ids"].get<std::vector<std::string>>()) {
        const auto id = parse_sys_id(text);
        const RowIndex row = id ? world_.row_by_id(*id) : kNone;
        if (row == kNone) throw Refusal{"no row " + text};
        rows.push_back(row);
      }
      for (const RowIndex row : rows) world_.rows[row].hidden_from |= account.bit;
      return {{"hidden", rows.size()}};
    }
    return for_users(command, [&](UserIndex user, When) {
      if (const RowIndex row = row_of(world_, user); row != kNone)
        world_.rows[row].hidden_from |= account.bit;
    });
  }

  json unhide_rows(const json& command) {
    const auto mask = static_cast<std::uint8_t>(command.contains("account") ? ~account_of(command).bit : 0);
    for (UserRow& row : world_.rows) row.hidden_from &= mask;
    return json::object();
  }

  json hide_fields(const json& command) {
    Account& account = account_of(command, "reader");
    const auto fields = command.value("fields", std::vector<std::string>{});
    account.unreadable_fields = {fields.begin(), fields.end()};
    return {{"account", account.role}};
  }

  json deny_table(const json& command) {
    Account& account = account_of(command);
    const std::string table = command.value("table", "sys_user");
    if (command.value("on", true)) {
      account.unreadable_tables.insert(table);
    } else {
      account.unreadable_tables.erase(table);
    }
    return {{"account", account.role}};
  }

  json api_acl(const json& command) {
    Account& account = account_of(command);
    account.api_denied = command.value("on", true);
    return {{"account", account.role}};
  }

  json transient_refusal(const json& command) {
    sim_.servicenow.transient_refusals = command.value("count", 1);
    return json::object();
  }

  json refuse(const json& command) {
    Account& account = account_of(command);
    account.refusal.reset();
    if (command.value("on", true)) {
      account.refusal = Account::Refusal{command.value("status", 403), command.value("message", ""),
                                         command.value("detail", "")};
    }
    return {{"account", account.role}};
  }

  json table_acl(const json& command) {
    Account& account = account_of(command, "reader");
    const std::string table = command.value("table", "syslog_transaction");
    const std::string mode = command.value("mode", "allow");
    account.hidden_tables.erase(table);
    account.range_refused_tables.erase(table);
    account.range_dropped_tables.erase(table);
    if (mode == "hidden") {
      account.hidden_tables.insert(table);
    } else if (mode == "range_403") {
      account.range_refused_tables.insert(table);
    } else if (mode == "range_silent") {
      account.range_dropped_tables.insert(table);
    } else if (mode != "allow") {
      throw Refusal{"\"mode\" is allow, hidden, range_403 or range_silent"};
    }
    return {{"account", account.role}};
  }

  json domain_visible(const json& command) {
    Account& account = account_of(command);
    account.domain_visible = command.value("visible", false);
    world_.rows_changed();
    return {{"account", account.role}};
  }

  json transaction_log(const json& command) {
    if (command.contains("response_code"))
      sim_.servicenow.tables.set_response_code_column(command["response_code"].get<bool>());
    if (command.contains("method")) sim_.servicenow.tables.set_method_column(command["method"].get<bool>());
    return json::object();
  }

  json rest_call(const json& command) {
    RestCall call;
    call.user_name = command.value("user_name", world_.options.provisioner);
    call.method = command.value("method", "PATCH");
    call.table = command.value("table", "sys_user");
    call.url = command.value("url", "/api/now/table/" + call.table + "/0123456789abcdef0123456789abcdef");
    call.status = command.value("status", 403);
    call.operation = command.value("operation", call.method == "GET"      ? "read"
                                                : call.method == "POST"   ? "create"
                                                : call.method == "DELETE" ? "delete"
                                                                          : "write");
    call.user_agent = "Okta";
    for (int i = 0; i < command.value("count", 1); ++i) {
      call.time_ms = now_ms() - command.value("age_seconds", std::int64_t{0}) * 1000;
      sim_.servicenow.tables.log(call);
    }
    return json::object();
  }

  json put_row(const json& command) {
    sim_.servicenow.tables.put(command.at("table"), command.at("row").get<TextRow>());
    return json::object();
  }

  json remove_system_row(const json& command) {
    sim_.servicenow.tables.remove(command.at("table"), command.at("sys_id"));
    return json::object();
  }

  json query_range(const json& command) {
    Account& account = account_of(command, "reader");
    const std::string mode = command.value("mode", "403");
    if (mode != "allow" && mode != "403" && mode != "silent")
      throw Refusal{"\"mode\" is allow, 403 or silent"};
    account.query_range = mode == "allow" ? QueryRange::kAllow
                          : mode == "403" ? QueryRange::kForbidden
                                          : QueryRange::kSilent;
    return {{"account", account.role}};
  }

  json inactive_visible(const json& command) {
    Account& account = account_of(command, "reader");
    account.inactive_visible = command.value("visible", false);
    world_.rows_changed();
    return {{"account", account.role}};
  }

  // Deletions of sys_user are audited by default (facts: servicenow.md 8.7).
  void audit_deletion(UserIndex user, When when) {
    const RowIndex row = row_of(world_, user);
    if (row == kNone) return;
    sim_.servicenow.tables.put("sys_audit_delete", {{"tablename", "sys_user"},
                                                    {"documentkey", hex(world_.rows[row].id)},
                                                    {"display_value", world_.row_name(world_.rows[row])},
                                                    {"sys_created_on", servicenow_time(when.seconds)},
                                                    {"sys_created_by", "admin"}});
  }

  json delete_row(const json& command) {
    return for_users(command, [&](UserIndex user, When when) {
      audit_deletion(user, when);
      remove_row(world_, user);
    });
  }

  json recreate(const json& command) {
    return for_users(command, [&](UserIndex user, When when) {
      audit_deletion(user, when);
      recreate_row(world_, user, when);
    });
  }

  json duplicate_row(const json& command) {
    return for_users(command, [&](UserIndex user, When when) { duplicate_person(world_, user, when); });
  }

  json duplicate_link(const json& command) {
    json copy = command;
    if (!copy.contains("users")) copy["count"] = 2;
    const std::vector<UserIndex> users = users_of(copy);
    if (users.size() != 2) throw Refusal{"\"users\" names two: the second gets the first one's external ID"};
    world_.users[users[1]].external = world_.users[users[0]].external;
    world_.users[users[1]].linked = true;
    world_.users_changed();
    return users_json(users);
  }

  json swap_rows(const json& command) {
    json copy = command;
    if (!copy.contains("users")) copy["count"] = 2;
    const std::vector<UserIndex> users = users_of(copy);
    if (users.size() != 2) throw Refusal{"\"users\" names two, whose rows change their ids"};
    swap_owner(world_, users[0], users[1], when_of(command));
    return users_json(users);
  }

  json rename(const json& command) {
    return for_users(command, [&](UserIndex user, When when) {
      const std::string fallback = "renamed." + std::to_string(user) + "@example.com";
      rename_row(world_, user, command.value("user_name", fallback), command.value("email", ""), when);
    });
  }

  json set_external_id(const json& command) {
    const std::string text = command.at("external_id");
    return for_users(command, [&](UserIndex user, When when) {
      world_.set_external_id(user, text);
      world_.users[user].updated = when.seconds;
    });
  }

  json rename_user(const json& command) {
    return for_users(command, [&](UserIndex user, When when) {
      world_.set_person(user, {command.value("user_name", world_.user_name(user)),
                               command.value("email", world_.email(user))});
      world_.users[user].updated = when.seconds;
    });
  }

  json set_active(const json& command) {
    return for_users(command, [&](UserIndex user, When when) {
      const RowIndex row = row_of(world_, user);
      if (row == kNone) return;
      world_.rows[row].active = command.value("active", false);
      world_.rows[row].updated = when.seconds;
      world_.rows_changed();
    });
  }

  json set_locked_out(const json& command) {
    return for_users(command, [&](UserIndex user, When when) {
      const RowIndex row = row_of(world_, user);
      if (row == kNone) return;
      world_.rows[row].locked_out = command.value("locked_out", true);
      world_.rows[row].updated = when.seconds;
      world_.rows_changed();
    });
  }

  json set_status(const json& command) {
    const auto status = parse_status(command.value("status", ""));
    const auto sync = parse_sync_state(command.value("sync_state", ""));
    if (!status && !sync) throw Refusal{"give a \"status\" or a \"sync_state\" as Okta spells them"};
    return for_users(command, [&](UserIndex user, When when) {
      if (status) world_.users[user].status = *status;
      if (sync) world_.users[user].sync = *sync;
      world_.users[user].updated = world_.users[user].status_changed = when.seconds;
    });
  }

  json remove_link(const json& command) {
    return for_users(command, [&](UserIndex user, When when) { unlink(world_, user, when); });
  }

  json assign_again(const json& command) {
    const std::vector<UserIndex> users =
        command.value("all", false) ? drifted_users() : users_of(command, false);
    const When when = when_of(command);
    std::vector<UserIndex> fixed;
    for (const UserIndex user : users) {
      if (reassign(world_, user, when)) fixed.push_back(user);
    }
    json result = users_json(fixed);
    result["without_a_single_match"] = users.size() - fixed.size();
    return result;
  }

  std::vector<UserIndex> drifted_users() {
    TruthOptions options;
    options.now_ms = now_ms();
    const std::vector<Verdict> verdicts = judge_links(world_, options);
    std::vector<UserIndex> users;
    for (UserIndex user = 0; user < world_.users.size(); ++user) {
      if (world_.users[user].assigned && verdicts[user].kind == "sys_id_changed") users.push_back(user);
    }
    return users;
  }

  json unassign(const json& command) {
    const json result =
        for_users(command, [&](UserIndex user, When) { world_.users[user].assigned = false; });
    world_.users_changed();
    return result;
  }

  json set_feature(const json& command) {
    const std::string feature = command.value("feature", "PUSH_USER_DEACTIVATION");
    if (command.value("on", true)) {
      world_.features.insert(feature);
    } else {
      world_.features.erase(feature);
    }
    return {{"features", world_.features}};
  }

  // Replaces the mapping of that id, or adds one.
  json group_push_mapping(const json& command) {
    GroupPushMapping mapping{.id = command.at("id").get<std::string>(),
                             .status = command.value("status", "ERROR"),
                             .error_summary = command.value("error_summary", "")};
    auto& all = world_.group_push_mappings;
    std::erase_if(all, [&](const GroupPushMapping& other) { return other.id == mapping.id; });
    all.push_back(std::move(mapping));
    return {{"mappings", all.size()}};
  }

  json group_push_readable(const json& command) {
    world_.group_push_readable = command.value("on", true);
    return json::object();
  }

  json hibernate(const json& command) {
    sim_.servicenow.hibernating = command.value("on", true);
    return json::object();
  }

  json unavailable(const json& command) {
    const std::string api = command.value("api", "servicenow");
    if (api != "okta" && api != "servicenow") throw Refusal{"\"api\" is okta or servicenow"};
    (api == "okta" ? sim_.okta.unavailable : sim_.servicenow.unavailable) = command.value("on", true);
    return json::object();
  }

  json fault(const json& command) {
    Fault fault;
    fault.api = command.value("api", "servicenow");
    fault.endpoint = command.value("endpoint", "");
    fault.kind = command.value("kind", "status");
    fault.status = command.value("status", 503);
    fault.count = command.value("count", 1);
    fault.after = command.value("after", 0);
    fault.delay_ms = command.value("delay_ms", fault.kind == "delay" ? 1000 : 0);
    fault.body = command.value("body", "");
    fault.headers = command.value("headers", std::map<std::string, std::string>{});
    if (!Faults::known(fault.kind)) {
      throw Refusal{
          "unknown kind of fault \"" + fault.kind +
          "\"; known are status, html, truncate, cut, close, empty, missing_fields, result_and_error, delay, "
          "wrong_json, short"};
    }
    sim_.faults.add(fault);
    return json::object();
  }

  json clear_faults(const json& /*command*/) {
    sim_.faults.clear();
    return json::object();
  }

  json expire_cursors(const json& /*command*/) {
    sim_.okta.expire_cursors();
    return json::object();
  }

  json servicenow_limit(const json& command) {
    sim_.servicenow.rule_limit = command.value("limit", std::int64_t{0});
    sim_.servicenow.window_s = command.value("window_seconds", std::int64_t{3600});
    return json::object();
  }

  json okta_clock(const json& command) {
    sim_.okta.clock_skew_s = command.value("skew_seconds", std::int64_t{0});
    return json::object();
  }

  json oauth(const json& command) {
    OktaOAuth& okta = sim_.okta.oauth;
    ServiceNowOAuth& servicenow = sim_.servicenow.oauth;
    okta.client_id = command.value("okta_client_id", okta.client_id);
    okta.public_key_pem = command.value("okta_public_key", okta.public_key_pem);
    okta.key_id = command.value("okta_key_id", okta.key_id);
    okta.dpop = command.value("dpop", okta.dpop);
    okta.lifetime_s = command.value("okta_lifetime_seconds", okta.lifetime_s);
    servicenow.client_secret = command.value("client_secret", servicenow.client_secret);
    servicenow.jwt_public_key_pem = command.value("jwt_public_key", servicenow.jwt_public_key_pem);
    servicenow.api_key = command.value("api_key", servicenow.api_key);
    servicenow.lifetime_s = command.value("servicenow_lifetime_seconds", servicenow.lifetime_s);
    servicenow.user = command.value("user", sim_.world.reader().user_name);
    if (command.value("revoke", false)) {
      okta.revoke();
      servicenow.revoke();
    }
    if (command.value("renew_nonce", false)) okta.renew_nonce();
    return {{"okta_tokens", okta.tokens_given},
            {"okta_refused", okta.refused},
            {"servicenow_tokens", servicenow.tokens_given}};
  }

  json rate_limit(const json& command) {
    const std::string bucket = command.value("bucket", "logs");
    sim_.okta.set_rate_limit(bucket, command.value("limit", std::int64_t{600}));
    return {{"bucket", bucket}};
  }

  Simulator& sim_;
  World& world_;
};

}  // namespace

Reply Control::handle(const Call& call) {
  const std::lock_guard lock(sim_.world.mutex);
  try {
    if (call.path == "/healthz") return reply_of(200, {{"ok", true}});
    if (call.path == "/truth" && call.method == "GET") return truth(call);
    if (call.path == "/requests" && call.method == "GET") return requests(call);
    if (call.path == "/world" && call.method == "POST") return world(call);
  } catch (const Refusal& refusal) {
    return reply_of(400, {{"ok", false}, {"error", refusal.why}});
  } catch (const json::exception& error) {
    return reply_of(
        400, {{"ok", false}, {"error", std::string("the command has a wrong shape: ") + error.what()}});
  }
  return reply_of(
      404, {{"ok", false}, {"error", "there are GET /truth, GET /requests, GET /healthz and POST /world"}});
}

Reply Control::truth(const Call& call) {
  TruthOptions options;
  options.now_ms = now_ms();
  if (const auto since = call.parameter("since")) {
    const auto time = parse_iso_time(*since);
    if (!time) throw Refusal{"\"since\" is no ISO 8601 time"};
    options.since_ms = *time;
  }
  options.with_users = call.parameter("users").value_or("") == "1";
  options.with_tasks = call.parameter("tasks").value_or("") == "1";
  options.provisioner_configured = call.parameter("provisioner").value_or("1") != "0";
  if (const auto grace = call.parameter("grace_seconds")) options.grace_ms = std::stoll(*grace) * 1000;
  if (const auto threshold = call.parameter("mass_threshold")) options.mass_threshold = std::stod(*threshold);
  if (const auto minimum = call.parameter("mass_minimum")) options.mass_minimum = std::stoull(*minimum);
  options.with_method = call.parameter("method").value_or("") == "1";
  json result = simulator::truth(sim_.world, sim_.tasks, sim_.journal, options);
  add_transactions(result, sim_.servicenow.tables, options, sim_.world);
  return reply_of(200, result);
}

Reply Control::requests(const Call& call) {
  const auto last =
      static_cast<std::size_t>(parse_integer(call.parameter("last").value_or("100")).value_or(100));
  const auto& latest = sim_.journal.latest;
  json list = json::array();
  for (std::size_t i = latest.size() > last ? latest.size() - last : 0; i < latest.size(); ++i) {
    list.push_back({{"time", iso_time(latest[i].time_ms)},
                    {"api", latest[i].api},
                    {"account", latest[i].account},
                    {"method", latest[i].method},
                    {"target", latest[i].target},
                    {"status", latest[i].status}});
  }
  return reply_of(200, list);
}

Reply Control::world(const Call& call) {
  const json body = json::parse(call.body);
  json results = json::array();
  Commands commands(sim_);
  for (const json& command : body.is_array() ? body : json::array({body})) {
    json result = commands.run(command);
    result["do"] = command["do"];
    results.push_back(std::move(result));
  }
  return reply_of(200, {{"ok", true}, {"results", results}});
}

}  // namespace simulator
