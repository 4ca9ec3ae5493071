#include "web/metrics_handler.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "unit/web/raw_client.h"

namespace exporter::web {
namespace {

using ::testing::HasSubstr;

TEST(MetricsHandler, RendersWhatTheRegistryHoldsNow) {
  const RealClock clock;
  metrics::Registry registry(clock);
  const Handler handler = make_metrics_handler(registry);
  registry.publish("production/system_log", {{&metrics::catalogue::okta_up, {"production"}, 1}});
  const WebResponse response = handler({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  ASSERT_NE(response.body, nullptr);
  EXPECT_THAT(*response.body, HasSubstr("\nokta_up{integration=\"production\"} 1\n"));
  EXPECT_EQ(response.gzip_body, nullptr) << "nobody asked for it";
  registry.publish("production/system_log", {{&metrics::catalogue::okta_up, {"production"}, 0}});
  EXPECT_THAT(*handler({}).body, HasSubstr("\nokta_up{integration=\"production\"} 0\n"));
}

TEST(MetricsHandler, CompressesForThoseWhoAsk) {
  const RealClock clock;
  metrics::Registry registry(clock);
  registry.publish("production/system_log", {{&metrics::catalogue::okta_up, {"production"}, 1}});
  const WebResponse response = make_metrics_handler(registry)({.accepts_gzip = true});
  ASSERT_NE(response.gzip_body, nullptr);
  EXPECT_THAT(testing::gunzip(*response.gzip_body), HasSubstr("\nokta_up{integration=\"production\"} 1\n"));
}

}  // namespace
}  // namespace exporter::web
