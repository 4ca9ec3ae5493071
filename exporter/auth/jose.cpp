#include "auth/jose.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "auth/authorization.h"

namespace exporter::auth {

namespace {

using nlohmann::json;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;
using Bio = Handle<BIO, BIO_free_all>;
using Number = Handle<BIGNUM, BN_clear_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using ParameterBuilder = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
// Of a number in a JWK; more is refused before any arithmetic.
constexpr std::size_t kMaxNumberBytes = kMaxRsaBits / 8 + 1;
constexpr std::size_t kMaxKeyText = std::size_t{64} * 1024;

struct Curve {
  std::string_view jwk;
  std::string_view openssl;
  std::string_view algorithm;
  std::size_t bytes;  // of a coordinate
};
constexpr std::array<Curve, 3> kCurves{{{"P-256", "prime256v1", "ES256", 32},
                                        {"P-384", "secp384r1", "ES384", 48},
                                        {"P-521", "secp521r1", "ES512", 66}}};

std::unexpected<Error> refused(std::string_view why) {
  ERR_clear_error();
  return std::unexpected(Error{.error_class = ErrorClass::authentication,
                               .message = "the private key can't be used: " + std::string(why)});
}

void require(bool good, const char* what) {
  if (!good) {
    ERR_clear_error();
    throw std::runtime_error(std::string("OpenSSL failed at ") + what);
  }
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '-') {
      value = 62;
    } else if (c == '_') {
      value = 63;
    } else if (c == '=') {
      break;
    } else {
      return std::nullopt;
    }
    bits = (bits << 6U) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU));
    }
  }
  return bytes;
}

std::optional<std::string> text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    return std::nullopt;
  }
  return found->get<std::string>();
}

// A number of a JWK; null where it is missing or none.
Number number_of(const json& object, const char* name) {
  const std::optional<std::string> text = text_of(object, name);
  if (!text || text->empty() || text->size() > 2 * kMaxNumberBytes) {
    return nullptr;
  }
  const std::optional<std::string> bytes = decode_base64url(*text);
  if (!bytes || bytes->empty() || bytes->size() > kMaxNumberBytes) {
    return nullptr;
  }
  return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes->data()),
                          static_cast<int>(bytes->size()), nullptr));
}

std::shared_ptr<EVP_PKEY> make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) != 1) {
    return nullptr;
  }
  return {key, EVP_PKEY_free};
}

std::string parameter_bytes(const EVP_PKEY* key, const char* name, std::size_t width) {
  BIGNUM* raw = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &raw) == 1, "EVP_PKEY_get_bn_param");
  const Number number(raw);
  std::string bytes(std::max(width, static_cast<std::size_t>(BN_num_bytes(raw))), '\0');
  require(
      BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) >= 0,
      "BN_bn2binpad");
  return bytes;
}

const Curve* curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) {
    return nullptr;
  }
  const auto* const found = std::ranges::find(kCurves, std::string_view(name.data(), size), &Curve::openssl);
  return found == kCurves.end() ? nullptr : found;
}

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm.ends_with("384")) {
    return EVP_sha384();
  }
  return algorithm.ends_with("512") ? EVP_sha512() : EVP_sha256();
}

// Never a prompt on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string text = base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return text;
}

