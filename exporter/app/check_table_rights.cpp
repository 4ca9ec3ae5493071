#include "app/check_table_rights.h"

#include <utility>

#include "app/check_answer.h"

namespace exporter::app {

namespace {

CheckLine list_line(std::string check, const std::string& account, const config::UsersConfig& users,
                    const servicenow::UserPage& page) {
  const std::string who = "the " + account;
  if (!page.rows.empty()) {
    return ok(std::move(check),
              who + " sees records of " + users.table +
                  (page.total_count ? " (" + std::to_string(*page.total_count) + " in all)" : ""));
  }
  if (page.total_count.value_or(0) > 0) {
    return failed(std::move(check),
                  who + " is told of " + std::to_string(*page.total_count) + " records of " + users.table +
                      " and sees none: row ACLs hide them",
                  read_advice(account, users));
  }
  return warning(
      std::move(check), who + " finds no record in " + users.table,
      "Check servicenow.users.table, and before-query business rules that filter by account or domain.");
}

std::string range_advice(config::UserStrategy strategy) {
  switch (strategy) {
    case config::UserStrategy::sweep:
      return "The table is then read by offset, which is slower, or not at all where sorting is refused "
             "too: give the reader a query_range ACL on sys_id and sys_updated_on, or set users.strategy to "
             "auto.";
    case config::UserStrategy::automatic:
      return "Users are then looked up by the links to them, or the table is read by offset; a query_range "
             "ACL on sys_id and sys_updated_on allows the sweep, and following rows that change.";
    case config::UserStrategy::lookup:
      break;
  }
  return "Lookups do without it; a query_range ACL on sys_updated_on lets the exporter follow rows that "
         "change.";
}

CheckLine range_line(std::string check, const std::string& account, config::UserStrategy strategy,
                     servicenow::TableClient& client) {
  const Result<servicenow::UserPage> page = client.users({.query = "sys_id>0^ORDERBYsys_id", .limit = 1}, {});
  if (page) return ok(std::move(check), "the " + account + " may query by range (query_range)");
  if (page.error().error_class == ErrorClass::permission) {
    return warning(std::move(check), page.error().message, range_advice(strategy));
  }
  return failed(std::move(check), page.error().message, advice(page.error(), "credentials"));
}

CheckLine inactive_line(std::string check, const std::string& account, const config::UsersConfig& users,
                        servicenow::TableClient& client) {
  const Result<servicenow::UserPage> page = client.users({.query = "active=false", .limit = 1}, {});
  const std::string who = "the " + account;
  if (!page) return failed(std::move(check), page.error().message, advice(page.error(), "credentials"));
  if (!page->rows.empty()) return ok(std::move(check), who + " sees inactive records");
  if (page->total_count.value_or(0) > 0) {
    return warning(std::move(check),
                   who + " is not shown the " + std::to_string(*page->total_count) + " inactive records",
                   "Links to deactivated users can't be judged; let the account read inactive rows too.");
  }
  return warning(std::move(check),
                 who + " finds no inactive record: there is none, or a rule filters them out",
                 "If there are deactivated users, look for a before-query business rule on " + users.table +
                     " (such as \"user query\") that shows only active ones.");
}

}  // namespace

std::string read_advice(std::string_view account, const config::UsersConfig& users) {
  return "Let the " + std::string(account) + " read and query " + users.table +
         ": a role with a read ACL on the table and its fields sys_id, user_name, email, active, "
         "locked_out.";
}

bool check_table_rights(const std::string& account, const config::UsersConfig& users,
                        const servicenow::UserPage& page, servicenow::TableClient& client,
                        std::vector<CheckLine>& lines) {
  const std::string who = "servicenow_" + account;
  lines.push_back(list_line(who + "_list", account, users, page));
  lines.push_back(range_line(who + "_range", account, users.strategy, client));
  lines.push_back(inactive_line(who + "_inactive", account, users, client));
  return lines.back().verdict == Verdict::ok;
}

}  // namespace exporter::app
