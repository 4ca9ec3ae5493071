#include "sampling/system_log_sampler.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_log.h"
#include "fakes/fake_transport.h"
#include "fakes/http_date.h"
#include "fakes/no_signer.h"
#include "fakes/recording_observer.h"
#include "metrics/catalogue.h"
#include "unit/servicenow/instance.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;

// No comparison has run here, so no failed user is looked at.
class NobodyLooks final : public servicenow::RowLookup, public drift::ProvisionerView {
 public:
  Result<std::vector<servicenow::IdLookup>> by_sys_id(std::span<const std::string>,
                                                      std::stop_token) override {
    return std::unexpected(Error{.error_class = ErrorClass::connection, .message = "not expected"});
  }
  Result<std::vector<servicenow::KeyLookup>> by_key(std::size_t, std::span<const std::string>,
                                                    std::stop_token) override {
    return std::unexpected(Error{.error_class = ErrorClass::connection, .message = "not expected"});
  }
  servicenow::RowLookup* lookup() override { return nullptr; }
  bool spend_request() override { return false; }
};

class SystemLogSamplerTest : public testing::Test {
 protected:
  SystemLogSamplerTest() {
    store_ = std::move(storage::open_store({.path = ":memory:"}, clock_, log_)).value();
    make();
  }

  // As after a restart: all that lives in memory is made anew.
  void make() {
    sampler_.reset();
    check_.reset();
    picture_.reset();
    session_.reset();
    counters_ = std::make_unique<CounterBook>(
        "production", std::vector<std::string>{"sys_user", "sys_user_group"}, registry_);
    session_ = std::make_unique<Session>(SessionOptions{.integration = "production",
                                                        .app = {.id = "0oa1", .name = {}, .label = {}},
                                                        .okta_host = "example.okta.com",
                                                        .servicenow_host = "example.service-now.com",
                                                        .tier = "production"},
                                         client_, *store_, *counters_, book_, registry_, log_);
    picture_ = std::make_unique<Picture>(*session_, *store_, *counters_, registry_, log_);
    check_ = std::make_unique<LinkCheck>(LinkCheckOptions{}, client_, nobody_looks_, nobody_looks_, *picture_,
                                         recent_, *store_, clock_, log_);
    sampler_ = std::make_unique<SystemLogSampler>(
        SystemLogOptions{.task_settle = 60s, .tables = {"sys_user", "sys_user_group"}}, *session_, client_,
        *store_, classifier_, *counters_, recent_,
        FailureVerdicts(*session_, *check_, *picture_, {}, view_, *store_, *counters_, clock_, log_),
        ChangeFollower({}, *session_, *check_, *picture_, recent_, servicenow_.client, rows_, *store_, clock_,
                       log_),
        registry_, clock_, log_);
    session_->on_open([this](const Session::Opened& opened) { return sampler_->restore(opened); });
  }

  std::string event(const std::string& uuid, const std::string& type, const std::string& result,
                    const std::string& reason, const std::string& transaction = "t1") const {
    return R"({"uuid":")" + uuid + R"(","published":")" + to_iso8601(clock_.now()) + R"(","eventType":")" +
           type + R"(","outcome":{"result":")" + result + R"(","reason":)" +
           (reason.empty() ? "null" : '"' + reason + '"') + R"(},"transaction":{"id":")" + transaction +
           R"(","type":"JOB"},"target":[{"id":"0oa1","type":"AppInstance"},{"id":"00u1","type":"User"}]})";
  }

  // The machine's clock is `ahead` of Okta's.
  void answer(const std::vector<std::string>& events, const std::string& after,
              std::chrono::milliseconds ahead = 0ms) {
    std::string body = "[";
    for (const std::string& one : events) {
      body += (body.size() > 1 ? "," : "") + one;
    }
    transport_.json(200, body + "]",
                    {{"Link", "<https://example.okta.com/api/v1/logs?after=" + after + ">; rel=\"next\""},
                     {"Date", fakes::http_date(clock_.now() - ahead)}});
  }

  Result<void> sample() {
    SampleRun run(clock_, {});
    return sampler_->sample(run);
  }

  double counter(const metrics::Metric& metric, std::vector<std::string> labels) const {
    labels.insert(labels.begin(), "production");
    for (const metrics::Family& family : registry_.collect()) {
      for (const metrics::Series& series : family.series) {
        if (family.metric == &metric && series.label_values == labels) {
          return series.value;
        }
      }
    }
    return -1;
  }

  fakes::FakeClock clock_;
  fakes::FakeLog log_;
  fakes::FakeTransport transport_;
  fakes::RecordingObserver observer_;
  fakes::NoSigner signer_;
  net::ApiClient api_{{.api = net::Api::okta, .base_url = "https://example.okta.com", .max_attempts = 1},
                      transport_,
                      signer_,
                      clock_,
                      observer_};
  okta::Client client_{api_, {"userName"}};
  provisioning::Classifier classifier_ = std::move(provisioning::Classifier::make({})).value();
  metrics::Registry registry_{clock_};
  SampleBook book_{registry_, log_};
  NobodyLooks nobody_looks_;
  tests::Instance instance_;
  tests::Connection servicenow_{instance_};
  servicenow::TableReader rows_{servicenow_.api};
  LastView view_;
  RecentUsers recent_{1h};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<CounterBook> counters_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Picture> picture_;
  std::unique_ptr<LinkCheck> check_;
  std::unique_ptr<SystemLogSampler> sampler_;
};

namespace catalogue = metrics::catalogue;

const std::string kDenied = "403. Operation Failed. ACL Exception Insert Failed due to security constraints";

