#include "web/page_shell.h"

#include <array>

#include "web/html.h"

namespace exporter::web {
namespace {

using namespace std::chrono_literals;

struct Link {
  std::string_view text;
  std::string_view target;
};

// In the order of Page. "./" is the folder itself, which has no name under every prefix.
constexpr std::array<Link, 5> kLinks{{{"Overview", "./"},
                                      {"Drift", "drift"},
                                      {"Failures", "failures"},
                                      {"Configuration", "config"},
                                      {"Runbook", "runbook"}}};

}  // namespace

std::string page_header(std::string_view title, Page current, std::string_view note) {
  std::string html = "<header>\n<h1>";
  html.append(html_escape(title)).append("</h1>\n").append(note);
  html += "<nav aria-label=\"Pages\"><ul>\n";
  for (std::size_t i = 0; i < kLinks.size(); ++i) {
    html.append("<li><a href=\"").append(kLinks[i].target).append("\"");
    if (i == static_cast<std::size_t>(current)) html += " aria-current=\"page\"";
    html.append(">").append(kLinks[i].text).append("</a></li>\n");
  }
  return html.append("</ul></nav>\n</header>\n");
}

std::string rough(std::chrono::milliseconds age) {
  if (age < 2min) return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count()) + " s";
  if (age < 2h) return std::to_string(std::chrono::duration_cast<std::chrono::minutes>(age).count()) + " min";
  if (age < 48h) return std::to_string(std::chrono::duration_cast<std::chrono::hours>(age).count()) + " h";
  return std::to_string(std::chrono::duration_cast<std::chrono::days>(age).count()) + " d";
}

std::string time_element(SystemTime time, SystemTime now) {
  const std::string iso = to_iso8601(std::chrono::floor<std::chrono::seconds>(time));
  std::string html = "<time datetime=\"" + iso + "\" title=\"" + iso + "\">";
  // The system's clock may have been set back.
  html += time > now ? "just now" : rough(now - time) + " ago";
  return html + "</time>";
}

}  // namespace exporter::web
