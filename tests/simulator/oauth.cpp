#include "simulator/oauth.h"

#include <algorithm>
#include <array>
#include <memory>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "simulator/text.h"

namespace simulator {
namespace {

using nlohmann::json;

struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyDeleter>;

std::optional<std::string> from_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text.push_back('=');
  return decode_base64(text);
}

std::string to_base64url(const unsigned char* bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  text.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes, static_cast<int>(size))));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return text;
}

Key key_of_pem(const std::string& pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Key key(PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return key;
}

// Only RSA: what a proof's key is made of here.
Key key_of_jwk(const json& jwk) {
  if (jwk.value("kty", "") != "RSA") return nullptr;
  const auto n = from_base64url(jwk.value("n", ""));
  const auto e = from_base64url(jwk.value("e", ""));
  if (!n || !e || jwk.contains("d")) return nullptr;
  const auto number = [](const std::string& bytes) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()),
                     nullptr);
  };
  BIGNUM* bn_n = number(*n);
  BIGNUM* bn_e = number(*e);
  OSSL_PARAM_BLD* builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, bn_n);
  OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, bn_e);
  OSSL_PARAM* parameters = OSSL_PARAM_BLD_to_param(builder);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context);
  EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  BN_free(bn_n);
  BN_free(bn_e);
  return Key(key);
}

struct Jwt {
  json header;
  json claims;
  std::string signed_text;
  std::string signature;
};

std::optional<Jwt> parse_jwt(const std::string& text) {
  const std::vector<std::string> parts = split(text, '.');
  if (parts.size() != 3) return std::nullopt;
  const auto header = from_base64url(parts[0]);
  const auto claims = from_base64url(parts[1]);
  const auto signature = from_base64url(parts[2]);
  if (!header || !claims || !signature) return std::nullopt;
  Jwt jwt{json::parse(*header, nullptr, false), json::parse(*claims, nullptr, false),
          parts[0] + "." + parts[1], *signature};
  if (!jwt.header.is_object() || !jwt.claims.is_object()) return std::nullopt;
  return jwt;
}

bool verifies(const Jwt& jwt, EVP_PKEY* key) {
  const std::string algorithm = jwt.header.value("alg", "");
  const bool rsa = algorithm.starts_with("RS");
  if (algorithm.size() != 5 || (!rsa && !algorithm.starts_with("ES")) ||
      EVP_PKEY_is_a(key, rsa ? "RSA" : "EC") != 1) {
    return false;
  }
  const EVP_MD* digest = algorithm.ends_with("256")   ? EVP_sha256()
                         : algorithm.ends_with("384") ? EVP_sha384()
                                                      : EVP_sha512();
  std::string signature = jwt.signature;
  if (!rsa) {  // r and s, each half of it, become DER
    const std::size_t half = signature.size() / 2;
    ECDSA_SIG* pair = ECDSA_SIG_new();
    const auto* raw = reinterpret_cast<const unsigned char*>(jwt.signature.data());
    ECDSA_SIG_set0(pair, BN_bin2bn(raw, static_cast<int>(half), nullptr),
                   BN_bin2bn(raw + half, static_cast<int>(half), nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair, &der);
    signature.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good =
      EVP_DigestVerifyInit(context, nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(jwt.signed_text.data()),
                       jwt.signed_text.size()) == 1;
  EVP_MD_CTX_free(context);
  return good;
}

std::map<std::string, std::string> parse_form(const std::string& body) {
  const auto decode = [](const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
        i += 2;
      } else {
        out.push_back(text[i] == '+' ? ' ' : text[i]);
      }
    }
    return out;
  };
  std::map<std::string, std::string> form;
  for (const std::string& pair : split(body, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals != std::string::npos) form[decode(pair.substr(0, equals))] = decode(pair.substr(equals + 1));
  }
  return form;
}

std::string new_token(int number) {
  return "sim-access-" +
         base62(mix(static_cast<std::uint64_t>(now_ms()) * 1000 + static_cast<unsigned>(number)), 22);
}

}  // namespace

