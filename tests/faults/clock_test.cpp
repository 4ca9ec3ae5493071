// The machine's clock is set an hour forward or back while we wait for what a vendor said by its own clock.
#include "faults/answering_server.h"
#include "faults/vendor.h"

namespace exporter::faults {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;

class ClockJump : public testing::TestWithParam<int> {
 protected:
  // The client asks once more after just that long, whatever the machine's clock says.
  static void expect_wait(net::Api api, const std::string& fields, milliseconds wait) {
    AnsweringServer server({answer(429, "{}", fields), answer(200, "[]")});
    Vendor vendor(server.origin(), {.api = api});
    vendor.clock().set_system(vendor.clock().now() + hours(GetParam()));
    const auto got = vendor.get("/x");
    ASSERT_TRUE(got) << got.error().message;
    constexpr milliseconds kJitter(500);  // half of a second
    EXPECT_THAT(vendor.clock().sleeps(), ElementsAre(wait + kJitter));
  }
};

INSTANTIATE_TEST_SUITE_P(Hours, ClockJump, testing::Values(-1, 0, 1), [](const auto& jump) {
  return jump.param < 0 ? "Back" : jump.param > 0 ? "Forward" : "None";
});

// 2026-11-23T12:00:00Z, which is when the tests' clock begins.
constexpr const char* kDate = "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n";

TEST_P(ClockJump, DoesNotStretchOrShortenTheWaitForOktasReset) {
  // A second past the reset.
  expect_wait(
      net::Api::okta,
      std::string(kDate) +
          "X-Rate-Limit-Limit: 100\r\nX-Rate-Limit-Remaining: 0\r\nX-Rate-Limit-Reset: 1795435210\r\n",
      std::chrono::seconds(11));
}

TEST_P(ClockJump, DoesNotStretchOrShortenARetryAfterDate) {
  expect_wait(net::Api::servicenow, std::string(kDate) + "Retry-After: Mon, 23 Nov 2026 12:00:10 GMT\r\n",
              std::chrono::seconds(10));
}

TEST_P(ClockJump, DoesNotStretchOrShortenARetryAfterInSeconds) {
  expect_wait(net::Api::servicenow, "Retry-After: 10\r\n", std::chrono::seconds(10));
}

}  // namespace
}  // namespace exporter::faults
