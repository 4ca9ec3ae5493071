#include "servicenow/transaction_log.h"

#include <array>
#include <charconv>

#include "base/text.h"
#include "servicenow/own_requests.h"

namespace exporter::servicenow {
namespace {

std::string_view field(const TextRow& row, std::string_view name) {
  const auto found = row.find(name);
  return found == row.end() ? std::string_view() : trim(found->second);
}

constexpr std::array<std::string_view, 6> kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"};

bool is_method(std::string_view word) {
  for (const std::string_view method : kMethods) {
    if (equals_ignore_case(word, method)) return true;
  }
  return false;
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

// The path's parts behind /api/now, without a version.
std::vector<std::string_view> parts_of(std::string_view url) {
  const std::string_view path = url.substr(0, url.find('?'));
  const std::size_t api = path.find("/api/now/");
  if (api == std::string_view::npos) return {};
  std::vector<std::string_view> parts = split(path.substr(api + 9), '/');
  if (!parts.empty() && parts[0].size() == 2 && parts[0][0] == 'v') parts.erase(parts.begin());
  return parts;
}

std::string_view by_method(std::string_view method, bool execute) {
  if (execute) return "execute";
  if (method == "GET" || method == "HEAD") return "read";
  if (method == "POST") return "create";
  if (method == "PUT" || method == "PATCH") return "write";
  if (method == "DELETE") return "delete";
  return {};
}

}  // namespace

std::optional<Transaction> parse_transaction(const TextRow& row) {
  Transaction transaction;
  transaction.sys_id = field(row, "sys_id");
  const auto created = parse_iso8601(field(row, "sys_created_on"));
  std::string_view url = field(row, "url");
  if (transaction.sys_id.empty() || !created || url.empty()) return std::nullopt;
  transaction.created = *created;
  transaction.user_name = field(row, "sys_created_by");
  transaction.method = upper(field(row, "http_method"));
  if (const std::size_t space = url.find(' ');
      space != std::string_view::npos && is_method(url.substr(0, space))) {
    if (transaction.method.empty()) transaction.method = upper(url.substr(0, space));
    url = trim(url.substr(space + 1));
  }
  transaction.url = url;
  const std::string_view code = field(row, "http_response_code");
  int status = 0;
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), status);
  if (error == std::errc{} && end == code.data() + code.size()) transaction.status = status;
  // Whether the type is written rest or REST is not documented.
  transaction.rest =
      equals_ignore_case(field(row, "type"), "rest") || url.find("/api/") != std::string_view::npos;
  transaction.own = field(row, "user_agent").starts_with(kOwnUserAgent) ||
                    url.find(kOwnParameters) != std::string_view::npos ||
                    url.find(kOwnCountParameters) != std::string_view::npos;
  return transaction;
}

std::string_view code_label(int status) {
  switch (status) {
    case 400:
      return "400";
    case 401:
      return "401";
    case 403:
      return "403";
    case 404:
      return "404";
    case 429:
      return "429";
    default:
      break;
  }
  if (status >= 200 && status < 300) return "2xx";
  if (status >= 300 && status < 400) return "3xx";
  if (status >= 400 && status < 500) return "other_4xx";
  if (status >= 500 && status < 600) return "5xx";
  return {};
}

Target target_of(const Transaction& transaction) {
  const std::vector<std::string_view> parts = parts_of(transaction.url);
  const bool table = parts.size() >= 2 && parts[0] == "table" && !parts[1].empty();
  const bool stats = parts.size() >= 2 && parts[0] == "stats" && !parts[1].empty();
  if (!table && !stats) return {"other", "execute"};
  Target target{std::string(parts[1]), by_method(transaction.method, false)};
  if (!target.operation.empty()) return target;
  const bool record = parts.size() > 2 && !parts[2].empty();
  // A create carries no list parameters.
  const bool listed = stats || (!record && (transaction.url.find("sysparm_query=") != std::string::npos ||
                                            transaction.url.find("sysparm_limit=") != std::string::npos ||
                                            transaction.url.find("sysparm_offset=") != std::string::npos));
  target.operation = listed ? "read" : "unknown";
  return target;
}

std::string query_time(SystemTime time) {
  std::string text = to_iso8601(time).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string transaction_query(std::string_view user_name, SystemTime since) {
  // Bounded by sys_created_on: without it each of the log's eight shards would be read.
  return "sys_created_by=" + std::string(user_name) + "^sys_created_on>=" + query_time(since) +
         "^ORDERBYsys_created_on^ORDERBYsys_id";
}

}  // namespace exporter::servicenow
