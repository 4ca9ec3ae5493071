#include "app/probe.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_transport.h"

namespace exporter::app {
namespace {

using ::testing::HasSubstr;

constexpr const char* kUrl = "http://exporter:10717/metrics";

std::string fault(fakes::FakeTransport& transport, const ProbeFlags& flags) {
  const Result<void> answered = probe(transport, flags);
  return answered ? "good" : answered.error().message;
}

TEST(ProbeUrl, AsksOnLoopbackWhatListensOnEveryAddress) {
  EXPECT_EQ(probe_url({"", 10718}), "http://127.0.0.1:10718/-/ready");
  EXPECT_EQ(probe_url({"0.0.0.0", 1}), "http://127.0.0.1:1/-/ready");
  EXPECT_EQ(probe_url({"::", 1}), "http://[::1]:1/-/ready");
  EXPECT_EQ(probe_url({"fe80::1", 1}), "http://[fe80::1]:1/-/ready");
  EXPECT_EQ(probe_url({"192.0.2.1", 1}), "http://192.0.2.1:1/-/ready");
}

TEST(HasMetric, FindsASampleAndNotACommentOrALongerName) {
  const char* text =
      "# TYPE okta_up gauge\nokta_up_more 1\nservicenow_up{integration=\"a\"} 1\nprocess_threads 4\n";
  EXPECT_TRUE(has_metric(text, "servicenow_up"));
  EXPECT_TRUE(has_metric(text, "process_threads"));
  EXPECT_FALSE(has_metric(text, "okta_up"));
  EXPECT_FALSE(has_metric(text, "process"));
  EXPECT_FALSE(has_metric("", "okta_up"));
  EXPECT_FALSE(has_metric("okta_up", "okta_up"));
}

TEST(Probe, IsGoodWithStatus200AndTheMetric) {
  fakes::FakeTransport transport;
  transport.json(200, "okta_up 1\n").json(200, "okta_up 1\n").json(200, "");
  EXPECT_EQ(fault(transport, {.url = kUrl, .metric = "okta_up"}), "good");
  EXPECT_EQ(fault(transport, {.url = kUrl, .metric = "servicenow_up"}),
            "http://exporter:10717/metrics has no metric servicenow_up");
  EXPECT_EQ(fault(transport, {.url = kUrl}), "good");
  EXPECT_EQ(transport.requests().front().url, kUrl);
}

TEST(Probe, SaysWhatIsWrong) {
  fakes::FakeTransport transport;
  transport.json(503, "").json(401, "").fail(ErrorClass::connection, "refused");
  EXPECT_THAT(fault(transport, {.url = kUrl}), HasSubstr("answers with status 503"));
  EXPECT_THAT(fault(transport, {.url = kUrl}), HasSubstr("answers with status 401"));
  EXPECT_THAT(fault(transport, {.url = kUrl}), HasSubstr("does not answer: refused"));
}

TEST(Probe, SendsThePasswordOfAFile) {
  const std::string path = testing::TempDir() + "probe_password";
  std::ofstream(path) << "secret\n";
  fakes::FakeTransport transport;
  transport.json(200, "");
  EXPECT_EQ(fault(transport, {.url = kUrl, .username = "prometheus", .password_file = path}), "good");
  EXPECT_EQ(transport.requests().front().headers.first("Authorization"), "Basic cHJvbWV0aGV1czpzZWNyZXQ=");
  std::filesystem::remove(path);
  EXPECT_THAT(fault(transport, {.url = kUrl, .username = "prometheus", .password_file = path}),
              HasSubstr("cannot read"));
  EXPECT_EQ(transport.requests().size(), 1U);
}

}  // namespace
}  // namespace exporter::app
