// What a listing page was asked for, and the links to the same listing asked otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "web/query_string.h"

namespace exporter::web {

enum class ListForm : std::uint8_t { html, json, csv };

struct ListQuery {
  QueryFields filters;  // those that were given and are not empty
  std::string sort;     // one of the page's columns
  bool descending = false;
  ListForm form = ListForm::html;
  std::size_t page = 1;
  std::size_t limit = 100;

  std::size_t offset() const { return (page - 1) * limit; }
  std::string filter(std::string_view name) const;
};

struct ListRules {
  std::span<const std::string_view> filters;
  std::span<const std::string_view> sorts;  // the first is the default
  bool descending = false;                  // by default
};

// The error is a sentence for the client.
std::expected<ListQuery, std::string> parse_list_query(std::string_view text, const ListRules& rules);

// "drift?kind=…&page=2", to be escaped for HTML.
std::string list_link(std::string_view page, const ListQuery& query);

}  // namespace exporter::web
