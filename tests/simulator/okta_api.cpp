#include "simulator/okta_api.h"

#include <algorithm>
#include <array>
#include <vector>

#include "simulator/scim_filter.h"
#include "simulator/text.h"

namespace simulator {
namespace {

constexpr std::int64_t kDay = 24LL * 3600 * 1000;

Reply failure(int status, std::string_view code, std::string_view summary, std::string_view cause = {}) {
  Reply reply;
  reply.status = status;
  reply.body = R"({"errorCode":")" + std::string(code) + R"(","errorSummary":)" + json_string(summary) +
               R"(,"errorLink":")" + std::string(code) + R"(","errorId":"oaeSIMULATOR)" + std::string(code) +
               R"(","errorCauses":[)" +
               (cause.empty() ? "" : R"({"errorSummary":)" + json_string(cause) + "}") + "]}";
  return reply;
}

Reply bad_parameter(std::string_view why) {
  return failure(400, "E0000053", "Invalid filter or parameter", why);
}

Reply not_found(std::string_view id, std::string_view type) {
  return failure(404, "E0000007",
                 "Not found: Resource not found: " + std::string(id) + " (" + std::string(type) + ")");
}

std::string link_to(const Call& call, const std::vector<std::pair<std::string, std::string>>& parameters,
                    std::string_view relation) {
  std::string url = call.origin + call.path;
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    url += separator + name + "=" + url_encode(value);
    separator = '&';
  }
  return "<" + url + ">; rel=\"" + std::string(relation) + "\"";
}

// facts: recorded. Two Link fields of their own, not one joined by a comma.
void add_links(Reply& reply, const Call& call, const std::optional<std::string>& next, bool drop_since) {
  std::vector<std::pair<std::string, std::string>> own(call.parameters.begin(), call.parameters.end());
  reply.header("Link", link_to(call, own, "self"));
  if (!next) return;
  std::erase_if(own, [&](const auto& p) { return p.first == "after" || (drop_since && p.first == "since"); });
  own.insert(own.begin(), {"after", *next});
  reply.header("Link", link_to(call, own, "next"));
}

struct AppEntry {
  std::string id;
  std::string name;
  std::string label;
};

std::string app_json(const AppEntry& entry, const World& world, const std::string& origin) {
  std::string features;
  if (entry.id == world.options.app_id) {
    for (const std::string& feature : world.features)
      features += (features.empty() ? "" : ",") + json_string(feature);
  }
  return R"({"id":)" + json_string(entry.id) + R"(,"name":)" + json_string(entry.name) + R"(,"label":)" +
         json_string(entry.label) +
         R"(,"status":"ACTIVE","created":"2024-02-02T11:16:15.000Z","lastUpdated":"2026-01-12T08:00:00.000Z",)"
         R"("accessibility":{"selfService":false},"visibility":{"autoSubmitToolbar":false},"features":[)" +
         features + R"(],"signOnMode":"SAML_2_0","_links":{"users":{"href":)" +
         json_string(origin + "/api/v1/apps/" + entry.id + "/users") + "}}}";
}

std::vector<AppEntry> entries(const World& world) {
  return {{world.options.app_id, "servicenow_ud", world.options.app_label},
          {"0oaSIMsandboxapp0001", "servicenow_ud", "ServiceNow Sandbox"},
          {"0oaSIMotherapp000001", "slack", "Slack"}};
}

}  // namespace

