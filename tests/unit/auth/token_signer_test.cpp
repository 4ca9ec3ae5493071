#include "auth/token_signer.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_secrets.h"
#include "fakes/fake_transport.h"
#include "fakes/recording_observer.h"
#include "net/url.h"
#include "unit/auth/openssl_verify.h"

// The configuration's structures have far more fields than a grant needs.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace exporter::auth {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOrg = "https://a.okta.com";
constexpr const char* kInstance = "https://b.service-now.com";

std::string percent_decode(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string field_of(const std::string& body, const std::string& name) {
  const std::string all = "&" + body;
  const std::size_t at = all.find("&" + name + "=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return percent_decode(all.substr(begin, all.find('&', begin) - begin));
}

class TokenSignerTest : public testing::Test {
 protected:
  std::unique_ptr<TokenEndpoint> endpoint(net::Api api) {
    return std::make_unique<TokenEndpoint>(
        TokenEndpointOptions{.api = api,
                             .base_url = api == net::Api::okta ? kOrg : kInstance,
                             .path = api == net::Api::okta ? "/oauth2/v1/token" : "/oauth_token.do"},
        transport, clock, observer);
  }
  TokenSigner okta(config::Dpop dpop = config::Dpop::automatic) {
    secrets.set("key", key.private_pem());
    return TokenSigner(make_okta_grant({.client_id = "0oaClient",
                                        .private_key = fakes::secret_file("key"),
                                        .key_id = "kid-1",
                                        .dpop = dpop},
                                       secrets, endpoint(net::Api::okta), session),
                       session, gate);
  }
  TokenSigner servicenow(config::OAuth2 config) {
    return TokenSigner(
        make_servicenow_grant(std::move(config), secrets, endpoint(net::Api::servicenow), session), session,
        gate);
  }
  static net::HttpRequest request(const std::string& url = std::string(kOrg) + "/api/v1/logs?limit=1") {
    return {.url = url};
  }
  static std::string authorization(const net::HttpRequest& signed_request) {
    return std::string(signed_request.headers.first("Authorization").value_or("none"));
  }
  static std::string token_body(const std::string& token, int lifetime = 3600,
                                const std::string& type = "Bearer") {
    return nlohmann::json{{"access_token", token}, {"expires_in", lifetime}, {"token_type", type}}.dump();
  }

  TestKey key = TestKey::ec("P-256");
  fakes::FakeClock clock;
  fakes::FakeSecrets secrets;
  fakes::FakeTransport transport;
  fakes::RecordingObserver observer;
  CredentialGate gate{"okta", clock};
  TokenSession session{clock};
};

TEST_F(TokenSignerTest, AsksOktaWithAnAssertionThatOpenSslAccepts) {
  transport.json(200, token_body("abc"));
  TokenSigner signer = okta();
  net::HttpRequest signed_request = request();
  ASSERT_TRUE(signer.sign(signed_request, {}));
  EXPECT_EQ(authorization(signed_request), "Bearer abc");
  const net::HttpRequest asked = transport.requests().at(0);
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.url, "https://a.okta.com/oauth2/v1/token");
  EXPECT_EQ(asked.headers.first("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_FALSE(asked.headers.first("DPoP"));
  EXPECT_EQ(field_of(asked.body, "grant_type"), "client_credentials");
  EXPECT_EQ(field_of(asked.body, "scope"), "okta.logs.read okta.apps.read");
  EXPECT_EQ(field_of(asked.body, "client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  const PartedJwt jwt = part_jwt(field_of(asked.body, "client_assertion"));
  EXPECT_TRUE(openssl_verifies(jwt, key.public_pem()));
  EXPECT_EQ(jwt.header["kid"], "kid-1");
  EXPECT_EQ(jwt.claims["iss"], "0oaClient");
  EXPECT_EQ(jwt.claims["sub"], "0oaClient");
  EXPECT_EQ(jwt.claims["aud"], "https://a.okta.com/oauth2/v1/token");
  const auto now = std::chrono::duration_cast<seconds>(clock.now().time_since_epoch()).count();
  EXPECT_EQ(jwt.claims["iat"], now);
  EXPECT_EQ(jwt.claims["exp"], now + 300);
}

TEST_F(TokenSignerTest, SwitchesToDpopWhenAskedAndFollowsTheNonce) {
  transport.json(400, R"({"error":"invalid_dpop_proof","error_description":"missing"})")
      .json(400, R"({"error":"use_dpop_nonce"})", {{"dpop-nonce", "nonce-1"}})
      .json(200, token_body("abc", 3600, "DPoP"));
  TokenSigner signer = okta();
  net::HttpRequest signed_request = request();
  ASSERT_TRUE(signer.sign(signed_request, {}));
  EXPECT_EQ(authorization(signed_request), "DPoP abc");
  const auto asked = transport.requests();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_FALSE(asked[0].headers.first("DPoP"));
  const PartedJwt first = part_jwt(std::string(*asked[1].headers.first("DPoP")));
  const PartedJwt second = part_jwt(std::string(*asked[2].headers.first("DPoP")));
  EXPECT_FALSE(first.claims.contains("nonce"));
  EXPECT_EQ(second.claims["nonce"], "nonce-1");
  EXPECT_EQ(second.claims["htm"], "POST");
  EXPECT_EQ(second.claims["htu"], "https://a.okta.com/oauth2/v1/token");
  EXPECT_NE(first.claims["jti"], second.claims["jti"]);
  EXPECT_NE(part_jwt(field_of(asked[1].body, "client_assertion")).claims["jti"],
            part_jwt(field_of(asked[2].body, "client_assertion")).claims["jti"])
      << "an assertion is never used twice";
}

// The public key of a proof as PEM, made by OpenSSL's command line from the numbers of its jwk.
std::string pem_of_jwk(const nlohmann::json& jwk) {
  const auto hex = [](const std::string& bytes) {
    std::string text = "0x";
    for (const char byte : bytes) {
      std::array<char, 3> pair{};
      std::snprintf(pair.data(), pair.size(), "%02X", static_cast<unsigned char>(byte));
      text += pair.data();
    }
    return text;
  };
  std::string name = (std::filesystem::temp_directory_path() / "jwk-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  std::ofstream(name + "/asn1.conf") << "asn1=SEQUENCE:info\n[info]\nalgorithm=SEQUENCE:algorithm\n"
                                        "key=BITWRAP,SEQUENCE:key\n[algorithm]\nid=OID:rsaEncryption\n"
                                        "parameter=NULL\n[key]\nn=INTEGER:"
                                     << hex(from_base64url(jwk.at("n").get<std::string>()))
                                     << "\ne=INTEGER:" << hex(from_base64url(jwk.at("e").get<std::string>()))
                                     << "\n";
  const std::string command =
      "cd " + name +
      " && openssl asn1parse -genconf asn1.conf -noout -out key.der > messages 2>&1 && "
      "openssl pkey -pubin -inform DER -in key.der -out key.pem >> messages 2>&1";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("openssl");  // NOLINT(concurrency-mt-unsafe)
  std::ifstream file(name + "/key.pem");
  std::string pem((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::filesystem::remove_all(name);
  return pem;
}

TEST_F(TokenSignerTest, ProvesEachRequestAnewAndOpenSslAcceptsTheProof) {
  transport.json(200, token_body("abc", 3600, "DPoP"), {{"DPoP-Nonce", "nonce-7"}});
  TokenSigner signer = okta(config::Dpop::always);
  net::HttpRequest first = request();
  net::HttpRequest second = request(std::string(kOrg) + "/api/v1/apps/0oa1/users?after=x&limit=500#f");
  ASSERT_TRUE(signer.sign(first, {}));
  ASSERT_TRUE(signer.sign(second, {}));
  const PartedJwt proof = part_jwt(std::string(*second.headers.first("DPoP")));
  EXPECT_EQ(proof.header["typ"], "dpop+jwt");
  EXPECT_FALSE(proof.header["jwk"].contains("d"));
  EXPECT_TRUE(openssl_verifies(proof, pem_of_jwk(proof.header["jwk"])));
  EXPECT_EQ(proof.claims["htm"], "GET");
  EXPECT_EQ(proof.claims["htu"], "https://a.okta.com/api/v1/apps/0oa1/users") << "without query and fragment";
  EXPECT_EQ(proof.claims["ath"], "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");  // SHA-256 of abc
  EXPECT_EQ(proof.claims["nonce"], "nonce-7");
  EXPECT_NE(proof.claims["jti"], part_jwt(std::string(*first.headers.first("DPoP"))).claims["jti"]);
  EXPECT_EQ(transport.requests().size(), 1U) << "one token for both";
  signer.on_authorized(second, {.status = 200, .headers = {{"DPoP-Nonce", "nonce-8"}}});
  net::HttpRequest third = request();
  ASSERT_TRUE(signer.sign(third, {}));
  EXPECT_EQ(part_jwt(std::string(*third.headers.first("DPoP"))).claims["nonce"], "nonce-8");
}

TEST_F(TokenSignerTest, RenewsAnExpiredNonceAndNeverProvesWhenToldNotTo) {
  transport.json(200, token_body("a", 100, "DPoP"), {{"DPoP-Nonce", "old"}})
      .json(400, R"({"error":"use_dpop_nonce"})", {{"DPoP-Nonce", "new"}})
      .json(200, token_body("b", 100, "DPoP"));
  TokenSigner signer = okta(config::Dpop::always);
  net::HttpRequest first = request();
  ASSERT_TRUE(signer.sign(first, {}));
  clock.advance(seconds(100));
  net::HttpRequest second = request();
  ASSERT_TRUE(signer.sign(second, {}));
  EXPECT_EQ(part_jwt(std::string(*transport.requests()[1].headers.first("DPoP"))).claims["nonce"], "old");
  EXPECT_EQ(part_jwt(std::string(*transport.requests()[2].headers.first("DPoP"))).claims["nonce"], "new");

  TokenSession plain(clock);
  secrets.set("key", key.private_pem());
  TokenSigner never(
      make_okta_grant(
          {.client_id = "c", .private_key = fakes::secret_file("key"), .dpop = config::Dpop::never}, secrets,
          endpoint(net::Api::okta), plain),
      plain, gate);
  transport.json(400, R"({"error":"invalid_dpop_proof"})");
  net::HttpRequest refused = request();
  const auto result = never.sign(refused, {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("dpop: auto"));
  EXPECT_FALSE(gate.paused_until()) << "it is no matter of the secret";
}

TEST_F(TokenSignerTest, RenewsBeforeTheEndAndKeepsToAShortLife) {
  transport.json(200, token_body("a", 1800)).json(200, token_body("b", 20)).json(200, token_body("c", 1800));
  TokenSigner signer = okta();
  const auto sign = [&] {
    net::HttpRequest signed_request = request();
    EXPECT_TRUE(signer.sign(signed_request, {}));
    return authorization(signed_request);
  };
  EXPECT_EQ(sign(), "Bearer a");
  clock.advance(seconds(1739));
  EXPECT_EQ(sign(), "Bearer a");
  clock.advance(seconds(2));
  EXPECT_EQ(sign(), "Bearer b") << "a minute before its end";
  clock.advance(seconds(17));
  EXPECT_EQ(sign(), "Bearer b") << "a token may come back nearly expired";
  clock.advance(seconds(2));
  EXPECT_EQ(sign(), "Bearer c");
}

TEST_F(TokenSignerTest, FetchesOneTokenForAllWhoNeedItAtTheSameTime) {
  transport.handle([](const net::HttpRequest&) -> Result<net::HttpResponse> {
    std::this_thread::yield();
    return net::HttpResponse{
        .status = 200, .headers = {{"Content-Type", "application/json"}}, .body = token_body("shared")};
  });
  TokenSigner signer = okta();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        net::HttpRequest signed_request = request();
        EXPECT_TRUE(signer.sign(signed_request, {}));
        EXPECT_EQ(authorization(signed_request), "Bearer shared");
      });
    }
  }
  EXPECT_EQ(transport.requests().size(), 1U);
}

TEST_F(TokenSignerTest, DropsARefusedTokenOnceAndThenLeavesTheAccountAlone) {
  transport.json(200, token_body("a")).json(200, token_body("b"));
  TokenSigner signer = okta();
  net::HttpRequest first = request();
  ASSERT_TRUE(signer.sign(first, {}));
  EXPECT_TRUE(signer.on_unauthorized(first, {.status = 401}));
  net::HttpRequest second = request();
  ASSERT_TRUE(signer.sign(second, {}));
  EXPECT_EQ(authorization(second), "Bearer b");
  EXPECT_TRUE(signer.on_unauthorized(first, {.status = 401})) << "old news: there is a newer token";
  EXPECT_FALSE(signer.on_unauthorized(second, {.status = 401}));
  net::HttpRequest third = request();
  const auto refused = signer.sign(third, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is paused until"));
  EXPECT_EQ(transport.requests().size(), 2U);
}

TEST_F(TokenSignerTest, ARefusedSecretPausesTheAccountUntilItChanges) {
  transport.json(401, R"({"error":"invalid_client","error_description":"PLANTED"})");
  TokenSigner signer = okta();
  net::HttpRequest first = request();
  const auto refused = signer.sign(first, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error_class, ErrorClass::authentication);
  EXPECT_THAT(refused.error().message, HasSubstr("okta token at a.okta.com answered 401 invalid_client"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("PLANTED")));
  net::HttpRequest second = request();
  EXPECT_FALSE(signer.sign(second, {}));
  EXPECT_EQ(transport.requests().size(), 1U) << "not hammered";
  EXPECT_EQ(gate.valid(), false);
  secrets.set("key", TestKey::ec("P-256").private_pem());
  transport.json(200, token_body("good"));
  net::HttpRequest third = request();
  EXPECT_TRUE(signer.sign(third, {})) << "a rotated key takes effect at the next request";
}

TEST_F(TokenSignerTest, AClockThatIsAnHourOffIsMendedByTheServersDate) {
  clock.set_system(clock.now() - std::chrono::hours(1));
  const std::string date = "Mon, 23 Nov 2026 12:00:00 GMT";
  transport.json(401, R"({"error":"invalid_client"})", {{"Date", date}}).json(200, token_body("a"));
  TokenSigner signer = okta();
  net::HttpRequest signed_request = request();
  ASSERT_TRUE(signer.sign(signed_request, {}));
  const auto asked = transport.requests();
  const auto iat = [&](std::size_t i) {
    return part_jwt(field_of(asked[i].body, "client_assertion")).claims["iat"].get<std::int64_t>();
  };
  EXPECT_EQ(iat(1) - iat(0), 3600);
  EXPECT_FALSE(gate.paused_until());
}

TEST_F(TokenSignerTest, AFaultOfTheTokenEndpointBlamesNobodysSecret) {
  TokenSigner signer = okta();
  const auto error_of = [&] {
    net::HttpRequest signed_request = request();
    const auto result = signer.sign(signed_request, {});
    return result ? ErrorClass::storage : result.error().error_class;
  };
  transport.json(503, "{}");
  EXPECT_EQ(error_of(), ErrorClass::http_5xx);
  transport.json(429, "{}", {{"Retry-After", "5"}});
  EXPECT_EQ(error_of(), ErrorClass::rate_limited);
  transport.html(200);
  EXPECT_EQ(error_of(), ErrorClass::not_json);
  transport.json(200, "{\"access_token\":\"a b\"}");
  EXPECT_EQ(error_of(), ErrorClass::malformed);
  transport.fail(ErrorClass::connection);
  EXPECT_EQ(error_of(), ErrorClass::connection);
  transport.json(200, std::string(200'000, '['));
  EXPECT_EQ(error_of(), ErrorClass::not_json);
  EXPECT_FALSE(gate.paused_until());
  EXPECT_EQ(observer.requests().front().endpoint, net::Endpoint::token);
}

TEST_F(TokenSignerTest, AsksServiceNowByEachOfItsGrants) {
  const auto form_of = [&](const config::OAuth2& config) {
    session.cache.refused("token");
    TokenSession own(clock);
    TokenSigner signer(make_servicenow_grant(config, secrets, endpoint(net::Api::servicenow), own), own,
                       gate);
    transport.json(200, token_body("token", 1799));
    net::HttpRequest signed_request = request(std::string(kInstance) + "/api/now/table/sys_user");
    EXPECT_TRUE(signer.sign(signed_request, {}));
    EXPECT_EQ(authorization(signed_request), "Bearer token");
    EXPECT_EQ(transport.requests().back().url, "https://b.service-now.com/oauth_token.do");
    return transport.requests().back().body;
  };
  const config::SecretRef secret = fakes::secret_value("s&cret");
  EXPECT_EQ(form_of({.client_id = "id", .client_secret = secret}),
            "grant_type=client_credentials&client_id=id&client_secret=s%26cret");
  EXPECT_EQ(form_of({.client_id = "id",
                     .client_secret = secret,
                     .grant_type = config::GrantType::password,
                     .scopes = {"useraccount"},
                     .username = "reader",
                     .password = fakes::secret_value("p=w")}),
            "grant_type=password&client_id=id&client_secret=s%26cret&username=reader&password=p%3Dw&scope="
            "useraccount");
  EXPECT_EQ(form_of({.client_id = "id",
                     .client_secret = secret,
                     .grant_type = config::GrantType::refresh_token,
                     .refresh_token = fakes::secret_value("r1")}),
            "grant_type=refresh_token&client_id=id&client_secret=s%26cret&refresh_token=r1");
  const std::string body = form_of({.client_id = "id",
                                    .grant_type = config::GrantType::jwt_bearer,
                                    .private_key = fakes::secret_value(key.private_pem()),
                                    .key_id = "kid-2",
                                    .subject = "reader"});
  EXPECT_EQ(field_of(body, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const PartedJwt jwt = part_jwt(field_of(body, "assertion"));
  EXPECT_TRUE(openssl_verifies(jwt, key.public_pem()));
  EXPECT_EQ(jwt.claims["aud"], "id");
  EXPECT_EQ(jwt.claims["sub"], "reader");
  EXPECT_TRUE(jwt.claims.contains("jti"));
}

TEST_F(TokenSignerTest, RenewsByTheRefreshTokenAndFallsBackToThePassword) {
  const auto with_refresh = [](const std::string& token) {
    return nlohmann::json{{"access_token", token}, {"expires_in", 100}, {"refresh_token", "refresh-1"}}
        .dump();
  };
  transport.json(200, with_refresh("a")).json(200, with_refresh("b"));
  transport.json(401, R"({"error_description":"access_denied","error":"server_error"})");
  transport.json(200, with_refresh("c"));
  TokenSigner signer = servicenow({.client_id = "id",
                                   .client_secret = fakes::secret_value("s"),
                                   .grant_type = config::GrantType::password,
                                   .username = "reader",
                                   .password = fakes::secret_value("p")});
  for (const char* expected : {"Bearer a", "Bearer b", "Bearer c"}) {
    net::HttpRequest signed_request = request();
    ASSERT_TRUE(signer.sign(signed_request, {}));
    EXPECT_EQ(authorization(signed_request), expected);
    clock.advance(seconds(100));
  }
  const auto asked = transport.requests();
  EXPECT_EQ(field_of(asked[1].body, "refresh_token"), "refresh-1");
  EXPECT_EQ(field_of(asked[2].body, "grant_type"), "refresh_token");
  EXPECT_EQ(field_of(asked[3].body, "grant_type"), "password");
  EXPECT_FALSE(gate.paused_until());
}

}  // namespace
}  // namespace exporter::auth
