#include "sampling/group_push_sampler.h"

#include <gmock/gmock.h>

#include "metrics/catalogue.h"
#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {
namespace {

using testing::HasSubstr;

class GroupPushSamplerTest : public SamplingWorld {
 protected:
  Result<void> sample() {
    SampleRun run(clock_, {});
    return sampler_.sample(run);
  }
  void okta_answers(int status, std::string body, const std::string& next = "") {
    net::HttpHeaders headers;
    if (!next.empty()) headers.add("Link", "<" + next + ">; rel=\"next\"");
    okta_transport_.json(status, std::move(body), std::move(headers));
  }
  // -1: absent.
  double in_error(std::string_view reason) const {
    for (const metrics::Family& family : registry_.collect()) {
      if (family.metric != &metrics::catalogue::okta_group_push_mappings_in_error) continue;
      for (const metrics::Series& series : family.series) {
        if (series.label_values == std::vector<std::string>{"production", std::string(reason)})
          return series.value;
      }
    }
    return -1;
  }

  provisioning::Classifier classifier_ = std::move(provisioning::Classifier::make({})).value();
  GroupPushSampler sampler_{std::chrono::minutes(15), session_, okta_, classifier_, registry_, log_};
};

TEST_F(GroupPushSamplerTest, MappingsInErrorAreCountedByWhatOktasTextTellsOverAllPages) {
  okta_answers(200,
               R"([{"id":"gPm1","status":"ERROR","errorSummary":"Unable to update Group Push mapping. )"
               R"(403 Forbidden. ACL Exception Insert Failed due to security constraints"}])",
               "https://example.okta.com/api/v1/apps/0oa1/group-push/mappings?after=gPm1");
  okta_answers(200, R"([{"id":"gPm2","status":"ERROR","errorSummary":"something new"},)"
                    R"({"id":"gPm3","status":"ERROR","errorSummary":null}])");
  ASSERT_TRUE(sample());
  EXPECT_EQ(in_error("acl_denied"), 1);
  EXPECT_EQ(in_error("other"), 2);
  EXPECT_EQ(in_error("duplicate"), 0);
  ASSERT_EQ(okta_transport_.requests().size(), 2U);
  EXPECT_THAT(okta_transport_.requests()[0].url,
              HasSubstr("/api/v1/apps/0oa1/group-push/mappings?status=ERROR&limit=1000"));
}

TEST_F(GroupPushSamplerTest, AnIgnoredFilterDoesNotMakeErrors) {
  okta_answers(200,
               R"([{"id":"gPm1","status":"ACTIVE","errorSummary":""},{"id":"gPm2","status":"INACTIVE"}])");
  ASSERT_TRUE(sample());
  EXPECT_EQ(in_error("other"), 0);
}

TEST_F(GroupPushSamplerTest, WithoutTheScopeThereIsNoMetricAndTheLogSaysSoOnce) {
  okta_answers(200, R"([{"id":"gPm1","status":"ERROR","errorSummary":"x"}])");
  ASSERT_TRUE(sample());
  EXPECT_EQ(in_error("other"), 1);
  for (int i = 0; i < 2; ++i) {
    okta_answers(403, R"({"errorCode":"E0000006","errorSummary":"You do not have permission"})");
    ASSERT_TRUE(sample());
    EXPECT_EQ(in_error("other"), -1);
  }
  const auto lines = log_.lines();
  EXPECT_EQ(std::ranges::count_if(lines,
                                  [](const auto& line) {
                                    return line.message.starts_with("failed group pushes are not seen");
                                  }),
            1);
  EXPECT_THAT(log_.text(), HasSubstr("okta.groups.read"));
}

TEST_F(GroupPushSamplerTest, AFailedSampleLeavesWhatWasKnown) {
  okta_answers(200, R"([{"id":"gPm1","status":"ERROR","errorSummary":"x"}])");
  ASSERT_TRUE(sample());
  okta_answers(503, R"({"errorCode":"E0000009"})");
  const Result<void> failed = sample();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error_class, ErrorClass::http_5xx);
  EXPECT_EQ(in_error("other"), 1);
}

TEST_F(GroupPushSamplerTest, APageThatCannotBeCountedIsNotCounted) {
  okta_answers(200, R"([{"id":"gPm1","status":"ERROR"},{"status":"ERROR"}])");
  const Result<void> failed = sample();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error_class, ErrorClass::malformed);
  EXPECT_EQ(in_error("other"), -1);
}

TEST_F(GroupPushSamplerTest, APageThatLinksItselfIsNotReadForever) {
  for (int i = 0; i < 2; ++i) {
    okta_answers(200, "[]", "https://example.okta.com/api/v1/apps/0oa1/group-push/mappings?after=x");
  }
  const Result<void> failed = sample();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error_class, ErrorClass::incomplete);
}

}  // namespace
}  // namespace exporter::sampling
