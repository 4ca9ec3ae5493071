#include "web/html.h"

#include <utility>

namespace exporter::web {
namespace {

// Light and dark follow the reader's setting; colours are at least 4.5:1 on their background, and no state is
// told by colour alone.
constexpr std::string_view kStylesheet = R"css(:root {
  color-scheme: light dark;
  --text: #1b1f24; --muted: #57606a; --paper: #ffffff; --raised: #f6f8fa; --line: #d0d7de; --link: #0550ae;
  --good: #116329; --bad: #a40e26; --wait: #6e4b00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6edf3; --muted: #9da7b1; --paper: #0d1117; --raised: #161b22; --line: #3d444d; --link: #79c0ff;
    --good: #56d364; --bad: #ff9492; --wait: #e3b341;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 80rem; margin: 0 auto; padding: 1rem; }
header { border-bottom: 1px solid var(--line); }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.125rem; margin: 1.5rem 0 .5rem; }
p { margin: .25rem 0; }
.muted, footer { color: var(--muted); }
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem; background: var(--paper); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0 0; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .25rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; color: var(--muted); padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { background: var(--raised); white-space: nowrap; }
th:first-child, td:first-child { padding-left: .5rem; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.state { font-weight: 600; white-space: nowrap; }
nav a[aria-current] { color: var(--text); font-weight: 600; text-decoration: none; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: .5rem 0 1rem; }
.filters label { display: grid; gap: .125rem; color: var(--muted); font-size: .875rem; }
select, button { font: inherit; color: var(--text); background: var(--raised); border: 1px solid var(--line);
  border-radius: .25rem; padding: .3rem .6rem; min-height: 2.25rem; max-width: 100%; }
select:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.count { font-weight: 600; }
.id, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
.id, .key, .text { overflow-wrap: anywhere; }
pre { background: var(--raised); border: 1px solid var(--line); padding: .75rem; overflow-x: auto; }
.prose p, .prose li { max-width: 44rem; }
.cards { font-size: .9375rem; }
.cards td:last-child { min-width: 10rem; }
.cards .what { min-width: 18rem; }
time { white-space: nowrap; }
@media (max-width: 60rem) {
  .cards, .cards caption, .cards tbody, .cards tr, .cards td, .cards tbody th { display: block; width: 100%; }
  .cards td:last-child, .cards .what { min-width: 0; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border: 1px solid var(--line); border-radius: .25rem; margin-bottom: .75rem; padding: .25rem .5rem; }
  .cards td, .cards tbody th { display: grid; grid-template-columns: 8rem 1fr; gap: .5rem; padding: .2rem 0; border: 0; }
  .cards td:first-child, .cards th:first-child { padding-left: 0; }
  .cards td::before, .cards tbody th::before { content: attr(data-label); color: var(--muted); font-weight: 400; }
}
@media (max-width: 40rem) {
  header, main, footer { padding: .75rem; }
  th, td { padding-right: .5rem; }
}
)css";

// U+202A to U+202E and U+2066 to U+2069, in UTF-8: overrides and isolates.
bool turns_direction(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xe2') return false;
  const auto second = static_cast<unsigned char>(text[1]);
  const auto third = static_cast<unsigned char>(text[2]);
  return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
         (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

}  // namespace

std::string html_escape(std::string_view text) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 8);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '&':
        escaped += "&amp;";
        continue;
      case '<':
        escaped += "&lt;";
        continue;
      case '>':
        escaped += "&gt;";
        continue;
      case '"':
        escaped += "&quot;";
        continue;
      case '\'':
        escaped += "&#39;";
        continue;
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0x7f || (byte < 0x20 && c != '\t' && c != '\n')) {
      escaped += kReplacement;
    } else if (turns_direction(text.substr(i))) {
      escaped += kReplacement;
      i += 2;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string html_page(std::string_view title, std::string_view root, std::string_view main) {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n<title>";
  page.append(html_escape(title)).append("</title>\n<link rel=\"stylesheet\" href=\"");
  page.append(html_escape(root)).append("style.css\">\n</head>\n<body>\n");
  page.append("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n").append(main);
  return page.append("</body>\n</html>\n");
}

WebResponse html_response(int status, std::string page) {
  return {.status = status,
          .content_type = "text/html; charset=utf-8",
          .body = std::make_shared<const std::string>(std::move(page)),
          .headers = {{"Cache-Control", "no-store"}}};
}

Handler make_stylesheet_handler() {
  WebResponse response{.content_type = "text/css; charset=utf-8",
                       .body = std::make_shared<const std::string>(kStylesheet),
                       .headers = {{"Cache-Control", "max-age=300"}}};
  return [response = std::move(response)](const WebRequest&) { return response; };
}

}  // namespace exporter::web
