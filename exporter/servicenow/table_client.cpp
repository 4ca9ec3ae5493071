#include "servicenow/table_client.h"

#include <charconv>
#include <utility>

#include "base/text.h"
#include "net/url.h"
#include "servicenow/error_envelope.h"
#include "servicenow/own_requests.h"
#include "servicenow/user_page.h"

namespace exporter::servicenow {
namespace {

std::optional<std::uint64_t> total_count(const net::HttpHeaders& headers) {
  const auto field = headers.first("X-Total-Count");
  if (!field) return std::nullopt;
  const std::string_view text = trim(*field);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

TableClient::TableClient(net::ApiClient& api, UsersTable table) : api_(api), table_(std::move(table)) {}

Result<UserPage> TableClient::users(const UserQuery& query, std::stop_token stop) {
  auto answer = fetch_users(query, std::move(stop));
  if (!answer) return std::unexpected(std::move(answer.error()));
  UserPageReader reader(table_.match_fields);
  if (auto read = read_users(*answer, reader); !read) return std::unexpected(std::move(read.error()));
  return std::move(reader.page());
}

Result<TableClient::UserBody> TableClient::fetch_users(const UserQuery& query, std::stop_token stop,
                                                       std::string* memory) {
  std::string fields = "sys_id";
  for (const std::string& field : table_.match_fields) fields += "," + field;
  fields += ",active,locked_out,sys_updated_on";
  // v2: in v1 a list without rows is a 404 (servicenow.md 1.1).
  std::string target = "/api/now/v2/table/" + net::percent_encode(table_.table) +
                       std::string(kOwnParameters) + "&sysparm_query=" + net::percent_encode(query.query) +
                       "&sysparm_fields=" + net::percent_encode(fields) +
                       "&sysparm_limit=" + std::to_string(query.limit);
  if (query.offset > 0) target += "&sysparm_offset=" + std::to_string(query.offset);
  auto response = api_.get(net::Endpoint::table_list, target, std::move(stop), memory);
  if (!response) {
    add_own_words(response.error());
    return std::unexpected(std::move(response.error()));
  }
  UserBody answer{.body = std::move(response->body),
                  .status = response->status,
                  .total_count = total_count(response->headers),
                  .server_date = std::nullopt};
  if (const auto date = response->headers.first("Date")) answer.server_date = parse_http_date(*date);
  return answer;
}

Result<void> TableClient::read_users(UserBody& answer, UserPageReader& reader) const {
  if (auto read = reader.read(answer.body); !read) {
    Error error = std::move(read.error());
    error.http_status = answer.status;
    error.response_body = answer.body.substr(0, std::size_t{64} * 1024);
    name_answer(error, table_.table, api_.base().authority());
    add_own_words(error);
    return std::unexpected(std::move(error));
  }
  reader.page().total_count = answer.total_count;
  reader.page().server_date = answer.server_date;
  return {};
}

}  // namespace exporter::servicenow
