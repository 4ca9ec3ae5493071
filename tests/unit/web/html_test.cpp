#include "web/html.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HtmlEscape, MakesMarkupText) {
  EXPECT_EQ(html_escape("<script>alert('x') & \"y\"</script>"),
            "&lt;script&gt;alert(&#39;x&#39;) &amp; &quot;y&quot;&lt;/script&gt;");
  EXPECT_EQ(html_escape("déjà vu שלום"), "déjà vu שלום");
  EXPECT_EQ(html_escape(""), "");
}

TEST(HtmlEscape, ShowsWhatWouldRearrangeThePage) {
  EXPECT_EQ(html_escape("a\u202Eb\u2066c\u2069"), "a\uFFFDb\uFFFDc\uFFFD");
  EXPECT_EQ(html_escape(std::string("a\0b\x1b\n\t", 6)), "a\uFFFDb\uFFFD\n\t");
  EXPECT_EQ(html_escape("\u2026\u2065"), "\u2026\u2065") << "their neighbours are only text";
  EXPECT_EQ(html_escape("\xe2\x80"), "\xe2\x80") << "cut off at the end";
}

TEST(HtmlPage, EscapesItsTitleAndLinksItsStylesheetRelatively) {
  const std::string page = html_page("a <b>", "../", "<main id=\"main\"></main>");
  EXPECT_THAT(page, HasSubstr("<title>a &lt;b&gt;</title>"));
  EXPECT_THAT(page, HasSubstr("href=\"../style.css\""));
  EXPECT_THAT(page, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(page, HasSubstr("width=device-width"));
}

TEST(Stylesheet, NeedsNothingFromElsewhereAndKnowsTheDark) {
  const WebResponse response = make_stylesheet_handler()({});
  EXPECT_EQ(response.content_type, "text/css; charset=utf-8");
  EXPECT_THAT(*response.body, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(*response.body, Not(HasSubstr("url(")));
  EXPECT_THAT(*response.body, Not(HasSubstr("@import")));
}

}  // namespace
}  // namespace exporter::web
