#include "sampling/link_probes.h"

#include <map>

#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "metrics/catalogue.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;
using servicenow::IdLookup;
using servicenow::Presence;

class Scripted final : public servicenow::RowLookup {
 public:
  std::map<std::string, Presence> presences;
  Result<std::vector<IdLookup>> by_sys_id(std::span<const std::string> ids, std::stop_token) override {
    std::vector<IdLookup> answers;
    for (const std::string& id : ids) answers.push_back({presences[id], std::nullopt});
    return answers;
  }
  Result<std::vector<servicenow::KeyLookup>> by_key(std::size_t, std::span<const std::string> values,
                                                    std::stop_token) override {
    return std::vector<servicenow::KeyLookup>(values.size());
  }
};

std::string id(char digit) { return std::string(32, digit); }

class LinkProbesTest : public testing::Test {
 protected:
  double value(const metrics::Metric& metric) const {
    for (const metrics::Family& family : registry_.collect()) {
      if (family.metric == &metric) return family.series.at(0).value;
    }
    return -1;
  }
  double probed() const { return value(metrics::catalogue::servicenow_acl_probed_links); }
  double hidden() const { return value(metrics::catalogue::servicenow_acl_hidden_links); }
  void look(const std::vector<std::string>& ids) { ASSERT_TRUE(probes_.by_sys_id(ids, {})); }

  fakes::FakeClock clock_;
  metrics::Registry registry_{clock_};
  Scripted lookup_;
  LinkProbes probes_{lookup_, "production", "provisioner", registry_, clock_};
};

TEST_F(LinkProbesTest, EachLinkCountsOnceByItsLastLook) {
  EXPECT_EQ(probed(), -1) << "absent before the first look";
  lookup_.presences = {
      {id('1'), Presence::present}, {id('2'), Presence::hidden}, {id('3'), Presence::hidden}};
  look({id('1'), id('2'), id('3')});
  EXPECT_EQ(probed(), 3);
  EXPECT_EQ(hidden(), 2);
  lookup_.presences[id('2')] = Presence::present;
  look({id('2')});
  EXPECT_EQ(probed(), 3);
  EXPECT_EQ(hidden(), 1);
}

TEST_F(LinkProbesTest, AbsentAndUndecidedAreInNeitherNumber) {
  lookup_.presences = {{id('1'), Presence::hidden}, {id('2'), Presence::undecided}};
  look({id('1'), id('2'), "no hex id"});
  EXPECT_EQ(probed(), 1);
  lookup_.presences[id('1')] = Presence::absent;
  look({id('1')});
  EXPECT_EQ(probed(), 0);
  EXPECT_EQ(hidden(), 0);
}

TEST_F(LinkProbesTest, ALookIsForgottenAfterARotation) {
  lookup_.presences = {{id('1'), Presence::hidden}, {id('2'), Presence::present}};
  look({id('1')});
  clock_.advance(25h);
  look({id('2')});
  EXPECT_EQ(probed(), 1);
  EXPECT_EQ(hidden(), 0);
}

TEST_F(LinkProbesTest, HiddenLinksAreDueFirstAndThenTheOldestLooks) {
  lookup_.presences = {
      {id('1'), Presence::present}, {id('2'), Presence::present}, {id('3'), Presence::hidden}};
  look({id('2')});
  clock_.advance(1min);
  look({id('1'), id('3')});
  EXPECT_EQ(probes_.due(2), (std::vector<std::string>{id('3'), id('2')}));
  EXPECT_EQ(probes_.due(9).size(), 3U);
}

TEST_F(LinkProbesTest, FailedUsersAreDueBeforeAllOthersUntilALookHasDecided) {
  lookup_.presences = {
      {id('1'), Presence::hidden}, {id('2'), Presence::present}, {id('3'), Presence::undecided}};
  look({id('1'), id('2')});
  probes_.look_first(std::vector<std::string>{id('2'), id('3'), "no hex id"});
  EXPECT_EQ(probes_.due(9), (std::vector<std::string>{id('3'), id('2'), id('1')})) << "the newest first";
  look({id('2'), id('3')});
  EXPECT_EQ(probes_.due(1), std::vector<std::string>{id('3')}) << "nothing is known of it yet";
  lookup_.presences[id('3')] = Presence::absent;
  look({id('3')});
  EXPECT_EQ(probes_.due(9), (std::vector<std::string>{id('1'), id('2')}));
}

TEST_F(LinkProbesTest, OfVeryManyFailedUsersTheNewestAreKept) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1500; ++i) {
    std::string number = std::to_string(i);
    ids.push_back(std::string(32 - number.size(), '0') + number);
  }
  probes_.look_first(ids);
  EXPECT_EQ(probes_.due(5000).size(), 1000U);
  EXPECT_EQ(probes_.due(1).front(), ids.back());
}

}  // namespace
}  // namespace exporter::sampling
