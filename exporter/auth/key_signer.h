// Accounts that prove themselves without an Authorization header: ServiceNow's API key, and a client
// certificate that the connection shows.
#pragma once

#include "auth/credential_gate.h"
#include "base/error.h"
#include "config/secret.h"
#include "net/api_client.h"

namespace exporter::auth {

// "x-sn-apikey: <key>" (servicenow.md 5). Thread-safe; must not outlive `secrets` and `gate`. The key is read
// at each request.
class ApiKeySigner final : public net::RequestSigner {
 public:
  ApiKeySigner(config::SecretRef key, config::SecretSource& secrets, CredentialGate& gate)
      : key_(std::move(key)), secrets_(secrets), gate_(gate) {}

  Result<void> sign(net::HttpRequest& request, std::stop_token stop) override;
  bool on_unauthorized(const net::HttpRequest& request, const net::HttpResponse& response) override;
  void on_authorized(const net::HttpRequest& request, const net::HttpResponse& response) override;

 private:
  const config::SecretRef key_;
  config::SecretSource& secrets_;
  CredentialGate& gate_;
};

// Adds nothing: the transport shows the certificate. Holds requests back while the account is paused.
class CertificateSigner final : public net::RequestSigner {
 public:
  CertificateSigner(config::SecretRef certificate, config::SecretSource& secrets, CredentialGate& gate)
      : certificate_(std::move(certificate)), secrets_(secrets), gate_(gate) {}

  Result<void> sign(net::HttpRequest& request, std::stop_token stop) override;
  bool on_unauthorized(const net::HttpRequest& request, const net::HttpResponse& response) override;
  void on_authorized(const net::HttpRequest& request, const net::HttpResponse& response) override;

 private:
  const config::SecretRef certificate_;
  config::SecretSource& secrets_;
  CredentialGate& gate_;
};

}  // namespace exporter::auth
