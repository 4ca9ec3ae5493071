// Basic authentication (RFC 7617): "Authorization: Basic <base64 of user:password>".
#pragma once

#include <string>

#include "auth/credential_gate.h"
#include "base/error.h"
#include "config/secret.h"
#include "net/api_client.h"

namespace exporter::auth {

// Thread-safe; must not outlive `secrets` and `gate`. The password is read at each request, so that a rotated
// one takes effect at the next. Errors of sign() are authentication: the gate is closed, or the password
// can't be read or used.
class BasicSigner final : public net::RequestSigner {
 public:
  BasicSigner(std::string username, config::SecretRef password, config::SecretSource& secrets,
              CredentialGate& gate);

  Result<void> sign(net::HttpRequest& request, std::stop_token stop) override;
  bool on_unauthorized(const net::HttpRequest& request, const net::HttpResponse& response) override;
  void on_authorized(const net::HttpRequest& request, const net::HttpResponse& response) override;

 private:
  const std::string username_;
  const config::SecretRef password_;
  config::SecretSource& secrets_;
  CredentialGate& gate_;
};

}  // namespace exporter::auth