TEST_F(SystemLogSamplerTest, CountsATaskOnceItHasSettledAndGoesOnFromTheStoredCursor) {
  answer({}, "1");
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_tasks_total, {"create"}), 0) << "primed";
  clock_.advance(1s);
  answer({event("u1", "application.provision.user.push", "SUCCESS", ""),
          event("u2", "application.provision.user.push", "FAILURE", kDenied)},
         "2");
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_tasks_total, {"create"}), 0) << "not settled yet";
  clock_.advance(61s);
  answer({}, "2");
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_tasks_total, {"create"}), 1);
  EXPECT_EQ(counter(catalogue::okta_provisioning_task_failures_total, {"create", "acl_denied"}), 1);
  EXPECT_EQ(counter(catalogue::okta_provisioning_acl_denials_total, {"sys_user", "create"}), 1);
  EXPECT_TRUE(transport_.requests().back().url.ends_with("after=2")) << transport_.requests().back().url;
}

TEST_F(SystemLogSamplerTest, ARestartBetweenAttemptAndFailureCountsTheTaskOnce) {
  answer({}, "1");
  ASSERT_TRUE(sample());
  clock_.advance(1s);
  answer({event("u1", "application.provision.user.push", "SUCCESS", "")}, "2");
  ASSERT_TRUE(sample());
  make();
  answer({event("u1", "application.provision.user.push", "SUCCESS", ""),
          event("u2", "application.provision.user.push", "FAILURE", kDenied)},
         "3");
  ASSERT_TRUE(sample());
  clock_.advance(61s);
  answer({}, "3");
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_tasks_total, {"create"}), 1);
  EXPECT_EQ(counter(catalogue::okta_provisioning_task_failures_total, {"create", "acl_denied"}), 1);
  EXPECT_EQ(counter(catalogue::okta_system_log_events_total, {"duplicate"}), 1);
}

TEST_F(SystemLogSamplerTest, EventsFromBeforeTheStateFillFailuresAndMoveNoCounter) {
  const std::string old = event("u1", "application.provision.user.push", "FAILURE", kDenied);
  clock_.advance(10min);
  answer({old}, "1");
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_tasks_total, {"create"}), 0);
  EXPECT_EQ(counter(catalogue::okta_provisioning_task_failures_total, {"create", "acl_denied"}), 0);
  const auto failures = store_->failures(1, 10);
  ASSERT_TRUE(failures);
  ASSERT_EQ(failures->size(), 1U);
  EXPECT_EQ((*failures)[0].reason, "acl_denied");
  EXPECT_EQ((*failures)[0].okta_user_id, "00u1");
}

TEST_F(SystemLogSamplerTest, OktasClockAndNotTheMachinesSaysWhatCameBeforeTheState) {
  answer({}, "1", 10min);
  ASSERT_TRUE(sample());
  make();
  // Published now by Okta's clock: ten minutes before the state by the machine's.
  clock_.set_system(clock_.now() - 9min);
  const std::string failure = event("u1", "application.provision.user.push", "FAILURE", kDenied);
  clock_.set_system(clock_.now() + 9min);
  answer({failure}, "2", 8min);
  ASSERT_TRUE(sample());
  answer({}, "2", -2min);
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_task_failures_total, {"create", "acl_denied"}), 1);
}

TEST_F(SystemLogSamplerTest, ACursorRefusedBeforeAnyEventGoesOnFromTheLastCompletePoll) {
  answer({}, "1");
  ASSERT_TRUE(sample());
  clock_.advance(3h);
  transport_.json(400, R"({"errorCode":"E0000053"})");
  answer({}, "9");
  ASSERT_TRUE(sample());
  const std::string url = transport_.requests().back().url;
  EXPECT_NE(url.find("since=2026-11-23T11%3A50"), std::string::npos) << url;
}

TEST_F(SystemLogSamplerTest, ARefusedCursorStartsAgainBeforeTheLastEvent) {
  answer({event("u1", "application.provision.user.push_profile", "SUCCESS", "")}, "1");
  ASSERT_TRUE(sample());
  clock_.advance(2min);
  transport_.json(400, R"({"errorCode":"E0000053"})");
  answer({event("u1", "application.provision.user.push_profile", "SUCCESS", "")}, "9");
  ASSERT_TRUE(sample());
  EXPECT_NE(transport_.requests().back().url.find("since="), std::string::npos);
  EXPECT_EQ(counter(catalogue::okta_system_log_events_total, {"duplicate"}), 1);
}

TEST_F(SystemLogSamplerTest, AFailedPageLeavesCursorAndCountersAlone) {
  answer({}, "1");
  ASSERT_TRUE(sample());
  transport_.html(200);
  const Result<void> failed = sample();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().error_class, ErrorClass::not_json);
  answer({}, "2");
  ASSERT_TRUE(sample());
  EXPECT_TRUE(transport_.requests().back().url.ends_with("after=1"));
}

TEST_F(SystemLogSamplerTest, ATableThatIsNotOnTheListBecomesOther) {
  answer({}, "1");
  ASSERT_TRUE(sample());
  clock_.advance(1s);
  answer({event("u1", "application.provision.user.push_profile", "FAILURE",
                "403. Insufficient rights to query records. No permission to read table 'cmn_department'")},
         "2");
  ASSERT_TRUE(sample());
  clock_.advance(61s);
  answer({}, "2");
  ASSERT_TRUE(sample());
  EXPECT_EQ(counter(catalogue::okta_provisioning_acl_denials_total, {"other", "read"}), 1);
}

}  // namespace
}  // namespace exporter::sampling
