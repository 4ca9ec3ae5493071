// What exporter-toolkit's own tests check of a web config file, case by case: which files are taken, and what
// a client then sees. Files and certificates are ours.
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "fakes/fake_log.h"
#include "unit/web/raw_client.h"
#include "unit/web/tls_client.h"
#include "web/page_access.h"
#include "web/server.h"

namespace exporter::web {
namespace {

using testing::Authority;
using ::testing::HasSubstr;
using testing::RawClient;
using testing::tls_exchange;
using testing::TlsAnswer;
using testing::TlsClientOptions;

// Of "secret", at the lowest cost there is.
constexpr const char* kHash = "$2b$04$bzVkfzDCTmwW6iMXVwZiO.fw7dsoDq6nTDNppW25oev9s4JWDCduO";
constexpr const char* kRequest = "GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class Certificates : public ServerObserver {
 public:
  void on_served(std::string_view, int) override {}
  void on_certificate(std::optional<SystemTime> not_after) override {
    const std::lock_guard lock(mutex_);
    not_after_ = not_after;
  }
  std::optional<SystemTime> not_after() const {
    const std::lock_guard lock(mutex_);
    return not_after_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<SystemTime> not_after_;
};

class WebConfigFile : public ::testing::Test {
 protected:
  WebConfigFile() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ("web-config-" + std::string(test->name()) + "-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    const Authority::Issued server = authority_.issue("server one", "DNS:localhost,IP:127.0.0.1");
    write("server.pem", server.certificate);
    write("server.key", server.key);
    write("ca.pem", authority_.certificate());
  }
  ~WebConfigFile() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  // Replaced as a whole, as tools that rotate certificates do it.
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / (name + ".new")) << text;
    std::filesystem::rename(directory_ / (name + ".new"), directory_ / name);
  }

  Result<void> try_start(const std::string& yaml) {
    write("web.yml", yaml);
    ServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    options.web_config_file = (directory_ / "web.yml").string();
    server_.emplace(options, log_, observer_);
    server_->route("GET", "/page", "page", Server::Speed::fast,
                   [](const WebRequest&) { return text_response(200, "the page"); });
    server_->route(
        "GET", "/people", "people", Server::Speed::fast,
        for_those_who_may_see_people([](const WebRequest&) { return text_response(200, "people"); }));
    return server_->start();
  }
  void start(const std::string& yaml) {
    const auto started = try_start(yaml);
    ASSERT_TRUE(started) << started.error().message;
  }
  std::string refusal(const std::string& yaml) {
    const auto started = try_start(yaml);
    return started ? "accepted" : started.error().message;
  }
  std::string address() const { return server_->addresses().at(0); }
  TlsAnswer over_tls(const TlsClientOptions& options = {}, std::string_view request = kRequest) const {
    return tls_exchange(address(), request, options);
  }
  std::optional<testing::RawResponse> in_the_clear(const std::string& more_headers = "",
                                                   const std::string& path = "/page") const {
    RawClient client(address());
    EXPECT_TRUE(client.connect());
    return client.get(path, more_headers);
  }
  int status(const std::string& more_headers = "", const std::string& path = "/page") const {
    const auto response = in_the_clear(more_headers, path);
    return response ? response->status : 0;
  }

  Authority authority_;
  std::filesystem::path directory_;
  fakes::FakeLog log_;
  Certificates observer_;
  std::optional<Server> server_;
};

const std::string kTls = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

// "user:secret", "user:wrong", "nobody:secret" in base64.
constexpr const char* kRight = "Authorization: Basic dXNlcjpzZWNyZXQ=\r\n";
constexpr const char* kWrong = "Authorization: Basic dXNlcjp3cm9uZw==\r\n";
constexpr const char* kUnknown = "Authorization: Basic bm9ib2R5OnNlY3JldA==\r\n";
const std::string kUsers = std::string("basic_auth_users:\n  user: ") + kHash + "\n";

std::string block(const std::string& key, const std::string& pem) {
  std::string text = "  " + key + ": |\n    ";
  for (const char c : pem) {
    text += c;
    if (c == '\n') text += "    ";
  }
  return text + "\n";
}

