#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/basic_signer.h"
#include "auth/ssws_signer.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_secrets.h"

namespace exporter::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

class SignerTest : public testing::Test {
 protected:
  static std::string signed_by(net::RequestSigner& signer) {
    net::HttpRequest request;
    const Result<void> result = signer.sign(request, {});
    return result ? std::string(request.headers.first("Authorization").value_or("none"))
                  : result.error().message;
  }

  fakes::FakeClock clock;
  fakes::FakeSecrets secrets;
  CredentialGate gate{"okta", clock};
};

TEST_F(SignerTest, SswsPutsTheTokenIntoTheHeader) {
  SswsSigner signer(fakes::secret_value("00abc"), secrets, gate);
  EXPECT_EQ(signed_by(signer), "SSWS 00abc");
}

TEST_F(SignerTest, BasicEncodesNameAndPassword) {
  BasicSigner signer("Aladdin", fakes::secret_value("open sesame"), secrets, gate);
  EXPECT_EQ(signed_by(signer), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
}

TEST_F(SignerTest, ARotatedSecretTakesEffectAtTheNextRequest) {
  secrets.set("token", "old");
  SswsSigner signer(fakes::secret_file("token"), secrets, gate);
  EXPECT_EQ(signed_by(signer), "SSWS old");
  secrets.set("token", "new");
  EXPECT_EQ(signed_by(signer), "SSWS new");
}

TEST_F(SignerTest, ASecretThatCannotBeReadIsAnAuthenticationError) {
  SswsSigner ssws(fakes::secret_file("missing"), secrets, gate);
  BasicSigner basic("user", fakes::secret_file("missing"), secrets, gate);
  for (net::RequestSigner* signer : std::initializer_list<net::RequestSigner*>{&ssws, &basic}) {
    net::HttpRequest request;
    const Result<void> result = signer->sign(request, {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().error_class, ErrorClass::authentication);
    EXPECT_TRUE(request.headers.fields().empty());
  }
}

TEST_F(SignerTest, ATokenThatWouldBreakTheHeaderIsNotSentAndNotShown) {
  for (const char* token : {"a\r\nX-Evil: b", "a b", "a\tb", "t\xc3\xb6ken"}) {
    SswsSigner signer(fakes::secret_value(token), secrets, gate);
    net::HttpRequest request;
    const Result<void> result = signer.sign(request, {});
    ASSERT_FALSE(result) << token;
    EXPECT_THAT(result.error().message, Not(HasSubstr(token)));
    EXPECT_TRUE(request.headers.fields().empty());
  }
}

TEST_F(SignerTest, AUserNameWithAColonIsRefused) {
  BasicSigner signer("a:b", fakes::secret_value("c"), secrets, gate);
  EXPECT_THAT(signed_by(signer), HasSubstr("colon"));
}

TEST_F(SignerTest, AfterA401NothingIsSignedUntilTheSecretChanges) {
  secrets.set("password", "wrong");
  BasicSigner signer("reader", fakes::secret_file("password"), secrets, gate);
  net::HttpRequest request;
  ASSERT_TRUE(signer.sign(request, {}));
  signer.on_unauthorized(request, {});
  EXPECT_THAT(signed_by(signer), HasSubstr("okta is paused until 2026-11-23T13:00:00"));
  secrets.set("password", "right");
  net::HttpRequest again;
  ASSERT_TRUE(signer.sign(again, {}));
  signer.on_authorized(again, {});
  EXPECT_EQ(gate.valid(), true);
}

}  // namespace
}  // namespace exporter::auth
