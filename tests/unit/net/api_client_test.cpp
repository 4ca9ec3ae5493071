#include "net/api_client.h"

#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_transport.h"
#include "fakes/recording_observer.h"

namespace exporter::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CountingSigner final : public RequestSigner {
 public:
  Result<void> sign(HttpRequest& request, std::stop_token) override {
    if (refuse_from > 0 && ++signed_count >= refuse_from) {
      return std::unexpected(Error{.error_class = ErrorClass::authentication, .message = "paused"});
    }
    request.headers.add("Authorization", "SSWS secret-token");
    return {};
  }
  bool on_unauthorized(const HttpRequest& request, const HttpResponse&) override {
    ++unauthorized;
    last_authorization = request.headers.first("Authorization").value_or("");
    return std::exchange(has_another, false);
  }
  void on_authorized(const HttpRequest&, const HttpResponse&) override { ++authorized; }

  int refuse_from = 0;
  int signed_count = 0;
  int unauthorized = 0;
  bool has_another = false;
  int authorized = 0;
  std::string last_authorization;
};

class ApiClientTest : public testing::Test {
 protected:
  static ApiClientOptions options(Api api) {
    return {.api = api,
            .base_url = api == Api::okta ? "https://a.okta.com" : "https://b.service-now.com",
            .random = [] { return 1.0; }};
  }
  Result<HttpResponse> get(std::string_view target = "/api/v1/logs?limit=1&q=private", Api api = Api::okta) {
    return ApiClient(options(api), transport, signer, clock, observer)
        .get(api == Api::okta ? Endpoint::logs : Endpoint::table_list, target, stop.get_token());
  }
  // The error of a get() that is answered once.
  Error error_of(Api api = Api::okta) {
    const Result<HttpResponse> response = get("/x?q=private", api);
    EXPECT_FALSE(response);
    return response ? Error{.error_class = ErrorClass::storage, .message = "no error"} : response.error();
  }

  fakes::FakeTransport transport;
  fakes::FakeClock clock;
  fakes::RecordingObserver observer;
  CountingSigner signer;
  std::stop_source stop;
};

TEST_F(ApiClientTest, ReturnsAJsonAnswerAndTellsTheObserver) {
  transport.json(200, "[]",
                 {{"Content-Type", "Application/JSON;charset=UTF-8"},
                  {"X-Rate-Limit-Limit", "120"},
                  {"X-Rate-Limit-Remaining", "7"},
                  {"X-Rate-Limit-Reset", "1700000000"}});
  const Result<HttpResponse> response = get();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "[]");
  const std::vector<HttpRequest> requests = transport.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].url, "https://a.okta.com/api/v1/logs?limit=1&q=private");
  EXPECT_EQ(requests[0].headers.first("accept"), "application/json");
  EXPECT_EQ(requests[0].headers.first("authorization"), "SSWS secret-token");
  EXPECT_EQ(requests[0].timeout, seconds(30));
  EXPECT_THAT(observer.codes(), ElementsAre("200"));
  EXPECT_EQ(observer.up(), true);
  ASSERT_EQ(observer.limits().size(), 1U);
  EXPECT_EQ(observer.limits()[0].host, "a.okta.com");
  EXPECT_EQ(observer.limits()[0].bucket, Bucket::logs);
  EXPECT_EQ(observer.limits()[0].rate_limit.remaining, 7);
  EXPECT_EQ(signer.authorized, 1);
  EXPECT_EQ(signer.unauthorized, 0);
}

struct Mapped {
  int status;
  std::string_view content_type;
  ErrorClass error_class;
  bool up;
};