TEST_F(WebConfigFile, ThatIsBadIsRefusedAtStartWithItsReason) {
  struct Case {
    const char* yaml;
    const char* reason;
  };
  const Case kCases[] = {
      {"this is no mapping\n", "must be a mapping"},
      {"tls_server_confg: {}\n", "did you mean tls_server_config?"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, cert_fiel: x}\n",
       "is not a known key"},
      {"tls_server_config: {cert_file: \"\", key_file: server.key}\n", "missing one of cert or cert_file"},
      {"tls_server_config: {cert: \"\", key_file: server.key}\n", "missing one of cert or cert_file"},
      {"tls_server_config: {cert_file: server.pem, key_file: \"\"}\n", "missing one of key or key_file"},
      {"tls_server_config: {cert_file: server.pem, key: \"\"}\n", "missing one of key or key_file"},
      {"tls_server_config: {cert_file: \"\", key_file: \"\"}\n", "missing one of cert or cert_file"},
      {"tls_server_config: {cert_file: none.pem, key_file: server.key}\n", "No such file"},
      {"tls_server_config: {cert_file: server.pem, key_file: none.key}\n", "No such file"},
      {"tls_server_config: {cert_file: server.key, key_file: server.key}\n", "holds no certificate"},
      {"tls_server_config: {cert_file: ca.pem, key_file: server.key}\n",
       "does not belong to the certificate"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem}\n",
       "no client_auth_type"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: Sometimes}\n",
       "must be NoClientCert"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: "
       "RequireAndVerifyClientCert, client_ca_file: none.pem}\n",
       "No such file"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: "
       "RequireAndVerifyClientCert, client_ca_file: server.key}\n",
       "holds no certificate"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_auth_type: "
       "RequestClientCert, "
       "client_allowed_sans: [a]}\n",
       "a client may come without a certificate"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, client_allowed_sans: [a]}\n",
       "a client may come without a certificate"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, cipher_suites: [TLS_INVENTED]}\n",
       "unknown cipher"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, cipher_suites: "
       "[TLS_RSA_WITH_RC4_128_SHA]}\n",
       "unknown cipher"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, curve_preferences: [CurveP257]}\n",
       "unknown curve"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS111}\n",
       "must be TLS10"},
      {"tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS13, max_version: "
       "TLS12}\n",
       "no version is left"},
      {"tls_server_config: {min_version: TLS13}\n", "without a certificate"},
      {"basic_auth_users: {user: secret}\n", "is not a bcrypt hash"},
      {"basic_auth_users: {user: \"$2y$99$abcdefghijklmnopqrstuvabcdefghijklmnopqrstuvabcdefghijklm\"}\n",
       "is not a bcrypt hash"},
      {"http_server_config: {headers: {X-Content-Type-Options: sniff}}\n", "must be nosniff"},
      {"http_server_config: {headers: {X-Frame-Options: allow}}\n", "must be deny or sameorigin"},
      {"http_server_config: {headers: {Server: mine}}\n", "is not a known key"},
      {"http_server_config: {http2: maybe}\n", "must be true or false"},
      {"rate_limit: {interval: 1s, burst: 0}\n", "lets no request through"},
      {"rate_limit: {interval: soon}\n", "is not a duration"},
  };
  for (const Case& bad : kCases) EXPECT_THAT(refusal(bad.yaml), HasSubstr(bad.reason)) << bad.yaml;
  ServerOptions options;
  options.web_config_file = (directory_ / "none.yml").string();
  Server server(options, log_, observer_);
  EXPECT_THAT(server.start().error().message, HasSubstr("No such file"));
}

TEST_F(WebConfigFile, ThatIsBadNeverShowsThePasswordThatSomebodyWroteIntoIt) {
  EXPECT_THAT(refusal("basic_auth_users: {user: hunter2hunter2}\n"), ::testing::Not(HasSubstr("hunter2")));
}

TEST_F(WebConfigFile, MayBeEmpty) {
  for (const char* yaml :
       {"", "# nothing\n", "tls_server_config:\n", "tls_server_config: {}\nbasic_auth_users: {}\n",
        "http_server_config: {http2: false}\n", "rate_limit: {interval: 0s, burst: 0}\n"}) {
    start(yaml);
    EXPECT_EQ(status(), 200) << yaml;
    EXPECT_EQ(observer_.not_after(), std::nullopt);
  }
}

