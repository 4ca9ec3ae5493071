#include "metrics/catalogue.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "storage/store.h"

namespace exporter::metrics {
namespace {

// Lower-case words and digits, joined by single underscores.
bool is_snake_case(std::string_view name) {
  return std::ranges::all_of(split(name, '_'), [](std::string_view word) {
    return !word.empty() &&
           std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  });
}

// The rules of promlint (client_golang, testutil/promlint/validations), and the catalogue's own promises.
template <class Check>
void for_every_metric(const Check& check) {
  for (const Metric* metric : all()) {
    SCOPED_TRACE(metric->name);
    check(*metric);
  }
}

TEST(Catalogue, EveryHelpIsASentence) {
  for_every_metric([](const Metric& metric) {
    EXPECT_THAT(std::string(metric.help), testing::EndsWith("."));
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(metric.help.front())) ||
                std::isdigit(static_cast<unsigned char>(metric.help.front())));
    EXPECT_EQ(metric.help.find('\n'), std::string_view::npos);
    EXPECT_EQ(metric.help.find("  "), std::string_view::npos);
  });
}

TEST(Catalogue, EveryHelpSaysThatItsMetricIsSampledWhereItIs) {
  for_every_metric([](const Metric& metric) {
    const std::string name(metric.name);
    const std::string sentence =
        "Sampled in the background; see okta_servicenow_exporter_sampler_interval_seconds.";
    EXPECT_EQ(help_of(metric).ends_with(" " + sentence), metric.sampled);
    const bool of_the_vendors = name.starts_with("servicenow_") ||
                                (name.starts_with("okta_") && !name.starts_with("okta_servicenow_exporter_"));
    EXPECT_EQ(metric.sampled, of_the_vendors);
  });
}

TEST(Catalogue, EveryNameIsInSnakeCaseAndOfOneFamily) {
  for_every_metric([](const Metric& metric) {
    EXPECT_TRUE(is_snake_case(metric.name));
    EXPECT_TRUE(metric.name.starts_with("okta_") || metric.name.starts_with("servicenow_") ||
                metric.name.starts_with("process_"));
  });
}

TEST(Catalogue, CountersAndOnlyTheyEndInTotal) {
  for_every_metric(
      [](const Metric& metric) { EXPECT_EQ(metric.name.ends_with("_total"), metric.type == Type::counter); });
}

TEST(Catalogue, NoNameHoldsTheWordOfAType) {
  static const std::set<std::string_view> kTypes = {"count", "sum",       "bucket", "counter",
                                                    "gauge", "histogram", "summary"};
  for_every_metric([](const Metric& metric) {
    for (const std::string_view word : split(metric.name, '_')) {
      EXPECT_FALSE(kTypes.contains(word)) << word;
    }
  });
}

TEST(Catalogue, EveryUnitIsABaseUnitAndInTheName) {
  for_every_metric([](const Metric& metric) {
    const std::string name(metric.name);
    const std::string bare = name.substr(0, name.size() - (metric.type == Type::counter ? 6 : 0));
    for (const std::string_view unit : {"seconds", "bytes"}) {
      EXPECT_EQ(metric.unit == unit, bare.ends_with("_" + std::string(unit)));
    }
    static const std::set<std::string_view> kNotBase = {
        "milliseconds", "minutes", "hours", "days", "weeks", "bits", "kilobytes",
        "megabytes",    "percent", "ms",    "us",   "s",     "sec",  "b",
        "kb",           "mb",      "m",     "h",    "d"};
    for (const std::string_view part : split(metric.name, '_')) {
      EXPECT_FALSE(kNotBase.contains(part)) << part;
    }
  });
}

TEST(Catalogue, OnlyGaugesAreTimestamps) {
  for_every_metric([](const Metric& metric) {
    const std::string name(metric.name);
    EXPECT_TRUE(!name.ends_with("_timestamp_seconds") || metric.type == Type::gauge);
  });
}

TEST(Catalogue, EveryLabelIsOneThatPrometheusAllows) {
  for_every_metric([](const Metric& metric) {
    const std::string name(metric.name);
    std::set<std::string_view> names;
    for (const Label& label : metric.labels) {
      EXPECT_TRUE(is_snake_case(label.name)) << label.name;
      EXPECT_TRUE(names.insert(label.name).second) << label.name << " twice";
      static const std::set<std::string_view> kTaken = {"le", "quantile", "job", "instance", "type"};
      EXPECT_FALSE(kTaken.contains(label.name)) << label.name;
      EXPECT_EQ(name.find("_by_" + std::string(label.name)), std::string::npos);
    }
  });
}

TEST(Catalogue, NoClosedSetHoldsDuplicatesOrSeparators) {
  for_every_metric([](const Metric& metric) {
    for (const Label& label : metric.labels) {
      const std::set<std::string_view> distinct(label.values.begin(), label.values.end());
      EXPECT_EQ(distinct.size(), label.values.size()) << label.name;
      for (const std::string_view value : label.values) {
        EXPECT_FALSE(value.empty());
        EXPECT_EQ(value.find('|'), std::string_view::npos) << "the storage joins label values by it";
      }
    }
  });
}

TEST(Catalogue, EveryBoundHasRoomForTheClosedSets) {
  for_every_metric([](const Metric& metric) {
    std::size_t combinations = 1;
    for (const Label& label : metric.labels) {
      combinations *= std::max<std::size_t>(1, label.values.size());
    }
    EXPECT_GE(metric.max_series, combinations);
    EXPECT_LE(metric.max_series, 200U);
  });
}

TEST(Catalogue, HistogramsAndOnlyTheyHaveBuckets) {
  for_every_metric([](const Metric& metric) {
    EXPECT_EQ(!metric.buckets.empty(), metric.type == Type::histogram);
    EXPECT_TRUE(std::ranges::is_sorted(metric.buckets, std::ranges::less_equal()));
  });
}

TEST(Catalogue, HoldsEachNameOnce) {
  std::set<std::string_view> names;
  for (const Metric* metric : all()) {
    EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
  }
}

TEST(Catalogue, HasTheCountersThatTheStorageKeepsItself) {
  EXPECT_EQ(catalogue::okta_external_id_drift_detected_total.name, storage::kDriftDetectedCounter);
  EXPECT_EQ(catalogue::okta_external_id_drift_resolved_total.name, storage::kDriftResolvedCounter);
}

TEST(Catalogue, CountsAttemptsOnlyOfOperationsThatAreLogged) {
  EXPECT_THAT(
      catalogue::okta_provisioning_tasks_total.labels[1].values,
      testing::ElementsAre("create", "update", "activate", "deactivate", "reactivate", "delete", "password"));
}

}  // namespace
}  // namespace exporter::metrics
