#include "web/page_access.h"

#include <gtest/gtest.h>

namespace exporter::web {
namespace {

TEST(PageAccess, IsForThoseWhoProvedWhoTheyAre) {
  EXPECT_TRUE(may_see_people({.authenticated = true, .host = "exporter.example.com"}));
  EXPECT_TRUE(
      may_see_people({.verified_certificate = true, .forwarded = true, .host = "exporter.example.com"}));
  EXPECT_FALSE(may_see_people({.host = "exporter.example.com"}));
  EXPECT_FALSE(may_see_people({.host = "localhost"})) << "the Host alone proves nothing";
}

TEST(PageAccess, IsForThisMachineUnlessAProxyOrAnotherSiteSpeaksThroughIt) {
  EXPECT_TRUE(may_see_people({.from_loopback = true, .host = "localhost:10717"}));
  EXPECT_FALSE(may_see_people({.from_loopback = true, .forwarded = true, .host = "localhost:10717"}));
  EXPECT_FALSE(may_see_people({.from_loopback = true, .host = "rebound.example.com:10717"}));
  EXPECT_FALSE(may_see_people({.from_loopback = true, .host = ""}));
}

TEST(PageAccess, KnowsTheNamesOfThisMachine) {
  for (const char* host :
       {"localhost", "LOCALHOST:10717", "127.0.0.1", "127.0.0.1:80", "127.8.9.10", "[::1]", "[::1]:10717"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"", ":80", "localhost.example.com", "127.0.0.1.example.com", "127.0.0.1:x",
                           "localhost:", "127.1", "127.0.0.1.5", "10.0.0.1", "[::2]", "[::1", "0.0.0.0",
                           "localhost,evil", "127.0.0.", "localhost:80:90"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(PageAccess, TellsAPageOfAnotherSite) {
  EXPECT_TRUE(is_same_origin("", "localhost:10717"));
  EXPECT_TRUE(is_same_origin("http://localhost:10717", "localhost:10717"));
  EXPECT_FALSE(is_same_origin("http://evil.example.com", "localhost:10717"));
  EXPECT_FALSE(is_same_origin("null", "localhost:10717"));
}

TEST(PageAccess, RefusesWithAWordOnHowToGetIn) {
  const Handler handler =
      for_those_who_may_see_people([](const WebRequest&) { return text_response(200, "people"); });
  EXPECT_EQ(handler({.may_see_people = true}).status, 200);
  const WebResponse refused = handler({});
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body->find("basic_auth_users"), std::string::npos);
}

}  // namespace
}  // namespace exporter::web
