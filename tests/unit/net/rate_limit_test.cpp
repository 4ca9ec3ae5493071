#include "net/rate_limit.h"

#include <gtest/gtest.h>

namespace exporter::net {
namespace {

using std::chrono::seconds;

constexpr SystemTime kNow{seconds(1'700'000'000)};  // Tue, 14 Nov 2023 22:13:20 GMT

TEST(RateLimit, IsReadFromOktasHeaders) {
  const RateLimit rate_limit = parse_rate_limit(Api::okta, {{"x-rate-limit-limit", "120"},
                                                            {"X-Rate-Limit-Remaining", " 119 "},
                                                            {"X-Rate-Limit-Reset", "1700000060"}});
  EXPECT_EQ(rate_limit.limit, 120);
  EXPECT_EQ(rate_limit.remaining, 119);
  EXPECT_EQ(rate_limit.reset, kNow + seconds(60));
}

TEST(RateLimit, IsReadFromServiceNowsHeaders) {
  const HttpHeaders headers = {{"X-RateLimit-Limit", "500"}, {"X-RateLimit-Reset", "1700003600"}};
  const RateLimit rate_limit = parse_rate_limit(Api::servicenow, headers);
  EXPECT_EQ(rate_limit.limit, 500);
  EXPECT_FALSE(rate_limit.remaining);
  EXPECT_EQ(rate_limit.reset, kNow + seconds(3600));
  EXPECT_FALSE(parse_rate_limit(Api::okta, headers).limit) << "the names differ by one hyphen";
}

TEST(RateLimit, IsAbsentWhereTheHeadersAreNoNumbers) {
  for (const char* value :
       {"", "unlimited", "-1", "1e400", "nan", "inf", "12 requests", "0x10", "99999999999999999999"}) {
    const RateLimit rate_limit = parse_rate_limit(
        Api::okta,
        {{"X-Rate-Limit-Limit", value}, {"X-Rate-Limit-Remaining", value}, {"X-Rate-Limit-Reset", value}});
    EXPECT_FALSE(rate_limit.limit) << value;
    EXPECT_FALSE(rate_limit.remaining) << value;
    EXPECT_FALSE(rate_limit.reset) << value;
  }
}

TEST(RateLimit, OfZeroIsOktasConcurrencyLimitAndNotTheBuckets) {
  const RateLimit rate_limit = parse_rate_limit(
      Api::okta,
      {{"X-Rate-Limit-Limit", "0"}, {"X-Rate-Limit-Remaining", "0"}, {"X-Rate-Limit-Reset", "1700000060"}});
  EXPECT_FALSE(rate_limit.limit);
  EXPECT_FALSE(rate_limit.remaining);
  EXPECT_EQ(rate_limit.reset, kNow + seconds(60));
}

TEST(RetryAfter, IsSecondsOrADate) {
  EXPECT_FALSE(parse_retry_after({}, kNow));
  EXPECT_EQ(parse_retry_after({{"Retry-After", "3"}}, kNow), seconds(3));
  EXPECT_EQ(parse_retry_after({{"Retry-After", "2.1"}}, kNow), seconds(3));
  EXPECT_EQ(parse_retry_after({{"Retry-After", "0"}}, kNow), seconds(1));
  EXPECT_EQ(parse_retry_after({{"Retry-After", "Tue, 14 Nov 2023 22:14:20 GMT"}}, kNow), seconds(60));
  EXPECT_EQ(parse_retry_after({{"Retry-After", "Tue, 14 Nov 2023 22:00:00 GMT"}}, kNow), seconds(1));
  EXPECT_FALSE(parse_retry_after({{"Retry-After", "soon"}}, kNow));
  EXPECT_FALSE(parse_retry_after({{"Retry-After", "-5"}}, kNow));
}

TEST(RetryAfter, MeasuresADateByTheServersOwnClock) {
  EXPECT_EQ(parse_retry_after(
                {{"Retry-After", "Tue, 14 Nov 2023 22:14:20 GMT"}, {"Date", "Tue, 14 Nov 2023 22:14:10 GMT"}},
                kNow - std::chrono::hours(5)),
            seconds(10));
}

TEST(RateLimitWait, TakesTheResetAndASecondWhereThereIsNoRetryAfter) {
  const HttpHeaders okta = {{"X-Rate-Limit-Limit", "50"},
                            {"X-Rate-Limit-Reset", "1700000060"},
                            {"Date", "Tue, 14 Nov 2023 22:13:50 GMT"}};
  const auto without_date = [](const char* reset) {
    return HttpHeaders{{"X-Rate-Limit-Limit", "50"}, {"X-Rate-Limit-Reset", reset}};
  };
  EXPECT_EQ(parse_rate_limit_wait(Api::okta, okta, kNow), seconds(31));
  EXPECT_EQ(parse_rate_limit_wait(Api::okta, without_date("1700000060"), kNow), seconds(61));
  EXPECT_EQ(parse_rate_limit_wait(Api::okta, without_date("1600000000"), kNow), seconds(1));
  EXPECT_EQ(parse_rate_limit_wait(Api::servicenow,
                                  {{"Retry-After", "7"}, {"X-RateLimit-Reset", "1700000060"}}, kNow),
            seconds(7));
  EXPECT_FALSE(parse_rate_limit_wait(Api::servicenow, {}, kNow))
      << "a node's semaphore answers without any header";
  EXPECT_FALSE(parse_rate_limit_wait(
      Api::okta,
      {{"X-Rate-Limit-Limit", "0"}, {"X-Rate-Limit-Remaining", "0"}, {"X-Rate-Limit-Reset", "1700000060"}},
      kNow))
      << "a limit on concurrency, whose reset is a guess";
}

}  // namespace
}  // namespace exporter::net
