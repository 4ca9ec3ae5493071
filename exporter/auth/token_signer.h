// OAuth 2.0: "Authorization: Bearer <token>", or "DPoP <token>" with a proof of its own for each request.
#pragma once

#include <memory>

#include "auth/credential_gate.h"
#include "auth/token_grant.h"
#include "auth/token_session.h"
#include "net/api_client.h"

namespace exporter::auth {

// Thread-safe; must not outlive `session` and `gate`. A token that the API refuses is dropped, and the
// request may be made once more with a new one; a second refusal closes the gate.
class TokenSigner final : public net::RequestSigner {
 public:
  TokenSigner(std::unique_ptr<TokenGrant> grant, TokenSession& session, CredentialGate& gate)
      : grant_(std::move(grant)), session_(session), gate_(gate) {}

  Result<void> sign(net::HttpRequest& request, std::stop_token stop) override;
  bool on_unauthorized(const net::HttpRequest& request, const net::HttpResponse& response) override;
  void on_authorized(const net::HttpRequest& request, const net::HttpResponse& response) override;

 private:
  const std::unique_ptr<TokenGrant> grant_;
  TokenSession& session_;
  CredentialGate& gate_;
};

}  // namespace exporter::auth
