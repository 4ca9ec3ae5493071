#include "web/list_page.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "web/html.h"
#include "web/page_shell.h"

namespace exporter::web {

namespace {

void append_options(std::string& html, const std::vector<std::string>& values, std::string_view chosen,
                    std::string_view any) {
  html.append("<option value=\"\">").append(any).append("</option>");
  for (const std::string& value : values) {
    html.append("<option value=\"").append(html_escape(value)).append("\"");
    if (value == chosen) html += " selected";
    html.append(">").append(html_escape(value)).append("</option>");
  }
}

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

}  // namespace

std::vector<std::string> wanted_integrations(const PeopleOptions& options, const ListQuery& query) {
  std::vector<std::string> names = options.integrations();
  if (const std::string one = query.filter("integration"); !one.empty()) {
    std::erase_if(names, [&](const std::string& name) { return name != one; });
  }
  return names;
}

void append_select(std::string& html, std::string_view name, std::string_view label,
                   const std::vector<std::string>& values, const ListQuery& query) {
  html.append("<label>").append(label).append(" <select name=\"").append(name).append("\">");
  append_options(html, values, query.filter(name), "any");
  html += "</select></label>\n";
}

void append_form_end(std::string& html, const ListQuery& query) {
  html.append(R"(<input type="hidden" name="sort" value=")").append(html_escape(query.sort));
  html.append("\">\n<input type=\"hidden\" name=\"order\" value=\"")
      .append(query.descending ? "desc" : "asc");
  html += "\">\n<button type=\"submit\">Show</button>\n</form>\n";
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
                 std::string_view style) {
  html.append(R"(<td role="cell" data-label=")").append(title).append("\"");
  if (!style.empty()) html.append(" class=\"").append(style).append("\"");
  html.append(">").append(content).append("</td>");
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

std::string shown(const std::optional<std::string>& value, std::string_view style) {
  if (!value) return "<span class=\"muted\">not shown</span>";
  if (value->empty()) return "<span class=\"muted\">–</span>";
  // Of another direction than the page's it must not drag its neighbours along.
  return "<bdi class=\"" + std::string(style) + "\">" + html_escape(*value) + "</bdi>";
}

std::optional<std::string> if_ids(ShowUsers show, const std::string& id) {
  return show == ShowUsers::never ? std::nullopt : std::optional(id);
}

std::string count_text(std::uint64_t total, std::string_view one, std::string_view many) {
  std::string digits = std::to_string(total);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits + " " + std::string(total == 1 ? one : many);
}

WebResponse bad_query(const std::string& why) { return text_response(400, "400 Bad Request: " + why + "\n"); }

WebResponse storage_trouble() {
  return text_response(500, "500 The state could not be read; the exporter's log says why.\n");
}

WebResponse in_form(ListForm form, const Listing& listing, std::string_view page, const ListQuery& query,
                    SystemTime now) {
  WebResponse response{.headers = {{"Cache-Control", "no-store"}}};
  std::string body;
  if (form == ListForm::json) {
    response.content_type = "application/json";
    body = to_json(listing, to_iso8601(now));
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

}  // namespace exporter::web
