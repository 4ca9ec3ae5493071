// The token endpoints of both vendors, after their documentation. Signatures are checked with OpenSSL's own
// verification: no code is shared with the exporter, which makes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "simulator/http.h"

namespace simulator {

// Okta's service app: client credentials by private_key_jwt, DPoP where demanded (facts: okta.md 5.2, 5.3).
class OktaOAuth {
 public:
  std::string client_id;
  std::string public_key_pem;  // the registered key; empty: there is no service app
  std::string key_id;          // its kid
  bool dpop = false;           // the app demands proof of possession
  std::int64_t lifetime_s = 3600;
  int tokens_given = 0;
  std::map<std::string, int> refused;  // by the error's code

  Reply token(const Call& call);
  // Whether the call's Authorization (and DPoP) is a valid token of ours with okta.*.read scopes.
  bool accepts(const Call& call);
  void revoke() { tokens_.clear(); }
  void renew_nonce() { ++nonce_; }

 private:
  struct Given {
    std::int64_t ends_ms = 0;
    std::string key;  // of DPoP; empty: bearer
  };
  Reply refuse(int status, const std::string& error, const std::string& description);
  // The proof's key where it is good; else what is wrong with it.
  std::optional<std::string> check_proof(const Call& call, const std::string& url, const std::string& token,
                                         bool needs_nonce, std::string& error);
  std::string nonce() const { return "nonce-" + std::to_string(nonce_); }

  std::map<std::string, Given> tokens_;
  std::set<std::string> seen_;  // jti
  int nonce_ = 1;
};

// ServiceNow's /oauth_token.do (facts: servicenow.md 5). Tokens are for one of the two accounts.
class ServiceNowOAuth {
 public:
  std::string client_id = "sim-client";
  std::string client_secret = "sim-client-secret";
  std::string jwt_public_key_pem;  // of the JWT bearer grant
  std::string api_key = "sim-api-key";
  std::string user;  // whom client credentials and the API key stand for
  std::int64_t lifetime_s = 1799;
  int tokens_given = 0;

  Reply token(const Call& call, const std::map<std::string, std::string>& passwords);
  // The user that the token or key stands for.
  std::optional<std::string> user_of(const Call& call) const;
  void revoke() { tokens_.clear(); }

 private:
  struct Given {
    std::int64_t ends_ms = 0;
    std::string user;
  };
  std::map<std::string, Given> tokens_;
  std::map<std::string, std::string> refresh_;  // token, user
  std::set<std::string> seen_;
};

}  // namespace simulator
