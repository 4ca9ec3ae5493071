#include "web/server.h"

#include <algorithm>
#include <chrono>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/web/raw_client.h"

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using testing::get_request;
using testing::gunzip;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kPatience;
using ::testing::Not;
using testing::RawClient;
using testing::RawResponse;
using ::testing::StartsWith;

// More than the kernel's buffers of both ends of a loopback connection take.
constexpr std::size_t kHugeBytes = 64 << 20;

class MemoryLog final : public Log {
 public:
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    const std::lock_guard lock(mutex_);
    text_.append(message);
    for (const LogField& field : fields) text_.append(" ").append(field.key).append("=").append(field.value);
    text_.append("\n");
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

class CountingObserver final : public ServerObserver {
 public:
  void on_served(std::string_view handler, int code) override {
    const std::lock_guard lock(mutex_);
    ++counts_[{std::string(handler), code}];
  }
  int count(const std::string& handler, int code) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find({handler, code});
    return found == counts_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, int> counts_;
};

class WebServer : public ::testing::Test {
 protected:
  WebServer() { options_.listen_addresses = {"127.0.0.1:0"}; }

  // Call once, after options_ and before any request.
  void start() {
    server_.emplace(options_, log_, observer_);
    const auto add = [&](const char* method, const char* path, const char* name, Server::Speed speed,
                         Handler handler) { server_->route(method, path, name, speed, std::move(handler)); };
    add("GET", "/metrics", "metrics", Server::Speed::fast, [this](const WebRequest&) {
      return WebResponse{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_};
    });
    add("GET", "/hello", "hello", Server::Speed::fast, [](const WebRequest& request) {
      return text_response(200, request.method + " " + request.path + " ?" + request.query);
    });
    add("GET", "/page", "page", Server::Speed::fast, [](const WebRequest&) {
      return WebResponse{.content_type = "text/html; charset=utf-8",
                         .body = std::make_shared<const std::string>("<p>page</p>")};
    });
    add("GET", "/huge", "huge", Server::Speed::fast, [](const WebRequest&) {
      static const auto body = std::make_shared<const std::string>(kHugeBytes, 'x');
      return WebResponse{.body = body};
    });
    add("GET", "/zipped", "zipped", Server::Speed::fast, [](const WebRequest& request) {
      return WebResponse{
          .body = std::make_shared<const std::string>("plain"),
          .gzip_body = std::make_shared<const std::string>(request.accepts_gzip ? "zipped" : "unasked")};
    });
    add("GET", "/evil-value", "evil", Server::Speed::fast, [](const WebRequest& request) {
      WebResponse response = text_response(200, "body");
      response.headers.emplace_back("X-Echo", request.query + "\r\nSet-Cookie: a=b");
      return response;
    });
    add("GET", "/evil-type", "evil", Server::Speed::fast, [](const WebRequest&) {
      return WebResponse{.content_type = "text/plain\r\n\r\n<script>", .body = nullptr};
    });
    add("GET", "/throws", "throws", Server::Speed::fast,
        [](const WebRequest&) -> WebResponse { throw std::runtime_error("bug"); });
    add("POST", "/-/reload", "reload", Server::Speed::slow,
        [](const WebRequest& request) { return text_response(200, "reloaded by " + request.method); });
    add("GET", "/slow", "slow", Server::Speed::slow, [this](const WebRequest& request) {
      slow_started_.count_down();
      const std::stop_callback stopped(request.stop, [this] { slow_may_end_.count_down(); });
      slow_may_end_.wait();
      return text_response(200, "slow");
    });
    add("GET", "/worker", "worker", Server::Speed::slow, [](const WebRequest&) {
      return WebResponse{.body = std::make_shared<const std::string>("from the worker")};
    });
    add("GET", "/slow-throws", "throws", Server::Speed::slow,
        [](const WebRequest&) -> WebResponse { throw std::runtime_error("slow bug"); });
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }

  std::string address() const { return server_->addresses().at(0); }

  RawClient connected() const {
    RawClient client(address());
    EXPECT_TRUE(client.connect());
    return client;
  }

