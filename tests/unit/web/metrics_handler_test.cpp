#include "web/metrics_handler.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "unit/web/raw_client.h"

namespace exporter::web {
namespace {

using ::testing::HasSubstr;

using ::testing::EndsWith;
using ::testing::Not;

class MetricsHandler : public ::testing::Test {
 protected:
  WebResponse scrape(const std::string& accept = "", bool gzip = false) {
    return handler_({.accept = accept, .accepts_gzip = gzip});
  }
  static std::string text_of(const WebResponse& response) { return *response.body + *response.tail; }
  void publish(double up) {
    registry_.publish("production/system_log", {{&metrics::catalogue::okta_up, {"production"}, up}});
  }

  fakes::FakeClock clock_;
  metrics::Registry registry_{clock_};
  Handler handler_ = make_metrics_handler(registry_, clock_);
};

TEST_F(MetricsHandler, RendersWhatTheRegistryHoldsNow) {
  publish(1);
  const WebResponse response = scrape();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(text_of(response), HasSubstr("\nokta_up{integration=\"production\"} 1\n"));
  EXPECT_THAT(text_of(response), HasSubstr("\nprocess_cpu_seconds_total "));
  EXPECT_EQ(response.gzip_body, nullptr) << "nobody asked for it";
  publish(0);
  EXPECT_THAT(text_of(scrape()), HasSubstr("\nokta_up{integration=\"production\"} 0\n"));
}

TEST_F(MetricsHandler, CompressesForThoseWhoAsk) {
  publish(1);
  const WebResponse response = scrape("", true);
  ASSERT_NE(response.gzip_body, nullptr);
  const std::string text = testing::gunzip(*response.gzip_body + *response.gzip_tail);
  EXPECT_THAT(text, HasSubstr("\nokta_up{integration=\"production\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_cpu_seconds_total "));
}

TEST_F(MetricsHandler, SpeaksOpenMetricsToThoseWhoAsk) {
  publish(1);
  const WebResponse response = scrape("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
  EXPECT_EQ(response.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(text_of(response), EndsWith("\n# EOF\n"));
  const WebResponse zipped = scrape("application/openmetrics-text;version=0.0.1", true);
  EXPECT_EQ(zipped.content_type, "application/openmetrics-text; version=0.0.1; charset=utf-8");
  EXPECT_THAT(testing::gunzip(*zipped.gzip_body + *zipped.gzip_tail), EndsWith("\n# EOF\n"));
  EXPECT_THAT(text_of(scrape("text/plain")), Not(HasSubstr("# EOF")));
}

TEST_F(MetricsHandler, RendersAndCompressesOnceWhatDidNotChange) {
  publish(1);
  const WebResponse plain = scrape();
  const WebResponse zipped = scrape("", true);
  // What the scrapes themselves move is at the end.
  registry_.add(metrics::catalogue::http_requests_total, {"metrics", "200"});
  EXPECT_EQ(scrape().tail, plain.tail) << "still young";
  clock_.advance(kFleetingLife);
  EXPECT_EQ(scrape().body, plain.body);
  EXPECT_EQ(scrape("", true).gzip_body, zipped.gzip_body);
  EXPECT_THAT(*scrape().tail, HasSubstr("_http_requests_total{handler=\"metrics\",code=\"200\"} 1\n"));
  publish(0);
  EXPECT_NE(scrape().body, plain.body);
  EXPECT_NE(scrape("", true).gzip_body, zipped.gzip_body);
}

}  // namespace
}  // namespace exporter::web
