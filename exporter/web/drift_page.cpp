#include "web/drift_page.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drift/vocabulary.h"
#include "web/html.h"
#include "web/list_page.h"
#include "web/list_query.h"
#include "web/listing_forms.h"
#include "web/page_access.h"
#include "web/page_shell.h"
#include "web/remedies.h"

namespace exporter::web {

namespace {

constexpr std::array<std::string_view, 3> kDriftFilters{"integration", "kind", "state"};
constexpr std::array<std::string_view, 5> kDriftSorts{"first_seen", "resolved", "integration", "kind",
                                                      "okta_user_id"};
constexpr std::array<std::string_view, 2> kDriftStates{"open", "resolved"};

std::string runbook_link(const PeopleOptions& options, const std::string& kind) {
  return (options.external_url.empty() ? std::string() : options.external_url + "/") + "runbook#" + kind;
}

std::optional<std::string> match_key(const PeopleOptions& options, const storage::LedgerEntry& entry) {
  return options.show_users == ShowUsers::names ? std::optional(entry.match_key) : std::nullopt;
}

Listing drift_listing(const PeopleOptions& options, const storage::DriftPage& page, bool resolved) {
  Listing listing{
      .columns = {"integration", "kind", "scope", "okta_user_id", "external_id", "candidate_sys_id",
                  "match_key", "first_seen", "last_confirmed", "remedy", "runbook"},
      .total = page.total,
      .rows = {}};
  if (resolved) listing.columns.emplace_back("resolved");
  for (const storage::DriftRow& row : page.rows) {
    const storage::LedgerEntry& entry = row.entry;
    listing.rows.push_back(
        {row.integration, entry.kind, entry.scope, if_ids(options.show_users, entry.okta_user_id),
         if_ids(options.show_users, entry.external_id), if_ids(options.show_users, entry.candidate_sys_id),
         match_key(options, entry), to_iso8601(entry.first_seen), to_iso8601(entry.last_confirmed),
         remedy(entry.kind, entry.scope), runbook_link(options, entry.kind)});
    if (resolved)
      listing.rows.back().push_back(entry.resolved ? std::optional(to_iso8601(*entry.resolved))
                                                   : std::nullopt);
  }
  return listing;
}

std::string drift_page(const PeopleOptions& options, const storage::DriftPage& page, const ListQuery& query,
                       SystemTime now) {
  const bool resolved = query.filter("state") == "resolved";
  std::string html = page_header("Drifted users", Page::drift);
  html +=
      "<main id=\"main\">\n<form method=\"get\" action=\"drift\" class=\"filters\" aria-label=\"Filter\">\n";
  append_select(html, "integration", "Integration", options.integrations(), query);
  append_select(html, "kind", "Kind", {std::begin(drift::kKinds), std::end(drift::kKinds)}, query);
  html += R"(<label>State <select name="state"><option value="open">open</option><option value="resolved")";
  html += resolved ? " selected" : "";
  html += ">resolved in the last 30 days</option></select></label>\n";
  append_form_end(html, query);
  const std::string count = count_text(page.total, "user", "users") + (resolved ? " repaired" : " drifted");
  html.append("<p class=\"count\">").append(count).append(".</p>\n");
  if (page.total == 0) {
    html += resolved ? "<p>Nothing was resolved in the last 30 days.</p>\n"
                     : "<p>No link is known to be broken. What could not be told is on the overview and in "
                       "the metrics, "
                       "not here.</p>\n";
  }
  if (!page.rows.empty()) {
    std::vector<Column> columns{{"Integration", "integration"}, {"Kind", "kind"}, {"Scope"},
                                {"Okta user", "okta_user_id"},  {"External ID"},  {"Found instead"}};
    if (options.show_users == ShowUsers::names) columns.push_back({"Match key"});
    columns.push_back({"First seen", "first_seen"});
    if (resolved) {
      columns.push_back({"Resolved", "resolved"});
      columns.push_back({"Took"});
    } else {
      columns.push_back({"Last confirmed"});
      columns.push_back({"What to do"});
    }
    append_table_begin(html, columns, "One row per user", "drift", query);
    for (const storage::DriftRow& row : page.rows) {
      const storage::LedgerEntry& entry = row.entry;
      html.append("<tr role=\"row\">");
      append_cell(html, "Integration", html_escape(row.integration));
      append_cell(html, "Kind",
                  "<a href=\"runbook#" + html_escape(entry.kind) + "\">" + html_escape(entry.kind) + "</a>");
      append_cell(html, "Scope", shown(entry.scope, ""));
      append_cell(html, "Okta user", shown(if_ids(options.show_users, entry.okta_user_id)));
      append_cell(html, "External ID", shown(if_ids(options.show_users, entry.external_id)));
      append_cell(html, "Found instead", shown(if_ids(options.show_users, entry.candidate_sys_id)));
      if (const auto key = match_key(options, entry)) append_cell(html, "Match key", shown(key, "key"));
      append_cell(html, "First seen", time_element(entry.first_seen, now));
      if (resolved) {
        const SystemTime end = entry.resolved.value_or(now);
        append_cell(html, "Resolved", time_element(end, now));
        append_cell(html, "Took", rough(std::max(end - entry.first_seen, std::chrono::milliseconds(0))));
      } else {
        append_cell(html, "Last confirmed", time_element(entry.last_confirmed, now));
        append_cell(html, "What to do", html_escape(remedy(entry.kind, entry.scope)), "what");
      }
      html += "</tr>\n";
    }
    html += "</tbody>\n</table>\n";
  }
  append_pages(html, "drift", query, page.total);
  return page_of("Drifted users", std::move(html), now);
}

}  // namespace

Handler make_drift_handler(PeopleOptions options, ReadDrift read, const Clock& clock) {
  return for_those_who_may_see_people(
      [options = std::move(options), read = std::move(read), &clock](const WebRequest& request) {
        const auto query = parse_list_query(request.query, {.filters = kDriftFilters, .sorts = kDriftSorts});
        if (!query) return bad_query(query.error());
        const std::string state = query->filter("state");
        if (!state.empty() && std::ranges::find(kDriftStates, state) == kDriftStates.end()) {
          return bad_query("state must be open or resolved");
        }
        const Result<storage::DriftPage> page =
            read({.integrations = wanted_integrations(options, *query),
                  .kind = query->filter("kind"),
                  .resolved = state == "resolved",
                  .sort = sort_of<storage::DriftQuery::Sort>(kDriftSorts, query->sort),
                  .descending = query->descending,
                  .offset = query->offset(),
                  .limit = query->limit});
        if (!page) return storage_trouble();
        const SystemTime now = clock.now();
        if (query->form == ListForm::html) return html_response(200, drift_page(options, *page, *query, now));
        return in_form(query->form, drift_listing(options, *page, state == "resolved"), "drift", *query, now);
      });
}

}  // namespace exporter::web
