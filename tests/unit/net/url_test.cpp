#include "net/url.h"

#include <gtest/gtest.h>

namespace exporter::net {
namespace {

struct Parsed {
  std::string_view text;
  std::string_view scheme;
  std::string_view host;
  int port;
  std::string_view target;
  std::string_view origin;
};

TEST(ParseUrl, TakesUrlsApart) {
  constexpr Parsed kTable[] = {
      {"https://example.okta.com", "https", "example.okta.com", 443, "/", "https://example.okta.com"},
      {"HTTPS://Example.Okta.COM/Api", "https", "example.okta.com", 443, "/Api", "https://example.okta.com"},
      {"http://localhost:8080/a?b=c", "http", "localhost", 8080, "/a?b=c", "http://localhost:8080"},
      {"https://a:443/x", "https", "a", 443, "/x", "https://a"},
      {"http://a:443/x", "http", "a", 443, "/x", "http://a:443"},
      {"https://a:/x", "https", "a", 443, "/x", "https://a"},
      {"https://a?q=1", "https", "a", 443, "/?q=1", "https://a"},
      {"https://a/x?q=1#part", "https", "a", 443, "/x?q=1", "https://a"},
      {"https://a#part", "https", "a", 443, "/", "https://a"},
      {"https://[::1]:8443/x", "https", "::1", 8443, "/x", "https://[::1]:8443"},
      {"https://[FE80::1]/x", "https", "fe80::1", 443, "/x", "https://[fe80::1]"},
      {"https://a/x?q=a@b:c", "https", "a", 443, "/x?q=a@b:c", "https://a"},
      {"https://a/x?sysparm_query=sys_id>1^ORDERBYsys_id", "https", "a", 443,
       "/x?sysparm_query=sys_id>1^ORDERBYsys_id", "https://a"},
  };
  for (const Parsed& row : kTable) {
    const std::optional<Url> url = parse_url(row.text);
    ASSERT_TRUE(url) << row.text;
    EXPECT_EQ(url->scheme, row.scheme) << row.text;
    EXPECT_EQ(url->host, row.host) << row.text;
    EXPECT_EQ(url->port, row.port) << row.text;
    EXPECT_EQ(url->target, row.target) << row.text;
    EXPECT_EQ(url->origin(), row.origin) << row.text;
  }
}

TEST(ParseUrl, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "example.com",
                                      "/path",
                                      "//example.com/",
                                      "ftp://a/",
                                      "file:///etc/passwd",
                                      "https://",
                                      "https:///x",
                                      "https://user@a/",
                                      "https://user:pass@a/",
                                      "https://a:b@c/",
                                      "https://a:0/",
                                      "https://a:65536/",
                                      "https://a:80x/",
                                      "https://a:-1/",
                                      "https://a b/",
                                      "https://a/x y",
                                      "https://a/\r\nHost: b",
                                      "https://a\\@b/",
                                      "https://a/\x7f",
                                      "https://\xc3\xa4/",
                                      "https://[::1/",
                                      "https://[x]/",
                                      "https://[::1]x/",
                                      "https://.a/",
                                      "https://a%2eb/",
                                      "javascript:alert(1)"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(ParseUrl, RefusesATextWithAZeroByte) { EXPECT_FALSE(parse_url(std::string_view("https://a\0b/", 12))); }

TEST(SameOrigin, ComparesSchemeHostAndPort) {
  const Url url = parse_url("https://example.okta.com/a").value();
  EXPECT_TRUE(url.same_origin(parse_url("https://EXAMPLE.okta.com:443/b").value()));
  EXPECT_FALSE(url.same_origin(parse_url("http://example.okta.com/a").value()));
  EXPECT_FALSE(url.same_origin(parse_url("https://example.okta.com:8443/a").value()));
  EXPECT_FALSE(url.same_origin(parse_url("https://example.okta.com.evil.test/a").value()));
}

TEST(PercentEncode, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(percent_encode("a b+c&d=e/f?g^h,i"), "a%20b%2Bc%26d%3De%2Ff%3Fg%5Eh%2Ci");
  EXPECT_EQ(percent_encode("\xc3\xa4\n"), "%C3%A4%0A");
}

}  // namespace
}  // namespace exporter::net
