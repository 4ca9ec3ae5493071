// The way to the server: connections that fail, break off, drip, stall, or lead to somebody else.
#include <atomic>
#include <thread>

#include "fakes/gzip.h"
#include "fakes/raw_server.h"
#include "faults/answering_server.h"
#include "faults/vendor.h"

namespace exporter::faults {
namespace {

using fakes::BoundSocket;
using fakes::Loopback;
using fakes::Peer;
using fakes::RawServer;
using fakes::TestIdentity;
using std::chrono::milliseconds;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Scripts = std::vector<RawServer::Script>;

// The first two connections go wrong in the same way, which is all that the client tries.
Scripts twice(const RawServer::Script& script) { return {script, script}; }

RawServer::Script sending(std::string bytes, bool reset) {
  return [bytes = std::move(bytes), reset](Peer& peer) {
    peer.read_request();
    peer.send(bytes);
    reset ? peer.reset() : peer.close();
  };
}

// Asks the server, which fails each time, and expects this.
void expect_fault(const RawServer& server, ErrorClass error_class, const std::string& message,
                  std::vector<std::string> codes, VendorOptions options = {}) {
  Vendor vendor(server.origin(), std::move(options));
  const auto answer = vendor.get();
  expect_error(answer, error_class, "okta logs at " + server.authority());
  if (!answer) {
    EXPECT_THAT(answer.error().message, HasSubstr(message));
  }
  EXPECT_EQ(vendor.codes(), codes);
  EXPECT_EQ(vendor.observer().up(), false);
}

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n";

TEST(NetworkFault, ARefusedConnection) {
  const BoundSocket nobody_listens;
  const std::string authority = "127.0.0.1:" + std::to_string(nobody_listens.port());
  Vendor vendor("http://" + authority);
  expect_error(vendor.get(), ErrorClass::connection, "can't connect to " + authority);
  EXPECT_THAT(vendor.codes(), ElementsAre("connection", "connection"));
}

TEST(NetworkFault, AResetBeforeTheHead) {
  const RawServer server(twice(sending("", true)));
  expect_fault(server, ErrorClass::connection, "the connection to ", {"connection", "connection"});
}

TEST(NetworkFault, ACloseBeforeTheHead) {
  const RawServer server(twice(sending("", false)));
  expect_fault(server, ErrorClass::connection, "without an answer", {"connection", "connection"});
}

TEST(NetworkFault, AResetWithinTheHead) {
  const RawServer server(twice(sending("HTTP/1.1 200 OK\r\nContent-Type: appl", true)));
  expect_fault(server, ErrorClass::incomplete, "", {"incomplete", "incomplete"});
}

TEST(NetworkFault, AResetAfterTheHead) {
  const RawServer server(twice(sending(std::string(kHead) + "\r\n", true)));
  expect_fault(server, ErrorClass::incomplete, "", {"incomplete", "incomplete"});
}

TEST(NetworkFault, AResetWithinTheBody) {
  const RawServer server(twice(sending(std::string(kHead) + "\r\n[1,2", true)));
  expect_fault(server, ErrorClass::incomplete, "", {"incomplete", "incomplete"});
}

TEST(NetworkFault, ABodyShorterThanItsContentLength) {
  const RawServer server(twice(sending(std::string(kHead) + "\r\n[1,2]", false)));
  expect_fault(server, ErrorClass::incomplete, "before the body's end", {"incomplete", "incomplete"});
}

// What comes after the promised length belongs to no answer, least of all to that of the next request.
TEST(NetworkFault, ABodyLongerThanItsContentLength) {
  const std::string longer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]" +
      answer(200, "[\"smuggled\"]");
  const RawServer server(Scripts{[&](Peer& peer) {
                                   peer.read_request();
                                   peer.send(longer);
                                   peer.wait_until_closed();
                                 },
                                 [](Peer& peer) {
                                   peer.read_request();
                                   peer.send(answer(200, "[\"own\"]"));
                                 }});
  Vendor vendor(server.origin());
  const auto first = vendor.get();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->body, "[]");
  const auto second = vendor.get();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->body, "[\"own\"]");
}

