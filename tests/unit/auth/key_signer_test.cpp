#include "auth/key_signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_secrets.h"

namespace exporter::auth {
namespace {

TEST(ApiKeySigner, SendsTheKeyInItsHeaderAndFollowsItsRotation) {
  fakes::FakeClock clock;
  fakes::FakeSecrets secrets;
  CredentialGate gate("servicenow reader", clock);
  secrets.set("key", "one");
  ApiKeySigner signer(fakes::secret_file("key"), secrets, gate);
  net::HttpRequest first;
  ASSERT_TRUE(signer.sign(first, {}));
  EXPECT_EQ(first.headers.first("x-sn-apikey"), "one");
  EXPECT_FALSE(first.headers.first("Authorization"));
  EXPECT_FALSE(signer.on_unauthorized(first, {}));
  net::HttpRequest paused;
  EXPECT_FALSE(signer.sign(paused, {}));
  secrets.set("key", "two");
  net::HttpRequest second;
  ASSERT_TRUE(signer.sign(second, {}));
  signer.on_authorized(second, {});
  EXPECT_EQ(gate.valid(), true);
  secrets.set("key", "bro\nken");
  net::HttpRequest broken;
  EXPECT_FALSE(signer.sign(broken, {}));
}

TEST(CertificateSigner, AddsNothingAndHoldsBackWhileItsCertificateIsRefused) {
  fakes::FakeClock clock;
  fakes::FakeSecrets secrets;
  CredentialGate gate("servicenow reader", clock);
  secrets.set("certificate", "PEM one");
  CertificateSigner signer(fakes::secret_file("certificate"), secrets, gate);
  net::HttpRequest first;
  ASSERT_TRUE(signer.sign(first, {}));
  EXPECT_TRUE(first.headers.fields().empty());
  EXPECT_FALSE(signer.on_unauthorized(first, {}));
  EXPECT_FALSE(signer.sign(first, {}));
  secrets.set("certificate", "PEM two");
  EXPECT_TRUE(signer.sign(first, {}));
}

}  // namespace
}  // namespace exporter::auth