OktaApi::Route OktaApi::route(std::string_view path) {
  Route result;
  const std::vector<std::string> parts = split(path, '/');  // "", "api", "v1", …
  if (path == "/oauth2/v1/token") result.endpoint = result.bucket = "token";
  if (parts.size() < 4 || parts[1] != "api" || parts[2] != "v1") return result;
  if (parts.size() == 4 && parts[3] == "logs") {
    result.endpoint = result.bucket = "logs";
  } else if (parts[3] == "apps") {
    // facts: /api/v1/apps/{id} exactly is a bucket of its own, everything else below /apps is one
    result.bucket = parts.size() == 5 ? "app" : "apps";
    if (parts.size() == 4) result.endpoint = "apps";
    if (parts.size() == 5) result.endpoint = "app";
    if (parts.size() >= 5) result.app_id = parts[4];
    if (parts.size() == 7 && parts[5] == "group-push" && parts[6] == "mappings")
      result.endpoint = "group_push_mappings";
    if (parts.size() >= 6 && parts[5] == "users") {
      if (parts.size() == 6) result.endpoint = "app_users";
      if (parts.size() == 7) {
        result.endpoint = "app_user";
        result.user_id = parts[6];
      }
    }
  }
  return result;
}

bool OktaApi::spend(const Route& where, Reply& reply) {
  RateBucket& bucket = buckets_[where.bucket];
  const std::int64_t now = now_ms() / 1000;
  if (now >= bucket.resets_at) {
    bucket.used = 0;
    bucket.resets_at = now + window_s;
  }
  const std::int64_t limit = bucket.limit == 0 ? default_limit : bucket.limit;
  const bool allowed = bucket.used < limit;
  if (allowed) ++bucket.used;
  Journal::Used& used = journal_.limits["okta " + where.bucket];
  used.limit = limit;
  used.most = std::max(used.most, bucket.used);
  used.denied += allowed ? 0 : 1;
  reply.header("X-Rate-Limit-Limit", std::to_string(limit));
  reply.header("X-Rate-Limit-Remaining", std::to_string(limit - bucket.used));
  reply.header("X-Rate-Limit-Reset", std::to_string(bucket.resets_at + clock_skew_s));
  return allowed;
}

Reply OktaApi::handle(const Call& call) {
  const std::lock_guard lock(world_.mutex);
  const Route where = route(call.path);
  ++journal_.okta[where.endpoint];
  Reply head;
  const bool allowed = spend(where, head);
  Reply reply;
  if (unavailable) {
    reply = failure(503, "E0000009", "Service Unavailable");
  } else if (!allowed) {
    reply = failure(429, "E0000047", "API call exceeded rate limit due to too many requests.");
  } else {
    const std::optional<Fault> fault = faults_.take("okta", where.endpoint);
    if (fault && fault->replaces_answer()) {
      reply = faults_.replacement(*fault);
    } else {
      reply = answer(call, where);
      if (fault) faults_.damage(*fault, reply);
    }
  }
  reply.headers.insert(reply.headers.end(), head.headers.begin(), head.headers.end());
  reply.header("X-Okta-Request-Id", "req" + base62(mix(++errors_), 10));
  reply.header("Cache-Control", "no-cache, no-store");
  reply.header("Date", http_date(now_ms() / 1000 + clock_skew_s));
  journal_.note({now_ms(), "okta", "", call.method, call.target, reply.status});
  return reply;
}

Reply OktaApi::answer(const Call& call, const Route& where) {
  if (where.endpoint == "token" && call.method == "POST") return oauth.token(call);
  if (call.method != "GET" && call.method != "HEAD" && call.method != "OPTIONS") {
    if (call.path != "/oauth2/v1/token") ++journal_.writes;
    return failure(405, "E0000022", "The endpoint does not support the provided HTTP method");
  }
  if (call.authorization != "SSWS " + world_.okta_token && !oauth.accepts(call))
    return failure(401, "E0000011", "Invalid token provided");
  if (where.endpoint == "logs") return logs(call);
  if (where.endpoint == "apps") return apps(call);
  if (where.endpoint == "app") return app(where);
  if (where.endpoint == "app_users") return app_users(call, where);
  if (where.endpoint == "app_user") return app_user(call, where);
  if (where.endpoint == "group_push_mappings") return group_push_mappings(call, where);
  return failure(404, "E0000022", "The endpoint does not support the provided HTTP method");
}

// An opaque cursor: the event's position, the generation (expired ones are refused) and a check digit group.
std::string OktaApi::cursor(std::size_t position) const {
  return std::to_string(position) + "_" + std::to_string(cursor_generation_) + "_" +
         base62(mix(position * 31 + cursor_generation_ + world_.options.seed) % 238328, 3);
}

