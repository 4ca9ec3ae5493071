#include "net/curl_transport.h"

#include <cstdlib>
#include <future>
#include <latch>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/gzip.h"
#include "fakes/raw_server.h"

namespace exporter::net {
namespace {

using fakes::BoundSocket;
using fakes::gzip;
using fakes::Peer;
using fakes::RawServer;
using fakes::RawTls;
using fakes::TestIdentity;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::string response(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

std::string gzip_response(const std::string& bytes) { return response(bytes, "Content-Encoding: gzip\r\n"); }

std::string page() {
  std::string text = "[";
  for (int i = 0; i < 5000; ++i) {
    text += std::to_string(i * 7919) + ",";
  }
  return text + "0]";
}

class CurlTransportTest : public testing::Test {
 protected:
  static Result<HttpResponse> get(const std::string& url, CurlTransportOptions options = {},
                                  milliseconds timeout = hours(1)) {
    const CurlGlobal global;
    CurlTransport transport(global, std::move(options));
    return transport.send({.url = url, .timeout = timeout}, {});
  }

  // The error of a request to a server that says just this.
  static Error error_of(std::string bytes, CurlTransportOptions options = {}) {
    const RawServer server(std::move(bytes));
    return error_of(server, std::move(options));
  }
  static Error error_of(const RawServer& server, CurlTransportOptions options = {},
                        milliseconds timeout = hours(1)) {
    const Result<HttpResponse> answer = get(server.url("/x?q=private"), std::move(options), timeout);
    EXPECT_FALSE(answer) << "status " << answer->status;
    if (answer) {
      return {.error_class = ErrorClass::storage, .message = "no error"};
    }
    EXPECT_THAT(answer.error().message, HasSubstr("127.0.0.1:" + std::to_string(server.port())));
    EXPECT_THAT(answer.error().message, Not(HasSubstr("private")));
    return answer.error();
  }
};

#define EXPECT_CLASS(error, expected)                                                              \
  do {                                                                                             \
    const Error& checked = (error);                                                                \
    EXPECT_EQ(to_string(checked.error_class), to_string(ErrorClass::expected)) << checked.message; \
  } while (false)

TEST_F(CurlTransportTest, BringsAnAnswerWithAllItsFieldsInOrder) {
  const RawServer server(response("{\"a\":1}", "Link: <a>; rel=self\r\nlink:<b>; rel=next\r\nX-Empty:\r\n"));
  const Result<HttpResponse> answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{\"a\":1}");
  EXPECT_GE(answer->body.capacity(), answer->body.size() + 64);
  EXPECT_EQ(answer->headers.first("content-TYPE"), "application/json");
  EXPECT_THAT(answer->headers.all("Link"), testing::ElementsAre("<a>; rel=self", "<b>; rel=next"));
  EXPECT_EQ(answer->headers.first("X-Empty"), "");
}

TEST_F(CurlTransportTest, SendsWhatItIsToldAndNothingAboutCookies) {
  std::string first;
  std::string second;
  {
    const RawServer server(RawServer::Script([&](Peer& peer) {
      first = peer.read_request();
      peer.send(response("{}", "Set-Cookie: JSESSIONID=1; Path=/\r\n"));
      second = peer.read_request();
      peer.send(response("{}"));
    }));
    const CurlGlobal global;
    CurlTransport transport(global, {});
    const HttpRequest request{
        .url = server.url("/a?b=%2B+c"),
        .headers = {{"Authorization", "SSWS t"}, {"X-Empty", ""}, {"Accept", "application/json"}}};
    ASSERT_TRUE(transport.send(request, {}));
    ASSERT_TRUE(transport.send(request, {})) << "on the same connection";
    EXPECT_THAT(first, testing::StartsWith("GET /a?b=%2B+c HTTP/1.1\r\n"));
    EXPECT_THAT(first, HasSubstr("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  }
  EXPECT_THAT(first, HasSubstr("\r\nAuthorization: SSWS t\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nX-Empty:\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nAccept: application/json\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nAccept-Encoding: gzip\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nUser-Agent: okta-servicenow-exporter/"));
  EXPECT_EQ(first, second);
}

TEST_F(CurlTransportTest, PostsABody) {
  std::string head;
  {
    const RawServer server(RawServer::Script([&](Peer& peer) {
      head = peer.read_request();
      while (!head.ends_with("grant_type=x")) {
        head += peer.read_some();
      }
      peer.send(response("{}"));
    }));
    const CurlGlobal global;
    CurlTransport transport(global, {});
    EXPECT_TRUE(transport.send({.method = "POST",
                                .url = server.url("/token"),
                                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                                .body = "grant_type=x"},
                               {}));
  }
  EXPECT_THAT(head, testing::StartsWith("POST /token HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Length: 12\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Expect")));
}

TEST_F(CurlTransportTest, RefusesToSendAHeaderThatHoldsAnother) {
  const RawServer server(response("{}"));
  const CurlGlobal global;
  CurlTransport transport(global, {});
  for (const HttpHeader& field : std::vector<HttpHeader>{{"X", "hidden\r\nY: z"},
                                                         {"X", std::string("a\0b", 3)},
                                                         {"X Y", "z"},
                                                         {"X\r\nY", "z"},
                                                         {"", "z"}}) {
    const auto answer = transport.send({.url = server.url(), .headers = {field}}, {});
    ASSERT_FALSE(answer);
    EXPECT_CLASS(answer.error(), malformed);
    EXPECT_THAT(answer.error().message, Not(HasSubstr("hidden")));
  }
}

TEST_F(CurlTransportTest, RefusesWhatIsNoHttpUrl) {
  for (const char* url : {"", "ftp://127.0.0.1/", "file:///etc/passwd", "https://user:pw@127.0.0.1/"}) {
    const auto answer = get(url);
    ASSERT_FALSE(answer);
    EXPECT_CLASS(answer.error(), malformed);
  }
}

TEST_F(CurlTransportTest, AnyStatusIsAnAnswer) {
  for (const int status : {204, 301, 401, 404, 429, 503}) {
    const RawServer server("HTTP/1.1 " + std::to_string(status) +
                           " X\r\nContent-Length: 0\r\nLocation: /y\r\n\r\n");
    const auto answer = get(server.url());
    ASSERT_TRUE(answer) << status;
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->body, "");
  }
}

TEST_F(CurlTransportTest, DoesNotFollowARedirect) {
  int requests = 0;
  {
    const RawServer server(RawServer::Script([&](Peer& peer) {
      while (!peer.read_request().empty()) {
        ++requests;
        peer.send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
      }
    }));
    const auto answer = get(server.url());
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 302);
    EXPECT_EQ(answer->headers.first("Location"), "/elsewhere");
  }
  EXPECT_EQ(requests, 1);
}

TEST_F(CurlTransportTest, KeepsOnlyTheFinalHeadOfInterimAnswers) {
  const RawServer server("HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n" + response("{}", "X-Final: 1\r\n"));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(answer->headers.first("X-Hint"));
  EXPECT_TRUE(answer->headers.first("X-Final"));
}

TEST_F(CurlTransportTest, ReadsAChunkedBodyAndIgnoresItsTrailers) {
  const RawServer server(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\nX-Trailer: "
      "1\r\n\r\n");
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "[1,2]");
  EXPECT_GE(answer->body.capacity(), answer->body.size() + 64);
  EXPECT_FALSE(answer->headers.first("X-Trailer"));
}

TEST_F(CurlTransportTest, ARefusedConnectionIsAConnectionError) {
  const BoundSocket nobody_listens;
  const auto answer = get("http://127.0.0.1:" + std::to_string(nobody_listens.port()) + "/");
  ASSERT_FALSE(answer);
  EXPECT_CLASS(answer.error(), connection);
}

TEST_F(CurlTransportTest, ANameWithoutAnAddressIsAConnectionError) {
  const auto answer = get("http://no-such-host.invalid/", {}, std::chrono::seconds(20));
  ASSERT_FALSE(answer);
  // Where no resolver answers at all it is a timeout.
  EXPECT_THAT(answer.error().error_class, testing::AnyOf(ErrorClass::connection, ErrorClass::timeout));
  EXPECT_THAT(answer.error().message, HasSubstr("no-such-host.invalid"));
}

TEST_F(CurlTransportTest, AConnectionThatEndsBeforeTheAnswerIsAConnectionError) {
  for (const bool reset : {false, true}) {
    const RawServer server(RawServer::Script([reset](Peer& peer) {
      peer.read_request();
      reset ? peer.reset() : peer.close();
    }));
    EXPECT_CLASS(error_of(server), connection);
  }
}

TEST_F(CurlTransportTest, AConnectionThatEndsWithinTheHeadIsIncomplete) {
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\n"), incomplete);
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\nContent-Type: appl"), incomplete);
  const RawServer server(RawServer::Script([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: appl");
    peer.reset();
  }));
  EXPECT_CLASS(error_of(server), incomplete);
}

TEST_F(CurlTransportTest, ABodyShorterThanItsLengthIsIncomplete) {
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2"), incomplete);
  const RawServer server(RawServer::Script([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2");
    peer.reset();
  }));
  EXPECT_CLASS(error_of(server), incomplete);
}

TEST_F(CurlTransportTest, ABrokenChunkIsIncomplete) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_CLASS(error_of(head + "5\r\n[1,2"), incomplete);
  EXPECT_CLASS(error_of(head + "5\r\n[1,2]\r\n"), incomplete);
  EXPECT_CLASS(error_of(head + "zz\r\n[1,2]\r\n0\r\n\r\n"), incomplete);
}

TEST_F(CurlTransportTest, WhatIsNoHttpIsMalformed) {
  EXPECT_CLASS(error_of("SSH-2.0-OpenSSH_9.2\r\n"), malformed);
}

TEST_F(CurlTransportTest, InflatesGzip) {
  const RawServer server(gzip_response(gzip(page())));
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, page());
  EXPECT_GE(answer->body.capacity(), answer->body.size() + 64);
}

