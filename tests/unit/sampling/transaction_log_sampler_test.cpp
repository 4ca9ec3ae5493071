#include "sampling/transaction_log_sampler.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_log.h"
#include "fakes/fake_transport.h"
#include "fakes/http_date.h"
#include "fakes/no_signer.h"
#include "fakes/recording_observer.h"
#include "metrics/catalogue.h"
#include "okta/client.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;

class TransactionLogSamplerTest : public testing::Test {
 protected:
  TransactionLogSamplerTest() {
    store_ = std::move(storage::open_store({.path = ":memory:"}, clock_, log_)).value();
    make();
  }

  // As after a restart: all that lives in memory is made anew.
  void make() {
    sampler_.reset();
    session_.reset();
    counters_ = std::make_unique<CounterBook>("production", std::vector<std::string>{"sys_user"}, registry_);
    session_ = std::make_unique<Session>(SessionOptions{.integration = "production",
                                                        .app = {.id = "0oa1", .name = {}, .label = {}},
                                                        .okta_host = "example.okta.com",
                                                        .servicenow_host = "example.service-now.com",
                                                        .tier = "production"},
                                         okta_, *store_, *counters_, book_, registry_, log_);
    sampler_ = std::make_unique<TransactionLogSampler>(
        TransactionLogOptions{
            .interval = 1min, .required = required_, .user_name = "okta", .tables = {"sys_user"}},
        *session_, reader_, *store_, *counters_, sources_, registry_, clock_, log_);
    session_->on_open([this](const Session::Opened& opened) { return sampler_->restore(opened); });
  }

  std::string row(const std::string& sys_id, const std::string& code = "403", SystemTime created = {},
                  const std::string& user = "okta") const {
    std::string time = to_iso8601(created == SystemTime() ? clock_.now() : created).substr(0, 19);
    time[10] = ' ';
    return R"({"sys_id":")" + sys_id + R"(","sys_created_on":")" + time + R"(","sys_created_by":")" + user +
           R"(","type":"rest","url":"/api/now/table/sys_user/1","http_response_code":")" + code + "\"}";
  }

  void answer(const std::vector<std::string>& rows, std::size_t total) {
    std::string body = R"({"result":[)";
    for (const std::string& one : rows) body += (body.back() == '[' ? "" : ",") + one;
    transport_.json(200, body + "]}",
                    {{"X-Total-Count", std::to_string(total)}, {"Date", fakes::http_date(clock_.now())}});
  }
  void answer(const std::vector<std::string>& rows) { answer(rows, rows.size()); }

  Result<void> sample() {
    SampleRun run(clock_, {});
    return sampler_->sample(run);
  }

  // The look and the first, empty poll.
  void begin() {
    answer({row("look", "200")});
    answer({});
    ASSERT_TRUE(sample());
  }

  double value(const metrics::Metric& metric, const std::vector<std::string>& labels) const {
    std::vector<std::string> all{"production"};
    all.insert(all.end(), labels.begin(), labels.end());
    for (const metrics::Family& family : registry_.collect()) {
      for (const metrics::Series& series : family.series) {
        if (family.metric == &metric && series.label_values == all) return series.value;
      }
    }
    return -1;
  }
  double denials() const {
    return value(metrics::catalogue::servicenow_acl_denials_total, {"sys_user", "unknown"});
  }
  double transactions(const std::string& code) const {
    return value(metrics::catalogue::servicenow_rest_transactions_total, {code});
  }
  double available() const {
    return value(metrics::catalogue::servicenow_acl_denial_source_available, {"transaction_log"});
  }
  std::string last_url() const { return transport_.requests().back().url; }

  bool required_ = false;
  fakes::FakeClock clock_;
  fakes::FakeLog log_;
  fakes::FakeTransport transport_;
  fakes::RecordingObserver observer_;
  fakes::NoSigner signer_;
  net::ApiClient okta_api_{{.api = net::Api::okta, .base_url = "https://example.okta.com"},
                           transport_,
                           signer_,
                           clock_,
                           observer_};
  net::ApiClient api_{
      {.api = net::Api::servicenow, .base_url = "https://example.service-now.com", .max_attempts = 1},
      transport_,
      signer_,
      clock_,
      observer_};
  okta::Client okta_{okta_api_, {"userName"}};
  servicenow::TableReader reader_{api_};
  metrics::Registry registry_{clock_};
  SampleBook book_{registry_, log_};
  DenialSources sources_{"production", registry_, log_};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<CounterBook> counters_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<TransactionLogSampler> sampler_;
};