  // The answer to these bytes on a connection of their own.
  std::optional<RawResponse> answer_to(std::string_view bytes) const {
    RawClient client = connected();
    client.send(bytes);
    return client.read_response();
  }
  int status_of(std::string_view bytes) const {
    const auto response = answer_to(bytes);
    return response ? response->status : 0;
  }

  ServerOptions options_;
  MemoryLog log_;
  CountingObserver observer_;
  std::shared_ptr<const std::string> metrics_ = std::make_shared<const std::string>("okta_up 1\n");
  std::latch slow_started_{1};
  std::latch slow_may_end_{1};
  // Last: its threads use what stands above.
  std::optional<Server> server_;
};

TEST_F(WebServer, AnswersARequestWithItsRoute) {
  start();
  const auto response = connected().get("/hello?a=1&b=%202");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "GET /hello ?a=1&b=%202");
  EXPECT_EQ(response->headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response->headers.at("content-length"), "22");
  EXPECT_EQ(response->headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(response->headers.at("vary"), "Accept-Encoding");
  EXPECT_EQ(response->headers.at("connection"), "keep-alive");
  EXPECT_TRUE(parse_http_date(response->headers.at("date")));
  EXPECT_EQ(observer_.count("hello", 200), 1);
}

TEST_F(WebServer, ServesManyRequestsOnOneConnection) {
  start();
  RawClient client = connected();
  for (int i = 0; i < 500; ++i) {
    const auto response = client.get("/metrics");
    ASSERT_TRUE(response);
    ASSERT_EQ(response->body, "okta_up 1\n");
  }
  EXPECT_EQ(observer_.count("metrics", 200), 500);
}

TEST_F(WebServer, ClosesAfterTheAnswerWhenTheClientAsksForIt) {
  start();
  for (const std::string_view head : {"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: foo, CLOSE\r\n\r\n",
                                      "GET /metrics HTTP/1.0\r\n\r\n"}) {
    RawClient client = connected();
    client.send(head);
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_TRUE(client.wait_closed());
  }
}

TEST_F(WebServer, KeepsAnOldClientAliveThatAsksForIt) {
  start();
  RawClient client = connected();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(client.send("GET /metrics HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->headers.at("connection"), "keep-alive");
  }
}

TEST_F(WebServer, AnswersPipelinedRequestsInOrderAlsoAroundASlowOne) {
  start();
  RawClient client = connected();
  client.send(get_request("/hello?1") + get_request("/worker") + get_request("/hello?3") +
              get_request("/nowhere") + get_request("/hello?5"));
  const char* const expected[] = {"GET /hello ?1", "from the worker", "GET /hello ?3", "404 Not Found\n",
                                  "GET /hello ?5"};
  for (const char* const body : expected) {
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, body);
  }
}

TEST_F(WebServer, AnswersAThousandPipelinedRequests) {
  start();
  RawClient client = connected();
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get_request("/hello?" + std::to_string(i));
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 1000; ++i) {
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    ASSERT_EQ(response->body, "GET /hello ?" + std::to_string(i));
  }
  sender.join();
}

TEST_F(WebServer, AnswersARequestThatComesByteByByte) {
  start();
  RawClient client = connected();
  for (const char c : get_request("/hello")) ASSERT_TRUE(client.send({&c, 1}));
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "GET /hello ?");
}

TEST_F(WebServer, AnswersAClientThatEndedItsSideAfterTheRequest) {
  start();
  RawClient client = connected();
  client.send(get_request("/huge"));
  client.end_output();
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), kHugeBytes);
  EXPECT_TRUE(client.wait_closed());
}

TEST_F(WebServer, AnswersHeadWithTheHeadOfGet) {
  start();
  RawClient client = connected();
  client.send("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_response(false);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->headers.at("content-length"), "10");
  const auto next = client.get("/metrics");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "okta_up 1\n");
}

TEST_F(WebServer, AnswersHeadOfWhatIsNotThereWithoutABody) {
  start();
  RawClient client = connected();
  client.send("HEAD /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_response(false);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 404);
  const auto next = client.get("/metrics");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->status, 200);
}