TEST_F(CurlTransportTest, InflatesGzipOfSeveralMembersAndOfNothing) {
  const RawServer several(gzip_response(gzip(page()) + gzip("tail")));
  EXPECT_EQ(get(several.url())->body, page() + "tail");
  const RawServer nothing(gzip_response(gzip("")));
  EXPECT_EQ(get(nothing.url())->body, "");
  const RawServer no_body("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(get(no_body.url())->body, "");
  const RawServer exact(gzip_response(gzip(std::string(32 * 1024, 'x'))));
  EXPECT_EQ(get(exact.url())->body, std::string(32 * 1024, 'x'));
}

// libcurl itself takes a cut stream for a success.
TEST_F(CurlTransportTest, ACutGzipBodyIsMalformed) {
  const std::string whole = gzip(page());
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{10}, whole.size() / 2, whole.size() - 8, whole.size() - 1}) {
    EXPECT_CLASS(error_of(gzip_response(whole.substr(0, size))), malformed);
  }
}

TEST_F(CurlTransportTest, ABrokenGzipBodyIsMalformed) {
  std::string broken = gzip(page());
  broken[broken.size() / 2] = static_cast<char>(broken[broken.size() / 2] ^ 0x55);
  EXPECT_CLASS(error_of(gzip_response(broken)), malformed);
  EXPECT_CLASS(error_of(gzip_response("[1,2]")), malformed);
  EXPECT_CLASS(error_of(gzip_response(gzip(page()) + "junk")), malformed);
}

