#include "web/people_pages.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "drift/vocabulary.h"
#include "provisioning/vocabulary.h"
#include "web/html.h"
#include "web/list_query.h"
#include "web/listing_forms.h"
#include "web/page_access.h"
#include "web/page_shell.h"
#include "web/remedies.h"

namespace exporter::web {
namespace {

using Words = std::span<const std::string_view>;

std::string iso(SystemTime time) { return to_iso8601(time); }

std::optional<std::string> if_ids(ShowUsers show, const std::string& id) {
  return show == ShowUsers::never ? std::nullopt : std::optional(id);
}

WebResponse bad_query(const std::string& why) { return text_response(400, "400 Bad Request: " + why + "\n"); }

WebResponse storage_trouble() {
  return text_response(500, "500 The state could not be read; the exporter's log says why.\n");
}

// The other forms of the same rows, and with them the neighbours of this page for machines (RFC 8288).
WebResponse in_form(ListForm form, const Listing& listing, std::string_view page, const ListQuery& query,
                    SystemTime now) {
  WebResponse response{.headers = {{"Cache-Control", "no-store"}}};
  std::string body;
  if (form == ListForm::json) {
    response.content_type = "application/json";
    body = to_json(listing, iso(now));
  } else {
    response.content_type = "text/csv; charset=utf-8";
    response.headers.emplace_back("Content-Disposition",
                                  "attachment; filename=\"" + std::string(page) + ".csv\"");
    body = to_csv(listing);
  }
  if (query.offset() + listing.rows.size() < listing.total) {
    ListQuery next = query;
    ++next.page;
    response.headers.emplace_back("Link", "<" + list_link(page, next) + ">; rel=\"next\"");
  }
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

// ---- HTML

std::string shown(const std::optional<std::string>& value, std::string_view style = "id") {
  if (!value) return "<span class=\"muted\">not shown</span>";
  if (value->empty()) return "<span class=\"muted\">–</span>";
  // Of another direction than the page's it must not drag its neighbours along.
  return "<bdi class=\"" + std::string(style) + "\">" + html_escape(*value) + "</bdi>";
}

void append_options(std::string& html, const std::vector<std::string>& values, std::string_view chosen,
                    std::string_view any) {
  html.append("<option value=\"\">").append(any).append("</option>");
  for (const std::string& value : values) {
    html.append("<option value=\"").append(html_escape(value)).append("\"");
    if (value == chosen) html += " selected";
    html.append(">").append(html_escape(value)).append("</option>");
  }
}

void append_select(std::string& html, std::string_view name, std::string_view label,
                   const std::vector<std::string>& values, const ListQuery& query) {
  html.append("<label>").append(label).append(" <select name=\"").append(name).append("\">");
  append_options(html, values, query.filter(name), "any");
  html += "</select></label>\n";
}

std::vector<std::string> to_strings(Words words) { return {words.begin(), words.end()}; }

// The form's own state that is no control of it.
void append_form_end(std::string& html, const ListQuery& query) {
  html.append(R"(<input type="hidden" name="sort" value=")").append(html_escape(query.sort));
  html.append("\">\n<input type=\"hidden\" name=\"order\" value=\"")
      .append(query.descending ? "desc" : "asc");
  html += "\">\n<button type=\"submit\">Show</button>\n</form>\n";
}

struct Column {
  std::string_view title;
  std::string_view sort = {};  // empty: not by this one
};

// Once more the same column turns the order round.
void append_column(std::string& html, const Column& column, std::string_view page, const ListQuery& query) {
  html += R"(<th scope="col" role="columnheader")";
  if (column.sort.empty()) {
    html.append(">").append(column.title).append("</th>");
    return;
  }
  const bool current = query.sort == column.sort;
  if (current)
    html.append(" aria-sort=\"").append(query.descending ? "descending" : "ascending").append("\"");
  ListQuery other = query;
  other.sort = column.sort;
  other.descending = current && !query.descending;
  other.page = 1;
  html.append("><a href=\"").append(html_escape(list_link(page, other))).append("\">").append(column.title);
  if (current)
    html.append("<span aria-hidden=\"true\">").append(query.descending ? " ↓" : " ↑").append("</span>");
  html += "</a></th>";
}

void append_table_begin(std::string& html, std::span<const Column> columns, std::string_view caption,
                        std::string_view page, const ListQuery& query) {
  // The roles keep it a table for a screen reader where a phone shows every row as a card.
  html.append("<table class=\"cards\" role=\"table\">\n<caption>").append(caption);
  html += "</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">";
  for (const Column& column : columns) append_column(html, column, page, query);
  html += "</tr></thead>\n<tbody role=\"rowgroup\">\n";
}

void append_cell(std::string& html, std::string_view title, std::string_view content,
                 std::string_view style = {}) {
  html.append(R"(<td role="cell" data-label=")").append(title).append("\"");
  if (!style.empty()) html.append(" class=\"").append(style).append("\"");
  html.append(">").append(content).append("</td>");
}

std::string count_text(std::uint64_t total, std::string_view one, std::string_view many) {
  std::string digits = std::to_string(total);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits + " " + std::string(total == 1 ? one : many);
}

void append_pages(std::string& html, std::string_view page, const ListQuery& query, std::uint64_t total) {
  const std::uint64_t pages = total == 0 ? 1 : (total + query.limit - 1) / query.limit;
  if (pages > 1 || query.page > 1) {
    html += "<nav aria-label=\"Pages of the list\" class=\"pages\"><ul>\n";
    const auto add = [&](std::uint64_t number, std::string_view text, bool active) {
      html += "<li>";
      if (active) {
        ListQuery other = query;
        other.page = static_cast<std::size_t>(number);
        html.append("<a href=\"").append(html_escape(list_link(page, other))).append("\">");
        html.append(text).append("</a>");
      } else {
        html.append("<span class=\"muted\">").append(text).append("</span>");
      }
      html += "</li>\n";
    };
    add(1, "First", query.page > 1);
    add(query.page - 1, "Previous", query.page > 1);
    html.append("<li>Page ").append(std::to_string(query.page)).append(" of ").append(std::to_string(pages));
    html += "</li>\n";
    add(query.page + 1, "Next", query.page < pages);
    add(pages, "Last", query.page < pages);
    html += "</ul></nav>\n";
  }
  html += "<p>The same as ";
  for (const auto& [form, text] : {std::pair(ListForm::json, "JSON"), std::pair(ListForm::csv, "CSV")}) {
    ListQuery other = query;
    other.form = form;
    other.page = 1;
    other.limit = form == ListForm::json ? 1'000 : 100'000;
    html.append("<a href=\"")
        .append(html_escape(list_link(page, other)))
        .append("\">")
        .append(text)
        .append("</a>");
    html += form == ListForm::json ? " or " : ".";
  }
  html += "</p>\n";
}

std::string page_of(std::string_view title, std::string html, SystemTime now) {
  html.append("</main>\n<footer><p>As of <time>");
  html.append(to_iso8601(std::chrono::floor<std::chrono::seconds>(now))).append("</time></p></footer>\n");
  return html_page(std::string(title) + " · okta-servicenow-exporter", "", html);
}

// ---- Drift

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
         match_key(options, entry), iso(entry.first_seen), iso(entry.last_confirmed),
         remedy(entry.kind, entry.scope), runbook_link(options, entry.kind)});
    if (resolved)
      listing.rows.back().push_back(entry.resolved ? std::optional(iso(*entry.resolved)) : std::nullopt);
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
  append_select(html, "kind", "Kind", to_strings(drift::kKinds), query);
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

