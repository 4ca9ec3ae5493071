#include "metrics/registry.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"

namespace exporter::metrics {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

namespace c = catalogue;

class RegistryTest : public testing::Test {
 protected:
  std::vector<Series> series_of(const Metric& metric) const {
    for (Family& family : families_) {
      if (family.metric == &metric) {
        return family.series;
      }
    }
    return {};
  }
  // Label values joined by a blank, and the value, as they stand on the page.
  std::vector<std::pair<std::string, double>> shown(const Metric& metric) {
    families_ = registry_.collect();
    std::vector<std::pair<std::string, double>> found;
    for (const Series& series : series_of(metric)) {
      std::string labels;
      for (const std::string& value : series.label_values) {
        labels += (labels.empty() ? "" : " ") + value;
      }
      found.emplace_back(labels, series.value);
    }
    return found;
  }

  fakes::FakeClock clock_;
  Registry registry_{clock_};
  mutable std::vector<Family> families_;
};

TEST_F(RegistryTest, ANewRegistryShowsTheProcessAlone) {
  for (const Family& family : registry_.collect()) {
    EXPECT_TRUE(family.metric->name.starts_with("process_")) << family.metric->name;
  }
}

TEST_F(RegistryTest, ASnapshotReplacesTheOneBeforeSoThatAVanishedValueVanishes) {
  registry_.publish("p/app_users",
                    {{&c::okta_app_users, {"p", "STAGED"}, 1}, {&c::okta_app_users, {"p", "ACTIVE"}, 5}});
  EXPECT_THAT(shown(c::okta_app_users), ElementsAre(Pair("p ACTIVE", 5), Pair("p STAGED", 1)));
  registry_.publish("p/app_users", {{&c::okta_app_users, {"p", "ACTIVE"}, 6}});
  EXPECT_THAT(shown(c::okta_app_users), ElementsAre(Pair("p ACTIVE", 6)));
  registry_.publish("p/app_users", {});
  EXPECT_THAT(shown(c::okta_app_users), IsEmpty());
}

TEST_F(RegistryTest, SnapshotsOfSeveralOwnersAreMergedInOrder) {
  registry_.publish("b/app_users", {{&c::okta_app_users, {"b", "ACTIVE"}, 2}});
  registry_.publish("a/app_users",
                    {{&c::okta_app_users, {"a", "STAGED"}, 1}, {&c::okta_app_users, {"a", "ACTIVE"}, 3}});
  EXPECT_THAT(shown(c::okta_app_users),
              ElementsAre(Pair("a ACTIVE", 3), Pair("a STAGED", 1), Pair("b ACTIVE", 2)));
}

TEST_F(RegistryTest, FamiliesAreSortedByNameAndSeriesByLabels) {
  registry_.set(c::okta_up, {"b"}, 1);
  registry_.publish("x", {{&c::servicenow_up, {"b"}, 1}, {&c::okta_up, {"a"}, 0}, {&c::okta_up, {"c"}, 1}});
  registry_.add(c::http_requests_total, {"metrics", "200"});
  const std::vector<Family> families = registry_.collect();
  EXPECT_TRUE(std::ranges::is_sorted(families, {}, [](const Family& family) { return family.metric->name; }));
  EXPECT_THAT(shown(c::okta_up), ElementsAre(Pair("a", 0), Pair("b", 1), Pair("c", 1)));
}

TEST_F(RegistryTest, TheLaterPublicationOfASeriesIsShownOnce) {
  registry_.publish("z", {{&c::okta_up, {"p"}, 0}});
  registry_.publish("a", {{&c::okta_up, {"p"}, 1}});
  EXPECT_THAT(shown(c::okta_up), ElementsAre(Pair("p", 1)));
  registry_.publish("z", {{&c::okta_up, {"p"}, 0}});
  EXPECT_THAT(shown(c::okta_up), ElementsAre(Pair("p", 0)));
  registry_.set(c::okta_up, {"p"}, 7);
  EXPECT_THAT(shown(c::okta_up), ElementsAre(Pair("p", 7)));
}

TEST_F(RegistryTest, UnknownValuesBecomeOtherAreAddedUpAndCounted) {
  registry_.publish("p", {{&c::okta_app_users, {"p", "NEW_A"}, 2},
                          {&c::okta_app_users, {"p", "ACTIVE"}, 1},
                          {&c::okta_app_users, {"p", "other"}, 4},
                          {&c::okta_app_users, {"p", "NEW_B"}, 3}});
  EXPECT_THAT(shown(c::okta_app_users), ElementsAre(Pair("p ACTIVE", 1), Pair("p other", 9)));
  EXPECT_THAT(shown(c::unknown_values_total), ElementsAre(Pair("okta_app_users status", 2)));
  registry_.add(c::sample_errors_total, {"p", "users", "gremlins"});
  EXPECT_THAT(shown(c::sample_errors_total), ElementsAre(Pair("p users other", 1)));
  EXPECT_THAT(shown(c::unknown_values_total),
              ElementsAre(Pair("okta_app_users status", 2),
                          Pair("okta_servicenow_exporter_sample_errors_total class", 1)));
}

TEST_F(RegistryTest, ValuesOfOpenLabelsStayAsTheyAre) {
  registry_.publish("p", {{&c::okta_provisioning_acl_denials_total, {"p", "u_people", "write"}, 2}});
  EXPECT_THAT(shown(c::okta_provisioning_acl_denials_total), ElementsAre(Pair("p u_people write", 2)));
  EXPECT_THAT(shown(c::unknown_values_total), IsEmpty());
}

TEST_F(RegistryTest, CountersAddUpAndNeverFall) {
  registry_.add(c::http_requests_total, {"metrics", "200"}, 0);
  EXPECT_THAT(shown(c::http_requests_total), ElementsAre(Pair("metrics 200", 0)));
  registry_.add(c::http_requests_total, {"metrics", "200"});
  registry_.add(c::http_requests_total, {"metrics", "200"}, 2.5);
  registry_.add(c::http_requests_total, {"metrics", "200"}, -1);
  EXPECT_THAT(shown(c::http_requests_total), ElementsAre(Pair("metrics 200", 3.5)));
}

TEST_F(RegistryTest, GaugesAreSetAndRemoved) {
  registry_.set(c::storage_size_bytes, {}, 10);
  registry_.set(c::storage_size_bytes, {}, 8);
  EXPECT_THAT(shown(c::storage_size_bytes), ElementsAre(Pair("", 8)));
  registry_.remove(c::storage_size_bytes, {});
  registry_.remove(c::okta_up, {"never set"});
  EXPECT_THAT(shown(c::storage_size_bytes), IsEmpty());
}

TEST_F(RegistryTest, AGaugeWithAnEndIsAbsentAfterIt) {
  registry_.set(c::api_rate_limit_remaining, {"okta", "acme.okta.com", "logs"}, 3,
                clock_.now() + seconds(10));
  clock_.advance(seconds(9));
  EXPECT_THAT(shown(c::api_rate_limit_remaining), ElementsAre(Pair("okta acme.okta.com logs", 3)));
  clock_.advance(seconds(1));
  EXPECT_THAT(shown(c::api_rate_limit_remaining), IsEmpty());
  registry_.set(c::api_rate_limit_remaining, {"okta", "acme.okta.com", "logs"}, 9);
  EXPECT_THAT(shown(c::api_rate_limit_remaining), ElementsAre(Pair("okta acme.okta.com logs", 9)));
}

TEST_F(RegistryTest, AHistogramCountsIntoCumulativeBuckets) {
  for (const double duration : {0.01, 0.2, 0.2, 7.0, 100.0}) {
    registry_.observe(c::api_request_duration_seconds, {"p", "okta"}, duration);
  }
  shown(c::api_request_duration_seconds);
  const std::vector<Series> series = series_of(c::api_request_duration_seconds);
  ASSERT_EQ(series.size(), 1U);
  EXPECT_THAT(series[0].buckets,
              ElementsAre(Pair(0.05, 1), Pair(0.1, 1), Pair(0.25, 3), Pair(0.5, 3), Pair(1, 3), Pair(2.5, 3),
                          Pair(5, 3), Pair(10, 4), Pair(30, 4), Pair(INFINITY, 5)));
  EXPECT_EQ(series[0].count, 5U);
  EXPECT_DOUBLE_EQ(series[0].sum, 107.41);
}

TEST_F(RegistryTest, RetractingAnIntegrationTakesEverythingOfItAndNothingOfItsNeighbours) {
  for (const std::string name : {"prod", "prod-eu", "other"}) {
    registry_.publish(name + "/users", {{&c::servicenow_users, {name, "true"}, 1}});
    registry_.set(c::okta_up, {name}, 1);
    registry_.add(c::sample_errors_total, {name, "users", "timeout"});
    registry_.observe(c::api_request_duration_seconds, {name, "okta"}, 1);
  }
  registry_.add(c::http_requests_total, {"metrics", "200"});
  registry_.retract("prod/");
  EXPECT_THAT(shown(c::servicenow_users), ElementsAre(Pair("other true", 1), Pair("prod-eu true", 1)));
  EXPECT_THAT(shown(c::okta_up), ElementsAre(Pair("other", 1), Pair("prod-eu", 1)));
  EXPECT_EQ(shown(c::sample_errors_total).size(), 2U);
  EXPECT_EQ(shown(c::api_request_duration_seconds).size(), 2U);
  EXPECT_EQ(shown(c::http_requests_total).size(), 1U);
  registry_.retract("other");
  EXPECT_THAT(shown(c::okta_up), ElementsAre(Pair("prod-eu", 1)));
}

TEST_F(RegistryTest, RetractingASamplerLeavesTheIntegration) {
  registry_.publish("p/users", {{&c::servicenow_users, {"p", "true"}, 1}});
  registry_.publish("p/app_users", {{&c::okta_app_users, {"p", "ACTIVE"}, 1}});
  registry_.set(c::okta_up, {"p"}, 1);
  registry_.retract("p/users");
  EXPECT_THAT(shown(c::servicenow_users), IsEmpty());
  EXPECT_EQ(shown(c::okta_app_users).size(), 1U);
  EXPECT_EQ(shown(c::okta_up).size(), 1U);
}

TEST_F(RegistryTest, WrongUseIsAProgrammingError) {
  EXPECT_THROW(registry_.add(c::okta_up, {"p"}), std::invalid_argument);
  EXPECT_THROW(registry_.set(c::http_requests_total, {"metrics", "200"}, 1), std::invalid_argument);
  EXPECT_THROW(registry_.observe(c::okta_up, {"p"}, 1), std::invalid_argument);
  EXPECT_THROW(registry_.set(c::okta_up, {}, 1), std::invalid_argument);
  EXPECT_THROW(registry_.publish("p", {{&c::okta_up, {"p", "q"}, 1}}), std::invalid_argument);
  EXPECT_THROW(registry_.publish("p", {{&c::api_request_duration_seconds, {"p", "okta"}, 1}}),
               std::invalid_argument);
}

TEST_F(RegistryTest, TheProcessIsMeasuredAtEachScrape) {
  const auto value = [&](const Metric& metric) {
    const auto found = shown(metric);
    return found.size() == 1 ? std::optional(found[0].second) : std::nullopt;
  };
  EXPECT_GE(value(c::process_cpu_seconds_total).value_or(-1), 0);
  EXPECT_GT(value(c::process_resident_memory_bytes).value_or(0), 1e6);
  EXPECT_GE(value(c::process_virtual_memory_bytes).value_or(0),
            value(c::process_resident_memory_bytes).value_or(0));
  EXPECT_GE(value(c::process_open_fds).value_or(0), 3);
  EXPECT_GE(value(c::process_max_fds).value_or(0), value(c::process_open_fds).value_or(0));
  EXPECT_GE(value(c::process_threads).value_or(0), 1);
  const double now = to_seconds(RealClock().now());
  EXPECT_NEAR(value(c::process_start_time_seconds).value_or(0), now, 600);
}

TEST_F(RegistryTest, ThreadsMayPublishCountAndReadTogether) {
  std::atomic<bool> done = false;
  std::jthread reader([&] {
    while (!done) {
      for (const auto& [labels, value] : shown(c::okta_app_users)) {
        EXPECT_TRUE(labels == "p ACTIVE" || labels == "p STAGED") << labels;
      }
    }
  });
  {
    const auto count = [&] {
      for (int i = 0; i < 1000; ++i) {
        registry_.add(c::http_requests_total, {"metrics", "200"});
        registry_.observe(c::api_request_duration_seconds, {"p", "okta"}, 1);
      }
    };
    const std::jthread first(count);
    const std::jthread second(count);
    for (int i = 0; i < 500; ++i) {
      registry_.publish("p", {{&c::okta_app_users, {"p", i % 2 == 0 ? "ACTIVE" : "STAGED"}, 1}});
    }
  }
  done = true;
  reader.join();
  EXPECT_THAT(shown(c::http_requests_total), ElementsAre(Pair("metrics 200", 2000)));
}

TEST_F(RegistryTest, TheRevisionTellsWhetherTheLastingPartChanged) {
  registry_.publish("p/app_users", {{&c::okta_app_users, {"p", "ACTIVE"}, 1}});
  std::uint64_t revision = registry_.revision();
  const auto changed = [&] { return std::exchange(revision, registry_.revision()) != revision; };
  EXPECT_FALSE(changed());
  registry_.add(c::http_requests_total, {"metrics", "200"});
  EXPECT_FALSE(changed()) << "scrapes themselves do that";
  registry_.publish("p/app_users", {{&c::okta_app_users, {"p", "ACTIVE"}, 2}});
  EXPECT_TRUE(changed());
  registry_.add(c::api_throttled_seconds_total, {"p", "okta"}, 1);
  EXPECT_TRUE(changed());
  registry_.set(c::api_rate_limit_limit, {"okta", "h", "logs"}, 60, clock_.now() + seconds(60));
  EXPECT_TRUE(changed());
  clock_.advance(seconds(59));
  EXPECT_FALSE(changed());
  clock_.advance(seconds(1));
  EXPECT_TRUE(changed()) << "a gauge came to its end";
  EXPECT_FALSE(changed());
  registry_.retract("p");
  EXPECT_TRUE(changed());
}

TEST_F(RegistryTest, TheTwoPartsAreTheWhole) {
  registry_.publish("p/app_users", {{&c::okta_app_users, {"p", "ACTIVE"}, 1}});
  registry_.add(c::http_requests_total, {"metrics", "200"});
  const auto lasting = registry_.collect(Registry::Part::lasting);
  const auto fleeting = registry_.collect(Registry::Part::fleeting);
  EXPECT_EQ(lasting.size(), 1U);
  EXPECT_GT(fleeting.size(), 1U);
  EXPECT_EQ(lasting.size() + fleeting.size(), registry_.collect().size());
}

}  // namespace
}  // namespace exporter::metrics
