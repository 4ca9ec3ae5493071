// JSON Web Tokens as our sign-ins need them: keys from PEM or JWK, signatures by OpenSSL 3 (RFC 7515 to
// 7518).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace exporter::auth {

// The URL-safe alphabet, without padding (RFC 7515, section 2).
std::string base64url(std::string_view bytes);

// SHA-256 of the text, base64url: the `ath` of a DPoP proof.
std::string sha256_base64url(std::string_view text);

// 128 random bits, base64url: a `jti`.
std::string random_id();

// A private key. Immutable, copied cheaply; thread-safe.
class SigningKey {
 public:
  // PEM (PKCS#8, PKCS#1 or SEC1, not encrypted) or a JWK of kty RSA (2048 to 8192 bits) or EC (P-256, P-384,
  // P-521). The error (authentication) shows nothing of the text.
  static Result<SigningKey> parse(std::string_view text);
  // A new RSA key of 2048 bits, for DPoP proofs.
  static SigningKey generate();

  // RS256 (or what the JWK's alg says of RS384, RS512), ES256, ES384 or ES512.
  std::string_view algorithm() const { return algorithm_; }
  // Of the JWK; empty: none.
  const std::string& key_id() const { return key_id_; }
  // The public half, as JSON.
  std::string public_jwk() const;
  // As the algorithm writes it: the raw bytes.
  std::string sign(std::string_view text) const;

 private:
  SigningKey() = default;
  static Result<SigningKey> from_pem(std::string_view text);
  static Result<SigningKey> from_jwk(std::string_view text);
  Result<void> choose_algorithm(std::string_view wanted);

  std::shared_ptr<evp_pkey_st> key_;
  std::string algorithm_;
  std::string key_id_;
};

struct JwtHeader {
  std::string type = "JWT";
  std::string key_id = {};  // empty: none
  bool with_jwk = false;    // the public key
};

using JwtClaims = std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>;

// The compact form: three parts of base64url joined by dots.
std::string sign_jwt(const SigningKey& key, const JwtHeader& header, const JwtClaims& claims);

}  // namespace exporter::auth
