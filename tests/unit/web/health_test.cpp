#include "web/health.h"

#include <gtest/gtest.h>

namespace exporter::web {
namespace {

TEST(Healthy, IsTheWordThatPrometheusUses) {
  const WebResponse response = make_healthy_handler()({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(*response.body, "okta-servicenow-exporter is healthy.\n");
}

TEST(Ready, IsAskedAtEachRequest) {
  bool ready = false;
  const Handler handler = make_ready_handler([&ready] { return ready; });
  EXPECT_EQ(handler({}).status, 503);
  EXPECT_EQ(*handler({}).body, "okta-servicenow-exporter is not ready.\n");
  ready = true;
  EXPECT_EQ(handler({}).status, 200);
  EXPECT_EQ(*handler({}).body, "okta-servicenow-exporter is ready.\n");
}

}  // namespace
}  // namespace exporter::web