TEST_F(ApiClientTest, MapsEveryAnswerToItsErrorClass) {
  constexpr std::string_view kJson = "application/json";
  constexpr std::string_view kHtml = "text/html";
  constexpr Mapped kTable[] = {
      {200, kHtml, ErrorClass::not_json, false},    {204, "", ErrorClass::not_json, false},
      {302, kHtml, ErrorClass::not_json, false},    {307, kJson, ErrorClass::not_json, true},
      {400, kJson, ErrorClass::http_4xx, true},     {401, kJson, ErrorClass::authentication, true},
      {401, kHtml, ErrorClass::not_json, false},    {403, kJson, ErrorClass::permission, true},
      {403, kHtml, ErrorClass::not_json, false},    {404, kJson, ErrorClass::http_4xx, true},
      {404, kHtml, ErrorClass::http_4xx, false},    {408, kJson, ErrorClass::timeout, true},
      {499, kJson, ErrorClass::timeout, true},      {410, kJson, ErrorClass::http_4xx, true},
      {429, kJson, ErrorClass::rate_limited, true}, {429, kHtml, ErrorClass::rate_limited, false},
      {500, kJson, ErrorClass::http_5xx, false},    {503, kHtml, ErrorClass::http_5xx, false},
  };
  for (const Mapped& row : kTable) {
    transport.handle([&row](const HttpRequest&) -> Result<HttpResponse> {
      return HttpResponse{.status = row.status,
                          .headers = {{"Content-Type", std::string(row.content_type)}, {"Retry-After", "99"}},
                          .body = "the body"};
    });
    const Error error = error_of(Api::servicenow);
    const std::string what = std::to_string(row.status) + " " + std::string(row.content_type);
    EXPECT_EQ(to_string(error.error_class), to_string(row.error_class)) << what;
    EXPECT_EQ(error.http_status, row.status) << what;
    EXPECT_EQ(error.response_body, "the body") << what;
    EXPECT_EQ(observer.up(), row.up) << what;
    // What happened, to what, what to do; and nothing that is private.
    EXPECT_THAT(error.message, HasSubstr("servicenow table_list at b.service-now.com answered " +
                                         std::to_string(row.status)));
    EXPECT_THAT(error.message, HasSubstr("; "));
    EXPECT_THAT(error.message, Not(HasSubstr("private")));
    EXPECT_THAT(error.message, Not(HasSubstr("secret-token")));
    EXPECT_THAT(error.message, Not(HasSubstr("the body")));
  }
}

TEST_F(ApiClientTest, BoundsTheBodyOfAnError) {
  transport.json(400, std::string(1'000'000, 'x'));
  EXPECT_EQ(error_of().response_body.size(), 65'536U);
}

TEST_F(ApiClientTest, NeverRetriesA401AndTellsTheSigner) {
  transport.json(401, "{}");
  EXPECT_EQ(error_of().error_class, ErrorClass::authentication);
  EXPECT_EQ(transport.requests().size(), 1U);
  EXPECT_EQ(signer.unauthorized, 1);
  EXPECT_EQ(signer.last_authorization, "SSWS secret-token");
  EXPECT_EQ(signer.authorized, 0);
}

TEST_F(ApiClientTest, TriesARefusedTokenOnceMoreWhereTheSignerHasAnother) {
  signer.has_another = true;
  transport.json(401, "{}").json(200, "{}");
  EXPECT_TRUE(get());
  EXPECT_EQ(signer.unauthorized, 1);
  EXPECT_THAT(clock.sleeps(), IsEmpty());
  signer.has_another = true;
  transport.json(401, "{}").json(401, "{}");
  EXPECT_EQ(error_of().error_class, ErrorClass::authentication);
  EXPECT_EQ(transport.requests().size(), 4U);
}

TEST_F(ApiClientTest, BeginsNoRetryAfterItsTime) {
  ApiClientOptions short_options = options(Api::okta);
  short_options.max_total = seconds(2);
  ApiClient client(short_options, transport, signer, clock, observer);
  transport.json(503, "{}").json(503, "{}").json(503, "{}");
  EXPECT_FALSE(client.get(Endpoint::logs, "/x", {}));
  EXPECT_EQ(transport.requests().size(), 2U);
}

TEST_F(ApiClientTest, TakesA401WithAChallengeForRefusedCredentialsEvenInHtml) {
  transport.answer(
      {.status = 401,
       .headers = {{"Content-Type", "text/html"}, {"WWW-Authenticate", "Basic realm=\"Service-now\""}},
       .body = {}});
  EXPECT_EQ(error_of(Api::servicenow).error_class, ErrorClass::authentication);
  EXPECT_EQ(signer.unauthorized, 1);
}

TEST_F(ApiClientTest, DoesNotBlameTheCredentialsForA401OfASleepingInstance) {
  transport.html(401);
  EXPECT_EQ(error_of(Api::servicenow).error_class, ErrorClass::not_json);
  EXPECT_EQ(signer.unauthorized, 0);
  EXPECT_EQ(signer.authorized, 0);
}

TEST_F(ApiClientTest, NamesTheSecondFactorWhenServiceNowAsksForIt) {
  transport.json(401, "{}", {{"X-MFA_TOKEN", "invalid"}});
  EXPECT_THAT(error_of(Api::servicenow).message, HasSubstr("second factor"));
}

TEST_F(ApiClientTest, DoesNotPraiseTheCredentialsForAGatewaysAnswer) {
  transport.html(200)
      .html(404)
      .json(429, "{}", {{"Retry-After", "99"}})
      .json(500, "{}", {{"Retry-After", "99"}});
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(get());
  }
  EXPECT_EQ(signer.authorized, 0);
  transport.json(403, "{}").json(404, "{}");
  EXPECT_FALSE(get());
  EXPECT_FALSE(get());
  EXPECT_EQ(signer.authorized, 2);
}

