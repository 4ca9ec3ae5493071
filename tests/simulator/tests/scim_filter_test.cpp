#include "simulator/scim_filter.h"

#include <map>

#include <gtest/gtest.h>

namespace simulator {
namespace {

bool matches(const std::string& text, const std::multimap<std::string, std::string>& attributes) {
  const auto filter = ScimFilter::parse(text);
  EXPECT_TRUE(filter.has_value()) << text;
  return filter && filter->matches([&](std::string_view path) {
    std::vector<std::string> values;
    const auto [from, to] = attributes.equal_range(std::string(path));
    for (auto it = from; it != to; ++it) values.push_back(it->second);
    return values;
  });
}

const std::multimap<std::string, std::string> kEvent = {{"eventType", "application.provision.user.push"},
                                                        {"target.id", "00u1"},
                                                        {"target.id", "0oa1"},
                                                        {"outcome.result", "FAILURE"}};

TEST(ScimFilter, OperatorsIgnoreCaseAndAttributesDoNot) {
  EXPECT_TRUE(matches(R"(eventType EQ "application.provision.user.push")", kEvent));
  EXPECT_FALSE(matches(R"(eventtype eq "application.provision.user.push")", kEvent));
}

TEST(ScimFilter, TwoTermsMayMatchDifferentTargets) {
  EXPECT_TRUE(matches(R"(target.id eq "00u1" and target.id eq "0oa1")", kEvent));
  EXPECT_FALSE(matches(R"(target.id eq "00u1" and target.id eq "0oa2")", kEvent));
}

TEST(ScimFilter, AndBindsTighterThanOr) {
  EXPECT_TRUE(matches(R"(outcome.result eq "FAILURE" or target.id eq "x" and target.id eq "y")", kEvent));
  EXPECT_FALSE(matches(R"((outcome.result eq "FAILURE" or target.id eq "x") and target.id eq "y")", kEvent));
  EXPECT_TRUE(matches(R"(not (target.id eq "x") and eventType sw "application.provision.")", kEvent));
}

TEST(ScimFilter, EveryOperator) {
  EXPECT_TRUE(matches(R"(eventType ew ".push")", kEvent));
  EXPECT_TRUE(matches(R"(eventType co "provision")", kEvent));
  EXPECT_TRUE(matches("eventType pr", kEvent));
  EXPECT_FALSE(matches("outcome.reason pr", kEvent));
  EXPECT_TRUE(matches(R"(outcome.result ne "SUCCESS")", kEvent));
  EXPECT_TRUE(matches(R"(outcome.result gt "A" and outcome.result lt "Z")", kEvent));
}

TEST(ScimFilter, RefusesWhatIsNoFilter) {
  for (const char* text : {"", "eventType", "eventType eq", "eventType eq application", R"(eventType is "x")",
                           R"((eventType eq "x")", R"(eventType eq "x")x)", R"(eventType eq "x)",
                           R"(target[id eq "x"])", R"(eventType eq "x" eventType eq "y")"}) {
    EXPECT_FALSE(ScimFilter::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace simulator
