#include "config/servicenow_section.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/account_section.h"
#include "config/field_readers.h"
#include "config/http_section.h"
#include "config/url_reader.h"

namespace exporter::config {

namespace {

constexpr std::size_t kMaxAclTables = 50;  // each is a label value

bool is_field_name(std::string_view text) { return consists_of(text, "_."); }

bool is_table_name(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

void read_match_pair(const Value& value, std::vector<MatchPair>& out) {
  read_object(value, [&](Object& object) {
    MatchPair pair;
    const Value okta = object["okta"];
    const Value servicenow = object["servicenow"];
    if (!okta.present()) object.missing("okta", "write userName or profile.<attribute>");
    if (!servicenow.present())
      object.missing("servicenow", "write a field of the users' table, such as user_name");
    read_checked(
        okta, pair.okta,
        [](std::string_view text) {
          constexpr std::string_view kProfile = "profile.";
          return text == "userName" ||
                 (text.starts_with(kProfile) && text.size() > kProfile.size() && is_field_name(text));
        },
        "userName or profile.<attribute>, such as profile.email");
    read_checked(servicenow, pair.servicenow, is_field_name,
                 "a field of the users' table, such as user_name");
    out.push_back(std::move(pair));
  });
}

void read_match(const Value& value, std::vector<MatchPair>& out) {
  if (!value.present() && !value.context().describing()) return;
  std::vector<MatchPair> pairs;
  if (!value.context().describing() && value.node().IsMap()) {
    read_match_pair(value, pairs);
  } else {
    for (const Value& item : value.items()) read_match_pair(item, pairs);
    if (value.node().IsSequence() && pairs.empty()) {
      value.error("must hold at least one pair, such as {okta: userName, servicenow: user_name}");
    }
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (std::find(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(i), pairs[i]) !=
        pairs.begin() + static_cast<std::ptrdiff_t>(i)) {
      value.error("holds the same pair twice");
    }
  }
  out = std::move(pairs);
}

// ^NQ begins a second query that our own conditions do not bind, and a second order breaks paging by sys_id.
bool is_safe_query(std::string_view query) {
  return std::ranges::none_of(split(query, '^'), [](std::string_view term) {
    return term.starts_with("NQ") || term.starts_with("ORDERBY") || term.starts_with("GROUPBY") ||
           term == "EQ";
  });
}

void read_users(Object& object, UsersConfig& users) {
  read_checked(object["table"], users.table, is_table_name, "the name of a table, such as sys_user");
  read_enum(object["strategy"], users.strategy,
            {UserStrategy::automatic, UserStrategy::sweep, UserStrategy::lookup});
  object["page_size"].read(users.page_size, 1, 10'000);
  const Value query = object["query"];
  // An empty query is how the default is written.
  if (query.present() && query.node().IsScalar() && query.node().Scalar().empty()) return;
  std::string text;
  if (!query.read(text)) return;
  if (!is_safe_query(text)) {
    query.error(
        "must not hold ^NQ, ^EQ, ^ORDERBY or ^GROUPBY: the exporter adds its own conditions and order");
    return;
  }
  users.query = std::move(text);
}

void read_acl(Object& object, AclConfig& acl) {
  read_interval(object["interval"], acl.interval);
  const Value tables = object["tables"];
  if (tables.read(acl.tables)) {
    std::set<std::string> seen;
    for (const std::string& table : acl.tables) {
      if (!is_table_name(table)) tables.error(in_quotes(table) + " is not the name of a table");
      if (table == "other")
        tables.error("must not hold \"other\", which stands for all tables that are not listed");
      if (!seen.insert(table).second) tables.error("holds " + table + " twice");
    }
    if (acl.tables.size() > kMaxAclTables) {
      tables.error("must hold at most " + std::to_string(kMaxAclTables) +
                   " tables: each one is a value of a label");
    }
  }
  read_enum(object["transaction_log"], acl.transaction_log,
            {TransactionLog::automatic, TransactionLog::on, TransactionLog::off});
  object["provisioner_requests_per_hour"].read(acl.provisioner_requests_per_hour, 0, 100'000);
}

}  // namespace

void read_servicenow(Object& object, ServiceNowConfig& servicenow) {
  read_origin(object, "https://example.service-now.com", servicenow.url);
  const Value reader = object["reader"];
  if (reader.present() || object.describing()) {
    if (std::optional<Account> account = read_account(reader)) servicenow.reader = std::move(*account);
  } else {
    object.missing("reader", "write the account with which the exporter reads: reader: {basic_auth: …}");
  }
  const Value provisioner = object["provisioner"];
  if (provisioner.present() || object.describing())
    servicenow.provisioner = read_account(provisioner, Need::optional);
  read_match(object["match"], servicenow.match);
  read_object(object["users"], [&](Object& users) { read_users(users, servicenow.users); });
  read_object(object["acl"], [&](Object& acl) { read_acl(acl, servicenow.acl); });
  object["rate_limit_share"].read_share(servicenow.rate_limit_share);
  object["unmetered_requests_per_minute"].read(servicenow.unmetered_requests_per_minute, 1, 1'000'000);
  read_object(object["http"], [&](Object& http) { read_http(http, servicenow.http); });
}

}  // namespace exporter::config
