#include "web/response_head.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"

namespace exporter::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HttpDate, IsWhatOurOwnParserReads) {
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(1713287782), "Tue, 16 Apr 2024 17:16:22 GMT");
  EXPECT_EQ(http_date(1709164800), "Thu, 29 Feb 2024 00:00:00 GMT");
  const auto parsed = parse_http_date(http_date(1713287782));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_seconds(*parsed), 1713287782);
}

TEST(ResponseHead, HasEverythingThatACacheAndAClientNeed) {
  WebResponse response = text_response(200, "body");
  response.headers.emplace_back("Cache-Control", "no-store");
  EXPECT_EQ(
      make_response_head(response, {.content_length = 4, .gzip = true, .keep_alive = false, .date = "now"}),
      "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n"
      "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\n"
      "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
}

TEST(ResponseHead, TellsNoLengthOfAnAnswerThatHasNoBody) {
  EXPECT_THAT(make_response_head({.status = 204}, {}), Not(HasSubstr("\r\nContent-")));
}

TEST(ResponseHead, IsSafeOnlyWithoutControlCharacters) {
  const auto with = [](std::string name, std::string value) {
    return has_safe_headers({.headers = {{std::move(name), std::move(value)}}});
  };
  EXPECT_TRUE(with("Location", "/a?b=c"));
  EXPECT_FALSE(with("Location", "/\r\nSet-Cookie: a"));
  EXPECT_FALSE(with("Location", "/\n"));
  EXPECT_FALSE(with("Location", std::string("/\0", 2)));
  EXPECT_FALSE(with("", "x"));
  EXPECT_FALSE(with("A b", "x"));
  EXPECT_FALSE(with("A:", "x"));
  EXPECT_FALSE(has_safe_headers({.content_type = "text/html\r\n"}));
}

TEST(ErrorResponse, SaysItsStatusInWords) {
  EXPECT_EQ(*error_response(404).body, "404 Not Found\n");
  EXPECT_EQ(*error_response(431).body, "431 Request Header Fields Too Large\n");
}

}  // namespace
}  // namespace exporter::web