TEST_F(WebServer, SendsTheGzippedBodyOnlyToThoseWhoAcceptIt) {
  start();
  RawClient client = connected();
  const auto zipped = client.get("/zipped", "Accept-Encoding: br;q=1.0, gzip;q=0.8, *;q=0\r\n");
  ASSERT_TRUE(zipped);
  EXPECT_EQ(zipped->body, "zipped");
  EXPECT_EQ(zipped->headers.at("content-encoding"), "gzip");
  EXPECT_EQ(zipped->headers.at("content-length"), "6");
  for (const std::string_view header : {"", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br\r\n"}) {
    const auto plain = client.get("/zipped", header);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->body, "plain");
    EXPECT_FALSE(plain->headers.contains("content-encoding"));
    EXPECT_EQ(plain->headers.at("vary"), "Accept-Encoding");
  }
}

TEST_F(WebServer, JoinsSeveralAcceptEncodingFields) {
  start();
  const auto response = connected().get("/zipped", "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "zipped");
}

TEST_F(WebServer, GivesPagesAStrictContentSecurityPolicyAndOthersNone) {
  start();
  RawClient client = connected();
  const auto page = client.get("/page");
  ASSERT_TRUE(page);
  EXPECT_THAT(page->headers.at("content-security-policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(page->headers.at("referrer-policy"), "no-referrer");
  const auto text = client.get("/metrics");
  ASSERT_TRUE(text);
  EXPECT_FALSE(text->headers.contains("content-security-policy"));
}

TEST_F(WebServer, Answers404OffTheRoutesAndStaysOpen) {
  start();
  RawClient client = connected();
  for (const std::string_view path : {"/nowhere", "//metrics", "/metrics/", "/-/../metrics", "/./metrics",
                                      "/%00", "/metrics%00", "/METRICS", "*"}) {
    const auto response = client.get(path);
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, 404) << path;
  }
  EXPECT_EQ(observer_.count("other", 404), 9);
}

TEST_F(WebServer, DecodesThePathOnce) {
  start();
  RawClient client = connected();
  EXPECT_EQ(client.get("/%6detrics")->status, 200);
  EXPECT_EQ(client.get("/%256detrics")->status, 404);
}

TEST_F(WebServer, TakesATargetInAbsoluteForm) {
  start();
  const auto response = connected().get("http://exporter:10717/hello?x");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "GET /hello ?x");
}

TEST_F(WebServer, Answers405WithWhatThePathAllows) {
  start();
  RawClient client = connected();
  const std::pair<const char*, const char*> cases[] = {{"PUT /metrics", "GET, HEAD"},
                                                       {"DELETE /metrics", "GET, HEAD"},
                                                       {"OPTIONS /metrics", "GET, HEAD"},
                                                       {"POST /metrics", "GET, HEAD"},
                                                       {"TRACE /metrics", "GET, HEAD"},
                                                       {"GET /-/reload", "POST"},
                                                       {"HEAD-ACHE /metrics", "GET, HEAD, POST"}};
  for (const auto& [line, allow] : cases) {
    client.send(std::string(line) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto response = client.read_response();
    ASSERT_TRUE(response) << line;
    EXPECT_EQ(response->status, 405) << line;
    EXPECT_EQ(response->headers.at("allow"), allow) << line;
  }
  EXPECT_EQ(observer_.count("other", 405), 7);
}

TEST_F(WebServer, TakesAPostWhereTheRouteSaysSo) {
  start();
  RawClient client = connected();
  for (int i = 0; i < 2; ++i) {
    client.send(
        "POST /-/reload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello");
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "reloaded by POST");
  }
}

TEST_F(WebServer, IgnoresRange) {
  start();
  const auto response = connected().get("/metrics", "Range: bytes=0-1,0-1,0-1\r\n");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "okta_up 1\n");
}

