// A small ServiceNow in memory, behind an HttpTransport: the Table API's list queries with their traps.
// Written from the facts, not from the code under test: limit before ACL, X-Total-Count before ACL, query
// ACLs that refuse or drop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_transport.h"
#include "fakes/no_signer.h"
#include "fakes/recording_observer.h"
#include "net/api_client.h"
#include "servicenow/row_lookup.h"
#include "servicenow/table_client.h"

namespace exporter::tests {

struct InstanceRow {
  std::string sys_id;
  std::map<std::string, std::string> fields;  // user_name, email, active, locked_out, sys_updated_on
  bool hidden = false;                        // by a row ACL: counted, not shown
  bool filtered = false;                      // by a query rule: neither counted nor shown
  std::vector<std::string> unreadable = {};   // fields left out of the answer
};

inline std::string percent_decode(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      result += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

inline std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      result += "\\u00";
      result += "0123456789abcdef"[c >> 4];
      result += "0123456789abcdef"[c & 0xF];
    } else {
      result += c;
    }
  }
  return result + "\"";
}

// One account's view of the users' table. Not thread-safe.
class Instance {
 public:
  enum class QueryAcl { allow, refuse, drop };

  std::vector<InstanceRow> rows;  // in the order in which an unsorted query meets them
  QueryAcl range = QueryAcl::allow;
  QueryAcl sort = QueryAcl::allow;
  QueryAcl match = QueryAcl::allow;
  bool invalid_query_returns_no_rows = false;  // what `drop` then does
  bool send_total = true;
  std::string date = {};  // header of each answer; empty: none
  std::size_t largest_window = 1'000'000;
  // Called before each answer with the decoded query; may change the world, or answer in the instance's
  // place.
  std::function<std::optional<net::HttpResponse>(const std::string& query)> before;

  struct Request {
    std::string target;  // as sent
    std::string query;   // decoded sysparm_query
    std::size_t encoded_bytes = 0;
    std::size_t limit = 0;
    std::size_t offset = 0;
    std::map<std::string, std::string> parameters;
  };
  std::vector<Request> requests;

  net::HttpResponse answer(const net::HttpRequest& request) {
    Request parsed = parse(request.url);
    requests.push_back(parsed);
    if (before) {
      if (auto instead = before(parsed.query)) return *instead;
    }
    std::vector<std::string> parts = split(parsed.query, "^");
    bool sorted = false;
    std::string order_by;
    bool nothing = false;
    std::vector<std::function<bool(const InstanceRow&)>> filters;
    for (const std::string& part : parts) {
      if (part.empty()) continue;
      QueryAcl acl = QueryAcl::allow;
      std::function<bool(const InstanceRow&)> filter;
      if (part == "ORDERBYsys_id") {
        acl = sort;
        if (acl == QueryAcl::allow) sorted = true;
      } else if (part.starts_with("ORDERBY")) {
        acl = sort;
        if (acl == QueryAcl::allow) order_by = part.substr(7);
      } else if (const auto at_least = part.find(">="); at_least != std::string::npos) {
        acl = range;
        filter = [field = part.substr(0, at_least), bound = part.substr(at_least + 2)](
                     const InstanceRow& row) { return get(row, field) >= bound; };
      } else if (part.starts_with("sys_id>")) {
        acl = range;
        filter = [bound = part.substr(7)](const InstanceRow& row) { return row.sys_id > bound; };
      } else if (const auto in = part.find("IN"); in != std::string::npos) {
        acl = match;
        filter = [field = part.substr(0, in),
                  values = split(part.substr(in + 2), ",")](const InstanceRow& row) {
          const std::string value = lower(field == "sys_id" ? row.sys_id : get(row, field));
          return std::any_of(values.begin(), values.end(),
                             [&](const std::string& v) { return lower(v) == value; });
        };
      } else if (const auto equals = part.find('='); equals != std::string::npos) {
        filter = [field = part.substr(0, equals), value = part.substr(equals + 1)](const InstanceRow& row) {
          return get(row, field) == value;
        };
      }
      if (acl == QueryAcl::refuse) return refusal();
      if (acl == QueryAcl::drop) {
        nothing = nothing || invalid_query_returns_no_rows;
        continue;
      }
      if (filter) filters.push_back(std::move(filter));
    }
    std::vector<const InstanceRow*> matching;
    for (const InstanceRow& row : rows) {
      if (nothing || row.filtered) continue;
      if (std::all_of(filters.begin(), filters.end(), [&](const auto& filter) { return filter(row); })) {
        matching.push_back(&row);
      }
    }
    if (!order_by.empty()) {
      std::stable_sort(matching.begin(), matching.end(), [&](const InstanceRow* a, const InstanceRow* b) {
        return get(*a, order_by) < get(*b, order_by);
      });
    } else if (sorted) {
      std::sort(matching.begin(), matching.end(),
                [](const InstanceRow* a, const InstanceRow* b) { return a->sys_id < b->sys_id; });
    }
    std::string body = "{\"result\":[";
    const std::size_t end = std::min(matching.size(), parsed.offset + std::min(parsed.limit, largest_window));
    bool first = true;
    for (std::size_t i = parsed.offset; i < end; ++i) {
      if (matching[i]->hidden) continue;
      if (!first) body += ",";
      first = false;
      body += to_json(*matching[i], split(parsed.parameters["sysparm_fields"], ","));
    }
    body += "]}";
    net::HttpHeaders headers{{"Content-Type", "application/json;charset=UTF-8"}};
    if (!date.empty()) headers.add("Date", date);
    if (send_total) headers.add("X-Total-Count", std::to_string(matching.size()));
    return {200, std::move(headers), std::move(body)};
  }

