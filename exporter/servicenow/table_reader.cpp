#include "servicenow/table_reader.h"

#include <charconv>
#include <utility>

#include <simdjson.h>

#include "base/text.h"
#include "net/url.h"
#include "servicenow/error_envelope.h"
#include "servicenow/own_requests.h"

namespace exporter::servicenow {
namespace {

namespace dom = simdjson::dom;

std::optional<std::uint64_t> to_number(std::string_view text) {
  text = trim(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A reference is {"link","value"}; everything else should be a string (servicenow.md 7).
std::string text_of(const dom::element& element) {
  dom::element value = element;
  if (dom::object object; element.get(object) == simdjson::SUCCESS) {
    if (object["value"].get(value) != simdjson::SUCCESS) return {};
  }
  if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
  return value.is_null() ? std::string() : simdjson::to_string(value);
}

Error fault(ErrorClass error_class, std::string message) {
  return {.error_class = error_class, .message = std::move(message)};
}

// The array under "result" of an answer without "error".
Result<dom::array> result_of(dom::parser& parser, std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  dom::element root;
  if (parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS) {
    return std::unexpected(fault(ErrorClass::incomplete, "the answer's JSON is cut off or broken"));
  }
  dom::object top;
  dom::array result;
  if (root.get(top) != simdjson::SUCCESS) {
    return std::unexpected(fault(ErrorClass::malformed, "the answer is no JSON object"));
  }
  if (dom::element error; top["error"].get(error) == simdjson::SUCCESS) {
    return std::unexpected(fault(ErrorClass::incomplete,
                                 "the answer holds \"error\": ServiceNow gave the transaction up midway"));
  }
  if (top["result"].get(result) != simdjson::SUCCESS) {
    return std::unexpected(fault(ErrorClass::malformed, "the answer holds no \"result\" array"));
  }
  return result;
}

}  // namespace

Result<std::vector<TextRow>> parse_text_rows(std::string_view body) {
  dom::parser parser;
  const Result<dom::array> result = result_of(parser, body);
  if (!result) return std::unexpected(result.error());
  std::vector<TextRow> rows;
  for (const dom::element element : *result) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) {
      return std::unexpected(fault(ErrorClass::malformed, "a row of the answer is no JSON object"));
    }
    TextRow& row = rows.emplace_back();
    for (const auto& [key, value] : object) row[std::string(key)] = text_of(value);
  }
  return rows;
}

Result<TextPage> TableReader::list(const TextQuery& query, std::stop_token stop) {
  std::string target = "/api/now/v2/table/" + net::percent_encode(query.table) + std::string(kOwnParameters) +
                       "&sysparm_fields=" + net::percent_encode(query.fields) +
                       "&sysparm_limit=" + std::to_string(query.limit);
  if (query.offset > 0) target += "&sysparm_offset=" + std::to_string(query.offset);
  if (!query.query.empty()) target += "&sysparm_query=" + net::percent_encode(query.query);
  auto response = api_.get(net::Endpoint::table_list, target, std::move(stop));
  if (!response) {
    add_own_words(response.error());
    return std::unexpected(std::move(response.error()));
  }
  auto rows = parse_text_rows(response->body);
  if (!rows) {
    rows.error().http_status = response->status;
    name_answer(rows.error(), query.table, api_.base().authority());
    return std::unexpected(std::move(rows.error()));
  }
  TextPage page{.rows = std::move(*rows), .total = std::nullopt, .server_date = std::nullopt};
  if (const auto total = response->headers.first("X-Total-Count")) page.total = to_number(*total);
  if (const auto date = response->headers.first("Date")) page.server_date = parse_http_date(*date);
  return page;
}

Result<std::map<std::string, std::uint64_t>> TableReader::count_by(const std::string& table,
                                                                   const std::string& query,
                                                                   const std::string& column,
                                                                   std::stop_token stop) {
  const std::string target =
      "/api/now/stats/" + net::percent_encode(table) + std::string(kOwnCountParameters) +
      "&sysparm_group_by=" + net::percent_encode(column) + "&sysparm_query=" + net::percent_encode(query);
  auto response = api_.get(net::Endpoint::aggregate, target, std::move(stop));
  if (!response) {
    add_own_words(response.error());
    return std::unexpected(std::move(response.error()));
  }
  dom::parser parser;
  Result<dom::array> result = result_of(parser, response->body);
  if (!result) {
    name_answer(result.error(), table, api_.base().authority());
    return std::unexpected(std::move(result.error()));
  }
  std::map<std::string, std::uint64_t> counts;
  for (const dom::element group : *result) {
    dom::element count;
    dom::array fields;
    dom::element value;
    if (group.at_pointer("/stats/count").get(count) != simdjson::SUCCESS ||
        group["groupby_fields"].get(fields) != simdjson::SUCCESS || fields.size() != 1 ||
        fields.at(0)["value"].get(value) != simdjson::SUCCESS) {
      return std::unexpected(fault(ErrorClass::malformed, "a group of the count has no count or no value"));
    }
    const auto number = to_number(text_of(count));
    if (!number) return std::unexpected(fault(ErrorClass::malformed, "a count is no number"));
    counts[text_of(value)] += *number;
  }
  return counts;
}

}  // namespace exporter::servicenow