Reply OktaApi::logs(const Call& call) {
  const auto since = call.parameter("since");
  const auto until = call.parameter("until");
  const auto after = call.parameter("after");
  const std::string sort = call.parameter("sortOrder").value_or("ASCENDING");
  // facts: no `until` and ascending order make a polling request, everything else is bounded
  const bool polling = !until && sort == "ASCENDING";
  if (since && after) return bad_parameter("since and after are mutually exclusive");
  if (sort != "ASCENDING" && sort != "DESCENDING") return bad_parameter("sortOrder is invalid");

  std::int64_t limit = 100;
  if (const auto text = call.parameter("limit")) {
    const auto number = parse_integer(*text);
    if (!number || *number < 0 || *number > 1000)
      return bad_parameter("The limit must be between 0 and 1000");
    limit = *number;
  }
  std::optional<ScimFilter> filter;
  if (const auto text = call.parameter("filter"); text && !text->empty()) {
    auto parsed = ScimFilter::parse(*text);
    if (!parsed) return bad_parameter(parsed.error());
    for (const std::string& attribute : parsed->attributes()) {
      if (attribute == "published")
        return bad_parameter("Invalid filter: published is not a filterable attribute");
    }
    filter = *parsed;
  }
  const std::int64_t now = now_ms();
  std::int64_t from_ms = now - 7 * kDay;
  std::int64_t to_ms = now;
  if (until) {
    const auto time = parse_iso_time(*until);
    if (!time) return bad_parameter("The until parameter is no ISO 8601 time");
    to_ms = *time;
    from_ms = to_ms - 7 * kDay;
  }
  if (since) {
    const auto time = parse_iso_time(*since);
    if (!time) return bad_parameter("The since parameter is no ISO 8601 time");
    if (*time < now - 180 * kDay) {
      return failure(400, "E0000053",
                     "Invalid parameter: The since parameter is over 180 days prior to the current day.");
    }
    from_ms = std::max(*time, now - 90 * kDay);
  }

  std::vector<std::size_t> order;
  const auto& events = log_.events();
  std::size_t position = 0;
  if (polling) {
    position = log_.position_of(from_ms);  // since means persistence time here
  } else {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].published_ms >= from_ms && (!until || events[i].published_ms < to_ms)) order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return sort == "ASCENDING" ? events[a].published_ms < events[b].published_ms
                                 : events[a].published_ms > events[b].published_ms;
    });
  }
  if (after) {
    const auto given = parse_integer(split(*after, '_').front());
    if (!given || *given < 0 || cursor(static_cast<std::size_t>(*given)) != *after) {
      return bad_parameter("The after parameter is invalid or has expired");
    }
    position = static_cast<std::size_t>(*given);
  }

  Reply reply;
  reply.body = "[";
  const std::size_t end = polling ? events.size() : order.size();
  std::int64_t found = 0;
  std::size_t scanned = position;
  for (; scanned < end && found < limit; ++scanned) {
    const Event& event = events[polling ? scanned : order[scanned]];
    if (filter && !filter->matches([&](std::string_view path) { return event_attribute(event, path); }))
      continue;
    if (found++ > 0) reply.body.push_back(',');
    reply.body += event_json(event);
    position = scanned + 1;
  }
  reply.body += "]";
  std::optional<std::string> next;
  if (polling) {
    // facts: a next link is always there; at the end of the log it repeats the cursor of the request
    if (found == 0) {
      next = after ? *after : cursor(limit == 0 ? position : end);
    } else {
      next = cursor(position);
    }
  } else if (scanned < end) {
    next = cursor(position);
  }
  add_links(reply, call, next, polling);
  return reply;
}