  static net::HttpResponse refusal() {
    return {
        403,
        {{"Content-Type", "application/json;charset=UTF-8"}},
        R"({"error":{"message":"Insufficient rights to query records","detail":"Field(s) present in the query do )"
        R"(not have permission to be read"},"status":"failure"})"};
  }

 private:
  static std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return text;
  }
  static std::string get(const InstanceRow& row, const std::string& field) {
    if (field == "sys_id") return row.sys_id;
    const auto found = row.fields.find(field);
    return found == row.fields.end() ? std::string() : found->second;
  }
  static std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (;;) {
      const std::size_t end = text.find(separator, begin);
      parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
      if (end == std::string::npos) return parts;
      begin = end + separator.size();
    }
  }
  static std::string to_json(const InstanceRow& row, const std::vector<std::string>& fields) {
    std::string json = "{";
    bool first = true;
    for (const std::string& field : fields) {
      if (std::find(row.unreadable.begin(), row.unreadable.end(), field) != row.unreadable.end()) continue;
      if (!first) json += ",";
      first = false;
      json += json_string(field) + ":" + json_string(field == "sys_id" ? row.sys_id : get(row, field));
    }
    return json + "}";
  }
  static Request parse(const std::string& url) {
    Request request;
    request.target = url.substr(url.find('/', 8));
    const std::string query = url.substr(url.find('?') + 1);
    for (const std::string& part : split(query, "&")) {
      const std::size_t equals = part.find('=');
      const std::string value = part.substr(equals + 1);
      if (part.starts_with("sysparm_query=")) request.encoded_bytes = value.size();
      request.parameters[part.substr(0, equals)] = percent_decode(value);
    }
    request.query = request.parameters["sysparm_query"];
    request.limit = std::stoul(request.parameters["sysparm_limit"]);
    const std::string offset = request.parameters["sysparm_offset"];
    request.offset = offset.empty() ? 0 : std::stoul(offset);
    return request;
  }
};

// Everything between an Instance and the room under test.
struct Connection {
  explicit Connection(Instance& instance, std::vector<std::string> match_fields = {"user_name", "email"})
      : client(api, {"sys_user", std::move(match_fields)}) {
    transport.handle([&instance](const net::HttpRequest& request) { return instance.answer(request); });
  }
  fakes::FakeTransport transport;
  fakes::FakeClock clock;
  fakes::RecordingObserver observer;
  fakes::NoSigner signer;
  net::ApiClient api{
      {.api = net::Api::servicenow, .base_url = "https://example.service-now.com", .max_attempts = 1},
      transport,
      signer,
      clock,
      observer};
  servicenow::TableClient client;
};

// 32 hex digits that sort as their numbers do.
inline std::string hex_id(std::uint64_t number) {
  std::string id(32, '0');
  for (std::size_t i = 32; number > 0; number >>= 4) id[--i] = "0123456789abcdef"[number & 0xF];
  return id;
}

inline InstanceRow user(std::string sys_id, std::string name, std::string email = "", bool active = true) {
  return {std::move(sys_id),
          {{"user_name", std::move(name)},
           {"email", std::move(email)},
           {"active", active ? "true" : "false"},
           {"locked_out", "false"},
           {"sys_updated_on", "2026-01-01 00:00:00"}}};
}

}  // namespace exporter::tests