Reply OktaOAuth::refuse(int status, const std::string& error, const std::string& description) {
  ++refused[error];
  Reply reply;
  reply.status = status;
  reply.body = json{{"error", error}, {"error_description", description}}.dump();
  return reply;
}

std::optional<std::string> OktaOAuth::check_proof(const Call& call, const std::string& url,
                                                  const std::string& token, bool needs_nonce,
                                                  std::string& error) {
  error = "invalid_dpop_proof";
  const auto proof = parse_jwt(call.dpop);
  if (!proof || proof->header.value("typ", "") != "dpop+jwt" || !proof->header.contains("jwk") ||
      !proof->header["jwk"].is_object()) {
    return std::nullopt;
  }
  const Key key = key_of_jwk(proof->header["jwk"]);
  if (!key || !verifies(*proof, key.get())) return std::nullopt;
  const json& claims = proof->claims;
  const std::int64_t age = now_ms() / 1000 - claims.value("iat", std::int64_t{0});
  if (claims.value("htm", "") != call.method || claims.value("htu", "") != url || age > 300 || age < -300 ||
      claims.value("jti", "").empty() || !seen_.insert("dpop " + claims.value("jti", "")).second) {
    return std::nullopt;
  }
  if (!token.empty()) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(token.data(), token.size(), digest.data(), &size, EVP_sha256(), nullptr);
    if (claims.value("ath", "") != to_base64url(digest.data(), size)) return std::nullopt;
  }
  if (needs_nonce && claims.value("nonce", "") != nonce()) {
    error = "use_dpop_nonce";
    return std::nullopt;
  }
  return proof->header["jwk"].dump();
}