// The same, but the surplus arrives when the connection lies idle already.
TEST(NetworkFault, ASurplusThatComesLate) {
  std::atomic<bool> late = false;
  std::atomic<bool> asked_again = false;
  const RawServer server(Scripts{[&](Peer& peer) {
                                   peer.read_request();
                                   peer.send(answer(200, "[]"));
                                   asked_again.wait(false);
                                   peer.send(answer(200, "[\"smuggled\"]"));
                                   late = true;
                                   late.notify_all();
                                   peer.wait_until_closed();
                                 },
                                 [](Peer& peer) {
                                   peer.read_request();
                                   peer.send(answer(200, "[\"own\"]"));
                                 }});
  Vendor vendor(server.origin());
  ASSERT_TRUE(vendor.get());
  asked_again = true;
  asked_again.notify_all();
  late.wait(false);
  const auto second = vendor.get();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->body, "[\"own\"]");
}

TEST(NetworkFault, AChunkedBodyThatIsCutOff) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const RawServer server(
      Scripts{sending(head + "5\r\n[1,2", false), sending(head + "5\r\n[1,2]\r\n", false)});
  expect_fault(server, ErrorClass::incomplete, "", {"incomplete", "incomplete"});
}

// The framing is whole, what it holds is not. Not asked again: it would come the same.
TEST(NetworkFault, AGzipBodyThatIsCutOff) {
  const std::string whole = fakes::gzip("[" + std::string(10'000, ' ') + "1]");
  const RawServer server(answer(200, whole.substr(0, whole.size() - 4), "Content-Encoding: gzip\r\n"));
  expect_fault(server, ErrorClass::malformed, "gzip", {"malformed"});
}

TEST(NetworkFault, AGzipBodyWhoseConnectionIsCutOff) {
  const std::string whole = fakes::gzip("[" + std::string(10'000, ' ') + "1]");
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
      "Content-Length: " +
      std::to_string(whole.size()) + "\r\n\r\n";
  const RawServer server(twice(sending(head + whole.substr(0, whole.size() / 2), false)));
  expect_fault(server, ErrorClass::incomplete, "", {"incomplete", "incomplete"});
}

// 20,000 members of a kilobyte are 20 GB: the client leaves after the first 64 MiB.
TEST(NetworkFault, AGzipBomb) {
  constexpr int kMembers = 20'000;
  std::atomic<int> sent = 0;
  const RawServer server([&](Peer& peer) {
    const std::string member = fakes::gzip(std::string(std::size_t{1024} * 1024, '0'));
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n");
    while (sent < kMembers && peer.send(member)) ++sent;
  });
  expect_fault(server, ErrorClass::malformed, "inflated", {"malformed"});
  EXPECT_LT(sent, kMembers);
}

TEST(NetworkFault, ABodyThatComesByteByByteEndsAtTheRequestsTimeout) {
  const RawServer server(twice([](Peer& peer) {
    peer.read_request();
    peer.send(std::string(kHead) + "\r\n");
    peer.drip('1');
  }));
  expect_fault(server, ErrorClass::timeout, "no complete answer", {"timeout", "timeout"},
               {.timeout = milliseconds(200)});
}

TEST(NetworkFault, AHeadThatComesByteByByteEndsAtTheRequestsTimeout) {
  const RawServer server(twice([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nX-Slow: ");
    peer.drip('1');
  }));
  expect_fault(server, ErrorClass::timeout, "no answer", {"timeout", "timeout"},
               {.timeout = milliseconds(200)});
}

TEST(NetworkFault, AStalledHandshakeEndsAtTheConnectionsTimeout) {
  const RawServer server(twice([](Peer& peer) { peer.wait_until_closed(); }));
  Vendor vendor("https://" + server.authority(), {.transport = {.connect_timeout = milliseconds(200)}});
  const auto answer = vendor.get();
  expect_error(answer, ErrorClass::timeout, "no connection to " + server.authority());
  EXPECT_THAT(vendor.codes(), ElementsAre("timeout", "timeout"));
}

// A sample that makes no progress is stopped by the scheduler: the request in flight ends with it.
TEST(NetworkFault, AStopEndsARequestThatStalls) {
  std::stop_source stop;
  const RawServer server([&](Peer& peer) {
    peer.read_request();
    stop.request_stop();
    peer.wait_until_closed();
  });
  Vendor vendor(server.origin(), {.timeout = std::chrono::hours(1)});
  const auto answer = vendor.get("/x", stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error_class, ErrorClass::cancelled);
  EXPECT_THAT(vendor.codes(), ElementsAre("cancelled")) << "and no second attempt";
}

// No credentials go to whom the certificate does not prove.
void expect_untrusted(const TestIdentity& identity, const std::string& ca, const std::string& why,
                      const std::string& remedy) {
  AnsweringServer server({answer(200, "[]")}, {.identity = &identity});
  Vendor vendor(server.origin(), {.transport = {.tls = {.ca_pem = ca}}});
  const auto answer = vendor.get();
  expect_error(answer, ErrorClass::tls, "the certificate of " + server.authority());
  if (!answer) {
    EXPECT_THAT(answer.error().message, HasSubstr(why));
    EXPECT_THAT(answer.error().message, HasSubstr(remedy));
  }
  EXPECT_THAT(vendor.codes(), ElementsAre("tls")) << "it would be the same once more";
  EXPECT_EQ(server.asked(), 0U);
}

TEST(NetworkFault, AnExpiredCertificate) {
  const TestIdentity expired("IP:127.0.0.1", -std::chrono::hours(1));
  expect_untrusted(expired, expired.certificate_pem(), "expired", "renewed");
}

TEST(NetworkFault, ACertificateOfTomorrow) {
  const TestIdentity tomorrow("IP:127.0.0.1", std::chrono::hours(24));
  expect_untrusted(tomorrow, tomorrow.certificate_pem(), "not yet valid", "this machine's clock");
}

TEST(NetworkFault, ACertificateWithAWrongName) {
  const TestIdentity other("DNS:other.test");
  expect_untrusted(other, other.certificate_pem(), "127.0.0.1", "server_name");
}

TEST(NetworkFault, ASelfSignedCertificate) {
  const TestIdentity self_signed("IP:127.0.0.1");
  expect_untrusted(self_signed, "", "self-signed", "ca_file");
}

TEST(NetworkFault, ARedirectToAnotherHost) {
  AnsweringServer other({answer(200, "[]")});
  for (const int status : {301, 302, 303, 307, 308}) {
    AnsweringServer server({answer(status, "{}", "Location: " + other.origin() + "/api/v1/logs\r\n")});
    Vendor vendor(server.origin());
    const auto answer = vendor.get();
    expect_error(answer, ErrorClass::not_json, "okta logs at " + server.authority());
    if (!answer) {
      EXPECT_THAT(answer.error().message, HasSubstr("a redirect is never followed"));
    }
    EXPECT_EQ(server.asked(), 1U);
  }
  EXPECT_EQ(other.connections(), 0U);
}

// The tunnel's ends learn what is theirs: the proxy its own credentials and headers, the vendor the vendor's.
TEST(NetworkFault, AProxyThatTunnelsLearnsNothingOfWhatItCarries) {
  const TestIdentity vendors("DNS:example.test");
  const auto context = fakes::make_tls_context({.identity = &vendors});
  std::string outside;
  std::string inside;
  {
    const RawServer proxy([&](Peer& peer) {
      outside = peer.read_request();
      peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
      if (!peer.start_tls(context.get())) return;
      inside = peer.read_request();
      peer.send(answer(200, "[]"));
    });
    Vendor vendor("https://example.test",
                  {.transport = {.tls = {.ca_pem = vendors.certificate_pem()},
                                 .proxy = {.url = "http://user:PLANTED-proxy@" + proxy.authority(),
                                           .connect_headers = {{"X-Team", "identity"}}}}});
    const auto got = vendor.get("/api/v1/logs?limit=1");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "[]");
  }
  EXPECT_THAT(outside, testing::StartsWith("CONNECT example.test:443 HTTP/1.1\r\n"));
  EXPECT_THAT(outside, HasSubstr("\r\nProxy-Authorization: Basic "));
  EXPECT_THAT(outside, HasSubstr("\r\nX-Team: identity\r\n"));
  EXPECT_THAT(outside, Not(HasSubstr("SSWS")));
  EXPECT_THAT(outside, Not(HasSubstr("/api/v1/logs")));
  EXPECT_THAT(inside, testing::StartsWith("GET /api/v1/logs?limit=1 HTTP/1.1\r\n"));
  EXPECT_THAT(inside, HasSubstr("\r\nAuthorization: SSWS "));
  EXPECT_THAT(inside, Not(HasSubstr("Proxy-Authorization")));
  EXPECT_THAT(inside, Not(HasSubstr("X-Team")));
}

TEST(NetworkFault, AProxyThatStallsEndsAtTheConnectionsTimeout) {
  const RawServer proxy(twice([](Peer& peer) {
    peer.read_request();
    peer.wait_until_closed();
  }));
  Vendor vendor("https://example.test",
                {.transport = {.proxy = {.url = "http://user:PLANTED-proxy@" + proxy.authority()},
                               .connect_timeout = milliseconds(200)}});
  expect_error(vendor.get(), ErrorClass::timeout, "no connection to example.test");
  EXPECT_THAT(vendor.codes(), ElementsAre("timeout", "timeout"));
}

TEST(NetworkFault, AProxyThatRefusesIsNotTheVendor) {
  for (const int status : {403, 407, 502, 503}) {
    AnsweringServer proxy({answer(status, "<html></html>", "", "text/html")});
    Vendor vendor("https://example.test",
                  {.transport = {.proxy = {.url = "http://user:PLANTED-proxy@" + proxy.authority()}}});
    const auto refused = vendor.get();
    expect_error(refused, ErrorClass::connection,
                 "the proxy on the way to example.test answered " + std::to_string(status));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("PLANTED")));
  }
}

// Whom no_proxy names is asked without the proxy, which learns nothing.
TEST(NetworkFault, AHostOfNoProxyIsReachedWithoutTheProxy) {
  AnsweringServer proxy({answer(200, "[]")});
  AnsweringServer server({answer(200, "[]")});
  Vendor vendor(server.origin(),
                {.transport = {.proxy = {.url = proxy.origin(), .no_proxy = "localhost,127.0.0.1"}}});
  ASSERT_TRUE(vendor.get());
  EXPECT_EQ(proxy.connections(), 0U);
  EXPECT_EQ(server.asked(), 1U);
}

// A label of 64 characters is no name: the resolver says so without asking anybody.
TEST(NetworkFault, ANameThatDnsLosesAndFindsAgain) {
  AnsweringServer server({answer(200, "[]")});
  const std::string host = std::string(64, 'x') + ".test";
  const std::string port = server.authority().substr(server.authority().find(':'));
  std::atomic<bool> known = false;
  Vendor vendor("http://" + host + port, {.transport = {.address_of = [&](const std::string&) {
                                            return known ? std::optional<std::string>("127.0.0.1")
                                                         : std::nullopt;
                                          }}});
  const auto lost = vendor.get();
  expect_error(lost, ErrorClass::connection, host + port + " has no address (DNS)");
  EXPECT_EQ(server.connections(), 0U);
  known = true;
  const auto found = vendor.get();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(vendor.codes(), ElementsAre("connection", "connection", "200"));
  EXPECT_EQ(vendor.observer().up(), true);
}

TEST(NetworkFault, AServerThatIsReachedByIpv6Only) {
  if (!BoundSocket::available(Loopback::v6)) GTEST_SKIP() << "no IPv6 loopback here";
  std::string head;
  {
    const RawServer server(Scripts{[&](Peer& peer) {
                             head = peer.read_request();
                             peer.send(answer(200, "[]"));
                           }},
                           {}, Loopback::v6);
    Vendor vendor(server.origin());
    const auto got = vendor.get("/api/v1/logs");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_THAT(head, HasSubstr("\r\nHost: " + server.authority() + "\r\n"));
  }
  const BoundSocket nobody_listens(Loopback::v6);
  const std::string authority = "[::1]:" + std::to_string(nobody_listens.port());
  Vendor vendor("http://" + authority);
  expect_error(vendor.get(), ErrorClass::connection, "can't connect to " + authority);
}

// A name with addresses of both kinds, of which only one is served.
TEST(NetworkFault, ANameWhoseFirstAddressIsDead) {
  if (!BoundSocket::available(Loopback::v6)) GTEST_SKIP() << "no IPv6 loopback here";
  AnsweringServer server({answer(200, "[]")});
  const std::string port = server.authority().substr(server.authority().find(':'));
  Vendor vendor("http://both.test" + port,
                {.transport = {.address_of = [](const std::string&) { return "[::1],127.0.0.1"; }}});
  const auto got = vendor.get();
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_THAT(vendor.codes(), ElementsAre("200"));
}

}  // namespace
}  // namespace exporter::faults