TEST_F(TransactionLogSamplerTest, WhatWasThereBeforeTheFirstLookMovesNoCounter) {
  answer({row("look", "200")});
  answer({row("old", "403", clock_.now() - 30s)});
  ASSERT_TRUE(sample());
  EXPECT_EQ(denials(), 0);
  EXPECT_EQ(available(), 1);
}

TEST_F(TransactionLogSamplerTest, ARowOfTheOverlapIsCountedOnceAlsoOverARestart) {
  begin();
  clock_.advance(1min);
  answer({row("a"), row("b", "200")});
  ASSERT_TRUE(sample());
  const std::string again_a = row("a");
  const std::string again_b = row("b", "200");
  clock_.advance(5s);
  answer({again_a, again_b, row("c")});
  ASSERT_TRUE(sample());
  EXPECT_EQ(denials(), 2);
  make();
  answer({row("look", "200")});
  answer({again_a, again_b, row("d")});
  ASSERT_TRUE(sample());
  EXPECT_EQ(denials(), 3);
  EXPECT_EQ(transactions("403"), 3);
  EXPECT_EQ(transactions("2xx"), 1);
}

TEST_F(TransactionLogSamplerTest, ARowThatComesLateWithinTheOverlapIsCounted) {
  begin();
  clock_.advance(2min);
  answer({row("young")});
  ASSERT_TRUE(sample());
  answer({row("late", "403", clock_.now() - 50s), row("young")});
  ASSERT_TRUE(sample());
  EXPECT_EQ(denials(), 2);
}

TEST_F(TransactionLogSamplerTest, PagesGoOnFromTheLastSecondAndThenByOffset) {
  begin();
  clock_.advance(1min);
  std::vector<std::string> first;
  for (int i = 0; i < 1000; ++i) first.push_back(row("a" + std::to_string(i), "200"));
  const SystemTime second = clock_.now();
  answer(first, 2500);
  answer(first, 2500);  // from their second on, the same page comes again
  std::vector<std::string> next;
  for (int i = 0; i < 1000; ++i) next.push_back(row("b" + std::to_string(i), "200", second));
  answer(next, 2500);
  answer(std::vector<std::string>(next.begin(), next.begin() + 500), 2500);
  ASSERT_TRUE(sample());
  EXPECT_EQ(transactions("2xx"), 2000);
  EXPECT_NE(last_url().find("sysparm_offset=2000"), std::string::npos) << last_url();
}

TEST_F(TransactionLogSamplerTest, ManyTransactionsAreCountedByTheAggregateAndOnlyDenialsAreRead) {
  begin();
  clock_.advance(10min);
  const std::string a = row("a", "200", clock_.now() - 8min);
  answer({a});
  ASSERT_TRUE(sample());
  // One of the 9,000 is counted already.
  answer({a}, 9010);
  transport_.json(
      200,
      R"({"result":[{"stats":{"count":"8990"},"groupby_fields":[{"field":"http_response_code","value":"200"}]},)"
      R"({"stats":{"count":"10"},"groupby_fields":[{"field":"http_response_code","value":"403"}]}]})");
  std::vector<std::string> denied;
  for (int i = 0; i < 10; ++i) denied.push_back(row("d" + std::to_string(i), "403", clock_.now() - 5min));
  answer(denied);
  answer({row("young", "403")});
  ASSERT_TRUE(sample());
  EXPECT_EQ(transactions("2xx"), 8990);
  EXPECT_EQ(transactions("403"), 11);
  EXPECT_EQ(denials(), 11);
}

