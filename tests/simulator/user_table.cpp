#include "simulator/user_table.h"

#include <algorithm>
#include <optional>

namespace simulator {
namespace {

const Condition* only_condition(const EncodedQuery::Alternatives& alternatives) {
  return alternatives.size() == 1 ? alternatives.data() : nullptr;
}

std::string text_of(bool value) { return value ? "true" : "false"; }

}  // namespace

const std::set<std::string>& user_columns() {
  static const std::set<std::string> columns = {"sys_id",
                                                "user_name",
                                                "name",
                                                "first_name",
                                                "middle_name",
                                                "last_name",
                                                "email",
                                                "employee_number",
                                                "active",
                                                "locked_out",
                                                "source",
                                                "federated_id",
                                                "failed_attempts",
                                                "last_login",
                                                "last_login_time",
                                                "ldap_server",
                                                "manager",
                                                "department",
                                                "company",
                                                "location",
                                                "cost_center",
                                                "title",
                                                "phone",
                                                "mobile_phone",
                                                "time_zone",
                                                "roles",
                                                "vip",
                                                "web_service_access_only",
                                                "sys_class_name",
                                                "sys_domain",
                                                "sys_domain_path",
                                                "internal_integration_user",
                                                "sys_mod_count",
                                                "sys_created_on",
                                                "sys_created_by",
                                                "sys_updated_on",
                                                "sys_updated_by",
                                                "sys_tags",
                                                "password_needs_reset"};
  return columns;
}

std::string column_value(const World& world, const UserRow& row, const std::string& column) {
  if (column == "sys_id") return hex(row.id);
  if (column == "user_name") return world.row_user_name(row);
  if (column == "email") return world.row_email(row);
  if (column == "name") return world.row_name(row);
  if (column == "active") return text_of(row.active);
  if (column == "locked_out") return text_of(row.locked_out);
  if (column == "sys_created_on") return servicenow_time(row.created);
  if (column == "sys_updated_on") return servicenow_time(row.updated);
  if (column == "sys_mod_count") return std::to_string(row.modifications);
  if (column == "first_name" || column == "last_name") {
    const std::string name = world.row_name(row);
    const auto space = name.find(' ');
    if (space == std::string::npos) return column == "first_name" ? "" : name;
    return column == "first_name" ? name.substr(0, space) : name.substr(space + 1);
  }
  if (column == "employee_number")
    return row.person == kNone ? "" : std::string("E").append(std::to_string(100000 + row.person));
  if (column == "sys_class_name") return "sys_user";
  if (column == "sys_domain") return "global";
  if (column == "sys_domain_path") return "/";
  if (column == "sys_created_by" || column == "sys_updated_by") {
    return row.person == kNone ? "admin" : world.options.provisioner;
  }
  if (column == "web_service_access_only") return text_of(row.person == kNone && row.active);
  if (column == "vip" || column == "password_needs_reset" || column == "internal_integration_user")
    return "false";
  if (column == "failed_attempts") {
    for (const Account& account : world.accounts) {
      if (account.failed_logins > 0 && world.row_user_name(row) == account.user_name) {
        return std::to_string(account.failed_logins);
      }
    }
  }
  return "";
}

std::set<std::string> UserTable::ignoring_case() const {
  if (!world_.options.case_insensitive_columns) return {};
  return {"user_name", "email", "name", "employee_number"};
}

// Rows in sys_id order that satisfy the query; uses an index where one conjunct names ids or keys.
UserTable::Scan UserTable::scan(const EncodedQuery& query, const Account& account) {
  std::optional<std::vector<RowIndex>> candidates;
  EncodedQuery rest = query;
  if (query.groups.size() == 1) {
    for (std::size_t i = 0; i < query.groups.front().size(); ++i) {
      const auto& alternatives = query.groups.front()[i];
      const Condition* condition = only_condition(alternatives);
      if (condition == nullptr || (condition->operation != "=" && condition->operation != "IN")) continue;
      std::vector<std::string> values = condition->list;
      if (condition->operation == "=") values = {condition->value};
      const bool by_id = condition->field == "sys_id";
      const bool by_key = world_.options.case_insensitive_columns &&
                          (condition->field == "user_name" || condition->field == "email");
      if (!by_id && !by_key) continue;
      // The key indexes leave out empty values.
      if (by_key &&
          std::any_of(values.begin(), values.end(), [](const auto& v) { return trimmed(v).empty(); })) {
        continue;
      }
      candidates.emplace();
      for (const std::string& value : values) {
        if (by_id) {
          const auto id = parse_sys_id(value);
          if (const RowIndex row = id ? world_.row_by_id(*id) : kNone; row != kNone)
            candidates->push_back(row);
        } else {
          const auto found =
              condition->field == "email" ? world_.rows_by_email(value) : world_.rows_by_user_name(value);
          candidates->insert(candidates->end(), found.begin(), found.end());
        }
      }
      std::sort(candidates->begin(), candidates->end(),
                [&](RowIndex a, RowIndex b) { return world_.rows[a].id < world_.rows[b].id; });
      candidates->erase(std::unique(candidates->begin(), candidates->end()), candidates->end());
      // The index has answered this condition: comparing each row with each of 200 ids would take
      // milliseconds.
      if (by_id) rest.groups.front().erase(rest.groups.front().begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  }
  const auto ignored_case = ignoring_case();
  const bool unconditional =
      std::any_of(rest.groups.begin(), rest.groups.end(), [](const auto& group) { return group.empty(); });
  Scan result{{}, candidates.has_value()};
  for (const RowIndex index : candidates ? *candidates : world_.rows_by_id()) {
    const UserRow& row = world_.rows[index];
    if (!world_.row_visible_in_query(account, row)) continue;
    const auto lookup = [&](const std::string& column) { return column_value(world_, row, column); };
    if (unconditional || matches(rest, lookup, ignored_case)) result.rows.push_back(index);
  }
  return result;
}

Selection UserTable::select(const EncodedQuery& query, const Account& account,
                            const std::string& query_text) {
  // A lone sys_id>X conjunct becomes a position in the sorted rest.
  EncodedQuery rest = query;
  std::optional<Condition> lower_bound;
  const bool by_sys_id =
      query.order.size() == 1 && query.order[0].field == "sys_id" && !query.order[0].descending;
  std::string key = query_text;
  if (by_sys_id && rest.groups.size() == 1) {
    auto& group = rest.groups.front();
    const auto it = std::find_if(group.begin(), group.end(), [](const auto& alternatives) {
      const Condition* c = only_condition(alternatives);
      return c != nullptr && c->field == "sys_id" && (c->operation == ">" || c->operation == ">=");
    });
    if (it != group.end()) {
      lower_bound = it->front();
      group.erase(it);
      const std::string part = lower_bound->field + lower_bound->operation + lower_bound->value;
      if (const auto at = key.find(part); at != std::string::npos) key.erase(at, part.size());
    }
  }
  key += "\n" + account.role;

  auto cached =
      std::find_if(cache_.begin(), cache_.end(), [&](const Cached& entry) { return entry.key == key; });
  if (cached != cache_.end() && cached->version != world_.rows_version()) {
    cache_.erase(cached);
    cached = cache_.end();
  }
  std::shared_ptr<const std::vector<RowIndex>> selected;
  if (cached != cache_.end()) {
    selected = cached->rows;
  } else {
    Scan scanned = scan(rest, account);
    auto found = std::make_shared<std::vector<RowIndex>>(std::move(scanned.rows));
    if (query.order.empty()) {
      // Without ORDERBY the order is undefined: give the order of creation, which is never that of the ids.
      std::sort(found->begin(), found->end());
    } else if (!by_sys_id) {
      for (auto order = query.order.rbegin(); order != query.order.rend(); ++order) {
        std::vector<std::pair<std::string, RowIndex>> keyed;
        keyed.reserve(found->size());
        for (const RowIndex row : *found) {
          keyed.emplace_back(column_value(world_, world_.rows[row], order->field), row);
        }
        std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
          return order->descending ? b.first < a.first : a.first < b.first;
        });
        std::transform(keyed.begin(), keyed.end(), found->begin(),
                       [](const auto& entry) { return entry.second; });
      }
    }
    if (!scanned.cheap) cache_.push_front({key, world_.rows_version(), found});
    if (cache_.size() > 6) cache_.pop_back();
    selected = found;
  }

  Selection selection{selected, 0};
  if (lower_bound) {
    const auto& rows = *selection.rows;
    const auto it = std::partition_point(rows.begin(), rows.end(), [&](RowIndex row) {
      const std::string id = hex(world_.rows[row].id);
      return lower_bound->operation == ">" ? id <= lower_bound->value : id < lower_bound->value;
    });
    selection.from = static_cast<std::size_t>(it - rows.begin());
  }
  return selection;
}

}  // namespace simulator