TEST_F(WebServer, RefusesWhatIsNoRequestAndSaysWhy) {
  start();
  const std::string host = "Host: x\r\n";
  EXPECT_EQ(status_of("GET /metrics\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET  /metrics HTTP/1.1\r\n" + host + "\r\n"), 400);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\n\r\n"), 400) << "no host";
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\n" + host + host + "\r\n"), 400) << "two hosts";
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\n" + host + " folded\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\n" + host + "A : b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\n" + host + "A: \x01\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\nHost: x\n\n"), 400) << "bare line feeds";
  EXPECT_EQ(status_of("GET /metrics HTTP/2.0\r\n" + host + "\r\n"), 505);
  EXPECT_EQ(status_of("\x16\x03\x01\x02"), 400) << "a TLS handshake";
  EXPECT_EQ(status_of("POST /-/reload HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(
      status_of("POST /-/reload HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
      400);
  EXPECT_EQ(status_of("POST /-/reload HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            411);
  EXPECT_EQ(status_of("POST /-/reload HTTP/1.1\r\n" + host +
                      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
            400)
      << "smuggling";
}

TEST_F(WebServer, ClosesAfterARefusalWithoutReadingTheRest) {
  start();
  RawClient client = connected();
  client.send("BAD\r\n\r\n" + get_request("/metrics"));
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(client.wait_closed());
  EXPECT_EQ(observer_.count("metrics", 200), 0);
}

TEST_F(WebServer, BoundsTheRequestLine) {
  start();
  const auto line_of = [](std::size_t bytes) {
    const std::string around = "GET /hello? HTTP/1.1\r\n";
    return "GET /hello?" + std::string(bytes - around.size(), 'x') + " HTTP/1.1\r\n";
  };
  EXPECT_EQ(status_of(line_of(8192) + "Host: x\r\n\r\n"), 200);
  EXPECT_EQ(status_of(line_of(8193) + "Host: x\r\n\r\n"), 414);
  EXPECT_EQ(status_of("GET /" + std::string(9000, 'x')), 414) << "without an end";
}

TEST_F(WebServer, BoundsTheHead) {
  start();
  const auto with_padding = [](std::size_t bytes) {
    std::string head = "GET /hello HTTP/1.1\r\nHost: x\r\nA: " + std::string(8000, 'a') +
                       "\r\nB: " + std::string(4000, 'b') + "\r\nC: ";
    return head + std::string(bytes - head.size() - 4, 'c') + "\r\n\r\n";
  };
  EXPECT_EQ(status_of(with_padding(16 * 1024)), 200);
  EXPECT_EQ(status_of(with_padding(16 * 1024 + 1)), 431);
  EXPECT_EQ(status_of("GET /hello HTTP/1.1\r\nHost: x\r\nA: " + std::string(20000, 'a')), 431)
      << "without an end";
  EXPECT_EQ(status_of(get_request("/hello", "A: " + std::string(8200, 'a') + "\r\n")), 431)
      << "one long field";
  std::string many;
  for (int i = 0; i < 101; ++i) many += "a: b\r\n";
  EXPECT_EQ(status_of(get_request("/hello", many)), 431) << "many fields";
}

TEST_F(WebServer, RefusesALargeBodyEvenWhenItIsSentAllTheSame) {
  start();
  const std::string head = "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  RawClient small = connected();
  small.send(head + "65536\r\n\r\n" + std::string(65536, 'x') + get_request("/hello"));
  EXPECT_EQ(small.read_response()->status, 200);
  EXPECT_EQ(small.read_response()->body, "GET /hello ?") << "the body is no request";
  RawClient large = connected();
  large.send(head + "65537\r\n\r\n" + std::string(65537, 'x'));
  const auto refused = large.read_response();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
  EXPECT_TRUE(large.wait_closed());
  EXPECT_EQ(status_of(head + "99999999999999999999999\r\n\r\n"), 413);
}

TEST_F(WebServer, ClosesAConnectionThatSaysNothing) {
  options_.head_timeout = 50ms;
  start();
  EXPECT_TRUE(connected().wait_closed());
  EXPECT_EQ(observer_.count("other", 408), 0);
}

TEST_F(WebServer, AnswersASlowHeadWith408) {
  options_.head_timeout = 50ms;
  start();
  RawClient client = connected();
  client.send("GET /metrics HTTP/1.1\r\nHost:");
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
  EXPECT_TRUE(client.wait_closed());
}

TEST_F(WebServer, DoesNotExtendTheHeadsTimeForEachByte) {
  options_.head_timeout = 50ms;
  start();
  RawClient client = connected();
  ASSERT_TRUE(client.get("/metrics"));
  // Drips until the server has had enough.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  client.send("GET /");
  while (observer_.count("other", 408) == 0 && std::chrono::steady_clock::now() < deadline) {
    if (!client.send("a")) break;
    std::this_thread::yield();
  }
  EXPECT_EQ(observer_.count("other", 408) + observer_.count("other", 414), 1);
}

TEST_F(WebServer, AnswersABodyThatDoesNotComeWith408) {
  options_.head_timeout = 50ms;
  start();
  RawClient client = connected();
  client.send("POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe");
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
}

TEST_F(WebServer, ClosesAnIdleConnectionAfterItsTime) {
  options_.idle_timeout = 50ms;
  start();
  RawClient client = connected();
  ASSERT_TRUE(client.get("/metrics"));
  EXPECT_TRUE(client.wait_closed());
}

TEST_F(WebServer, ResetsAClientThatDoesNotRead) {
  options_.write_timeout = 50ms;
  start();
  RawClient client = connected();
  client.send(get_request("/huge"));
  EXPECT_TRUE(client.wait_reset());
}

TEST_F(WebServer, ServesOthersUnderIdleAndStuckConnections) {
  constexpr std::size_t kIdle = 1000;
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < 4096) GTEST_SKIP() << "needs 4,096 open files";
  const rlimit raised{.rlim_cur = std::max<rlim_t>(limit.rlim_cur, 4096), .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &raised), 0);
  options_.head_timeout = kPatience;
  start();
  std::vector<RawClient> idle;
  for (std::size_t i = 0; i < kIdle; ++i) idle.push_back(connected());
  std::vector<RawClient> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.push_back(connected());
    stuck.back().send(get_request("/huge"));
    ASSERT_TRUE(stuck.back().wait_readable());
  }
  RawClient client = connected();
  for (int i = 0; i < 100; ++i) {
    const auto response = client.get("/metrics");
    ASSERT_TRUE(response);
    ASSERT_EQ(response->status, 200);
  }
  EXPECT_TRUE(idle.front().get("/metrics")) << "the idle ones still work";
  EXPECT_TRUE(idle.back().get("/metrics"));
  EXPECT_EQ(stuck.front().read_response()->body.size(), kHugeBytes) << "and so does a stuck one";
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_F(WebServer, ScrapesThatNobodyReadsKeepNobodyOut) {
  metrics_ = std::make_shared<const std::string>(kHugeBytes, 'm');
  options_.max_requests = 2;
  options_.stall_timeout = 20ms;
  start();
  std::vector<RawClient> stuck;
  for (int i = 0; i < 2; ++i) {
    stuck.push_back(connected());
    stuck.back().send(get_request("/metrics"));
    ASSERT_TRUE(stuck.back().wait_readable());
  }
  RawClient client = connected();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int status = 503;
  while (status == 503 && std::chrono::steady_clock::now() < deadline)
    status = client.get("/metrics")->status;
  EXPECT_EQ(status, 200);
  EXPECT_EQ(stuck.front().read_response()->body.size(), kHugeBytes) << "and they may still read";
}

TEST_F(WebServer, ClosesTheOldestIdleConnectionWhenThereAreTooMany) {
  options_.max_connections = 3;
  start();
  RawClient first = connected();
  ASSERT_TRUE(first.get("/metrics"));
  RawClient second = connected();
  ASSERT_TRUE(second.get("/metrics"));
  RawClient third = connected();
  ASSERT_TRUE(third.get("/metrics"));
  ASSERT_TRUE(first.get("/metrics"));  // used again: now the second is the oldest
  RawClient fourth = connected();
  ASSERT_TRUE(fourth.get("/metrics"));
  EXPECT_TRUE(second.wait_closed());
  EXPECT_TRUE(first.get("/metrics"));
  EXPECT_TRUE(third.get("/metrics"));
}

TEST_F(WebServer, ClosesAConnectionWithoutARequestBeforeItRefusesOne) {
  options_.max_connections = 2;
  start();
  RawClient silent = connected();
  RawClient dripping = connected();
  dripping.send("GET /met");
  EXPECT_EQ(status_of(get_request("/metrics")), 200);
  EXPECT_TRUE(silent.wait_closed());
}

TEST_F(WebServer, Answers503WhenEveryConnectionIsBusy) {
  options_.max_connections = 1;
  start();
  RawClient stuck = connected();
  stuck.send(get_request("/huge"));
  ASSERT_TRUE(stuck.wait_readable());
  RawClient refused = connected();
  const auto response = refused.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_TRUE(refused.wait_closed());
}

TEST_F(WebServer, MakesRoomWhenTheProcessRunsOutOfDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  // Built together with it, UBSan tries by a pipe whether an object's memory can be read: without a
  // descriptor left it takes a good object for a bad one.
  GTEST_SKIP() << "the sanitizer needs descriptors itself";
#endif
  start();
  RawClient oldest = connected();
  ASSERT_TRUE(oldest.get("/metrics"));
  RawClient late(address());
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  const rlimit exhausted{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &exhausted), 0);
  const bool connected = late.connect();
  const auto response = late.get("/metrics");
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_TRUE(connected);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(oldest.wait_closed());
}

TEST_F(WebServer, Answers503BeyondSoManyScrapesAtOnce) {
  metrics_ = std::make_shared<const std::string>(kHugeBytes, 'm');
  options_.max_requests = 2;
  options_.stall_timeout = kPatience;
  options_.write_timeout = 2 * kPatience;
  start();
  std::optional<RawClient> first = connected();
  first->send(get_request("/metrics"));
  ASSERT_TRUE(first->wait_readable());
  RawClient second = connected();
  second.send(get_request("/metrics"));
  ASSERT_TRUE(second.wait_readable());
  RawClient third = connected();
  const auto refused = third.get("/metrics");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_THAT(refused->body, HasSubstr("2 scrapes"));
  EXPECT_EQ(observer_.count("metrics", 503), 1);
  EXPECT_EQ(third.get("/hello")->status, 200) << "only scrapes are limited";

  EXPECT_EQ(second.read_response()->body.size(), kHugeBytes);
  EXPECT_EQ(third.get("/metrics")->status, 200) << "a finished scrape makes room";
  second.send(get_request("/metrics"));
  ASSERT_TRUE(second.wait_readable());
  EXPECT_EQ(third.get("/metrics")->status, 503);
  first.reset();
  // The server hears of the reset a moment later.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int status = 503;
  while (status == 503 && std::chrono::steady_clock::now() < deadline) status = third.get("/metrics")->status;
  EXPECT_EQ(status, 200) << "an abandoned scrape makes room";
}

TEST_F(WebServer, RunsSlowHandlersBesideTheLoop) {
  start();
  RawClient slow = connected();
  slow.send(get_request("/slow"));
  slow_started_.wait();
  RawClient fast = connected();
  EXPECT_EQ(fast.get("/metrics")->status, 200);
  slow_may_end_.count_down();
  const auto response = slow.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "slow");
  EXPECT_EQ(slow.get("/metrics")->status, 200) << "the connection goes on";
}

TEST_F(WebServer, DropsTheAnswerForAClientThatIsGone) {
  start();
  {
    RawClient slow = connected();
    slow.send(get_request("/slow"));
    slow_started_.wait();
  }
  slow_may_end_.count_down();
  EXPECT_EQ(status_of(get_request("/worker")), 200);
}

TEST_F(WebServer, AnswersWith503WhenTheWorkerIsTooFarBehind) {
  start();
  std::vector<RawClient> clients;
  clients.push_back(connected());
  clients.back().send(get_request("/slow"));
  slow_started_.wait();
  int refused = 0;
  for (int i = 0; i < 65; ++i) {
    clients.push_back(connected());
    clients.back().send(get_request("/worker"));
    // Each is known to be queued or refused before the next one is sent.
    ASSERT_TRUE(connected().get("/metrics"));
  }
  slow_may_end_.count_down();
  for (RawClient& client : clients) {
    const auto response = client.read_response();
    ASSERT_TRUE(response);
    if (response->status == 503) ++refused;
  }
  EXPECT_EQ(refused, 1);
}

TEST_F(WebServer, AnswersWith500WhenAHandlerThrows) {
  start();
  EXPECT_EQ(status_of(get_request("/throws")), 500);
  EXPECT_EQ(status_of(get_request("/slow-throws")), 500);
  EXPECT_THAT(log_.text(), HasSubstr("path=/throws error=bug"));
  EXPECT_THAT(log_.text(), HasSubstr("path=/slow-throws error=slow bug"));
}

TEST_F(WebServer, SendsNoHeaderThatAHandlerWasTrickedInto) {
  start();
  for (const std::string_view path : {"/evil-value?x", "/evil-type"}) {
    const auto response = connected().get(path);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 500);
    EXPECT_THAT(response->head, Not(HasSubstr("Set-Cookie")));
    EXPECT_THAT(response->head, Not(HasSubstr("script")));
  }
  EXPECT_EQ(observer_.count("evil", 500), 2);
}

