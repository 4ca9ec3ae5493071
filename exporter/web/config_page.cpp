#include "web/config_page.h"

#include <utility>

#include "web/html.h"
#include "web/page_access.h"
#include "web/page_shell.h"

namespace exporter::web {

Handler make_config_handler(std::function<std::shared_ptr<const std::string>()> yaml) {
  return for_those_who_may_see_people([yaml = std::move(yaml)](const WebRequest& request) {
    const std::shared_ptr<const std::string> text = yaml();
    if (request.query == "format=yaml") {
      return WebResponse{
          .content_type = "application/yaml", .body = text, .headers = {{"Cache-Control", "no-store"}}};
    }
    std::string html = page_header("Configuration", Page::config);
    html +=
        "<main id=\"main\">\n<p>What is in force now, without comments and secrets. "
        "<a href=\"config?format=yaml\">As YAML</a></p>\n<pre tabindex=\"0\" aria-label=\"Configuration\">";
    html.append(html_escape(*text)).append("</pre>\n</main>\n");
    return html_response(200, html_page("Configuration · okta-servicenow-exporter", "", html));
  });
}

}  // namespace exporter::web
