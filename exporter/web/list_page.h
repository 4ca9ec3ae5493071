// What the pages that list people have in common: the form of filters, the table, the links to other pages
// and forms, and the answers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "web/list_query.h"
#include "web/listing_forms.h"
#include "web/people_options.h"
#include "web/server.h"

namespace exporter::web {

// ---- Of the query

// The filter's one, if it is configured; without a filter all.
std::vector<std::string> wanted_integrations(const PeopleOptions& options, const ListQuery& query);

// The storage's enumerator of a column; both in the same order.
template <class Sort, std::size_t N>
Sort sort_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<Sort>(std::ranges::find(names, name) - names.begin());
}

// ---- Of the HTML; `page` is the page's path, relative

struct Column {
  std::string_view title;
  std::string_view sort = {};  // empty: not by this one
};

// A choice among the values of the filter `name`, or any.
void append_select(std::string& html, std::string_view name, std::string_view label,
                   const std::vector<std::string>& values, const ListQuery& query);
// The end of the form: its own state that is no control of it, and the button.
void append_form_end(std::string& html, const ListQuery& query);
void append_table_begin(std::string& html, std::span<const Column> columns, std::string_view caption,
                        std::string_view page, const ListQuery& query);
// `content` is HTML.
void append_cell(std::string& html, std::string_view title, std::string_view content,
                 std::string_view style = {});
void append_pages(std::string& html, std::string_view page, const ListQuery& query, std::uint64_t total);
// Closes what page_header() began.
std::string page_of(std::string_view title, std::string html, SystemTime now);

// The content of a cell; nullopt: not to be shown.
std::string shown(const std::optional<std::string>& value, std::string_view style = "id");
// nullopt where no ids are to be shown.
std::optional<std::string> if_ids(ShowUsers show, const std::string& id);
// "1,234 users"
std::string count_text(std::uint64_t total, std::string_view one, std::string_view many);

// ---- Answers

WebResponse bad_query(const std::string& why);
WebResponse storage_trouble();
// The other forms of the same rows, and with them the neighbours of this page for machines (RFC 8288).
WebResponse in_form(ListForm form, const Listing& listing, std::string_view page, const ListQuery& query,
                    SystemTime now);

}  // namespace exporter::web
