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
    app();
  }

  // Every sample asks for it first.
  void app() {
    okta_transport_.json(
        200, R"({"id":"0oa1","name":"servicenow_ud","label":"ServiceNow","features":["PUSH_NEW_USERS"]})");
  }

  // A page of users; `next` is the cursor of the next one, empty on the last.
  void page(const std::vector<std::string>& ids, const std::string& next, const std::string& date = "") {
    std::string body;
    for (const std::string& id : ids) {
      body += (body.empty() ? "" : ",");
      body += R"({"id":")" + id + R"(","externalId":null,"status":"ACTIVE","credentials":{"userName":"a"}})";
    }
    net::HttpHeaders headers;
    if (!date.empty()) {
      headers.add("Date", date);
    }
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
  AppUsersSampler sampler_{{}, session_, okta_, inputs_, registry_, log_};
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

// The next sample asks for the app again, and then for the page that failed.
TEST_F(AppUsersSamplerTest, GoesOnBehindTheLastPageAfterARequestThatFailed) {
  page({"00u1", "00u2"}, "2");
  page({"00u3"}, "3");
  okta_transport_.json(503, "{}");
  ASSERT_FALSE(sample());
  EXPECT_EQ(incomplete_, 1);
  app();
  okta_transport_.fail(ErrorClass::timeout);
  ASSERT_FALSE(sample()) << "still not";
  app();
  page({"00u4"}, "");
  const Result<void> listed = sample();
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(inputs_.waiting_links()->listing.size(), 4U);
  EXPECT_TRUE(okta_transport_.requests().back().url.ends_with("after=3"));
  EXPECT_EQ(okta_transport_.left(), 0U);
}

TEST_F(AppUsersSamplerTest, ReadsThePageAgainThatWasCutOff) {
  page({"00u1"}, "2");
  okta_transport_.json(200, R"([{"id":"00u2",)",
                       {{"Link", "<https://example.okta.com/api/v1/apps/0oa1/users?after=3>; rel=\"next\""}});
  ASSERT_FALSE(sample());
  app();
  page({"00u2"}, "3");
  page({"00u3"}, "");
  ASSERT_TRUE(sample());
  EXPECT_EQ(inputs_.waiting_links()->listing.size(), 3U);
}

TEST_F(AppUsersSamplerTest, CountsAsListedAtTheTimeThatOktaNamedFirst) {
  page({"00u1"}, "2", "Mon, 23 Nov 2026 09:00:00 GMT");
  okta_transport_.json(503, "{}");
  ASSERT_FALSE(sample());
  clock_.advance(std::chrono::minutes(10));
  app();
  page({"00u2"}, "", "Mon, 23 Nov 2026 09:10:00 GMT");
  ASSERT_TRUE(sample());
  clock_.advance(std::chrono::minutes(1));
  clock_.set_system(clock_.now() + std::chrono::hours(1));  // ours is of no matter
  const auto links = inputs_.waiting_links();
  EXPECT_EQ(to_iso8601(links->begun->time), "2026-11-23T09:00:00.000Z");
  EXPECT_EQ(to_iso8601(links->ended->now(clock_)), "2026-11-23T09:11:00.000Z");
}

TEST_F(AppUsersSamplerTest, BeginsAnewWhereOktaRefusesThePosition) {
  for (const int status : {400, 404, 410}) {
    page({"00u1"}, "2");
    okta_transport_.json(503, "{}");
    ASSERT_FALSE(sample());
    app();
    okta_transport_.json(status, R"({"errorCode":"E0000031"})");
    page({"00u1"}, "2");
    page({"00u2"}, "");
    const Result<void> listed = sample();
    ASSERT_TRUE(listed) << status << listed.error().message;
    EXPECT_EQ(inputs_.waiting_links()->listing.size(), 2U);
    EXPECT_NE(log_.text().find("Okta refuses the position"), std::string::npos);
    app();
  }
}

TEST_F(AppUsersSamplerTest, BeginsAnewWhenItsBeginningIsOlderThanItsInterval) {
  page({"00u1"}, "2");
  okta_transport_.json(503, "{}");
  ASSERT_FALSE(sample());
  clock_.advance(std::chrono::minutes(61));
  app();
  page({"00u7"}, "");
  ASSERT_TRUE(sample());
  EXPECT_EQ(inputs_.waiting_links()->listing.size(), 1U);
  EXPECT_EQ(inputs_.waiting_links()->listing.user_id(0), "00u7");
}

// Credentials that end within a listing may be a clone's or an attack's doing.
TEST_F(AppUsersSamplerTest, BeginsAnewAfterARefusal) {
  for (const int status : {401, 403}) {
    page({"00u1"}, "2");
    okta_transport_.json(status, "{}");
    ASSERT_FALSE(sample());
    app();
    page({"00u7"}, "");
    ASSERT_TRUE(sample());
    EXPECT_EQ(inputs_.waiting_links()->listing.size(), 1U);
    app();
  }
}

// What one side has read is of use when the other one only broke off.
TEST_F(AppUsersSamplerTest, LeavesTheRowsWaitingWhileItIsInterrupted) {
  int pairs = 0;
  inputs_.connect({.ready = [&] { ++pairs; },
                   .incomplete = [this] { ++incomplete_; },
                   .want_links = [] {},
                   .want_rows = [] {}});
  inputs_.put_rows(std::make_unique<RowInput>(RowInput{drift::RowListing(1), {}}));
  page({"00u1"}, "2");
  okta_transport_.json(503, "{}");
  ASSERT_FALSE(sample());
  EXPECT_EQ(incomplete_, 1);
  app();
  page({"00u2"}, "");
  ASSERT_TRUE(sample());
  EXPECT_EQ(pairs, 1);
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