// ---- Failures

constexpr std::array<std::string_view, 3> kFailureFilters{"integration", "operation", "reason"};
constexpr std::array<std::string_view, 4> kFailureSorts{"time", "integration", "operation", "reason"};

// Every mail address hidden.
std::string without_addresses(const std::string& text) {
  const auto is_part = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x7f || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  };
  std::string out;
  std::size_t copied = 0;
  for (auto at = text.find('@'); at != std::string::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at;
    while (begin > copied && is_part(text[begin - 1])) --begin;
    std::size_t end = at + 1;
    while (end < text.size() && (is_part(text[end]) || text[end] == '@')) ++end;
    if (begin == at && end == at + 1) continue;
    out.append(text, copied, begin - copied).append("<address>");
    // A full stop ends a sentence, not an address.
    while (end > at + 1 && text[end - 1] == '.') --end;
    copied = end;
    at = end - 1;
  }
  return out.append(text, copied);
}

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
    listing.rows.push_back({row.integration, iso(failure.time), failure.operation, failure.reason,
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
  append_select(html, "operation", "Operation", to_strings(provisioning::kOperations), query);
  append_select(html, "reason", "Reason", to_strings(provisioning::kReasons), query);
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

template <class Sort, std::size_t N>
Sort sort_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<Sort>(std::ranges::find(names, name) - names.begin());
}

// The filter's one, if it is configured; without a filter all.
std::vector<std::string> wanted_integrations(const PeopleOptions& options, const ListQuery& query) {
  std::vector<std::string> names = options.integrations();
  if (const std::string one = query.filter("integration"); !one.empty()) {
    std::erase_if(names, [&](const std::string& name) { return name != one; });
  }
  return names;
}

}  // namespace

std::string without_names(const std::string& text) {
  std::string out = without_addresses(text);
  // Okta's own phrases: "Automatic profile push of user Ada Lovelace to app ServiceNow failed: …".
  for (const auto& [before, after] : {std::pair<std::string_view, std::string_view>("of user ", " to app "),
                                      std::pair<std::string_view, std::string_view>("for user ", ""),
                                      std::pair<std::string_view, std::string_view>("for the user ", "")}) {
    const auto begin = out.find(before);
    if (begin == std::string::npos) continue;
    const std::size_t name = begin + before.size();
    const std::size_t end = after.empty() ? out.find_first_of(":;.,", name) : out.find(after, name);
    if (end == std::string::npos && !after.empty()) continue;
    out.replace(name, (end == std::string::npos ? out.size() : end) - name, "<name>");
  }
  return out;
}

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
