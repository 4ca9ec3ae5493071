#include "web/request_head.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr HeadLimits kLimits{.max_head_bytes = 16 * 1024, .max_body_bytes = 64 * 1024};

HeadScan scan(std::string_view input) { return scan_head(input, kLimits); }

TEST(HeadScan, WaitsUntilTheHeadIsWhole) {
  const std::string head = "\r\nGET /metrics?a HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(scan(head.substr(0, size)).state, HeadScan::State::incomplete) << size;
  }
  const HeadScan whole = scan(head + "rest");
  EXPECT_EQ(whole.state, HeadScan::State::complete);
  EXPECT_EQ(whole.consumed, head.size());
  EXPECT_EQ(whole.head.text, head.substr(2));
  EXPECT_TRUE(whole.head.keep_alive);
  EXPECT_EQ(whole.head.body_bytes, 0U);
}

TEST(HeadScan, LeavesOutWhatTheParserMustNotSee) {
  const HeadScan scanned = scan(
      "POST /x HTTP/1.1\r\nHost: x\r\nRANGE: bytes=0-1\r\nexpect: 100-continue\r\nContent-Length: 12\r\nA: "
      "b\r\n\r\n");
  ASSERT_EQ(scanned.state, HeadScan::State::complete);
  EXPECT_EQ(scanned.head.text, "POST /x HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n");
  EXPECT_EQ(scanned.head.body_bytes, 12U);
}

TEST(HeadScan, TurnsTheAbsoluteFormIntoTheOriginForm) {
  const auto text_of = [](const std::string& target) {
    return scan("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n").head.text;
  };
  EXPECT_THAT(text_of("http://a:1/b?c"), ::testing::StartsWith("GET /b?c HTTP/1.1\r\n"));
  EXPECT_THAT(text_of("HTTPS://a"), ::testing::StartsWith("GET / HTTP/1.1\r\n"));
  EXPECT_THAT(text_of("http://a?b"), ::testing::StartsWith("GET /?b HTTP/1.1\r\n"));
  EXPECT_THAT(text_of("/http://a"), ::testing::StartsWith("GET /http://a HTTP/1.1\r\n"));
}

TEST(HeadScan, KnowsWhetherTheConnectionGoesOn) {
  const auto keeps = [](const std::string& version, const std::string& connection) {
    return scan("GET / HTTP/" + version + "\r\nHost: x\r\n" + connection + "\r\n").head.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive\r\nConnection: x, Close\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "connection: Keep-Alive\r\n"));
}

TEST(HeadScan, RefusesWhatTwoReadersMightReadDifferently) {
  const auto status_of = [](const std::string& head) {
    const HeadScan scanned = scan(head);
    return scanned.state == HeadScan::State::refused ? scanned.status : 0;
  };
  const std::string line = "GET / HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(status_of(line + "\r\n"), 0);
  EXPECT_EQ(status_of(line + "Content-Length: 1, 1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: +1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length:\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: 0x10\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "Transfer-Encoding: identity\r\n\r\n"), 411);
  EXPECT_EQ(status_of(line + "Content-Length: 65537\r\n\r\n"), 413);
  EXPECT_EQ(status_of(line + "A: b\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "A: b\rc\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + "A\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + ": a\r\n\r\n"), 400);
  EXPECT_EQ(status_of(line + std::string("A: \0b", 5) + "\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / x HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("G(T / HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1x\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / http/1.1\r\nHost: x\r\n\r\n"), 400);
}

TEST(HeadScan, LetsForeignLettersPassInValues) {
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nHost: x\r\nA: \xc3\xa9\t!\r\n\r\n").state, HeadScan::State::complete);
}

TEST(HeadScan, SkipsAtMostTwoEmptyLines) {
  EXPECT_EQ(scan("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").state, HeadScan::State::complete);
  EXPECT_EQ(scan("\r\n\r\n\r\n").state, HeadScan::State::refused);
}

}  // namespace
}  // namespace exporter::web
