#include "metrics/text_format.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <locale>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::metrics {
namespace {

std::string number(double value) {
  std::string text;
  append_number(text, value);
  return text;
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(AppendNumber, WritesIntegersWithoutExponentAndWithoutPoint) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-0.0), "0");
  EXPECT_EQ(number(1), "1");
  EXPECT_EQ(number(-17), "-17");
  EXPECT_EQ(number(1'000'000), "1000000");
  EXPECT_EQ(number(9007199254740992.0), "9007199254740992");
}

TEST(AppendNumber, WritesTheShortestDecimalThatReadsBack) {
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(number(1795456800.123), "1795456800.123");
  EXPECT_EQ(number(1e300), "1e+300");
  EXPECT_EQ(number(0.000001), "1e-06");
  for (const double value : {1.0 / 3, 2.5e-8, 123456.789, 1e22, std::numeric_limits<double>::denorm_min()}) {
    EXPECT_EQ(std::strtod(number(value).c_str(), nullptr), value);
  }
}

TEST(AppendNumber, SpellsWhatIsNoNumberAsPrometheusDoes) {
  EXPECT_EQ(number(std::nan("")), "NaN");
  EXPECT_EQ(number(INFINITY), "+Inf");
  EXPECT_EQ(number(-INFINITY), "-Inf");
}

TEST(RenderText, EscapesHelpAndLabelValues) {
  static constexpr Label kLabels[] = {{"a"}, {"b"}};
  const Metric metric{.name = "test_metric",
                      .type = Type::gauge,
                      .unit = "",
                      .help = "A \\ and a\nline with \"quotes\".",
                      .labels = kLabels,
                      .max_series = 1};
  const Family family{&metric, {{.label_values = {"x\\y\n", "\"z\""}, .value = 2.5}}};
  EXPECT_EQ(render_text(std::span(&family, 1)),
            "# HELP test_metric A \\\\ and a\\nline with \"quotes\".\n"
            "# TYPE test_metric gauge\n"
            "test_metric{a=\"x\\\\y\\n\",b=\"\\\"z\\\"\"} 2.5\n");
}

TEST(RenderText, OfNothingIsEmpty) { EXPECT_EQ(render_text({}), ""); }

// The whole page but the process's own numbers, which no two runs share.
TEST(RenderText, OfARegistryIsTheGoldenPage) {
  const fakes::FakeClock clock;
  Registry registry(clock);
  registry.publish(
      "production/app_users",
      {{&catalogue::okta_app_users, {"production", "SUSPENDED"}, 12},
       {&catalogue::okta_app_users, {"production", "ACTIVE"}, 1'000'000},
       {&catalogue::okta_app_users, {"production", "SOMETHING_NEW"}, 1},
       {&catalogue::okta_app_provisioning_feature_enabled, {"production", "PUSH_NEW_USERS"}, 1}});
  registry.publish(
      "production/counters",
      {{&catalogue::okta_provisioning_acl_denials_total, {"production", "sys_user", "create"}, 3},
       {&catalogue::okta_provisioning_tasks_total, {"production", "update"}, 17}});
  registry.publish(
      "production/comparison",
      {{&catalogue::okta_external_id_comparison_timestamp_seconds, {"production"}, to_seconds(clock.now())},
       {&catalogue::okta_external_id_mass_drift, {"production"}, std::nan("")}});
  registry.set(catalogue::integration_info,
               {"production", "acme.okta.com", "acme.service-now.com", "0oa1\"\\\n", "production"}, 1);
  registry.add(catalogue::api_throttled_seconds_total, {"production", "okta"}, 0.25);
  for (const double duration : {0.03, 0.3, 0.3, 45.0}) {
    registry.observe(catalogue::api_request_duration_seconds, {"production", "servicenow"}, duration);
  }
  std::vector<Family> families = registry.collect();
  std::erase_if(families, [](const Family& family) { return family.metric->name.starts_with("process_"); });
  EXPECT_EQ(render_text(families), read(TEST_DATA_DIR "/exposition.txt"));
}

TEST(RenderOpenMetrics, NamesFamiliesWithoutTheSuffixOfTheirSamples) {
  static constexpr Label kLabels[] = {{"a"}};
  const Metric counter{.name = "x_seconds_total",
                       .type = Type::counter,
                       .unit = "seconds",
                       .help = "A \"quoted\" \\ help\nin two lines.",
                       .labels = kLabels,
                       .max_series = 1};
  const Metric info{.name = "x_build_info",
                    .type = Type::gauge,
                    .unit = "",
                    .help = "Always 1.",
                    .labels = kLabels,
                    .max_series = 1};
  const Metric gauge{.name = "x_bytes",
                     .type = Type::gauge,
                     .unit = "bytes",
                     .help = "Bytes.",
                     .labels = {},
                     .max_series = 1};
  const std::vector<Family> families{
      {&counter,
       {{.label_values = {"\"1\""}, .value = 2.5, .created = SystemTime(std::chrono::milliseconds(1500))}}},
      {&info, {{.label_values = {"v"}, .value = 1}}},
      {&gauge, {{.label_values = {}, .value = std::nan("")}}}};
  const std::string expected =
      "# TYPE x_seconds counter\n"
      "# UNIT x_seconds seconds\n"
      "# HELP x_seconds A \\\"quoted\\\" \\\\ help\\nin two lines.\n"
      "x_seconds_total{a=\"\\\"1\\\"\"} 2.5\n"
      "CREATED"
      "# TYPE x_build info\n"
      "# HELP x_build Always 1.\n"
      "x_build_info{a=\"v\"} 1\n"
      "# TYPE x_bytes gauge\n"
      "# UNIT x_bytes bytes\n"
      "# HELP x_bytes Bytes.\n"
      "x_bytes NaN\n";
  const auto with = [&](const std::string& created) {
    std::string text = expected;
    return text.replace(text.find("CREATED"), 7, created);
  };
  EXPECT_EQ(render_openmetrics(families, false), with(""));
  EXPECT_EQ(render_openmetrics(families, true), with("x_seconds_created{a=\"\\\"1\\\"\"} 1.5\n"));
}

TEST(RenderOpenMetrics, WritesTheBoundsOfBucketsAsCanonicalNumbers) {
  const fakes::FakeClock clock;
  Registry registry(clock);
  registry.observe(catalogue::api_request_duration_seconds, {"production", "okta"}, 0.3);
  const std::string text = render_openmetrics(registry.collect(Registry::Part::lasting), false);
  for (const char* bound : {"le=\"0.05\"", "le=\"1.0\"", "le=\"2.5\"", "le=\"30.0\"", "le=\"+Inf\""}) {
    EXPECT_THAT(text, testing::HasSubstr(bound));
  }
}

TEST(RenderText, DoesNotAskTheLocale) {
  struct CommaForPoint final : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new CommaForPoint));
  EXPECT_EQ(number(1234567.5), "1234567.5");
  std::locale::global(before);
}

TEST(RenderMarkdownTable, HasARowOfFourCellsPerMetric) {
  const std::string table = render_markdown_table();
  EXPECT_EQ(std::ranges::count(table, '\n'), static_cast<std::ptrdiff_t>(all().size() + 2));
  EXPECT_EQ(std::ranges::count(table, '|'), static_cast<std::ptrdiff_t>(5 * (all().size() + 2)));
  EXPECT_THAT(table,
              testing::HasSubstr("| `servicenow_users` | gauge | `integration`; `active`: true, false | "));
  EXPECT_THAT(table,
              testing::HasSubstr("| `okta_servicenow_exporter_storage_size_bytes` | gauge | – | Size"));
}

}  // namespace
}  // namespace exporter::metrics
