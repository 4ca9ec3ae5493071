#include "app/check_cost.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::app {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;

Demand logs(double per_hour, std::optional<net::ToldLimit> limit) {
  return {.of = "Okta logs",
          .per_hour = per_hour,
          .share = 0.25,
          .unmetered_per_minute = 60,
          .limit = limit,
          .remedy = "Raise the interval."};
}

TEST(CheckCost, ADemandIsSetAgainstTheLimitOfTheVendorsWindow) {
  const CheckLine line = limits_line({logs(60, net::ToldLimit{.requests = 120, .window = minutes(1)}),
                                      {.of = "ServiceNow table as reader",
                                       .per_hour = 500,
                                       .at_most = true,
                                       .share = 0.5,
                                       .limit = net::ToldLimit{.requests = 5000, .window = minutes(60)}}});
  EXPECT_EQ(line.check, "limits");
  EXPECT_EQ(line.verdict, Verdict::ok);
  EXPECT_EQ(line.message,
            "of the limits: Okta logs less than 1 % of 120 a minute (the exporter takes up to 25 %); "
            "ServiceNow table as reader at most 10 % of 5000 an hour (the exporter takes up to 50 %)");
  EXPECT_EQ(line.next, "");
}

TEST(CheckCost, WhereNoLimitIsToldThePaceOfTheConfigurationIsTheMeasure) {
  const CheckLine line = limits_line({logs(360, std::nullopt)});
  EXPECT_EQ(line.verdict, Verdict::ok);
  EXPECT_THAT(line.message,
              HasSubstr("Okta logs 10 % of the pace of 60 a minute (no limit is told in the answers)"));
}

TEST(CheckCost, MoreThanTheShareIsAWarningThatSaysWhatToDo) {
  // A quarter of 120 a minute is 1,800 an hour.
  const net::ToldLimit limit{.requests = 120, .window = minutes(1)};
  EXPECT_EQ(limits_line({logs(1800, limit)}).verdict, Verdict::ok);
  const CheckLine line = limits_line({logs(1801, limit)});
  EXPECT_EQ(line.verdict, Verdict::warning);
  EXPECT_EQ(line.next,
            "Okta logs needs 1801 requests an hour and may make 1800: its samples will come late. Raise the "
            "interval.");
}

TEST(CheckCost, ThePaceIsTheShareOfTheLimit) {
  EXPECT_DOUBLE_EQ(pace_per_minute(logs(1, net::ToldLimit{.requests = 120, .window = minutes(1)})), 30);
  EXPECT_DOUBLE_EQ(pace_per_minute(logs(1, net::ToldLimit{.requests = 1200, .window = minutes(60)})), 5);
  EXPECT_DOUBLE_EQ(pace_per_minute(logs(1, std::nullopt)), 60);
}

}  // namespace
}  // namespace exporter::app
