// How an account gets its access token: the flows of both vendors.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "auth/token_endpoint.h"
#include "auth/token_session.h"
#include "base/error.h"
#include "config/config.h"
#include "config/secret.h"

namespace exporter::auth {

// Thread-safe.
class TokenGrant {
 public:
  virtual ~TokenGrant() = default;
  // What the account proves itself with, as one text that changes when any of its secrets does.
  virtual Result<std::string> credential() = 0;
  // A refusal is an error of class authentication with the status in http_status where the secret itself was
  // refused, else with http_status 0.
  virtual Result<Token> fetch(const std::string& refresh_token, std::stop_token stop) = 0;
};

// Client credentials with private_key_jwt at the org's own authorization server (okta.md 5.2), with DPoP
// (5.3) where configured or asked for. `session` must outlive it.
std::unique_ptr<TokenGrant> make_okta_grant(config::OktaOAuth2 config, config::SecretSource& secrets,
                                            std::unique_ptr<TokenEndpoint> endpoint, TokenSession& session);

// The grants of /oauth_token.do (servicenow.md 5).
std::unique_ptr<TokenGrant> make_servicenow_grant(config::OAuth2 config, config::SecretSource& secrets,
                                                  std::unique_ptr<TokenEndpoint> endpoint,
                                                  TokenSession& session);

}  // namespace exporter::auth
