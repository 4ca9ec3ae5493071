#include "web/http_engine.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::web {
namespace {

class Engine : public ::testing::Test {
 protected:
  Engine() {
    engine_.add_route("GET", "/metrics");
    engine_.add_route("POST", "/-/reload");
    engine_.add_route("GET", "/-/reload");
    engine_.add_route("GET", "/a.b");
  }
  RoutedRequest parse(const std::string& line, const std::string& fields = "") {
    return engine_.parse(line + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
  }

  HttpEngine engine_;
};

TEST_F(Engine, FindsTheRouteByMethodAndPath) {
  EXPECT_EQ(parse("GET /metrics").route, 0U);
  EXPECT_EQ(parse("POST /-/reload").route, 1U);
  EXPECT_EQ(parse("GET /-/reload").route, 2U);
  const RoutedRequest head = parse("HEAD /metrics?a=%20b&c");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.method, "HEAD");
  EXPECT_EQ(head.path, "/metrics");
  EXPECT_EQ(head.query, "a=%20b&c");
}

TEST_F(Engine, TakesPathsLiterally) {
  EXPECT_EQ(parse("GET /a.b").status, 200);
  EXPECT_EQ(parse("GET /axb").status, 404);
  EXPECT_EQ(parse("GET /a%2eb").status, 200);
  EXPECT_EQ(parse("GET /metricsx").status, 404);
  EXPECT_EQ(parse("GET /").status, 404);
}

TEST_F(Engine, TellsTheMethodsOfAPath) {
  const RoutedRequest refused = parse("DELETE /-/reload");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.allow, "POST, GET, HEAD");
  EXPECT_EQ(parse("BREW /metrics").status, 405);
}

TEST_F(Engine, ForgetsTheLastRequest) {
  EXPECT_EQ(parse("GET /metrics?secret", "Accept: a\r\nAccept-Encoding: gzip\r\n").accept_encoding, "gzip");
  const RoutedRequest next = parse("GET /metrics");
  EXPECT_EQ(next.query, "");
  EXPECT_EQ(next.accept, "");
  EXPECT_EQ(next.accept_encoding, "");
}

TEST_F(Engine, JoinsRepeatedFields) {
  // httplib 0.11 keeps their order, 0.18 does not.
  EXPECT_THAT(parse("GET /metrics", "Accept: a\r\naccept: b;q=0.5\r\n").accept,
              ::testing::AnyOf("a, b;q=0.5", "b;q=0.5, a"));
}

TEST_F(Engine, SurvivesAPathAsLongAsALineMayBe) {
  EXPECT_EQ(parse("GET /" + std::string(8000, '%')).status, 404);
  EXPECT_EQ(parse("GET /?" + std::string(8000, '&')).status, 404);
}

}  // namespace
}  // namespace exporter::web