TEST_F(WebServer, EchoesNothingOfARequestThatTriesToInjectAHeader) {
  start();
  const auto response = connected().get("/%0d%0aSet-Cookie:%20a=b");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_THAT(response->head, Not(HasSubstr("Set-Cookie")));
  EXPECT_THAT(response->body, Not(HasSubstr("Set-Cookie")));
}

TEST_F(WebServer, StopsAtOnceWithEverythingUnderWay) {
  start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(connected());
  clients[0].send(get_request("/slow"));
  slow_started_.wait();
  clients[1].send(get_request("/worker"));  // waits behind the slow one
  clients[2].send(get_request("/huge"));
  ASSERT_TRUE(clients[2].wait_readable());
  clients[3].send("GET /met");
  ASSERT_TRUE(clients[4].get("/metrics"));
  const auto begin = std::chrono::steady_clock::now();
  server_->stop();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took, 1s);
  RecordProperty("stop_ms",
                 static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  for (RawClient& client : clients) EXPECT_TRUE(client.wait_closed());
  EXPECT_FALSE(RawClient(address()).connect());
  server_->stop();
}

TEST_F(WebServer, CanBeStoppedFromSeveralThreads) {
  start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { server_->stop(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(RawClient(address()).connect());
}

TEST_F(WebServer, CanBeDestroyedWithoutEverBeingStarted) {
  const Server server(options_, log_, observer_);
  EXPECT_THAT(server.addresses(), IsEmpty());
}

TEST_F(WebServer, ListensOnSeveralAddresses) {
  options_.listen_addresses = {"127.0.0.1:0", "127.0.0.1:0"};
  start();
  ASSERT_EQ(server_->addresses().size(), 2U);
  for (const std::string& address : server_->addresses()) {
    EXPECT_THAT(address, StartsWith("127.0.0.1:"));
    RawClient client(address);
    ASSERT_TRUE(client.connect());
    EXPECT_TRUE(client.get("/metrics"));
  }
}

TEST_F(WebServer, SaysWhichAddressIsTaken) {
  start();
  ServerOptions options;
  options.listen_addresses = {address()};
  Server second(options, log_, observer_);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().error_class, ErrorClass::connection);
  EXPECT_THAT(started.error().message, HasSubstr(address()));
  EXPECT_THAT(started.error().message, HasSubstr("Address already in use"));
}

TEST_F(WebServer, CanBeRestartedOnTheSameAddressAtOnce) {
  start();
  const std::string taken = address();
  RawClient client = connected();
  ASSERT_TRUE(client.get("/metrics"));
  server_->stop();
  ServerOptions options;
  options.listen_addresses = {taken};
  Server second(options, log_, observer_);
  const auto started = second.start();
  EXPECT_TRUE(started) << started.error().message;
}

}  // namespace
}  // namespace exporter::web