TEST_F(ApiClientTest, RetriesPassingFaultsWithADelayThatAtMostDoubles) {
  transport.fail(ErrorClass::connection).json(503, "{}").json(200, "{}");
  EXPECT_TRUE(get());
  EXPECT_THAT(observer.codes(), ElementsAre("connection", "503", "200"));
  EXPECT_THAT(clock.sleeps(), ElementsAre(seconds(1), seconds(2)));
  EXPECT_EQ(observer.up(), true);
}

TEST_F(ApiClientTest, GivesUpAfterItsAttempts) {
  transport.fail(ErrorClass::timeout).fail(ErrorClass::incomplete).json(502, "{}");
  transport.fail(ErrorClass::connection, "the last");
  const Error error = error_of();
  EXPECT_EQ(error.error_class, ErrorClass::connection);
  EXPECT_EQ(error.message, "okta logs at a.okta.com: the last");
  EXPECT_EQ(transport.requests().size(), 4U);
  EXPECT_THAT(clock.sleeps(), ElementsAre(seconds(1), seconds(2), seconds(4)));
  EXPECT_EQ(observer.up(), false);
}

TEST_F(ApiClientTest, DoesNotRetryWhatStaysTheSame) {
  for (const ErrorClass error_class : {ErrorClass::tls, ErrorClass::malformed}) {
    transport.fail(error_class);
    EXPECT_EQ(error_of().error_class, error_class);
  }
  transport.json(400, "{}").html(200).json(403, "{}");
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(get());
  }
  EXPECT_EQ(transport.requests().size(), 5U);
  EXPECT_THAT(clock.sleeps(), IsEmpty());
}

TEST_F(ApiClientTest, WaitsForAShortRetryAfter) {
  transport.json(429, "{}", {{"Retry-After", "7"}}).json(200, "{}");
  EXPECT_TRUE(get());
  EXPECT_THAT(clock.sleeps(), ElementsAre(seconds(8)));
  EXPECT_EQ(observer.throttled(), seconds(8));
}

TEST_F(ApiClientTest, WaitsForTheResetThatOktaNames) {
  const auto reset = std::chrono::duration_cast<seconds>(clock.now().time_since_epoch()) + seconds(4);
  transport
      .json(429, "{}", {{"X-Rate-Limit-Limit", "9"}, {"X-Rate-Limit-Reset", std::to_string(reset.count())}})
      .json(200, "{}");
  EXPECT_TRUE(get());
  EXPECT_THAT(clock.sleeps(), ElementsAre(seconds(6)));
}

TEST_F(ApiClientTest, BacksOffWithJitterFromOktasConcurrencyLimit) {
  const auto reset = std::chrono::duration_cast<seconds>(clock.now().time_since_epoch()) + seconds(40);
  const HttpHeaders zero = {{"X-Rate-Limit-Limit", "0"},
                            {"X-Rate-Limit-Remaining", "0"},
                            {"X-Rate-Limit-Reset", std::to_string(reset.count())}};
  transport.json(429, "{}", zero).json(429, "{}", zero).json(200, "{}");
  ApiClientOptions jittered = options(Api::okta);
  jittered.random = [] { return 0.25; };
  EXPECT_TRUE(
      ApiClient(jittered, transport, signer, clock, observer).get(Endpoint::logs, "/x", stop.get_token()));
  EXPECT_THAT(clock.sleeps(), ElementsAre(milliseconds(250), milliseconds(500)));
  EXPECT_THAT(observer.limits(), IsEmpty()) << "a limit of 0 is not the bucket's";
}

TEST_F(ApiClientTest, SkipsALongRetryAfterInsteadOfSleepingThroughIt) {
  transport.json(429, "{}", {{"Retry-After", "3000"}});
  const Error error = error_of(Api::servicenow);
  EXPECT_EQ(error.error_class, ErrorClass::rate_limited);
  EXPECT_EQ(error.retry_after, seconds(3000));
  EXPECT_THAT(clock.sleeps(), IsEmpty());
}

TEST_F(ApiClientTest, BacksOffFromA429WithoutAnyHeader) {
  transport.json(429, "{}").json(200, "{}");
  EXPECT_TRUE(get("/x", Api::servicenow));
  EXPECT_THAT(clock.sleeps(), ElementsAre(seconds(1)));
}

TEST_F(ApiClientTest, DoesNotTakeTheRateLimitsResetForTheEndOfAFault) {
  const auto reset = std::chrono::duration_cast<seconds>(clock.now().time_since_epoch()) + seconds(59);
  transport
      .json(500, "{}", {{"X-Rate-Limit-Limit", "9"}, {"X-Rate-Limit-Reset", std::to_string(reset.count())}})
      .json(200, "{}");
  EXPECT_TRUE(get());
  EXPECT_THAT(clock.sleeps(), ElementsAre(seconds(1)));
}

