// Statuses that pass: once and thrice they cost attempts, forever they end with their class after four of
// them.
#include "faults/answering_server.h"
#include "faults/vendor.h"

namespace exporter::faults {
namespace {

using std::chrono::milliseconds;

struct Status {
  int status;
  ErrorClass error_class;
};

// The test's name; without it, it would be the bytes of the struct.
void PrintTo(const Status& status, std::ostream* out) { *out << status.status; }

class PassingFault : public testing::TestWithParam<Status> {
 protected:
  static constexpr std::size_t kAttempts = 4;

  // The server fails so often and then answers; the codes of the requests that were made.
  std::vector<std::string> codes_of(std::size_t failures) const {
    std::vector<std::string> codes(std::min(failures, kAttempts), std::to_string(GetParam().status));
    if (failures < kAttempts) codes.emplace_back("200");
    return codes;
  }
  static std::string failing(int status) {
    return answer(status, R"({"errorCode":"E0000009","errorSummary":"Internal Server Error"})");
  }
};

INSTANTIATE_TEST_SUITE_P(Status, PassingFault,
                         testing::Values(Status{408, ErrorClass::timeout},
                                         Status{429, ErrorClass::rate_limited},
                                         Status{499, ErrorClass::timeout}, Status{500, ErrorClass::http_5xx},
                                         Status{502, ErrorClass::http_5xx}, Status{503, ErrorClass::http_5xx},
                                         Status{504, ErrorClass::http_5xx}),
                         [](const auto& row) { return std::to_string(row.param.status); });

TEST_P(PassingFault, OnceIsMadeGood) {
  AnsweringServer server({failing(GetParam().status), answer(200, "[]")});
  Vendor vendor(server.origin(), {.max_attempts = kAttempts});
  const auto got = vendor.get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(vendor.codes(), codes_of(1));
  EXPECT_EQ(vendor.clock().sleeps().size(), 1U);
  EXPECT_EQ(vendor.observer().up(), true);
}

TEST_P(PassingFault, ThriceIsMadeGood) {
  const std::string fault = failing(GetParam().status);
  AnsweringServer server({fault, fault, fault, answer(200, "[]")});
  Vendor vendor(server.origin(), {.max_attempts = kAttempts});
  const auto got = vendor.get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(vendor.codes(), codes_of(3));
  // Half of 1, 2 and 4 seconds: the longest of each is doubled, and the random number of this test is 0.5.
  EXPECT_THAT(vendor.clock().sleeps(),
              testing::ElementsAre(milliseconds(500), milliseconds(1000), milliseconds(2000)));
}

TEST_P(PassingFault, ForeverEndsWithItsClass) {
  AnsweringServer server({failing(GetParam().status)});
  Vendor vendor(server.origin(), {.max_attempts = kAttempts});
  const auto got = vendor.get();
  expect_error(got, GetParam().error_class,
               "okta logs at " + server.authority() + " answered " + std::to_string(GetParam().status));
  EXPECT_EQ(vendor.codes(), codes_of(kAttempts));
  EXPECT_EQ(server.asked(), kAttempts);
  EXPECT_LE(vendor.clock().steady_now() - fakes::FakeClock().steady_now(),
            vendor.client().options().max_total);
}

// The same from a gateway in front of the vendor, which answers in HTML.
TEST_P(PassingFault, InHtmlIsTheSame) {
  AnsweringServer server({answer(GetParam().status, "<html></html>", "", "text/html"), answer(200, "[]")});
  Vendor vendor(server.origin(), {.api = net::Api::servicenow, .max_attempts = kAttempts});
  ASSERT_TRUE(vendor.get("/api/now/v2/table/sys_user"));
  EXPECT_EQ(vendor.codes(), codes_of(1));
}

}  // namespace
}  // namespace exporter::faults
