#include "simulator/system_tables.h"

#include <algorithm>
#include <cstdio>

#include "simulator/text.h"

namespace simulator {
namespace {

constexpr std::size_t kKeptCalls = 200'000;

std::string numbered_id(std::uint64_t number) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(mix(number)),
                static_cast<unsigned long long>(number));
  return text;
}

}  // namespace

SystemTables::SystemTables() {
  tables_["syslog_transaction"].columns = {
      "sys_id",    "sys_created_on",     "sys_created_by", "type",      "url",
      "remote_ip", "http_response_code", "response_time",  "user_agent"};
  tables_["sys_user_has_role"].columns = {"sys_id",    "user",           "user.user_name", "role",
                                          "role.name", "sys_updated_on", "inherited"};
  tables_["sys_security_acl"].columns = {"sys_id", "name",           "operation",    "type",
                                         "active", "sys_updated_on", "sys_mod_count"};
  tables_["sys_properties"].columns = {"sys_id", "name", "value", "sys_updated_on"};
  tables_["sys_audit_delete"].columns = {"sys_id",  "tablename",      "documentkey",   "display_value",
                                         "payload", "sys_created_on", "sys_created_by"};
  tables_["sys_user_group"].columns = {"sys_id", "name", "description", "active"};
  tables_["sys_user_grmember"].columns = {"sys_id", "user", "group"};
  put("sys_properties", {{"sys_id", numbered_id(1)}, {"name", "instance_name"}, {"value", "simulator"}});
  put("sys_properties", {{"sys_id", numbered_id(2)},
                         {"name", "glide.war"},
                         {"value", "glide-australia-02-11-2026__patch1-04-02-2026_04-21-2026_1500.zip"}});
  for (const char* operation : {"read", "write", "create"}) {
    put("sys_security_acl", {{"sys_id", numbered_id(10 + ids_)},
                             {"name", "sys_user"},
                             {"operation", operation},
                             {"type", "record"},
                             {"active", "true"},
                             {"sys_updated_on", "2026-01-01 00:00:00"},
                             {"sys_mod_count", "3"}});
    ++ids_;
  }
  for (std::uint64_t group = 0; group < 3; ++group) {
    put("sys_user_group", {{"sys_id", numbered_id(100 + group)},
                           {"name", "Group " + std::to_string(group)},
                           {"description", ""},
                           {"active", "true"}});
    put("sys_user_grmember", {{"sys_id", numbered_id(200 + group)},
                              {"user", numbered_id(300)},
                              {"group", numbered_id(100 + group)}});
  }
  ids_ = 1000;
}

std::vector<TextRow> SystemTables::select(const std::string& table, const EncodedQuery& query) const {
  std::vector<TextRow> found;
  for (const TextRow& row : tables_.at(table).rows) {
    const auto value = [&](const std::string& column) {
      const auto at = row.find(column);
      return at == row.end() ? std::string() : at->second;
    };
    if (query.groups.empty() || matches(query, value, {})) found.push_back(row);
  }
  for (auto order = query.order.rbegin(); order != query.order.rend(); ++order) {
    std::stable_sort(found.begin(), found.end(), [&](const TextRow& a, const TextRow& b) {
      const std::string left = a.contains(order->field) ? a.at(order->field) : "";
      const std::string right = b.contains(order->field) ? b.at(order->field) : "";
      return order->descending ? right < left : left < right;
    });
  }
  return found;
}

void SystemTables::log(const RestCall& call) {
  TextRow row = {{"sys_id", numbered_id(++ids_)},
                 {"sys_created_on", servicenow_time(call.time_ms / 1000)},
                 {"sys_created_by", call.user_name},
                 {"type", "rest"},
                 {"url", call.url},
                 {"remote_ip", "192.0.2.1"},
                 {"http_response_code", std::to_string(call.status)},
                 {"response_time", "12"},
                 {"user_agent", call.user_agent},
                 {"http_method", call.method}};
  auto& rows = tables_["syslog_transaction"].rows;
  rows.push_back(std::move(row));
  calls_.push_back(call);
  if (rows.size() > kKeptCalls) rows.pop_front();
  if (calls_.size() > kKeptCalls) calls_.pop_front();
}

void SystemTables::set_response_code_column(bool present) {
  auto& columns = tables_["syslog_transaction"].columns;
  present ? static_cast<void>(columns.insert("http_response_code"))
          : static_cast<void>(columns.erase("http_response_code"));
}

void SystemTables::set_method_column(bool present) {
  auto& columns = tables_["syslog_transaction"].columns;
  present ? static_cast<void>(columns.insert("http_method"))
          : static_cast<void>(columns.erase("http_method"));
}

void SystemTables::put(const std::string& table, TextRow row) {
  if (!row.contains("sys_id")) row["sys_id"] = numbered_id(++ids_);
  remove(table, row["sys_id"]);
  tables_[table].rows.push_back(std::move(row));
}

void SystemTables::remove(const std::string& table, const std::string& sys_id) {
  std::erase_if(tables_[table].rows, [&](const TextRow& row) { return row.at("sys_id") == sys_id; });
}

std::string denial_key(const RestCall& call, bool with_method, const std::set<std::string>& tables) {
  const std::string table = tables.contains(call.table) ? call.table : "other";
  if (with_method) return table + "|" + call.operation;
  // Without a method a record's URL says nothing; a list with a query and a count are reads.
  const std::string path = call.url.substr(0, call.url.find('?'));
  const bool listed = path.find("/stats/") != std::string::npos ||
                      (call.url.find("sysparm_") != std::string::npos && call.operation == "read");
  return table + "|" + (listed ? "read" : "unknown");
}

}  // namespace simulator
