#include "simulator/servicenow_api.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "simulator/text.h"

namespace simulator {
namespace {

constexpr std::int64_t kDefaultLimit = 10000;

// Tables that exist here without rows; any other name is "Invalid table".
const std::set<std::string>& other_tables() {
  static const std::set<std::string> tables = {
      "sys_user_role", "sys_group_has_role", "sys_dictionary", "sys_db_object",  "syslog",
      "sys_audit",     "sys_audit_delete",   "sysevent",       "clone_instance", "sys_security_acl_role"};
  return tables;
}

// The envelope of every error of the Table API; detail is null where it has none.
Reply failure(int status, std::string_view message, std::string_view detail) {
  Reply reply;
  reply.status = status;
  reply.body = R"({"error":{"message":)" + json_string(message) + R"(,"detail":)" +
               (detail.empty() ? "null" : json_string(detail)) + R"(},"status":"failure"})";
  return reply;
}

Reply no_record() {
  return failure(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval");
}

bool is_true(const std::optional<std::string>& value) { return value && *value == "true"; }

std::string link(const Call& call, std::int64_t limit, std::int64_t offset, std::string_view relation) {
  std::string query;
  for (const auto& [name, value] : call.parameters) {
    if (name == "sysparm_limit" || name == "sysparm_offset") continue;
    query += name + "=" + url_encode(value) + "&";
  }
  query += "sysparm_limit=" + std::to_string(limit) + "&sysparm_offset=" + std::to_string(offset);
  return "<" + call.origin + call.path + "?" + query + ">;rel=\"" + std::string(relation) + "\"";
}

// facts: recorded on a developer instance. One comma-joined field; with limit 1 the first page has a "prev"
// whose offset is -1; nothing at all when everything fits into one page.
std::string links(const Call& call, std::int64_t limit, std::int64_t offset, std::int64_t total) {
  if (limit <= 0 || (offset == 0 && total <= limit)) return {};
  std::string value = link(call, limit, 0, "first");
  if (offset - limit >= -1) value += "," + link(call, limit, offset - limit, "prev");
  if (offset + limit < total) value += "," + link(call, limit, offset + limit, "next");
  value += "," + link(call, limit, total == 0 ? 0 : (total - 1) / limit * limit, "last");
  return value;
}

}  // namespace

ServiceNowApi::Route ServiceNowApi::route(std::string_view path) {
  Route result;
  std::vector<std::string> parts = split(path, '/');  // "", "api", "now", …
  if (parts.size() < 4 || parts[1] != "api" || parts[2] != "now") return result;
  std::size_t at = 3;
  if (parts[at] == "v1" || parts[at] == "v2") result.first_version = parts[at++] == "v1";
  if (at + 1 >= parts.size() || parts[at + 1].empty()) return result;
  const std::string kind = parts[at];
  result.table = parts[at + 1];
  const std::string rest = at + 2 < parts.size() ? parts[at + 2] : "";
  if (parts.size() > at + 3) return {};
  if (kind == "table") {
    result.sys_id = rest;
    result.endpoint = rest.empty() ? "table_list" : "table_record";
  } else if (kind == "stats" && rest.empty()) {
    result.endpoint = "aggregate";
  }
  return result;
}

Account* ServiceNowApi::log_in(const Call& call, std::string& name) {
  name = "";
  if (const std::optional<std::string> user = oauth.user_of(call)) {
    name = *user;
    for (Account& account : world_.accounts) {
      if (account.user_name == name && !account.locked) return &account;
    }
    return nullptr;
  }
  if (!starts_with_ignoring_case(call.authorization, "Basic ")) return nullptr;
  const auto pair = decode_base64(trimmed(std::string_view(call.authorization).substr(6)));
  const auto colon = pair ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return nullptr;
  name = pair->substr(0, colon);
  for (Account& account : world_.accounts) {
    if (account.user_name != name) continue;
    if (account.password == pair->substr(colon + 1) && !account.locked) return &account;
    ++account.failed_logins;
    if (world_.options.lockout_after > 0 && account.failed_logins >= world_.options.lockout_after) {
      account.locked = true;  // from now on the right password is refused too
      for (UserRow& row : world_.rows) {
        if (row.exists && row.person == kNone && world_.row_user_name(row) == name) row.locked_out = true;
      }
    }
  }
  ++journal_.failed_logins[name];
  return nullptr;
}

bool ServiceNowApi::spend(const std::string& user, Reply& reply) {
  Window& window = windows_[user];
  const std::int64_t now = now_ms() / 1000;
  if (now >= window.resets_at) window = {0, now + window_s};
  const bool allowed = window.used < rule_limit;
  if (allowed) ++window.used;
  Journal::Used& used = journal_.limits["servicenow " + user];
  used.limit = rule_limit;
  used.most = std::max(used.most, window.used);
  used.denied += allowed ? 0 : 1;
  reply.header("X-RateLimit-Limit", std::to_string(rule_limit));
  reply.header("X-RateLimit-Reset", std::to_string(window.resets_at));
  reply.header("X-RateLimit-Rule", "3b1d7e2f0a0a0b02004c4c8b9d1e6f5a");
  if (!allowed)
    reply.header("Retry-After", std::to_string(std::max<std::int64_t>(1, window.resets_at - now)));
  return allowed;
}

Reply ServiceNowApi::denied() const {
  return failure(429, "Rate limit exceeded", "The request was rejected by a rate limit rule");
}

Reply ServiceNowApi::handle(const Call& call) {
  const std::lock_guard lock(world_.mutex);
  const Route where = route(call.path);
  Account* account = nullptr;
  Reply reply;
  bool logged_in = false;
  std::string name;
  ++journal_.servicenow[where.endpoint];
  if (hibernating) {
    // facts: a hibernating instance answers any path with 200 and HTML
    reply.content_type = "text/html;charset=UTF-8";
    reply.body =
        "<html><head><title>Instance Hibernating page</title></head><body>This instance "
        "sleeps.</body></html>";
  } else if (unavailable) {
    reply.status = 503;
    reply.content_type = "text/html";
    reply.body = "<html><body><h1>503 Service Unavailable</h1></body></html>";
  } else {
    const std::optional<Fault> fault = faults_.take("servicenow", where.endpoint);
    if (fault && fault->replaces_answer()) {
      reply = faults_.replacement(*fault);
    } else {
      if (call.path == "/oauth_token.do" && call.method == "POST") {
        std::map<std::string, std::string> passwords;
        for (const Account& known : world_.accounts) {
          if (!known.locked) passwords[known.user_name] = known.password;
        }
        reply = oauth.token(call, passwords);
        journal_.note({now_ms(), "servicenow", "", call.method, call.path, reply.status});
        return reply;
      }
      account = log_in(call, name);
      logged_in = account != nullptr;
      Reply head;
      const bool allowed = !logged_in || rule_limit == 0 || spend(name, head);
      reply = allowed ? answer(call, where, account) : denied();
      reply.headers.insert(reply.headers.end(), head.headers.begin(), head.headers.end());
      if (fault) faults_.damage(*fault, reply);
    }
  }
  if (logged_in) log_transaction(call, where, name, reply.status);
  if (reply.content_type == "application/json") reply.content_type = "application/json;charset=UTF-8";
  add_common_headers(reply, logged_in);
  if (!name.empty()) ++journal_.servicenow_by_account[account != nullptr ? account->role : name];
  journal_.note({now_ms(), "servicenow", account != nullptr ? account->role : name, call.method, call.target,
                 reply.status});
  return reply;
}

void ServiceNowApi::add_common_headers(Reply& reply, bool logged_in) {
  std::array<char, 16> transaction{};
  std::snprintf(transaction.data(), transaction.size(), "%012llx",
                static_cast<unsigned long long>(mix(world_.options.seed + ++transactions_) >> 16U));
  reply.header("Server", "ServiceNow");
  reply.header("Server-Timing", "sem_wait;dur=0, sesh_wait;dur=0");
  reply.header("X-Transaction-ID", transaction.data());
  if (logged_in) reply.header("X-Is-Logged-In", "true");
  reply.header("Set-Cookie", std::string("JSESSIONID=") + transaction.data() + "; Path=/; HttpOnly");
  reply.header("Set-Cookie", "glide_user_route=glide.simulator; Path=/; HttpOnly");
  reply.header("Cache-Control", "no-cache,no-store,must-revalidate,max-age=-1");
  reply.header("Pragma", "no-store,no-cache");
  reply.header("Date", http_date(now_ms() / 1000));
}

Reply ServiceNowApi::answer(const Call& call, const Route& where, Account*& account) {
  if (call.method != "GET" && call.method != "HEAD" && call.method != "OPTIONS") {
    if (call.path != "/oauth_token.do") ++journal_.writes;
    return failure(405, "Method not supported", "");
  }
  if (account == nullptr) {
    Reply reply = failure(401, "User Not Authenticated", "Required to provide Auth information");
    reply.header("WWW-Authenticate", "Basic realm=\"Service-now\"");
    return reply;
  }
  if (where.endpoint == "other") return failure(400, "Requested URI does not represent any resource", "");
  if (transient_refusals > 0) {
    --transient_refusals;
    return failure(403, "User Not Authorized", "Failed API level ACL Validation");
  }
  if (account->refusal)
    return failure(account->refusal->status, account->refusal->message, account->refusal->detail);
  if (account->api_denied) return failure(403, "User Not Authorized", "Failed API level ACL Validation");
  if (where.table != "sys_user" && !tables.knows(where.table) && !other_tables().contains(where.table)) {
    return failure(400, "Invalid table " + where.table, "");
  }
  if (account->unreadable_tables.contains(where.table)) {
    return failure(403, "Insufficient rights to query records",
                   where.endpoint == "aggregate" ? "No permission to read table '" + where.table + "'" : "");
  }
  if (where.endpoint == "table_record") return record(call, where, *account);
  if (tables.knows(where.table) && where.endpoint == "table_list")
    return list_system_table(call, where, *account);
  return where.endpoint == "aggregate" ? aggregate(call, where, *account) : list(call, where, *account);
}

Reply ServiceNowApi::list_system_table(const Call& call, const Route& where, const Account& account) const {
  const std::set<std::string>& columns = tables.columns(where.table);
  EncodedQuery query = parse_encoded_query(call.parameter("sysparm_query").value_or(""), columns);
  if (query.uses_query_range() && account.range_refused_tables.contains(where.table)) {
    return failure(403, "Insufficient rights to query records",
                   "Field(s) present in the query do not have permission to be read");
  }
  if (account.range_dropped_tables.contains(where.table)) query.drop_query_range();
  const std::vector<TextRow> rows = tables.select(where.table, query);
  const auto number = [&](const char* name, std::int64_t otherwise) {
    return static_cast<std::size_t>(
        std::max<std::int64_t>(0, parse_integer(call.parameter(name).value_or("")).value_or(otherwise)));
  };
  const std::size_t offset = number("sysparm_offset", 0);
  const std::size_t end = std::min(rows.size(), offset + number("sysparm_limit", kDefaultLimit));
  Reply reply;
  reply.body = R"({"result":[)";
  const bool hidden = account.hidden_tables.contains(where.table);  // row ACLs: counted, not shown
  for (std::size_t i = offset; i < end && !hidden; ++i) {
    if (reply.body.back() == '}') reply.body.push_back(',');
    reply.body.push_back('{');
    for (const std::string& wanted : split(call.parameter("sysparm_fields").value_or(""), ',')) {
      if (!columns.contains(wanted) || account.unreadable_fields.contains(where.table + "." + wanted))
        continue;
      if (reply.body.back() != '{') reply.body.push_back(',');
      append_json_string(reply.body, wanted);
      reply.body.push_back(':');
      const auto value = rows[i].find(wanted);
      append_json_string(reply.body, value == rows[i].end() ? "" : value->second);
    }
    reply.body.push_back('}');
  }
  reply.body += "]}";
  reply.header("X-Total-Count", std::to_string(rows.size()));
  return reply;
}

// Every call of a known user has its row; whether a 401 has one is unverified, so here it has none.
void ServiceNowApi::log_transaction(const Call& call, const Route& where, const std::string& name,
                                    int status) {
  if (where.endpoint == "other") return;
  RestCall done;
  done.time_ms = now_ms();
  done.user_name = name;
  done.method = call.method;
  done.url = call.target;
  done.status = status;
  done.user_agent = call.user_agent;
  done.of_exporter = true;
  done.table = where.table;
  done.operation = "read";
  tables.log(done);
}

std::string ServiceNowApi::row_json(const UserRow& row, const Call& call, const Account& account) const {
  const bool plain_references = is_true(call.parameter("sysparm_exclude_reference_link"));
  const bool both = call.parameter("sysparm_display_value").value_or("") == "all";
  std::string out = "{";
  const auto add = [&](const std::string& column) {
    // facts: fields without read rights and unknown fields are left out of a 200 answer
    if (!user_columns().contains(column) || account.unreadable_fields.contains(column)) return;
    const std::string value = column_value(world_, row, column);
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, column);
    out.push_back(':');
    if (both) {
      out += "{\"display_value\":" + json_string(value) + ",\"value\":" + json_string(value) + "}";
    } else if (column == "sys_domain" && !plain_references) {
      out += "{\"link\":" + json_string(call.origin + "/api/now/table/sys_user_group/" + value) +
             ",\"value\":" + json_string(value) + "}";
    } else {
      append_json_string(out, value);
    }
  };
  const auto fields = call.parameter("sysparm_fields");
  if (fields && !fields->empty()) {
    for (const std::string& column : split(*fields, ',')) add(trimmed(column));
  } else {
    for (const std::string& column : user_columns()) add(column);
  }
  return out + "}";
}

Reply ServiceNowApi::list(const Call& call, const Route& where, Account& account) {
  const auto number = [&](const char* name, std::int64_t otherwise) {
    const auto text = call.parameter(name);
    return text ? parse_integer(*text).value_or(otherwise) : otherwise;
  };
  const std::int64_t limit = number("sysparm_limit", kDefaultLimit);
  const std::int64_t offset = number("sysparm_offset", 0);
  if (offset < 0)
    return failure(400, "offset is " + std::to_string(offset), "Negative offset is not supported");

  Reply reply;
  std::int64_t total = 0;
  std::int64_t in_window = 0;
  reply.body = R"({"result":[)";
  if (where.table == "sys_user") {
    const std::string text = call.parameter("sysparm_query").value_or("");
    EncodedQuery query = parse_encoded_query(text, user_columns());
    std::string cache_key = text;
    for (const std::string& field : query.fields) {
      if (account.unreadable_fields.contains(field)) {
        return failure(403, "Insufficient rights to query records",
                       "Field(s) present in the query do not have permission to be read");
      }
    }
    if (query.uses_query_range() && account.query_range == QueryRange::kForbidden) {
      return failure(403, "Insufficient rights to query records",
                     "Field(s) present in the query do not have permission to be read");
    }
    if (account.query_range == QueryRange::kSilent) {
      query.drop_query_range();
      cache_key += "\nsilent";
    }
    const Selection selected = table_.select(query, account, cache_key);
    total = static_cast<std::int64_t>(selected.size());
    // The limit cuts the window first and the row ACLs thin it out afterwards (facts: limit before ACL
    // evaluation).
    const std::int64_t end = std::min(total, offset + std::max<std::int64_t>(limit, 0));
    bool first = true;
    for (std::int64_t i = offset; i < end; ++i) {
      ++in_window;
      const UserRow& row = world_.rows[selected.at(static_cast<std::size_t>(i))];
      if (!world_.row_readable(account, row)) continue;
      if (!first) reply.body.push_back(',');
      first = false;
      reply.body += row_json(row, call, account);
    }
  }
  reply.body += "]}";
  if (total == 0 && where.first_version) return no_record();  // facts: v1 answers 404 to an empty list
  const bool uncounted = is_true(call.parameter("sysparm_no_count"));
  // facts: X-Total-Count is counted before row ACLs; with sysparm_no_count it is the size of the window
  reply.header("X-Total-Count", std::to_string(uncounted ? in_window : total));
  if (!uncounted && !is_true(call.parameter("sysparm_suppress_pagination_header"))) {
    if (const std::string value = links(call, limit, offset, total); !value.empty())
      reply.header("Link", value);
  }
  return reply;
}

Reply ServiceNowApi::record(const Call& call, const Route& where, const Account& account) {
  if (where.table != "sys_user") return no_record();
  const auto id = parse_sys_id(where.sys_id);
  const RowIndex row = id ? world_.row_by_id(*id) : kNone;
  // Absent and hidden are deliberately the same answer; neither X-Total-Count nor Link on a single record.
  if (row == kNone || !world_.row_readable(account, world_.rows[row])) return no_record();
  Reply reply;
  reply.body = R"({"result":)" + row_json(world_.rows[row], call, account) + "}";
  return reply;
}

Reply ServiceNowApi::aggregate(const Call& call, const Route& where, Account& account) {
  if (!is_true(call.parameter("sysparm_count"))) {
    Reply reply = failure(400, "No request parameter for aggregate operation specified", "");
    return reply;
  }
  EncodedQuery query = parse_encoded_query(call.parameter("sysparm_query").value_or(""), user_columns());
  query.order.clear();
  if (query.uses_query_range() && account.query_range == QueryRange::kForbidden) {
    return failure(403, "Insufficient rights to query records",
                   "Field(s) present in the query do not have permission to be read");
  }
  if (account.query_range == QueryRange::kSilent) query.drop_query_range();
  Reply reply;
  const std::string group_by = call.parameter("sysparm_group_by").value_or("");
  // facts: the counts of the Aggregate API are not thinned out by row ACLs
  std::map<std::string, std::uint64_t> groups;
  std::uint64_t count = 0;
  if (where.table == "sys_user") {
    const Selection selected =
        table_.select(query, account, call.parameter("sysparm_query").value_or("") + "\nstats");
    count = selected.size();
    for (std::size_t i = 0; !group_by.empty() && i < selected.size(); ++i) {
      ++groups[column_value(world_, world_.rows[selected.at(i)], group_by)];
    }
  }
  if (group_by.empty()) {
    reply.body = R"({"result":{"stats":{"count":")" + std::to_string(count) + R"("}}})";
    return reply;
  }
  reply.body = R"({"result":[)";
  for (const auto& [value, members] : groups) {
    if (reply.body.back() == '}') reply.body.push_back(',');
    reply.body += R"({"stats":{"count":")" + std::to_string(members) + R"("},"groupby_fields":[{"field":)" +
                  json_string(group_by) + R"(,"value":)" + json_string(value) + "}]}";
  }
  reply.body += "]}";
  return reply;
}

}  // namespace simulator
