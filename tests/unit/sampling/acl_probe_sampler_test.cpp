#include "sampling/acl_probe_sampler.h"

#include <gmock/gmock.h>

#include "metrics/catalogue.h"
#include "unit/sampling/access_world.h"

namespace exporter::sampling {
namespace {

constexpr char kId[] = "0123456789abcdef0123456789abcdef";

const std::string kUser = R"({"sys_id":")" + std::string(kId) +
                          R"(","user_name":"ann","first_name":"Ann","last_name":"","email":"a@example.com",)"
                          R"("active":"true","title":"","phone":"","mobile_phone":"","department":"",)"
                          R"("location":"","manager":"","employee_number":""})";

class AclProbeSamplerTest : public AccessWorld {
 protected:
  AclProbeSamplerTest() { tables_["sys_user"].rows = {kUser}; }

  Result<void> sample() {
    SampleRun run(clock_, {});
    return sampler_.sample(run);
  }
  double granted(const std::string& operation, const std::string& account = "provisioner") const {
    return value(metrics::catalogue::servicenow_acl_permission_granted, {account, "sys_user", operation});
  }
  double hidden_fields() const {
    return value(metrics::catalogue::servicenow_acl_hidden_fields, {"provisioner", "sys_user"});
  }
  double probe_available() const {
    return value(metrics::catalogue::servicenow_acl_denial_source_available, {"probe"});
  }

  int budget_ = 1000;
  provisioning::Classifier classifier_ = std::move(provisioning::Classifier::make({})).value();
  LinkProbes links_{reader_, "production", "provisioner", registry_, clock_};
  DenialSources sources_{"production", registry_, log_};
  AclProbeSampler sampler_{AclProbeOptions{.tables = {"sys_user"}},
                           {{.name = "provisioner",
                             .reader = &table_reader_,
                             .spend = [this] { return budget_-- > 0; },
                             .links = &links_}},
                           session_,
                           classifier_,
                           sources_,
                           registry_,
                           log_};
};

TEST_F(AclProbeSamplerTest, WhatIsAnsweredIsGrantedAndCostsThreeRequests) {
  ASSERT_TRUE(sample());
  EXPECT_EQ(granted("read"), 1);
  EXPECT_EQ(granted("query_match"), 1);
  EXPECT_EQ(granted("query_range"), 1);
  EXPECT_EQ(hidden_fields(), 0);
  EXPECT_EQ(probe_available(), 1);
  EXPECT_EQ(transport_.requests().size(), 3U);
  for (const std::string operation : {"create", "write", "delete"}) {
    EXPECT_EQ(granted(operation), -1) << "never tried, so nothing is said of it";
  }
  for (const net::HttpRequest& request : transport_.requests()) {
    EXPECT_EQ(request.method, "GET");
  }
}

TEST_F(AclProbeSamplerTest, ARefusedTableIsNotGrantedAndNothingIsSaidOfItsQueries) {
  ASSERT_TRUE(sample());
  tables_["sys_user"] = {.rows = {}, .status = 403, .message = "User Not Authorized"};
  ASSERT_TRUE(sample());
  EXPECT_EQ(granted("read"), 0);
  EXPECT_EQ(granted("query_match"), -1);
  EXPECT_EQ(granted("query_range"), -1);
}

TEST_F(AclProbeSamplerTest, CountedRowsOfWhichNoneIsShownAreRefused) {
  tables_["sys_user"] = {.rows = {}, .hidden = 20};
  ASSERT_TRUE(sample());
  EXPECT_EQ(granted("read"), 0);
}

TEST_F(AclProbeSamplerTest, AnEmptyTableProvesNothing) {
  tables_["sys_user"] = {};
  ASSERT_TRUE(sample());
  EXPECT_EQ(granted("read"), -1);
  EXPECT_EQ(granted("query_match"), -1);
}

TEST_F(AclProbeSamplerTest, AFieldThatNoRowShowsIsHidden) {
  tables_["sys_user"].rows = {R"({"sys_id":")" + std::string(kId) + R"(","user_name":"ann"})"};
  ASSERT_TRUE(sample());
  EXPECT_EQ(hidden_fields(), 11);
}

TEST_F(AclProbeSamplerTest, ARefusedAndADroppedConditionAreBothNotGranted) {
  before_ = [](const std::string&, const std::string& query) -> std::optional<TableAnswer> {
    if (query.starts_with("sys_idIN")) {
      return TableAnswer{.rows = {}, .status = 403, .message = "Insufficient rights to query records"};
    }
    if (query.starts_with("sys_id>=")) {
      return TableAnswer{.rows = {kUser, kUser}, .hidden = 500};
    }
    return std::nullopt;
  };
  ASSERT_TRUE(sample());
  EXPECT_EQ(granted("read"), 1);
  EXPECT_EQ(granted("query_match"), 0);
  EXPECT_EQ(granted("query_range"), 0);
}

TEST_F(AclProbeSamplerTest, ABusinessRuleIsNoAclAndIsLoggedOnce) {
  const std::string text = "Operation against file 'sys_user' was aborted by Business Rule 'Guard'";
  tables_["sys_user"] = {.rows = {}, .status = 403, .message = text};
  ASSERT_TRUE(sample());
  ASSERT_TRUE(sample());
  EXPECT_EQ(granted("read"), -1);
  EXPECT_EQ(said("not by an ACL"), 1U) << log_.text();
  EXPECT_THAT(log_.text(), testing::HasSubstr("Guard"));
}

TEST_F(AclProbeSamplerTest, RefusedCredentialsTakeBackWhatWasKnown) {
  ASSERT_TRUE(sample());
  tables_["sys_user"] = {.rows = {}, .status = 401, .message = "User Not Authenticated"};
  const Result<void> result = sample();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::authentication);
  EXPECT_EQ(granted("read"), -1);
  EXPECT_EQ(probe_available(), 0);
}

TEST_F(AclProbeSamplerTest, ASpentHourKeepsWhatIsKnownAndIsNoFailure) {
  ASSERT_TRUE(sample());
  const std::size_t asked = transport_.requests().size();
  budget_ = 0;
  ASSERT_TRUE(sample());
  EXPECT_EQ(transport_.requests().size(), asked);
  EXPECT_EQ(granted("read"), 1);
  EXPECT_EQ(granted("query_range"), 1);
}

TEST_F(AclProbeSamplerTest, AnOutageKeepsWhatIsKnownAndFailsTheSample) {
  ASSERT_TRUE(sample());
  tables_["sys_user"] = {.rows = {}, .status = 503, .message = "unavailable"};
  EXPECT_FALSE(sample());
  EXPECT_EQ(granted("read"), 1);
}

TEST_F(AclProbeSamplerTest, FailedUsersLinksAreLookedAt) {
  links_.look_first(std::vector<std::string>{kId});
  ASSERT_TRUE(sample());
  ASSERT_EQ(instance_.requests.size(), 1U);
  EXPECT_THAT(instance_.requests[0].query, testing::HasSubstr(kId));
}

}  // namespace
}  // namespace exporter::sampling
