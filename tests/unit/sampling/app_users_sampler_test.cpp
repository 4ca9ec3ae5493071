#include "sampling/app_users_sampler.h"

#include <gtest/gtest.h>

#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {
namespace {

class AppUsersSamplerTest : public SamplingWorld {
 protected:
  AppUsersSamplerTest() {
    inputs_.connect({.ready = [] {},
                     .incomplete = [this] { ++incomplete_; },
                     .want_links = [] {},
                     .want_rows = [this] { ++listed_; }});
    okta_transport_.json(
        200, R"({"id":"0oa1","name":"servicenow_ud","label":"ServiceNow","features":["PUSH_NEW_USERS"]})");
  }

  // A page of users; `next` is the cursor of the next one, empty on the last.
  void page(const std::vector<std::string>& ids, const std::string& next) {
    std::string body;
    for (const std::string& id : ids) {
      body += (body.empty() ? "" : ",");
      body += R"({"id":")" + id + R"(","externalId":null,"status":"ACTIVE","credentials":{"userName":"a"}})";
    }
    net::HttpHeaders headers;
    if (!next.empty()) {
      headers.add("Link",
                  "<https://example.okta.com/api/v1/apps/0oa1/users?after=" + next + ">; rel=\"next\"");
    }
    okta_transport_.json(200, "[" + body + "]", std::move(headers));
  }

  Result<void> sample() {
    SampleRun run(clock_, {});
    return sampler_.sample(run);
  }

  int incomplete_ = 0;
  int listed_ = 0;
  DriftInputs inputs_;
  AppUsersSampler sampler_{{}, session_, okta_, inputs_, registry_};
};

TEST_F(AppUsersSamplerTest, ListsEveryPage) {
  page({"00u1", "00u2"}, "2");
  page({"00u3"}, "");
  ASSERT_TRUE(sample());
  EXPECT_EQ(listed_, 1);
  EXPECT_EQ(okta_transport_.left(), 0U);
}

TEST_F(AppUsersSamplerTest, AUserListedTwiceMakesTheListingIncomplete) {
  page({"00u1", "00u2"}, "2");
  page({"00u2", "00u3"}, "");
  const Result<void> result = sample();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::incomplete);
  EXPECT_EQ(incomplete_, 1);
  EXPECT_EQ(listed_, 0);
}

TEST_F(AppUsersSamplerTest, PagesThatLinkInALoopEndAsIncomplete) {
  page({"00u1"}, "2");
  page({"00u2"}, "3");
  page({"00u3"}, "2");
  const Result<void> result = sample();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::incomplete);
  EXPECT_EQ(listed_, 0);
}

TEST_F(AppUsersSamplerTest, AFailureOnTheLastPagePublishesNothing) {
  page({"00u1"}, "2");
  okta_transport_.html(200);
  ASSERT_FALSE(sample());
  EXPECT_EQ(incomplete_, 1);
  for (const metrics::Family& family : registry_.collect()) {
    EXPECT_NE(family.metric->name, "okta_app_users");
  }
}

}  // namespace
}  // namespace exporter::sampling
