#include "web/landing_page.h"

#include <chrono>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const SystemTime kNow = *parse_iso8601("2026-11-23T21:44:30Z");

class FixedClock final : public Clock {
 public:
  SystemTime now() const override { return kNow; }
  SteadyTime steady_now() const override { return {}; }
  bool sleep_until(SteadyTime, std::stop_token) const override { return true; }
};

std::string render(const std::vector<StatusRow>& rows) {
  return render_landing_page({.version = "1.2.3"}, rows, kNow);
}

TEST(LandingPage, NamesItselfAndLinksWhatThereIs) {
  const std::string page = render({});
  EXPECT_THAT(page, HasSubstr("<h1>okta-servicenow-exporter</h1>"));
  EXPECT_THAT(page, HasSubstr("version 1.2.3"));
  EXPECT_THAT(page, HasSubstr("<a href=\"metrics\">Metrics</a>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"-/healthy\">"));
  EXPECT_THAT(page, HasSubstr("<a href=\"-/ready\">"));
  EXPECT_THAT(page, HasSubstr("no integration is configured"));
  EXPECT_THAT(page, Not(HasSubstr("<table")));
}

TEST(LandingPage, ShowsOneRowPerIntegrationAndSampler) {
  const std::string page = render({
      {.integration = "production",
       .sampler = "system_log",
       .interval = 30s,
       .state = StatusRow::State::ok,
       .last_success = kNow - 12s},
      {.integration = "production",
       .sampler = "users",
       .interval = 1h,
       .state = StatusRow::State::failing,
       .last_success = kNow - 3h,
       .last_error = ErrorClass::authentication},
      {.integration = "staging", .sampler = "comparison"},
  });
  EXPECT_THAT(page, HasSubstr("2 integrations, 3 samplers: 1 is failing, 1 waiting for the first sample."));
  // Without their attributes, the rows as they are read.
  const std::string plain = std::regex_replace(page, std::regex("<(t[dh]|tr) [^>]*>"), "<$1>");
  EXPECT_THAT(plain, HasSubstr("<tr><th>production</th><td>system_log</td>"));
  EXPECT_THAT(plain, HasSubstr("12 s ago</time></td><td>every 30s</td><td>none</td>"));
  EXPECT_THAT(plain, HasSubstr("3 h ago</time></td><td>every 1h</td><td>authentication</td>"));
  EXPECT_THAT(plain, HasSubstr("Waiting</span></td><td>never</td><td>when needed</td>"));
  EXPECT_THAT(plain, HasSubstr("Failing</span></td>"));
}

TEST(LandingPage, EscapesEveryNameItIsGiven) {
  const std::string evil = "<img src=x onerror=alert(1)>\"'&";
  const std::string page = render_landing_page({.version = evil, .links = {{evil, "\"><script>"}}},
                                               {{.integration = evil, .sampler = evil}}, kNow);
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
}

TEST(LandingPage, UsesNoScriptNoInlineStyleAndNothingFromElsewhere) {
  const std::string page = render({{.integration = "a", .sampler = "b"}});
  for (const char* forbidden : {"<script", "style=", "<style", "http://", "https://", "//"}) {
    EXPECT_THAT(page, Not(HasSubstr(forbidden)));
  }
}

TEST(LandingPage, CanBeUsedWithAKeyboardAndAScreenReader) {
  const std::string page = render({{.integration = "a", .sampler = "b"}});
  EXPECT_THAT(page, HasSubstr("href=\"#main\">Skip"));
  EXPECT_THAT(page, HasSubstr("<main id=\"main\">"));
  EXPECT_THAT(page, HasSubstr("role=\"table\" aria-labelledby=\"watched\""));
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\" role=\"columnheader\">Integration</th>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\" role=\"rowheader\" data-label=\"Integration\">a</th>"));
  EXPECT_THAT(page, HasSubstr("<caption>"));
}

TEST(LandingPage, IsNotSurprisedByATimeInTheFuture) {
  EXPECT_THAT(render({{.integration = "a", .sampler = "b", .last_success = kNow + 1h}}),
              HasSubstr("just now"));
}

TEST(LandingPage, AsksForItsRowsAtEachRequest) {
  const FixedClock clock;
  int asked = 0;
  const Handler handler = make_landing_page_handler(
      {.version = "1"},
      [&asked] {
        return std::vector<StatusRow>{{.integration = "i" + std::to_string(++asked), .sampler = "s"}};
      },
      clock);
  EXPECT_THAT(*handler({}).body, HasSubstr(">i1<"));
  const WebResponse response = handler({});
  EXPECT_THAT(*response.body, HasSubstr(">i2<"));
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
}

}  // namespace
}  // namespace exporter::web
