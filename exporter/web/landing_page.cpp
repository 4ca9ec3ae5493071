#include "web/landing_page.h"

#include <set>
#include <string_view>

#include "web/html.h"
#include "web/page_shell.h"

namespace exporter::web {
namespace {

using namespace std::chrono_literals;

struct StateText {
  std::string_view style;
  std::string_view mark;  // told apart without colour; not read out, the word beside it is
  std::string_view word;
};

StateText describe(StatusRow::State state) {
  switch (state) {
    case StatusRow::State::waiting:
      return {"wait", "…", "Waiting"};
    case StatusRow::State::ok:
      return {"good", "✓", "Fresh"};
    case StatusRow::State::failing:
      break;
  }
  return {"bad", "✗", "Failing"};
}

// The roles keep it a table for a screen reader where a phone shows every row as a card.
void append_status_cell(std::string& html, std::string_view title, std::string_view content,
                        std::string_view attributes = {}) {
  html.append(R"(<td role="cell" data-label=")").append(title).append("\"").append(attributes);
  html.append(">").append(content).append("</td>");
}

void append_row(std::string& html, const StatusRow& row, SystemTime now) {
  const StateText state = describe(row.state);
  html.append(R"(<tr role="row"><th scope="row" role="rowheader" data-label="Integration">)");
  html.append(html_escape(row.integration)).append("</th>");
  append_status_cell(html, "Sampler", html_escape(row.sampler));
  std::string mark = "<span><span aria-hidden=\"true\">";
  mark.append(state.mark).append("</span> ").append(state.word).append("</span>");
  append_status_cell(html, "State", mark, " class=\"state " + std::string(state.style) + "\"");
  append_status_cell(html, "Last success",
                     row.last_success ? time_element(*row.last_success, now) : std::string("never"));
  append_status_cell(html, "Interval",
                     row.interval > 0ms ? "every " + html_escape(to_prometheus_duration(row.interval))
                                        : std::string("when needed"));
  append_status_cell(html, "Last error",
                     row.last_error ? html_escape(to_string(*row.last_error)) : std::string("none"));
  html.append("</tr>\n");
}

std::string summary(const std::vector<StatusRow>& rows) {
  if (rows.empty()) return "Nothing is watched yet: no integration is configured.";
  std::set<std::string_view> integrations;
  std::size_t failing = 0;
  std::size_t waiting = 0;
  for (const StatusRow& row : rows) {
    integrations.insert(row.integration);
    if (row.state == StatusRow::State::failing) ++failing;
    if (row.state == StatusRow::State::waiting) ++waiting;
  }
  std::string text = std::to_string(integrations.size());
  text += integrations.size() == 1 ? " integration, " : " integrations, ";
  text += std::to_string(rows.size());
  text += rows.size() == 1 ? " sampler: " : " samplers: ";
  text += failing == 0 ? "none is failing"
                       : std::to_string(failing) + (failing == 1 ? " is failing" : " are failing");
  if (waiting > 0) text += ", " + std::to_string(waiting) + " waiting for the first sample";
  return text + ".";
}

}  // namespace

std::string render_landing_page(const LandingPage& page, const std::vector<StatusRow>& rows, SystemTime now) {
  std::string html =
      page_header("okta-servicenow-exporter", Page::overview,
                  "<p class=\"muted\">Prometheus exporter for provisioning from Okta to ServiceNow, "
                  "version " +
                      html_escape(page.version) + "</p>\n");
  html += "<main id=\"main\">\n<h2 id=\"watched\">What is watched</h2>\n<p>";
  html.append(summary(rows)).append("</p>\n");
  if (!rows.empty()) {
    html.append("<table class=\"cards\" role=\"table\" aria-labelledby=\"watched\">\n");
    html.append(
        "<caption>One row per integration and sampler</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">");
    for (const std::string_view column :
         {"Integration", "Sampler", "State", "Last success", "Interval", "Last error"}) {
      html.append(R"(<th scope="col" role="columnheader">)").append(column).append("</th>");
    }
    html.append("</tr></thead>\n<tbody role=\"rowgroup\">\n");
    for (const StatusRow& row : rows) append_row(html, row, now);
    html.append("</tbody>\n</table>\n");
  }
  html += "<h2 id=\"machines\">For machines</h2>\n<ul>\n";
  for (const auto& [text, target] : page.links) {
    html.append("<li><a href=\"").append(html_escape(target)).append("\">");
    html.append(html_escape(text)).append("</a></li>\n");
  }
  html += "</ul>\n";
  html.append("</main>\n<footer><p>As of <time>");
  html.append(to_iso8601(std::chrono::floor<std::chrono::seconds>(now))).append("</time></p></footer>\n");
  return html_page("okta-servicenow-exporter", "", html);
}

Handler make_landing_page_handler(LandingPage page, std::function<std::vector<StatusRow>()> rows,
                                  const Clock& clock) {
  return [page = std::move(page), rows = std::move(rows), &clock](const WebRequest&) {
    return html_response(200, render_landing_page(page, rows(), clock.now()));
  };
}

}  // namespace exporter::web