TEST_F(WebConfigFile, MakesTheServerSpeakTls) {
  start(kTls);
  const TlsAnswer answer = over_tls();
  EXPECT_EQ(answer.status(), 200) << answer.error;
  EXPECT_THAT(answer.text, HasSubstr("\r\n\r\nthe page"));
  EXPECT_EQ(answer.version, "TLSv1.3");
  ASSERT_NE(observer_.not_after(), std::nullopt);
  EXPECT_GT(*observer_.not_after(), std::chrono::system_clock::now() + std::chrono::hours(24));
}

TEST_F(WebConfigFile, TakesCertificateAndKeyInline) {
  const Authority::Issued inline_pair = authority_.issue("inline", "DNS:localhost");
  start("tls_server_config:\n" + block("cert", inline_pair.certificate) + block("key", inline_pair.key));
  EXPECT_EQ(over_tls().server_common_name, "inline");
}

TEST_F(WebConfigFile, TellsAClientWithoutTlsThatItIsAnHttpsServer) {
  start(kTls);
  RawClient client(address());
  ASSERT_TRUE(client.connect());
  client.send(kRequest);
  const auto response = client.read_response();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(response->body, "Client sent an HTTP request to an HTTPS server.\r\n");
  EXPECT_TRUE(client.wait_closed());
}

TEST_F(WebConfigFile, AClientThatExpectsTlsGetsNoHandshakeWithoutIt) {
  start("");
  EXPECT_NE(over_tls().error, "");
}

TEST_F(WebConfigFile, ForbidsVersionsBelowItsMinimum) {
  start(kTls);
  EXPECT_NE(over_tls({.max_version = TLS1_1_VERSION, .ciphers = "DEFAULT:@SECLEVEL=0"}).error, "");
  EXPECT_EQ(over_tls({.max_version = TLS1_2_VERSION}).version, "TLSv1.2");
  start(kTls + "  min_version: TLS13\n");
  EXPECT_NE(over_tls({.max_version = TLS1_2_VERSION}).error, "");
  start(kTls + "  max_version: TLS12\n");
  EXPECT_EQ(over_tls().version, "TLSv1.2");
  start(kTls + "  min_version: TLS11\n");
  EXPECT_EQ(over_tls({.max_version = TLS1_1_VERSION, .ciphers = "DEFAULT:@SECLEVEL=0"}).version, "TLSv1.1");
}

