#include "auth/jose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/auth/openssl_verify.h"

namespace exporter::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string signed_with(const SigningKey& key) {
  return sign_jwt(key, {.key_id = "kid-1"}, {{"iss", "client"}, {"exp", std::int64_t{1700000000}}});
}

TEST(Base64Url, HasItsOwnAlphabetAndNoPadding) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");
  EXPECT_EQ(base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(sha256_base64url("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");  // FIPS 180-4
}

TEST(RandomId, NeverRepeats) { EXPECT_NE(random_id(), random_id()); }

struct EcCase {
  const char* openssl;
  const char* jwk;
  const char* algorithm;
  int width;
};
constexpr EcCase kCurves[] = {
    {"P-256", "P-256", "ES256", 32}, {"P-384", "P-384", "ES384", 48}, {"P-521", "P-521", "ES512", 66}};

TEST(SignJwt, OpenSslAcceptsWhatAnRsaKeyInPemSigned) {
  const TestKey test_key = TestKey::rsa();
  const auto key = SigningKey::parse("\n" + test_key.private_pem());
  ASSERT_TRUE(key) << key.error().message;
  PartedJwt jwt = part_jwt(signed_with(*key));
  EXPECT_EQ(jwt.header, nlohmann::json({{"typ", "JWT"}, {"alg", "RS256"}, {"kid", "kid-1"}}));
  EXPECT_EQ(jwt.claims, nlohmann::json({{"iss", "client"}, {"exp", 1700000000}}));
  EXPECT_TRUE(openssl_verifies(jwt, test_key.public_pem()));
  jwt.signed_text += "x";
  EXPECT_FALSE(openssl_verifies(jwt, test_key.public_pem())) << "the check can fail";
}

TEST(SignJwt, OpenSslAcceptsEveryAlgorithmOfAnRsaJwk) {
  const TestKey test_key = TestKey::rsa();
  for (const std::string algorithm : {"RS256", "RS384", "RS512"}) {
    nlohmann::json jwk = test_key.jwk();
    jwk["alg"] = algorithm;
    jwk["kid"] = "my-key";
    const auto key = SigningKey::parse(jwk.dump());
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->key_id(), "my-key");
    const PartedJwt jwt = part_jwt(signed_with(*key));
    EXPECT_EQ(jwt.header["alg"], algorithm);
    EXPECT_TRUE(openssl_verifies(jwt, test_key.public_pem())) << algorithm;
  }
}

TEST(SignJwt, OpenSslAcceptsEveryCurveInPemAndAsJwk) {
  for (const EcCase& curve : kCurves) {
    const TestKey test_key = TestKey::ec(curve.openssl);
    for (const std::string& text : {test_key.private_pem(), test_key.jwk(curve.jwk, curve.width).dump()}) {
      const auto key = SigningKey::parse(text);
      ASSERT_TRUE(key) << key.error().message;
      EXPECT_EQ(key->algorithm(), curve.algorithm);
      const PartedJwt jwt = part_jwt(signed_with(*key));
      EXPECT_EQ(jwt.signature.size(), 2U * static_cast<unsigned>(curve.width));
      EXPECT_TRUE(openssl_verifies(jwt, test_key.public_pem())) << curve.algorithm;
    }
  }
}

TEST(SigningKey, ShowsItsPublicHalfOnly) {
  const TestKey test_key = TestKey::rsa();
  const auto shown = nlohmann::json::parse(SigningKey::parse(test_key.private_pem())->public_jwk());
  EXPECT_EQ(shown, nlohmann::json({{"kty", "RSA"}, {"n", test_key.jwk()["n"]}, {"e", "AQAB"}}));
  const TestKey ec = TestKey::ec("P-521");
  nlohmann::json expected = ec.jwk("P-521", 66);
  expected.erase("d");
  EXPECT_EQ(nlohmann::json::parse(SigningKey::parse(ec.private_pem())->public_jwk()), expected);
}

TEST(SigningKey, RefusesEverythingElseAndShowsNothingOfIt) {
  const TestKey test_key = TestKey::rsa();
  nlohmann::json public_only = test_key.jwk();
  public_only.erase("d");
  nlohmann::json wrong_algorithm = TestKey::ec("P-256").jwk("P-256", 32);
  wrong_algorithm["alg"] = "ES384";
  // Found by fuzzing: OpenSSL took it, and signing threw.
  nlohmann::json beyond_order = TestKey::ec("P-256").jwk("P-256", 32);
  beyond_order["d"] = base64url(std::string(46, '\xFF'));
  nlohmann::json off_curve = TestKey::ec("P-256").jwk("P-256", 32);
  off_curve["x"] = off_curve["y"];
  for (const std::string& text :
       {std::string(), std::string("PLANTED"), std::string("{\"kty\":\"oct\",\"k\":\"PLANTED\"}"),
        std::string("{\"kty\":\"RSA\",\"n\":\"PLANTED\"}"), std::string("{"), test_key.encrypted_pem(),
        test_key.public_pem(), public_only.dump(), wrong_algorithm.dump(), off_curve.dump(),
        beyond_order.dump(), TestKey::ec("secp256k1").private_pem(), std::string(100'000, '['),
        "{\"kty\":\"RSA\",\"n\":\"" + std::string(50'000, 'A') + "\",\"e\":\"AQAB\",\"d\":\"AQAB\"}"}) {
    const auto key = SigningKey::parse(text);
    ASSERT_FALSE(key) << text.substr(0, 80);
    EXPECT_EQ(key.error().error_class, ErrorClass::authentication);
    EXPECT_THAT(key.error().message, Not(HasSubstr("PLANTED")));
  }
}

}  // namespace
}  // namespace exporter::auth