Reply OktaApi::apps(const Call& call) {
  const auto limit = parse_integer(call.parameter("limit").value_or("200"));
  if (!limit || *limit < 1 || *limit > 200) return bad_parameter("The limit must be between 1 and 200");
  std::optional<ScimFilter> filter;
  if (const auto text = call.parameter("filter"); text && !text->empty()) {
    auto parsed = ScimFilter::parse(*text);
    if (!parsed) return failure(400, "E0000031", "Invalid search criteria.", parsed.error());
    filter = *parsed;
  }
  const std::string q = call.parameter("q").value_or("");
  const std::string after = call.parameter("after").value_or("");
  Reply reply;
  reply.body = "[";
  std::int64_t found = 0;
  bool skipping = !after.empty();
  std::string last;
  std::optional<std::string> next;
  for (const AppEntry& entry : entries(world_)) {
    if (skipping) {
      skipping = entry.id != after;
      continue;
    }
    if (!q.empty() && !starts_with_ignoring_case(entry.name, q) && !starts_with_ignoring_case(entry.label, q))
      continue;
    const auto lookup = [&](std::string_view path) -> std::vector<std::string> {
      if (path == "name") return {entry.name};
      if (path == "status") return {"ACTIVE"};
      if (path == "id") return {entry.id};
      return {};
    };
    if (filter && !filter->matches(lookup)) continue;
    if (found == *limit) {
      next = last;
      break;
    }
    if (found++ > 0) reply.body.push_back(',');
    reply.body += app_json(entry, world_, call.origin);
    last = entry.id;
  }
  reply.body += "]";
  add_links(reply, call, next, false);
  return reply;
}

Reply OktaApi::app(const Route& where) {
  for (const AppEntry& entry : entries(world_)) {
    if (entry.id != where.app_id) continue;
    Reply reply;
    reply.body = app_json(entry, world_, "");
    return reply;
  }
  return not_found(where.app_id, "AppInstance");
}

std::string OktaApi::app_user_json(UserIndex user, const Call& call) const {
  const AppUser& entry = world_.users[user];
  const std::string id = world_.okta_id(user);
  const auto time = [](std::uint32_t seconds) { return "\"" + iso_time(seconds * 1000LL) + "\""; };
  std::string out;
  out.reserve(1100);
  std::string external_id = entry.linked ? "\"" + hex(entry.external) + "\"" : "null";
  if (const auto odd = world_.odd_external_id(user)) external_id = json_string(*odd);
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? std::string("null") : json_string(text);
  };
  out += R"({"id":")" + id + R"(","externalId":)" + external_id + R"(,"created":)" + time(entry.created) +
         R"(,"lastUpdated":)" + time(entry.updated) + R"(,"scope":")" +
         (entry.scope == Scope::kUser ? "USER" : "GROUP") + R"(","status":")" +
         std::string(name_of(entry.status)) + R"(","statusChanged":)" + time(entry.status_changed) +
         R"(,"passwordChanged":null,"syncState":")" + std::string(name_of(entry.sync)) + "\"";
  if (entry.last_sync != 0) out += R"(,"lastSync":)" + time(entry.last_sync);
  out += R"(,"credentials":{"userName":)" + text_or_null(world_.user_name(user)) +
         R"(},"profile":{"email":)" + text_or_null(world_.email(user));
  out +=
      R"(,"firstName":")" + world_.first_name(user) + R"(","lastName":")" + world_.last_name(user) +
      R"(","employeeNumber":"E)" + std::to_string(100000 + user) +
      R"(","title":null,"department":null,"mobilePhone":null,"manager":null,"timezone":null,"location":null},)"
      R"("_links":{"app":{"href":)";
  append_json_string(out, call.origin + "/api/v1/apps/" + world_.options.app_id);
  out += R"(},"user":{"href":)";
  append_json_string(out, call.origin + "/api/v1/users/" + id);
  return out + "}}}";
}

