#include "web/failures_page.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "provisioning/vocabulary.h"
#include "web/html.h"
#include "web/list_page.h"
#include "web/list_query.h"
#include "web/listing_forms.h"
#include "web/page_access.h"
#include "web/page_shell.h"
#include "web/without_names.h"

namespace exporter::web {

namespace {

constexpr std::array<std::string_view, 3> kFailureFilters{"integration", "operation", "reason"};
constexpr std::array<std::string_view, 4> kFailureSorts{"time", "integration", "operation", "reason"};

std::optional<std::string> failure_text(ShowUsers show, const std::string& text) {
  switch (show) {
    case ShowUsers::never:
      return std::nullopt;
    case ShowUsers::ids:
      return without_names(text);
    case ShowUsers::names:
      break;
  }
  return text;
}

Listing failure_listing(const PeopleOptions& options, const storage::FailurePage& page) {
  Listing listing{
      .columns = {"integration", "time", "operation", "reason", "text", "okta_user_id", "verdict"},
      .total = page.total,
      .rows = {}};
  for (const storage::FailureRow& row : page.rows) {
    const storage::Failure& failure = row.failure;
    listing.rows.push_back({row.integration, to_iso8601(failure.time), failure.operation, failure.reason,
                            failure_text(options.show_users, failure.text),
                            if_ids(options.show_users, failure.okta_user_id), failure.verdict});
  }
  return listing;
}

std::string failures_page(const PeopleOptions& options, const storage::FailurePage& page,
                          const ListQuery& query, SystemTime now) {
  std::string html = page_header("Failed tasks", Page::failures);
  html +=
      "<main id=\"main\">\n<form method=\"get\" action=\"failures\" class=\"filters\" "
      "aria-label=\"Filter\">\n";
  append_select(html, "integration", "Integration", options.integrations(), query);
  append_select(html, "operation", "Operation",
                {std::begin(provisioning::kOperations), std::end(provisioning::kOperations)}, query);
  append_select(html, "reason", "Reason",
                {std::begin(provisioning::kReasons), std::end(provisioning::kReasons)}, query);
  append_form_end(html, query);
  html.append("<p class=\"count\">").append(count_text(page.total, "failed task", "failed tasks"));
  html += " in the last 30 days.</p>\n";
  if (!page.rows.empty()) {
    constexpr std::array<Column, 7> kColumns{{{"Time", "time"},
                                              {"Integration", "integration"},
                                              {"Operation", "operation"},
                                              {"Reason", "reason"},
                                              {"Okta user"},
                                              {"What Okta says"},
                                              {"Verdict"}}};
    append_table_begin(html, kColumns, "One row per task, each counted once however many events it wrote",
                       "failures", query);
    for (const storage::FailureRow& row : page.rows) {
      const storage::Failure& failure = row.failure;
      html += "<tr role=\"row\">";
      append_cell(html, "Time", time_element(failure.time, now));
      append_cell(html, "Integration", html_escape(row.integration));
      append_cell(html, "Operation", html_escape(failure.operation));
      append_cell(html, "Reason", html_escape(failure.reason));
      append_cell(html, "Okta user", shown(if_ids(options.show_users, failure.okta_user_id)));
      append_cell(html, "What Okta says", shown(failure_text(options.show_users, failure.text), "text"));
      append_cell(html, "Verdict", shown(failure.verdict, ""));
      html += "</tr>\n";
    }
    html += "</tbody>\n</table>\n";
  }
  append_pages(html, "failures", query, page.total);
  return page_of("Failed tasks", std::move(html), now);
}

}  // namespace

Handler make_failures_handler(PeopleOptions options, ReadFailures read, const Clock& clock) {
  return for_those_who_may_see_people(
      [options = std::move(options), read = std::move(read), &clock](const WebRequest& request) {
        const auto query = parse_list_query(
            request.query, {.filters = kFailureFilters, .sorts = kFailureSorts, .descending = true});
        if (!query) return bad_query(query.error());
        const Result<storage::FailurePage> page =
            read({.integrations = wanted_integrations(options, *query),
                  .operation = query->filter("operation"),
                  .reason = query->filter("reason"),
                  .sort = sort_of<storage::FailureQuery::Sort>(kFailureSorts, query->sort),
                  .descending = query->descending,
                  .offset = query->offset(),
                  .limit = query->limit});
        if (!page) return storage_trouble();
        const SystemTime now = clock.now();
        if (query->form == ListForm::html)
          return html_response(200, failures_page(options, *page, *query, now));
        return in_form(query->form, failure_listing(options, *page), "failures", *query, now);
      });
}

}  // namespace exporter::web
