// HTML that is safe to send: everything that is not ours goes through html_escape.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "web/server.h"

namespace exporter::web {

// For text and for attribute values in double quotes. Also makes control characters and the marks that turn
// the direction of text visible, as U+FFFD: a name must not rearrange the page around it.
std::string html_escape(std::string_view text);

// A whole page. `title` is plain text; `main` is HTML, already escaped. `root` is the way from the page to
// "/": "" there, "../" one folder below; links stay relative so that a route prefix or a proxy's path needs
// no rewriting.
std::string html_page(std::string_view title, std::string_view root, std::string_view main);

WebResponse html_response(int status, std::string page);

// The one stylesheet, for /style.css.
Handler make_stylesheet_handler();

}  // namespace exporter::web