TEST_F(ApiClientTest, AStopEndsTheWaitAtOnce) {
  fakes::FakeClock waiting(fakes::FakeClock::Sleep::wait);
  ApiClient client(options(Api::okta), transport, signer, waiting, observer);
  transport.json(503, "{}");
  Result<HttpResponse> response;
  std::jthread thread([&] { response = client.get(Endpoint::logs, "/x", stop.get_token()); });
  waiting.wait_for_sleepers(1);
  stop.request_stop();
  thread.join();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().error_class, ErrorClass::cancelled);
  EXPECT_EQ(transport.requests().size(), 1U);
}

TEST_F(ApiClientTest, SendsNothingAfterAStop) {
  stop.request_stop();
  EXPECT_EQ(error_of().error_class, ErrorClass::cancelled);
  EXPECT_THAT(transport.requests(), IsEmpty());
  EXPECT_THAT(observer.codes(), IsEmpty());
}

TEST_F(ApiClientTest, ACancelledRequestSaysNothingAboutTheApi) {
  transport.fail(ErrorClass::cancelled);
  EXPECT_EQ(error_of().error_class, ErrorClass::cancelled);
  EXPECT_EQ(observer.up(), std::nullopt);
}

TEST_F(ApiClientTest, FollowsAnAbsoluteUrlOfItsOwnOriginOnly) {
  transport.json(200, "{}");
  EXPECT_TRUE(get("https://A.okta.com:443/api/v1/logs?after=x%2By+z"));
  EXPECT_EQ(transport.requests().at(0).url, "https://a.okta.com/api/v1/logs?after=x%2By+z");
  for (const char* target :
       {"https://evil.test/x", "http://a.okta.com/x", "//evil.test", "x", "/a b", "/a\r\nX: y"}) {
    const Result<HttpResponse> response = get(target);
    if (std::string_view(target) == "//evil.test") {
      continue;  // a path on our own origin
    }
    ASSERT_FALSE(response) << target;
    EXPECT_EQ(response.error().error_class, ErrorClass::malformed) << target;
  }
  for (const HttpRequest& request : transport.requests()) {
    EXPECT_THAT(request.url, testing::StartsWith("https://a.okta.com/"));
    EXPECT_EQ(request.url.find('\n'), std::string::npos);
  }
}

TEST_F(ApiClientTest, DoesNotSendWhatTheSignerRefuses) {
  signer.refuse_from = 1;
  EXPECT_EQ(error_of().message, "paused");
  EXPECT_THAT(transport.requests(), IsEmpty());
  EXPECT_EQ(observer.up(), std::nullopt);
}

TEST_F(ApiClientTest, ReportsTheFaultWhenTheSignerRefusesTheRetry) {
  signer.refuse_from = 2;
  transport.fail(ErrorClass::connection, "refused");
  EXPECT_EQ(error_of().error_class, ErrorClass::connection);
  EXPECT_EQ(transport.requests().size(), 1U);
}

TEST_F(ApiClientTest, SendsTheConfiguredHeadersReadAnewEachTime) {
  int reads = 0;
  ApiClientOptions with_headers = options(Api::okta);
  with_headers.extra_headers = [&reads]() -> Result<std::vector<HttpHeader>> {
    if (++reads > 2) {
      return std::unexpected(Error{.error_class = ErrorClass::authentication, .message = "no such file"});
    }
    return std::vector<HttpHeader>{{"X-Gate", std::to_string(reads)}};
  };
  ApiClient client(with_headers, transport, signer, clock, observer);
  transport.json(200, "{}").json(200, "{}");
  EXPECT_TRUE(client.get(Endpoint::logs, "/x", {}));
  EXPECT_TRUE(client.get(Endpoint::logs, "/x", {}));
  EXPECT_FALSE(client.get(Endpoint::logs, "/x", {}));
  EXPECT_EQ(transport.requests().at(1).headers.first("X-Gate"), "2");
  EXPECT_EQ(transport.requests().size(), 2U);
}

TEST(ApiNames, AreTheLabelsOfTheMetrics) {
  EXPECT_EQ(to_string(Api::servicenow), "servicenow");
  EXPECT_EQ(to_string(Endpoint::group_push_mappings), "group_push_mappings");
  EXPECT_EQ(to_string(Endpoint::aggregate), "aggregate");
  EXPECT_EQ(bucket_of(Api::okta, Endpoint::app_users), Bucket::apps);
  EXPECT_EQ(bucket_of(Api::okta, Endpoint::app), Bucket::app) << "a bucket of its own";
  EXPECT_EQ(bucket_of(Api::servicenow, Endpoint::table_record), Bucket::table);
  EXPECT_EQ(bucket_of(Api::servicenow, Endpoint::token), Bucket::token);
  EXPECT_EQ(to_string(Bucket::aggregate), "aggregate");
}

}  // namespace
}  // namespace exporter::net