Reply OktaApi::app_users(const Call& call, const Route& where) {
  if (where.app_id != world_.options.app_id) {
    for (const AppEntry& entry : entries(world_)) {
      if (entry.id != where.app_id) continue;
      Reply reply;
      reply.body = "[]";
      add_links(reply, call, std::nullopt, false);
      return reply;
    }
    return not_found(where.app_id, "AppInstance");
  }
  const auto limit = parse_integer(call.parameter("limit").value_or("50"));
  if (!limit || *limit < 1 || *limit > world_.options.page_limit_max) {
    return failure(400, "E0000001", "Api validation failed: limit",
                   "limit: The limit must be between 1 and " + std::to_string(world_.options.page_limit_max));
  }
  UserIndex user = 0;
  if (const auto after = call.parameter("after")) {
    const auto last = world_.user_by_okta_id(*after);
    if (!last) return failure(400, "E0000001", "Api validation failed: after");
    user = *last + 1;
  }
  const std::string q = lower(call.parameter("q").value_or(""));
  Reply reply;
  reply.body.reserve(static_cast<std::size_t>(*limit) * 900);
  reply.body = "[";
  std::int64_t found = 0;
  UserIndex last = 0;
  std::optional<std::string> next;
  for (; user < world_.users.size(); ++user) {
    if (!world_.users[user].assigned) continue;
    if (!q.empty() && !starts_with_ignoring_case(world_.user_name(user), q) &&
        !starts_with_ignoring_case(world_.first_name(user), q) &&
        !starts_with_ignoring_case(world_.last_name(user), q) &&
        !starts_with_ignoring_case(world_.email(user), q)) {
      continue;
    }
    if (found == *limit) {
      next = world_.okta_id(last);
      break;
    }
    if (found++ > 0) reply.body.push_back(',');
    reply.body += app_user_json(user, call);
    last = user;
  }
  reply.body += "]";
  add_links(reply, call, next, false);
  return reply;
}

Reply OktaApi::app_user(const Call& call, const Route& where) {
  if (where.app_id != world_.options.app_id) return not_found(where.app_id, "AppInstance");
  const auto user = world_.user_by_okta_id(where.user_id);
  if (!user || !world_.users[*user].assigned) return not_found(where.user_id, "AppUser");
  Reply reply;
  reply.body = app_user_json(*user, call);
  return reply;
}

// facts 4.4: needs okta.apps.read and okta.groups.read, limit 1 to 1000 (100), filter by status.
Reply OktaApi::group_push_mappings(const Call& call, const Route& where) {
  if (where.app_id != world_.options.app_id) return not_found(where.app_id, "AppInstance");
  if (!world_.group_push_readable)
    return failure(403, "E0000006", "You do not have permission to perform the requested action");
  const auto limit = parse_integer(call.parameter("limit").value_or("100"));
  if (!limit || *limit < 1 || *limit > 1000) return failure(400, "E0000001", "Api validation failed: limit");
  const std::string status = call.parameter("status").value_or("");
  const std::string after = call.parameter("after").value_or("");
  bool skipping = !after.empty();
  std::int64_t found = 0;
  std::optional<std::string> next;
  std::string last;
  Reply reply;
  reply.body = "[";
  for (const GroupPushMapping& mapping : world_.group_push_mappings) {
    if (skipping) {
      skipping = mapping.id != after;
      continue;
    }
    if (!status.empty() && mapping.status != status) continue;
    if (found == *limit) {
      next = last;
      break;
    }
    last = mapping.id;
    const std::string app = call.origin + "/api/v1/apps/" + world_.options.app_id;
    reply.body += (found++ > 0 ? "," : "") + std::string(R"({"created":"2026-01-12T08:00:00.000Z",)") +
                  R"("errorSummary":)" + json_string(mapping.error_summary) + R"(,"id":)" +
                  json_string(mapping.id) +
                  R"(,"lastPush":"2026-01-12T08:00:00.000Z","lastUpdated":"2026-01-12T08:00:00.000Z",)"
                  R"("sourceGroupId":"00gSIM)" +
                  mapping.id + R"(","status":)" + json_string(mapping.status) +
                  R"(,"targetGroupId":"00gSIMtarget","_links":{"app":{"href":)" + json_string(app) + "}}}";
  }
  reply.body += "]";
  add_links(reply, call, next, false);
  return reply;
}

}  // namespace simulator
