#include "metrics/priming.h"

#include <algorithm>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::metrics {
namespace {

using provisioning::Operation;
using provisioning::Reason;
using testing::Contains;
using testing::Not;

std::vector<std::vector<std::string>> primed_of(const Metric& metric,
                                                const std::vector<PrimedCounter>& primed) {
  std::vector<std::vector<std::string>> found;
  for (const PrimedCounter& counter : primed) {
    if (counter.metric == &metric) {
      found.push_back(counter.label_values);
    }
  }
  return found;
}

TEST(Priming, EverySeriesFitsItsMetricAndIsThereOnce) {
  std::set<std::pair<const Metric*, std::vector<std::string>>> distinct;
  std::map<const Metric*, std::size_t> per_metric;
  for (const PrimedCounter& counter : primed_counters()) {
    const Metric& metric = *counter.metric;
    EXPECT_TRUE(distinct.emplace(&metric, counter.label_values).second) << metric.name;
    EXPECT_LE(++per_metric[&metric], metric.max_series) << metric.name;
    EXPECT_EQ(metric.type, Type::counter) << metric.name;
    ASSERT_EQ(counter.label_values.size() + 1, metric.labels.size()) << metric.name;
    for (std::size_t i = 0; i < counter.label_values.size(); ++i) {
      const Label& label = metric.labels[i + 1];
      EXPECT_TRUE(label.values.empty() || std::ranges::count(label.values, counter.label_values[i]) == 1)
          << metric.name << " " << label.name << " " << counter.label_values[i];
    }
  }
}

TEST(Priming, EveryStoredCounterOfTheCatalogueIsPrimed) {
  const auto primed = primed_counters();
  for (const Metric* metric : all()) {
    if (metric->sampled && metric->type == Type::counter) {
      EXPECT_FALSE(primed_of(*metric, primed).empty()) << metric->name;
    }
  }
}

TEST(Priming, AttemptsAreThereForEveryOperationThatOktaLogs) {
  EXPECT_EQ(primed_of(catalogue::okta_provisioning_tasks_total, primed_counters()).size(), 7U);
}

TEST(Priming, DenialsAreThereForTheConfiguredTablesAndOther) {
  const std::vector<std::string> tables = {"u_people"};
  const auto denials = primed_of(catalogue::okta_provisioning_acl_denials_total, primed_counters(tables));
  EXPECT_EQ(denials.size(), 16U);
  EXPECT_THAT(denials, Contains(std::vector<std::string>{"u_people", "write"}));
  EXPECT_THAT(denials, Contains(std::vector<std::string>{"other", "execute"}));
  EXPECT_THAT(denials, Not(Contains(std::vector<std::string>{"sys_user", "write"})));
  EXPECT_EQ(primed_of(catalogue::okta_provisioning_acl_denials_total, primed_counters()).size(), 32U);
}

TEST(Priming, EveryOperationCanFailForAReasonThatEveryRequestCanMeet) {
  for (std::size_t i = 0; i < std::size(provisioning::kOperations); ++i) {
    for (const Reason reason :
         {Reason::authentication, Reason::rate_limited, Reason::remote_error, Reason::other}) {
      EXPECT_TRUE(possible(static_cast<Operation>(i), reason));
    }
  }
}

TEST(Priming, OnlyUsersCanLackALinkAMatchOrALicence) {
  for (const Operation operation :
       {Operation::group_push, Operation::group_membership, Operation::import, Operation::connection}) {
    EXPECT_FALSE(possible(operation, Reason::unlinked));
    EXPECT_FALSE(possible(operation, Reason::no_match));
    EXPECT_FALSE(possible(operation, Reason::license));
  }
}

TEST(Priming, TheTextsThatTheProblemStartsFromAreThereFromTheFirstScrape) {
  const auto failures = primed_of(catalogue::okta_provisioning_task_failures_total, primed_counters());
  EXPECT_THAT(failures, Contains(std::vector<std::string>{"update", "record_not_found_or_hidden"}));
  EXPECT_THAT(failures, Contains(std::vector<std::string>{"create", "acl_denied"}));
  EXPECT_THAT(failures, Contains(std::vector<std::string>{"connection", "authentication"}));
  EXPECT_THAT(failures, Not(Contains(std::vector<std::string>{"connection", "acl_denied"})));
}

}  // namespace
}  // namespace exporter::metrics
