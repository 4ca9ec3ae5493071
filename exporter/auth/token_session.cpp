#include "auth/token_session.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace exporter::auth {

namespace {

using std::chrono::milliseconds;

// More than a slow answer and a Date cut to the second can make.
constexpr milliseconds kSkew{30'000};
constexpr std::size_t kMaxNonce = 1024;

milliseconds since_epoch(SteadyTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
}

bool is_nonce(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNonce &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

SystemTime TokenSession::server_now() const {
  const MutexLock lock(mutex_);
  return offset_ ? SystemTime(since_epoch(clock_.steady_now()) + *offset_) : clock_.now();
}

bool TokenSession::learn(const net::HttpHeaders& headers) {
  const std::optional<std::string_view> field = headers.first("Date");
  const std::optional<SystemTime> date = field ? parse_http_date(trim(*field)) : std::nullopt;
  const SystemTime thought = server_now();
  const MutexLock lock(mutex_);
  if (const std::optional<std::string_view> nonce = headers.first("DPoP-Nonce"); nonce && is_nonce(*nonce)) {
    nonce_ = *nonce;
  }
  if (!date) {
    return false;
  }
  offset_ = date->time_since_epoch() - since_epoch(clock_.steady_now());
  return *date - thought > kSkew || thought - *date > kSkew;
}

std::string TokenSession::proof(std::string_view method, std::string_view url,
                                std::string_view access_token) {
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(server_now().time_since_epoch()).count();
  std::optional<SigningKey> key;
  JwtClaims claims{{"htm", std::string(method)},
                   {"htu", std::string(url.substr(0, url.find_first_of("?#")))},
                   {"iat", now},
                   {"jti", random_id()}};
  {
    const MutexLock lock(mutex_);
    if (!key_) {
      key_ = SigningKey::generate();
    }
    key = key_;
    if (!nonce_.empty()) {
      claims.emplace_back("nonce", nonce_);
    }
  }
  if (!access_token.empty()) {
    claims.emplace_back("ath", sha256_base64url(access_token));
  }
  return sign_jwt(*key, {.type = "dpop+jwt", .with_jwk = true}, claims);
}

bool TokenSession::dpop() const {
  const MutexLock lock(mutex_);
  return dpop_;
}

void TokenSession::use_dpop() {
  const MutexLock lock(mutex_);
  dpop_ = true;
}

bool TokenSession::has_nonce() const {
  const MutexLock lock(mutex_);
  return !nonce_.empty();
}

}  // namespace exporter::auth