TEST_F(WebConfigFile, ChoosesAmongItsCiphersAndCurves) {
  const std::string some =
      "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n";
  constexpr const char* kSmallFirst = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
  start(kTls + some);
  EXPECT_EQ(over_tls({.max_version = TLS1_2_VERSION, .ciphers = kSmallFirst}).cipher,
            "ECDHE-ECDSA-AES256-GCM-SHA384");
  EXPECT_NE(over_tls({.max_version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-SHA"}).error, "");
  start(kTls + some + "  prefer_server_cipher_suites: false\n");
  EXPECT_EQ(over_tls({.max_version = TLS1_2_VERSION, .ciphers = kSmallFirst}).cipher,
            "ECDHE-ECDSA-AES128-GCM-SHA256");
  start(kTls + "  curve_preferences: [CurveP521]\n");
  EXPECT_EQ(over_tls({.groups = "P-521"}).status(), 200);
  EXPECT_NE(over_tls({.groups = "P-384"}).error, "");
  start(kTls + "  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]\n");
  for (const char* group : {"P-256", "P-384", "P-521", "X25519"}) {
    EXPECT_EQ(over_tls({.groups = group}).status(), 200) << group;
  }
  start(kTls + "  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]\n");
  EXPECT_EQ(over_tls({.max_version = TLS1_2_VERSION}).cipher, "ECDHE-ECDSA-AES128-SHA");
}

TEST_F(WebConfigFile, AsksClientsForCertificatesInFiveWays) {
  const Authority stranger;
  const Authority::Issued good = authority_.issue("client", "DNS:client.test");
  const Authority::Issued foreign = stranger.issue("client", "DNS:client.test");
  const TlsClientOptions none;
  const TlsClientOptions known{.certificate = good.certificate, .key = good.key};
  const TlsClientOptions unknown{.certificate = foreign.certificate, .key = foreign.key};
  struct Case {
    const char* type;
    bool without;
    bool foreign;
    bool sees_people;  // from another machine
  };
  const Case kCases[] = {{"NoClientCert", true, true, false},
                         {"RequestClientCert", true, true, false},
                         {"RequireAnyClientCert", false, true, false},
                         {"RequireClientCert", false, true, false},
                         {"VerifyClientCertIfGiven", true, false, false},
                         {"RequireAndVerifyClientCert", false, false, true}};
  // A proxy's header: the connection comes from this machine, the visitor may not.
  constexpr const char* kPeople =
      "GET /people HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n";
  for (const Case& wanted : kCases) {
    const std::string ca = std::string(wanted.type) == "NoClientCert" ? "" : "  client_ca_file: ca.pem\n";
    start(kTls + ca + "  client_auth_type: " + wanted.type + "\n");
    EXPECT_EQ(over_tls(none).status(), wanted.without ? 200 : 0) << wanted.type;
    EXPECT_EQ(over_tls(unknown).status(), wanted.foreign ? 200 : 0) << wanted.type;
    EXPECT_EQ(over_tls(known).status(), 200) << wanted.type;
    EXPECT_EQ(over_tls(known, kPeople).status(), wanted.sees_people ? 200 : 403) << wanted.type;
    // By TLS 1.2 the refusal comes within the handshake.
    TlsClientOptions old = none;
    old.max_version = TLS1_2_VERSION;
    EXPECT_EQ(over_tls(old).error.empty(), wanted.without) << wanted.type;
  }
}

TEST_F(WebConfigFile, LetsInOnlyCertificatesWithAnAllowedName) {
  const std::string verify =
      kTls + "  client_ca_file: ca.pem\n  client_auth_type: RequireAndVerifyClientCert\n";
  const auto as = [&](const std::string& sans) {
    const Authority::Issued pair = authority_.issue("client", sans);
    return over_tls({.certificate = pair.certificate, .key = pair.key}).status();
  };
  start(verify +
        "  client_allowed_sans: [good.test, \"192.0.2.7\", \"2001:db8::1\", a@good.test, "
        "\"spiffe://good/x\"]\n");
  EXPECT_EQ(as("DNS:bad.test,DNS:good.test"), 200);
  EXPECT_EQ(as("IP:192.0.2.7"), 200);
  EXPECT_EQ(as("IP:2001:db8::1"), 200);
  EXPECT_EQ(as("email:a@good.test"), 200);
  EXPECT_EQ(as("URI:spiffe://good/x"), 200);
  EXPECT_EQ(as("DNS:bad.test"), 0);
  EXPECT_EQ(as("DNS:sub.good.test"), 0) << "compared as a whole";
  EXPECT_EQ(as(""), 0) << "the common name is no such name";
}

TEST_F(WebConfigFile, AsksForAPassword) {
  start(kUsers);
  const auto refused = in_the_clear();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
  EXPECT_EQ(refused->headers.at("www-authenticate"), "Basic");
  for (int round = 0; round < 2; ++round) {  // hashed, then remembered
    EXPECT_EQ(status(kRight), 200);
    EXPECT_EQ(status(kWrong), 401);
    EXPECT_EQ(status(kUnknown), 401);
  }
  EXPECT_EQ(status("Authorization: basic dXNlcjpzZWNyZXQ=\r\n"), 200) << "the scheme's name has no case";
  for (const char* bad :
       {"Authorization: Bearer dXNlcjpzZWNyZXQ=\r\n", "Authorization: Basic dXNlcjpzZWNyZXQ\r\n",
        "Authorization: Basic ====\r\n", "Authorization: Basic\r\n",
        "Authorization: Basic dXNlcg==\r\n",                 // no colon
        "Authorization: Basic dXNlcjpzZWNyZXQAeA==\r\n"}) {  // "secret", a zero, "x"
    EXPECT_EQ(status(bad), 401) << bad;
  }
  EXPECT_EQ(status("", "/nothing"), 401) << "what there is is nobody's business";
  EXPECT_EQ(status(kRight, "/nothing"), 404);
  EXPECT_EQ(status(std::string(kRight) + "X-Forwarded-For: 192.0.2.1\r\n", "/people"), 200);
}

TEST_F(WebConfigFile, KeepsAConnectionThroughAPasswordCheckAndPipelinesBehindIt) {
  start(kUsers);
  RawClient client(address());
  ASSERT_TRUE(client.connect());
  client.send(testing::get_request("/page", kWrong) + testing::get_request("/page", kRight));
  EXPECT_EQ(client.read_response()->status, 401);
  EXPECT_EQ(client.read_response()->status, 200);
  EXPECT_EQ(client.get("/page", kRight)->status, 200);
}

TEST_F(WebConfigFile, SendsTheHeadersThatItNames) {
  start(
      "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=31536000\n"
      "    X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: \"1\"\n"
      "    Content-Security-Policy: \"default-src 'self'\"\n");
  for (const char* path : {"/page", "/nothing"}) {
    const auto response = in_the_clear("", path);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->headers.at("strict-transport-security"), "max-age=31536000");
    EXPECT_EQ(response->headers.at("x-frame-options"), "deny");
    EXPECT_EQ(response->headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(response->headers.at("x-xss-protection"), "1");
    EXPECT_EQ(response->headers.at("content-security-policy"), "default-src 'self'");
  }
  start("http_server_config: {headers: {X-Frame-Options: \"\"}}\n");
  EXPECT_FALSE(in_the_clear()->headers.contains("x-frame-options")) << "blank is unset";
}

TEST_F(WebConfigFile, LimitsTheRate) {
  start("rate_limit: {interval: 1h, burst: 2}\n");
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(status(), 200);
  EXPECT_EQ(status(), 429);
  EXPECT_EQ(status("", "/nothing"), 429);
}

TEST_F(WebConfigFile, IsReadAgainWhenItChanges) {
  start(kUsers);
  EXPECT_EQ(status(kRight), 200);
  write("web.yml", "basic_auth_users: {}\n");
  EXPECT_EQ(status(), 200);
  write("web.yml", kUsers + "http_server_config: {headers: {X-Frame-Options: deny}}\n");
  EXPECT_EQ(status(), 401);
  EXPECT_EQ(in_the_clear(kRight)->headers.at("x-frame-options"), "deny");
}

TEST_F(WebConfigFile, ThatCannotBeReadAtRuntimeOpensNothing) {
  start(kUsers);
  EXPECT_EQ(status(kRight), 200);
  write("web.yml", "basic_auth_users: [\n");
  EXPECT_EQ(status(kRight), 500);
  EXPECT_EQ(status(), 500);
  std::filesystem::remove(directory_ / "web.yml");
  EXPECT_EQ(status(kRight), 500);
  write("web.yml", kUsers + kTls);
  EXPECT_EQ(status(kRight), 500) << "TLS can't begin in a plain server";
  write("web.yml", kUsers);
  EXPECT_EQ(status(kRight), 200);
  EXPECT_EQ(status(), 401);
}

TEST_F(WebConfigFile, ShowsANewCertificateToNewConnections) {
  start(kTls);
  EXPECT_EQ(over_tls().server_common_name, "server one");
  const auto end = observer_.not_after();
  const Authority::Issued next = authority_.issue("server two", "DNS:localhost", 30);
  write("server.pem", next.certificate);
  // Between the two files they do not fit; the old pair goes on, and requests are told.
  EXPECT_EQ(over_tls().status(), 500);
  write("server.key", next.key);
  const TlsAnswer answer = over_tls();
  EXPECT_EQ(answer.server_common_name, "server two");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_GT(observer_.not_after(), end);
}

TEST_F(WebConfigFile, TlsAnswersLargeBodiesWholeAndStuckClientsHurtNobody) {
  start(kTls);
  // A client that begins a handshake and stops.
  RawClient stuck(address());
  ASSERT_TRUE(stuck.connect());
  stuck.send("\x16\x03\x01\x02");
  EXPECT_EQ(over_tls().status(), 200);
}

}  // namespace
}  // namespace exporter::web