std::string sha256_base64url(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  require(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1, "SHA-256");
  return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

std::string random_id() {
  std::array<unsigned char, 16> bytes{};
  require(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "RAND_bytes");
  return base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<void> SigningKey::choose_algorithm(std::string_view wanted) {
  if (EVP_PKEY_is_a(key_.get(), "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key_.get());
    if (bits < kMinRsaBits || bits > kMaxRsaBits) {
      return refused("an RSA key must have 2048 to 8192 bits");
    }
    if (!wanted.empty() && wanted != "RS256" && wanted != "RS384" && wanted != "RS512") {
      return refused("its alg must be RS256, RS384 or RS512");
    }
    algorithm_ = wanted.empty() ? "RS256" : wanted;
    return {};
  }
  const Curve* curve = EVP_PKEY_is_a(key_.get(), "EC") == 1 ? curve_of(key_.get()) : nullptr;
  if (curve == nullptr) {
    return refused("it must be an RSA key, or an EC key on P-256, P-384 or P-521");
  }
  if (!wanted.empty() && wanted != curve->algorithm) {
    return refused("its alg does not fit its curve");
  }
  algorithm_ = curve->algorithm;
  return {};
}

Result<SigningKey> SigningKey::from_pem(std::string_view text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  require(bio != nullptr, "BIO_new_mem_buf");
  SigningKey key;
  key.key_.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (!key.key_) {
    return refused("it is no private key in PEM, or it is encrypted; give it without a passphrase");
  }
  if (Result<void> chosen = key.choose_algorithm(""); !chosen) {
    return std::unexpected(std::move(chosen.error()));
  }
  return key;
}

Result<SigningKey> SigningKey::from_jwk(std::string_view text) {
  // A JWK nests no deeper than one level; the parser must not either.
  if (std::ranges::count(text, '{') + std::ranges::count(text, '[') > 64) {
    return refused("it is no JWK");
  }
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) {
    return refused("it is no JWK (JSON)");
  }
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  require(builder != nullptr, "OSSL_PARAM_BLD_new");
  // The builder keeps pointers to the numbers.
  std::vector<Number> numbers;
  const auto push = [&](const char* member, const char* parameter) {
    Number number = number_of(object, member);
    if (!number || OSSL_PARAM_BLD_push_BN(builder.get(), parameter, number.get()) != 1) {
      return false;
    }
    numbers.push_back(std::move(number));
    return true;
  };
  SigningKey key;
  key.key_id_ = text_of(object, "kid").value_or("");
  const std::string type = text_of(object, "kty").value_or("");
  if (type == "RSA") {
    if (!push("n", OSSL_PKEY_PARAM_RSA_N) || !push("e", OSSL_PKEY_PARAM_RSA_E) ||
        !push("d", OSSL_PKEY_PARAM_RSA_D)) {
      return refused("an RSA JWK needs n, e and d; give the private key and not the public one");
    }
    if (object.contains("p") &&
        (!push("p", OSSL_PKEY_PARAM_RSA_FACTOR1) || !push("q", OSSL_PKEY_PARAM_RSA_FACTOR2) ||
         !push("dp", OSSL_PKEY_PARAM_RSA_EXPONENT1) || !push("dq", OSSL_PKEY_PARAM_RSA_EXPONENT2) ||
         !push("qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1))) {
      return refused("an RSA JWK with p needs q, dp, dq and qi too");
    }
    if (BN_is_odd(numbers[0].get()) == 0 || BN_is_odd(numbers[1].get()) == 0) {
      return refused("its n and e are none of RSA");
    }
    key.key_ = make_key("RSA", builder.get());
  } else if (type == "EC") {
    const auto* const curve = std::ranges::find(kCurves, text_of(object, "crv").value_or(""), &Curve::jwk);
    if (curve == kCurves.end()) {
      return refused("the crv of an EC JWK must be P-256, P-384 or P-521");
    }
    const auto coordinate = [&](const char* name) {
      const std::string bytes = decode_base64url(text_of(object, name).value_or("")).value_or("");
      return bytes.size() == curve->bytes ? bytes : std::string();
    };
    const std::string x = coordinate("x");
    const std::string y = coordinate("y");
    if (x.empty() || y.empty()) {
      return refused("an EC JWK needs x and y, each as long as its curve");
    }
    const std::string point = "\x04" + x + y;
    const std::string group(curve->openssl);
    if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.c_str(), 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1 ||
        !push("d", OSSL_PKEY_PARAM_PRIV_KEY)) {
      return refused("an EC JWK needs d; give the private key and not the public one");
    }
    key.key_ = make_key("EC", builder.get());
  } else {
    return refused("the kty of a JWK must be RSA or EC");
  }
  if (!key.key_) {
    return refused("OpenSSL does not take the numbers of this JWK for a key");
  }
  if (Result<void> chosen = key.choose_algorithm(text_of(object, "alg").value_or("")); !chosen) {
    return std::unexpected(std::move(chosen.error()));
  }
  return key;
}

Result<SigningKey> SigningKey::parse(std::string_view text) {
  if (text.size() > kMaxKeyText) {
    return refused("it is longer than 64 KiB");
  }
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  Result<SigningKey> key =
      begin != std::string_view::npos && text[begin] == '{' ? from_jwk(text) : from_pem(text);
  if (!key) {
    return key;
  }
  // OpenSSL takes numbers that belong to no key, such as a `d` beyond the curve's order, and fails when it
  // signs.
  try {
    static_cast<void>(key->sign("a trial"));
  } catch (const std::runtime_error&) {
    return refused("it can't sign: its numbers do not belong together");
  }
  return key;
}

SigningKey SigningKey::generate() {
  SigningKey key;
  key.key_.reset(EVP_RSA_gen(static_cast<unsigned>(kMinRsaBits)), EVP_PKEY_free);
  require(key.key_ != nullptr, "EVP_RSA_gen");
  key.algorithm_ = "RS256";
  return key;
}

std::string SigningKey::public_jwk() const {
  json jwk;
  if (algorithm_.starts_with("RS")) {
    jwk = {{"kty", "RSA"},
           {"n", base64url(parameter_bytes(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0))},
           {"e", base64url(parameter_bytes(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0))}};
  } else {
    const Curve& curve = *curve_of(key_.get());
    jwk = {{"kty", "EC"},
           {"crv", curve.jwk},
           {"x", base64url(parameter_bytes(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, curve.bytes))},
           {"y", base64url(parameter_bytes(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, curve.bytes))}};
  }
  return jwk.dump();
}

std::string SigningKey::sign(std::string_view text) const {
  const DigestContext context(EVP_MD_CTX_new());
  require(context != nullptr, "EVP_MD_CTX_new");
  require(EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm_), nullptr, key_.get()) == 1,
          "EVP_DigestSignInit");
  const auto* const data = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  require(EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) == 1, "EVP_DigestSign");
  std::string signature(size, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(signature.data());
  require(EVP_DigestSign(context.get(), out, &size, data, text.size()) == 1, "EVP_DigestSign");
  signature.resize(size);
  if (algorithm_.starts_with("RS")) {
    return signature;
  }
  // OpenSSL writes DER; a JWS wants the two numbers, each as wide as the curve (RFC 7518, section 3.4).
  const unsigned char* der = out;
  const Handle<ECDSA_SIG, ECDSA_SIG_free> pair(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size)));
  require(pair != nullptr, "d2i_ECDSA_SIG");
  const int width = static_cast<int>(curve_of(key_.get())->bytes);
  std::string raw(2 * static_cast<std::size_t>(width), '\0');
  auto* const half = reinterpret_cast<unsigned char*>(raw.data());
  require(BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), half, width) == width &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), half + width, width) == width,
          "BN_bn2binpad");
  return raw;
}

std::string sign_jwt(const SigningKey& key, const JwtHeader& header, const JwtClaims& claims) {
  json head{{"typ", header.type}, {"alg", key.algorithm()}};
  if (!header.key_id.empty()) {
    head["kid"] = header.key_id;
  }
  if (header.with_jwk) {
    head["jwk"] = json::parse(key.public_jwk());
  }
  json body = json::object();
  for (const auto& [name, value] : claims) {
    std::visit([&body, &name](const auto& content) { body[name] = content; }, value);
  }
  // A name or nonce that is no UTF-8 must not throw: it is refused by the server.
  const auto part = [](const json& object) {
    return base64url(object.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  const std::string text = part(head) + "." + part(body);
  return text + "." + base64url(key.sign(text));
}

}  // namespace exporter::auth
