// What an OAuth account knows beside its configuration: its token, the server's clock, and what DPoP needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/jose.h"
#include "auth/token_cache.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "net/http.h"

namespace exporter::auth {

// One per account, shared by all that sign as it; outlives a reload. Thread-safe.
class TokenSession {
 public:
  explicit TokenSession(const Clock& clock) : cache(clock), clock_(clock) {}

  TokenCache cache;

  // Wall time as the server has it: a signature that is dated by a clock which is wrong here is refused.
  SystemTime server_now() const;
  // Learns the time and the DPoP nonce from any answer. True: the server's time differs by so much from what
  // was thought that a refusal may come from it.
  bool learn(const net::HttpHeaders& headers);

  // A new proof for one request (RFC 9449): `url` may hold a query, which the proof leaves out.
  // `access_token` empty: for the token endpoint.
  std::string proof(std::string_view method, std::string_view url, std::string_view access_token);
  // Whether proofs are sent with token requests; once on it stays on.
  bool dpop() const;
  void use_dpop();
  bool has_nonce() const;

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  std::optional<std::chrono::milliseconds> offset_ GUARDED_BY(mutex_);  // server's wall time − steady time
  std::optional<SigningKey> key_ GUARDED_BY(mutex_);
  std::string nonce_ GUARDED_BY(mutex_);
  bool dpop_ GUARDED_BY(mutex_) = false;
};

}  // namespace exporter::auth