TEST_F(TransactionLogSamplerTest, WithoutTheColumnItIsUnavailableAndAskedForAgainOnlyADayLater) {
  std::string without = row("look");
  without.replace(without.find(R"(,"http_response_code":"403")"), 27, "");
  answer({without});
  ASSERT_TRUE(sample());
  EXPECT_EQ(available(), 0);
  EXPECT_EQ(sources_.list().at(0).available, false);
  EXPECT_NE(sources_.list().at(0).remedy.find("Australia"), std::string::npos);
  EXPECT_EQ(transport_.requests().size(), 1U);
  clock_.advance(23h);
  ASSERT_TRUE(sample());
  EXPECT_EQ(transport_.requests().size(), 1U) << "no request meanwhile";
  clock_.advance(1h);
  begin();
  EXPECT_EQ(available(), 1) << "the instance was upgraded";
  for (const net::HttpRequest& request : transport_.requests()) {
    const std::string query = request.url.substr(request.url.find("sysparm_query="));
    EXPECT_EQ(query.find("http_response_code"), std::string::npos) << request.url;
    EXPECT_NE(query.find("sys_created_on"), std::string::npos) << request.url;
  }
}

TEST_F(TransactionLogSamplerTest, ARefusedOrHiddenLogIsUnavailableAndSaysWhatWouldHelp) {
  transport_.json(403, R"({"error":{"message":"Insufficient rights to query records","detail":null}})");
  ASSERT_TRUE(sample());
  EXPECT_EQ(available(), 0);
  EXPECT_NE(sources_.list().at(0).remedy.find("snc_read_only"), std::string::npos);
  make();
  answer({}, 10);
  ASSERT_TRUE(sample());
  EXPECT_EQ(available(), 0);
  EXPECT_NE(sources_.list().at(0).why.find("no row"), std::string::npos);
}

TEST_F(TransactionLogSamplerTest, ADemandedLogThatIsMissingFailsEachSample) {
  required_ = true;
  make();
  transport_.json(403, "{}");
  EXPECT_EQ(sample().error().error_class, ErrorClass::permission);
  EXPECT_EQ(sample().error().error_class, ErrorClass::permission);
}

TEST_F(TransactionLogSamplerTest, ADroppedConditionIsNoData) {
  answer({row("look", "200", clock_.now() - std::chrono::hours(24 * 30))});
  ASSERT_TRUE(sample());
  EXPECT_EQ(available(), 0) << "the bound on sys_created_on is ignored";
  make();
  begin();
  clock_.advance(1min);
  answer({row("a"), row("b", "403", clock_.now(), "somebody")});
  EXPECT_EQ(sample().error().error_class, ErrorClass::incomplete) << "the condition on the user is ignored";
  EXPECT_EQ(denials(), 0);
}

TEST_F(TransactionLogSamplerTest, ARightThatIsTakenAwayIsLookedForAtOnce) {
  begin();
  transport_.json(403, "{}");
  EXPECT_FALSE(sample());
  transport_.json(403, "{}");
  ASSERT_TRUE(sample());
  EXPECT_EQ(available(), 0);
}

TEST_F(TransactionLogSamplerTest, ACodeThatIsNoStatusIsUnknown) {
  begin();
  clock_.advance(1min);
  answer({row("a", ""), row("b", "999")});
  ASSERT_TRUE(sample());
  double unknown = 0;
  for (const metrics::Family& family : registry_.collect()) {
    if (family.metric == &metrics::catalogue::unknown_values_total) unknown = family.series.at(0).value;
  }
  EXPECT_EQ(unknown, 2);
}

}  // namespace
}  // namespace exporter::sampling