Reply OktaOAuth::token(const Call& call) {
  if (call.content_type.find("application/x-www-form-urlencoded") == std::string::npos)
    return refuse(400, "invalid_request", "The Content-Type must be application/x-www-form-urlencoded.");
  auto form = parse_form(call.body);
  if (form["grant_type"] != "client_credentials") return refuse(400, "unsupported_grant_type", "");
  if (form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
    return refuse(400, "invalid_request", "client_assertion_type is wrong.");
  const auto assertion = parse_jwt(form["client_assertion"]);
  const std::string url = call.origin + "/oauth2/v1/token";
  const std::int64_t now = now_ms() / 1000;
  const Key key = key_of_pem(public_key_pem);
  const auto text = [&](const char* name) {
    const auto found = assertion->claims.find(name);
    return found != assertion->claims.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!assertion || !key || (!key_id.empty() && assertion->header.value("kid", "") != key_id) ||
      !verifies(*assertion, key.get()) || text("iss") != client_id || text("sub") != client_id ||
      text("aud") != url) {
    return refuse(401, "invalid_client", "The client_assertion is invalid.");
  }
  const std::int64_t expires = assertion->claims.value("exp", std::int64_t{0});
  if (expires <= now || expires > now + 3600)
    return refuse(401, "invalid_client", "The client_assertion token is expired or lives too long.");
  if (!text("jti").empty() && !seen_.insert("assertion " + text("jti")).second)
    return refuse(401, "invalid_client", "The client_assertion has been used before.");
  for (const std::string& scope : split(form["scope"], ' ')) {
    if (!scope.starts_with("okta.") || !scope.ends_with(".read"))
      return refuse(400, "invalid_scope", "One or more scopes are not granted.");
  }
  std::string proof_key;
  if (dpop || !call.dpop.empty()) {
    if (call.dpop.empty()) return refuse(400, "invalid_dpop_proof", "The DPoP proof JWT header is missing.");
    std::string error;
    const auto checked = check_proof(call, url, "", true, error);
    if (!checked) {
      Reply reply = refuse(400, error,
                           error == "use_dpop_nonce" ? "Authorization server requires nonce in DPoP proof."
                                                     : "The DPoP proof JWT is invalid.");
      if (error == "use_dpop_nonce") reply.header("dpop-nonce", nonce());
      return reply;
    }
    proof_key = *checked;
  }
  const std::string token = new_token(++tokens_given);
  tokens_[token] = {now_ms() + lifetime_s * 1000, proof_key};
  Reply reply;
  reply.body = json{{"token_type", proof_key.empty() ? "Bearer" : "DPoP"},
                    {"expires_in", lifetime_s},
                    {"access_token", token},
                    {"scope", form["scope"]}}
                   .dump();
  return reply;
}

bool OktaOAuth::accepts(const Call& call) {
  const std::size_t space = call.authorization.find(' ');
  if (space == std::string::npos) return false;
  const std::string scheme = call.authorization.substr(0, space);
  const std::string token = call.authorization.substr(space + 1);
  const auto found = tokens_.find(token);
  if (found == tokens_.end() || found->second.ends_ms <= now_ms()) return false;
  if (found->second.key.empty()) return scheme == "Bearer";
  std::string error;
  return scheme == "DPoP" &&
         check_proof(call, call.origin + call.path, token, false, error) == found->second.key;
}

Reply ServiceNowOAuth::token(const Call& call, const std::map<std::string, std::string>& passwords) {
  // facts: one catch-all for a disabled grant, a wrong secret, a missing application user and a locked user
  const auto denied = [] {
    Reply reply;
    reply.status = 401;
    reply.body = R"({"error_description":"access_denied","error":"server_error"})";
    return reply;
  };
  if (call.content_type.find("application/x-www-form-urlencoded") == std::string::npos) return denied();
  auto form = parse_form(call.body);
  const std::string grant = form["grant_type"];
  if (form["client_id"] != client_id) return denied();
  const bool jwt = grant == "urn:ietf:params:oauth:grant-type:jwt-bearer";
  if (form["client_secret"] != client_secret && !(jwt && form["client_secret"].empty())) return denied();
  std::string who;
  if (grant == "client_credentials") {
    who = user;
  } else if (grant == "password") {
    const auto found = passwords.find(form["username"]);
    if (found == passwords.end() || found->second != form["password"]) return denied();
    who = form["username"];
  } else if (grant == "refresh_token") {
    const auto found = refresh_.find(form["refresh_token"]);
    if (found == refresh_.end()) return denied();
    who = found->second;
  } else if (jwt) {
    const auto assertion = parse_jwt(form["assertion"]);
    const Key key = key_of_pem(jwt_public_key_pem);
    if (!assertion || !key || !verifies(*assertion, key.get())) return denied();
    const json& claims = assertion->claims;
    const std::int64_t now = now_ms() / 1000;
    if (claims.value("aud", "") != client_id || claims.value("exp", std::int64_t{0}) <= now ||
        claims.value("jti", "").empty() || !seen_.insert(claims.value("jti", "")).second) {
      return denied();
    }
    who = claims.value("sub", "");
    if (!passwords.contains(who)) return denied();
  } else {
    return denied();
  }
  // facts: within the life of a token the same one is given, with what is left of it
  std::string token;
  std::int64_t ends = 0;
  for (const auto& [value, given] : tokens_) {
    if (given.user == who && given.ends_ms > now_ms()) {
      token = value;
      ends = given.ends_ms;
    }
  }
  if (token.empty()) {
    token = new_token(++tokens_given);
    ends = now_ms() + lifetime_s * 1000;
    tokens_[token] = {ends, who};
  }
  json body{{"scope", "useraccount"},
            {"token_type", "Bearer"},
            {"expires_in", (ends - now_ms()) / 1000},
            {"access_token", token}};
  if (!jwt && grant != "client_credentials") {
    const std::string refresh = "sim-refresh-" + base62(hash_of(who), 20);
    refresh_[refresh] = who;
    body["refresh_token"] = refresh;
  }
  Reply reply;
  reply.body = body.dump();
  return reply;
}

std::optional<std::string> ServiceNowOAuth::user_of(const Call& call) const {
  if (!call.api_key.empty()) return call.api_key == api_key ? std::optional(user) : std::nullopt;
  if (!call.authorization.starts_with("Bearer ")) return std::nullopt;
  const auto found = tokens_.find(call.authorization.substr(7));
  if (found == tokens_.end() || found->second.ends_ms <= now_ms()) return std::nullopt;
  return found->second.user;
}

}  // namespace simulator
