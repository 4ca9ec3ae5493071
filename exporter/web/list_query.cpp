#include "web/list_query.h"

#include <algorithm>
#include <charconv>

#include "net/url.h"

namespace exporter::web {
namespace {

constexpr std::size_t kMaxHtmlRows = 1'000;
constexpr std::size_t kMaxRows = 100'000;
constexpr std::size_t kMaxPage = 1'000'000;

bool parse_count(std::string_view text, std::size_t max, std::size_t& out) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 1 || number > max) return false;
  out = number;
  return true;
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

bool contains(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::string ListQuery::filter(std::string_view name) const {
  const auto found = filters.find(name);
  return found == filters.end() ? std::string() : found->second;
}

std::expected<ListQuery, std::string> parse_list_query(std::string_view text, const ListRules& rules) {
  const auto fields = parse_query(text);
  if (!fields) return std::unexpected("the query is not well formed, or gives a name twice");
  ListQuery query{.filters = {}, .sort = std::string(rules.sorts.front()), .descending = rules.descending};
  const auto field = [&](std::string_view name) {
    const auto found = fields->find(name);
    return found == fields->end() ? std::string_view() : std::string_view(found->second);
  };
  if (const std::string_view form = field("format"); form == "json") {
    query.form = ListForm::json;
  } else if (form == "csv") {
    query.form = ListForm::csv;
  } else if (!form.empty() && form != "html") {
    return std::unexpected("format must be html, json or csv");
  }
  const bool html = query.form == ListForm::html;
  if (!html) query.limit = kMaxHtmlRows;
  for (const auto& [name, value] : *fields) {
    if (value.empty() || name == "format") continue;
    if (contains(rules.filters, name)) {
      query.filters.emplace(name, value);
    } else if (name == "sort") {
      if (!contains(rules.sorts, value))
        return std::unexpected("sort must be one of: " + joined(rules.sorts));
      query.sort = value;
    } else if (name == "order") {
      if (value != "asc" && value != "desc") return std::unexpected("order must be asc or desc");
      query.descending = value == "desc";
    } else if (name == "page") {
      if (!parse_count(value, kMaxPage, query.page)) return std::unexpected("page must be a number from 1");
    } else if (name == "limit") {
      const std::size_t max = html ? kMaxHtmlRows : kMaxRows;
      if (!parse_count(value, max, query.limit)) {
        return std::unexpected("limit must be a number from 1 to " + std::to_string(max));
      }
    } else {
      return std::unexpected("there is no such field; known are: " + joined(rules.filters) +
                             ", sort, order, page, limit, format");
    }
  }
  return query;
}

std::string list_link(std::string_view page, const ListQuery& query) {
  std::string link(page);
  char separator = '?';
  const auto add = [&](std::string_view name, std::string_view value) {
    link += separator;
    link.append(name).append("=").append(net::percent_encode(value));
    separator = '&';
  };
  for (const auto& [name, value] : query.filters) add(name, value);
  add("sort", query.sort);
  add("order", query.descending ? "desc" : "asc");
  if (query.page > 1) add("page", std::to_string(query.page));
  if (query.limit != ListQuery().limit) add("limit", std::to_string(query.limit));
  if (query.form != ListForm::html) add("format", query.form == ListForm::json ? "json" : "csv");
  return link;
}

}  // namespace exporter::web
