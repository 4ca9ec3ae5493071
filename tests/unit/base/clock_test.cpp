#include "base/clock.h"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace exporter {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

SystemTime at(std::int64_t milliseconds_since_epoch) {
  return SystemTime{milliseconds{milliseconds_since_epoch}};
}

TEST(Iso8601, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_iso8601(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(at(1795470270123)), "2026-11-23T21:44:30.123Z");
  EXPECT_EQ(to_iso8601(at(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Iso8601, ReadsWhatBothVendorsWrite) {
  EXPECT_EQ(parse_iso8601("2026-11-23T21:44:30.123Z"), at(1795470270123));
  EXPECT_EQ(parse_iso8601("2026-11-23T21:44:30Z"), at(1795470270000));
  EXPECT_EQ(parse_iso8601("2026-11-23 21:44:30"), at(1795470270000));
  EXPECT_EQ(parse_iso8601("2026-11-23T21:44:30.1239999Z"), at(1795470270123));
  EXPECT_EQ(parse_iso8601("2026-11-23T21:44:30.1Z"), at(1795470270100));
  EXPECT_EQ(parse_iso8601("2024-02-29T00:00:00Z"), at(1709164800000));
  EXPECT_EQ(parse_iso8601("2016-12-31T23:59:60Z"), at(1483228800000));
}

TEST(Iso8601, ReadsBackEveryTimeItWrites) {
  for (std::int64_t ms = -86'400'000'000; ms < 4'000'000'000'000; ms += 7'919'333'777) {
    EXPECT_EQ(parse_iso8601(to_iso8601(at(ms))), at(ms));
  }
}

TEST(Iso8601, RefusesWhatIsNoTime) {
  for (const char* bad :
       {"", "2026-11-23", "2026-11-23T21:44", "2026-11-23T21:44:30.Z", "2026-13-23T21:44:30Z",
        "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T21:60:30Z", "2026-11-23T21:44:61Z",
        "2026-11-23T21:44:30Zx", "2026-11-23T21:44:30+02:00", "2026-1-23T21:44:30Z", " 2026-11-23T21:44:30Z",
        "-026-11-23T21:44:30Z", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z"}) {
    EXPECT_EQ(parse_iso8601(bad), std::nullopt) << bad;
  }
}

TEST(HttpDate, ReadsTheFixedForm) {
  EXPECT_EQ(parse_http_date("Tue, 16 Apr 2024 17:16:22 GMT"), at(1713287782000));
  EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), at(0));
  for (const char* bad :
       {"", "Tue, 16 Apr 2024 17:16:22", "Tue, 16 Apr 2024 17:16:22 CET", "16 Apr 2024 17:16:22 GMT",
        "Tuesday, 16-Apr-24 17:16:22 GMT", "Tue, 31 Feb 2024 17:16:22 GMT", "Tue, 16 Foo 2024 17:16:22 GMT",
        "Tue, 16 Apr 2024 17:16:22 GMT "}) {
    EXPECT_EQ(parse_http_date(bad), std::nullopt) << bad;
  }
}

TEST(PrometheusDuration, ReadsAndWritesAsPrometheusDoes) {
  const std::pair<const char*, milliseconds> cases[] = {
      {"0s", 0ms},          {"1ms", 1ms},     {"30s", 30s},  {"1h30m", 90min},
      {"1d", 24h},          {"1w", 168h},     {"1y", 8760h}, {"90d", 2160h},
      {"1m1s1ms", 61001ms}, {"500ms", 500ms}, {"8d", 192h},  {"4d1h1m1s", 97h + 61s}};
  for (const auto& [text, duration] : cases) {
    EXPECT_EQ(parse_prometheus_duration(text), duration) << text;
    EXPECT_EQ(to_prometheus_duration(duration), text);
  }
  EXPECT_EQ(parse_prometheus_duration("0"), 0ms);
  EXPECT_EQ(parse_prometheus_duration("1w2d"), 216h);
  EXPECT_EQ(parse_prometheus_duration("90s"), 90s);
  EXPECT_EQ(to_prometheus_duration(-90s), "-1m30s");
}

TEST(PrometheusDuration, RefusesEverythingElse) {
  for (const char* bad : {"", "1", "s", "1.5h", "-1s", "+1s", " 1s", "1s ", "1m1h", "1s1s", "1S", "1us",
                          "1 h", "1month", "300000000y", "99999999999999999999s", "9223372036854775807ms1"}) {
    EXPECT_EQ(parse_prometheus_duration(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_prometheus_duration("9223372036854775807ms"), milliseconds::max());
  EXPECT_EQ(parse_prometheus_duration("9223372036854775807s1ms"), std::nullopt);
}

TEST(RealClock, SleepsUntilTheDeadline) {
  const RealClock clock;
  const SteadyTime deadline = clock.steady_now() + 5ms;
  EXPECT_TRUE(clock.sleep_until(deadline, {}));
  EXPECT_GE(clock.steady_now(), deadline);
  EXPECT_TRUE(clock.sleep_until(deadline, {}));
}

TEST(RealClock, IsWokenByAStopRequest) {
  const RealClock clock;
  const SteadyTime start = clock.steady_now();
  bool finished = true;
  std::jthread sleeper([&](const std::stop_token& stop) { finished = clock.sleep_until(start + 1h, stop); });
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(finished);
  EXPECT_LT(clock.steady_now(), start + 30min);
}

TEST(RealClock, DoesNotSleepOnceStopped) {
  std::stop_source source;
  source.request_stop();
  const RealClock clock;
  EXPECT_FALSE(clock.sleep_until(clock.steady_now() + 1h, source.get_token()));
  EXPECT_FALSE(clock.sleep_until(clock.steady_now() - 1h, source.get_token()));
}

TEST(Seconds, KeepMilliseconds) { EXPECT_DOUBLE_EQ(to_seconds(at(1795470270123)), 1795470270.123); }

}  // namespace
}  // namespace exporter