TEST_F(CurlTransportTest, AGzipBombIsMalformed) {
  const std::string bomb = gzip(std::string(std::size_t{20} * 1024 * 1024, '0'));
  ASSERT_LT(bomb.size(), 100'000U);
  EXPECT_CLASS(error_of(gzip_response(bomb), {.max_body_size = 1024 * 1024}), malformed);
}

TEST_F(CurlTransportTest, AnEncodingThatWasNotAskedForIsMalformed) {
  EXPECT_CLASS(error_of(response("[]", "Content-Encoding: br\r\n")), malformed);
}

TEST_F(CurlTransportTest, ABodyOverItsBoundIsMalformed) {
  const CurlTransportOptions options{.max_body_size = 100};
  EXPECT_CLASS(error_of(response(std::string(101, 'x')), options), malformed);
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(101, 'x'), options),
               malformed);
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\n"), malformed);
  const RawServer server(response(std::string(100, 'x')));
  EXPECT_TRUE(get(server.url(), options));
}

TEST_F(CurlTransportTest, AnOversizedHeadIsMalformed) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 1000; ++i) {
    many += "X-Filler: " + std::string(100, 'x') + "\r\n";
  }
  EXPECT_CLASS(error_of(many + "\r\n"), malformed);
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(80'000, 'x') + "\r\n\r\n"), malformed);
  EXPECT_CLASS(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(300'000, 'x')), malformed);
  EXPECT_CLASS(error_of("HTTP/1.1 200 " + std::string(300'000, 'x') + "\r\n\r\n"), malformed);
}

TEST_F(CurlTransportTest, ADrippingAnswerEndsAtTheDeadline) {
  const RawServer body(RawServer::Script([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    peer.drip('1');
  }));
  EXPECT_CLASS(error_of(body, {}, milliseconds(100)), timeout);
  const RawServer head(RawServer::Script([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX-Slow: ");
    peer.drip('1');
  }));
  EXPECT_CLASS(error_of(head, {}, milliseconds(100)), timeout);
}

TEST_F(CurlTransportTest, ASilentServerEndsAtTheDeadline) {
  const RawServer server(RawServer::Script([](Peer& peer) { peer.wait_until_closed(); }));
  EXPECT_CLASS(error_of(server, {}, milliseconds(50)), timeout);
}

// The requests have an hour: the test ends only because the stop does not wait for anything.
void expect_cancelled(const std::function<void(Peer&, std::latch&)>& script, const RawTls& tls,
                      bool raw = false) {
  std::latch asked(1);
  const auto run = [&](Peer& peer) {
    script(peer, asked);
    peer.wait_until_closed();
  };
  const RawServer server(RawServer::Script(run), tls);
  const CurlGlobal global;
  CurlTransport transport(global, {.connect_timeout = hours(1)});
  std::stop_source stop;
  const std::string url = raw ? "https" + server.url().substr(4) : server.url();
  std::future<Result<HttpResponse>> answer = std::async(std::launch::async, [&] {
    return transport.send({.url = url, .timeout = hours(1)}, stop.get_token());
  });
  asked.wait();
  stop.request_stop();
  const Result<HttpResponse> result = answer.get();
  ASSERT_FALSE(result);
  EXPECT_CLASS(result.error(), cancelled);
}

TEST_F(CurlTransportTest, AStopCancelsAtOnceWhileWaitingForTheAnswer) {
  expect_cancelled(
      [](Peer& peer, std::latch& asked) {
        peer.read_request();
        asked.count_down();
      },
      {});
}

TEST_F(CurlTransportTest, AStopCancelsAtOnceWithinTheBody) {
  expect_cancelled(
      [](Peer& peer, std::latch& asked) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,");
        asked.count_down();
      },
      {});
}

TEST_F(CurlTransportTest, AStopCancelsAtOnceWithinTheTlsHandshake) {
  expect_cancelled(
      [](Peer& peer, std::latch& asked) {
        peer.read_some();  // the client's greeting
        asked.count_down();
      },
      {}, true);
}

TEST_F(CurlTransportTest, SendsNothingAfterAStop) {
  const RawServer server(response("{}"));
  const CurlGlobal global;
  CurlTransport transport(global, {});
  std::stop_source stop;
  stop.request_stop();
  const auto answer = transport.send({.url = server.url()}, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_CLASS(answer.error(), cancelled);
}

TEST_F(CurlTransportTest, IsUsableAgainAfterACancelledAndAFailedRequest) {
  const RawServer server(
      std::vector<RawServer::Script>{[](Peer& peer) {
                                       peer.read_request();
                                       peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2");
                                     },
                                     [](Peer& peer) {
                                       peer.read_request();
                                       peer.send(response("[]"));
                                     }});
  const CurlGlobal global;
  CurlTransport transport(global, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(transport.send({.url = server.url()}, stop.get_token()));
  EXPECT_FALSE(transport.send({.url = server.url()}, {}));
  const auto answer = transport.send({.url = server.url()}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "[]");
}

TEST_F(CurlTransportTest, ServesSeveralThreadsAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 25;
  // One server for each thread, with as many connections as requests: which of its connections a session
  // still has open depends on who used it last.
  std::vector<std::unique_ptr<RawServer>> servers;
  for (int i = 0; i < kThreads; ++i) {
    const RawServer::Script close_after_one = [](Peer& peer) {
      peer.read_request();
      peer.send(response("[]", "Connection: close\r\n"));
    };
    servers.push_back(
        std::make_unique<RawServer>(std::vector<RawServer::Script>(kRequests, close_after_one)));
  }
  const CurlGlobal global;
  CurlTransport transport(global, {});
  std::vector<std::future<int>> results;
  for (const auto& server : servers) {
    results.push_back(std::async(std::launch::async, [&transport, &server] {
      int good = 0;
      for (int i = 0; i < kRequests; ++i) {
        good += transport.send({.url = server->url(), .timeout = hours(1)}, {}) ? 1 : 0;
      }
      return good;
    }));
  }
  for (auto& result : results) {
    EXPECT_EQ(result.get(), kRequests);
  }
}

class CurlTransportTlsTest : public CurlTransportTest {
 protected:
  static RawServer::Script answering() {
    return [](Peer& peer) {
      if (!peer.read_request().empty()) {
        peer.send(response("[]"));
      }
    };
  }

  const TestIdentity by_address{"IP:127.0.0.1"};
  const TestIdentity by_name{"DNS:right.test"};
};

TEST_F(CurlTransportTlsTest, RefusesASelfSignedCertificate) {
  const RawServer server(answering(), {.identity = &by_address});
  const Error error = error_of(server);
  EXPECT_CLASS(error, tls);
  EXPECT_THAT(error.message, HasSubstr("ca_file"));
}

TEST_F(CurlTransportTlsTest, AcceptsACertificateOfTheGivenCa) {
  const RawServer server(answering(), {.identity = &by_address});
  const auto answer = get(server.url(), {.tls = {.ca_pem = by_address.certificate_pem()}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "[]");
}

TEST_F(CurlTransportTlsTest, RefusesACertificateOfAnotherCaThanTheGiven) {
  const TestIdentity other("IP:127.0.0.1");
  const RawServer server(answering(), {.identity = &by_address});
  EXPECT_CLASS(error_of(server, {.tls = {.ca_pem = other.certificate_pem()}}), tls);
}

TEST_F(CurlTransportTlsTest, RefusesAnotherHostsCertificate) {
  const RawServer server(answering(), {.identity = &by_name});
  const Error error = error_of(server, {.tls = {.ca_pem = by_name.certificate_pem()}});
  EXPECT_CLASS(error, tls);
  EXPECT_THAT(error.message, HasSubstr("server_name"));
}

TEST_F(CurlTransportTlsTest, VerifiesAgainstTheServerNameAndKeepsTheHostHeader) {
  std::string asked_for;
  std::string head;
  int port = 0;
  {
    const RawServer server(RawServer::Script([&](Peer& peer) {
                             asked_for = peer.server_name();
                             head = peer.read_request();
                             peer.send(response("[]"));
                           }),
                           {.identity = &by_name});
    port = server.port();
    const auto answer =
        get(server.url("/x"), {.tls = {.ca_pem = by_name.certificate_pem(), .server_name = "right.test"}});
    ASSERT_TRUE(answer) << answer.error().message;
  }
  EXPECT_EQ(asked_for, "right.test");
  EXPECT_THAT(head, testing::StartsWith("GET /x HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("right.test")));
}

TEST_F(CurlTransportTlsTest, RefusesACertificateThatIsNotTheServerNames) {
  const RawServer server(answering(), {.identity = &by_address});
  EXPECT_CLASS(
      error_of(server, {.tls = {.ca_pem = by_address.certificate_pem(), .server_name = "right.test"}}), tls);
}

TEST_F(CurlTransportTlsTest, AcceptsAnythingWhenToldToSkipVerification) {
  const RawServer server(answering(), {.identity = &by_name});
  EXPECT_TRUE(get(server.url(), {.tls = {.insecure_skip_verify = true}}));
}

TEST_F(CurlTransportTlsTest, ShowsItsClientCertificate) {
  const TestIdentity client("DNS:client.test");
  const RawServer server(answering(), {.identity = &by_address, .client = &client});
  const auto answer = get(server.url(), {.tls = {.ca_pem = by_address.certificate_pem(),
                                                 .cert_pem = client.certificate_pem(),
                                                 .key_pem = client.key_pem()}});
  ASSERT_TRUE(answer) << answer.error().message;
}

TEST_F(CurlTransportTlsTest, AMissingClientCertificateIsATlsError) {
  const TestIdentity client("DNS:client.test");
  for (const auto version : {TlsVersion::tls12, TlsVersion::tls13}) {
    const RawServer server(answering(), {.identity = &by_address, .client = &client});
    EXPECT_CLASS(error_of(server, {.tls = {.ca_pem = by_address.certificate_pem(), .max_version = version}}),
                 tls);
  }
}

TEST_F(CurlTransportTlsTest, KeepsToItsTlsVersions) {
  const RawServer server(answering(), {.identity = &by_address, .min_version = TLS1_3_VERSION});
  EXPECT_CLASS(
      error_of(server, {.tls = {.ca_pem = by_address.certificate_pem(), .max_version = TlsVersion::tls12}}),
      tls);
}

TEST_F(CurlTransportTlsTest, APemThatIsNoneIsATlsError) {
  const RawServer server(std::vector<RawServer::Script>(3, answering()), {.identity = &by_address});
  EXPECT_CLASS(error_of(server, {.tls = {.ca_pem = "no PEM"}}), tls);
  EXPECT_CLASS(
      error_of(server, {.tls = {.ca_pem = by_address.certificate_pem(), .cert_pem = "x", .key_pem = "y"}}),
      tls);
}

TEST_F(CurlTransportTlsTest, AServerWithoutTlsIsATlsError) {
  const RawServer server(RawServer::Script([](Peer& peer) {
    peer.read_some();
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_until_closed();
  }));
  const auto answer = get("https" + server.url().substr(4));
  ASSERT_FALSE(answer);
  EXPECT_CLASS(answer.error(), tls);
}

TEST_F(CurlTransportTlsTest, AHandshakeThatNeverEndsIsATimeoutOfTheConnection) {
  const RawServer server(RawServer::Script([](Peer& peer) { peer.wait_until_closed(); }));
  const auto answer = get("https" + server.url().substr(4), {.connect_timeout = milliseconds(50)});
  ASSERT_FALSE(answer);
  EXPECT_CLASS(answer.error(), timeout);
  EXPECT_THAT(answer.error().message, HasSubstr("no connection"));
  EXPECT_THAT(answer.error().message, HasSubstr("within 50 ms"));
}

TEST_F(CurlTransportTest, GoesThroughAProxyThatDoesNotLearnTheCredentials) {
  std::string connect;
  std::string rest;
  {
    const RawServer proxy(RawServer::Script([&](Peer& peer) {
      connect = peer.read_request();
      peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
      rest = peer.read_some();
    }));
    const CurlGlobal global;
    CurlTransport transport(global,
                            {.proxy = {.url = "http://user:hidden@127.0.0.1:" + std::to_string(proxy.port()),
                                       .connect_headers = {{"X-Team", "identity"}}}});
    const auto answer = transport.send(
        {.url = "https://example.test/x", .headers = {{"Authorization", "SSWS t"}}, .timeout = hours(1)}, {});
    ASSERT_FALSE(answer);
    EXPECT_CLASS(answer.error(), connection);
    EXPECT_THAT(answer.error().message, HasSubstr("proxy on the way to example.test answered 407"));
    EXPECT_THAT(answer.error().message, Not(HasSubstr("hidden")));
  }
  EXPECT_THAT(connect, testing::StartsWith("CONNECT example.test:443 HTTP/1.1\r\n"));
  EXPECT_THAT(connect, HasSubstr("\r\nX-Team: identity\r\n"));
  EXPECT_THAT(connect, HasSubstr("\r\nProxy-Authorization: Basic "));
  EXPECT_THAT(connect, Not(HasSubstr("SSWS")));
  EXPECT_EQ(rest, "") << "nothing follows a refused CONNECT";
}

TEST_F(CurlTransportTest, ReadsProxyVariablesOnlyWhenToldTo) {
  const BoundSocket nobody_listens;
  const std::string proxy = "http://127.0.0.1:" + std::to_string(nobody_listens.port());
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"}) {
    ASSERT_EQ(::setenv(name, proxy.c_str(), 1), 0);
  }
  {
    const RawServer server(response("[]"));
    EXPECT_TRUE(get(server.url()));
  }
  const auto answer = get("http://example.test/", {.proxy = {.from_environment = true}});
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"}) {
    ::unsetenv(name);
  }
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr(std::to_string(nobody_listens.port())));
}

}  // namespace
}  // namespace exporter::net
