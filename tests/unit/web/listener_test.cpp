#include "web/listener.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/web/raw_client.h"

namespace exporter::web {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using ::testing::StartsWith;

TEST(ListenAddressText, HasAHostOrNoneAndAPort) {
  const struct {
    const char* text;
    const char* host;
    const char* port;
  } cases[] = {{":10717", "", "10717"},
               {"127.0.0.1:0", "127.0.0.1", "0"},
               {"localhost:65535", "localhost", "65535"},
               {"[::1]:80", "::1", "80"},
               {"[fe80::1%lo]:80", "fe80::1%lo", "80"}};
  for (const auto& [text, host, port] : cases) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->host, host);
    EXPECT_EQ(address->port, port);
  }
}

TEST(ListenAddressText, IsRefusedWhenItIsNoAddress) {
  for (const char* text : {"", "10717", ":", ":x", ":-1", ":65536", ":80 ", "::1:80", "[::1]", "[]:80",
                           "[::1:80", "host:http", "host:+80"}) {
    const auto address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().error_class, ErrorClass::malformed);
    EXPECT_THAT(address.error().message, HasSubstr("write host:port"));
  }
}

TEST(Listener, TellsThePortThatItTook) {
  const auto listener = Listener::open("127.0.0.1:0");
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_THAT(listener->address(), StartsWith("127.0.0.1:"));
  EXPECT_FALSE(listener->address().ends_with(":0"));
}

TEST(Listener, TakesBothFamiliesWithoutAHost) {
  const auto listener = Listener::open(":0");
  ASSERT_TRUE(listener) << listener.error().message;
  const std::string port = listener->address().substr(listener->address().rfind(':') + 1);
  EXPECT_TRUE(RawClient("127.0.0.1:" + port).connect());
  if (listener->address().starts_with("[::]")) {
    RawClient v6("[::1]:" + port);
    if (!v6.connect()) GTEST_SKIP() << "no IPv6 loopback here";
  }
}

TEST(Listener, NamesAnAddressThatIsNotOurs) {
  // 192.0.2.0/24 is for documentation: nobody has it.
  const auto listener = Listener::open("192.0.2.1:80");
  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().error_class, ErrorClass::connection);
  EXPECT_THAT(listener.error().message, HasSubstr("192.0.2.1:80"));
}

TEST(Listener, NamesAnAddressThatItCannotRead) {
  const auto listener = Listener::open("10717");
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().message, HasSubstr("\"10717\""));
}

}  // namespace
}  // namespace exporter::web
