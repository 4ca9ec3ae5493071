// Verifies JSON Web Tokens with OpenSSL's command line: nothing of the code that signs takes part.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

namespace exporter::auth {

inline std::string from_base64url(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) throw std::runtime_error("no base64url");
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU));
    }
  }
  return bytes;
}

inline std::string to_base64url(const std::vector<unsigned char>& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  text.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                                       bytes.data(), static_cast<int>(bytes.size()))));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return text;
}

struct PartedJwt {
  nlohmann::json header;
  nlohmann::json claims;
  std::string signed_text;
  std::string signature;
};

inline PartedJwt part_jwt(const std::string& token) {
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string::npos) throw std::runtime_error("no JWT");
  return {.header = nlohmann::json::parse(from_base64url(std::string_view(token).substr(0, first))),
          .claims = nlohmann::json::parse(
              from_base64url(std::string_view(token).substr(first + 1, second - first - 1))),
          .signed_text = token.substr(0, second),
          .signature = from_base64url(std::string_view(token).substr(second + 1))};
}

// A key pair made by OpenSSL for a test.
class TestKey {
 public:
  static TestKey rsa() { return TestKey(EVP_RSA_gen(2048)); }
  static TestKey ec(const char* curve) { return TestKey(EVP_EC_gen(curve)); }

  std::string private_pem() const {
    return pem([this](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  std::string encrypted_pem() const {
    return pem([this](BIO* out) {
      std::string phrase = "secret";
      return PEM_write_bio_PKCS8PrivateKey(out, key_.get(), EVP_aes_128_cbc(), phrase.data(),
                                           static_cast<int>(phrase.size()), nullptr, nullptr);
    });
  }
  std::string public_pem() const {
    return pem([this](BIO* out) { return PEM_write_bio_PUBKEY(out, key_.get()); });
  }
  // As a JWK; `width` is that of a coordinate of an EC key, 0 for RSA.
  nlohmann::json jwk(const std::string& curve = {}, int width = 0) const {
    const auto number = [&](const char* name, int least = 0) {
      BIGNUM* value = nullptr;
      if (EVP_PKEY_get_bn_param(key_.get(), name, &value) != 1) throw std::runtime_error(name);
      std::vector<unsigned char> bytes(static_cast<std::size_t>(std::max(least, BN_num_bytes(value))));
      BN_bn2binpad(value, bytes.data(), static_cast<int>(bytes.size()));
      BN_free(value);
      return to_base64url(bytes);
    };
    if (width == 0) {
      return {{"kty", "RSA"},
              {"n", number(OSSL_PKEY_PARAM_RSA_N)},
              {"e", number(OSSL_PKEY_PARAM_RSA_E)},
              {"d", number(OSSL_PKEY_PARAM_RSA_D)},
              {"p", number(OSSL_PKEY_PARAM_RSA_FACTOR1)},
              {"q", number(OSSL_PKEY_PARAM_RSA_FACTOR2)},
              {"dp", number(OSSL_PKEY_PARAM_RSA_EXPONENT1)},
              {"dq", number(OSSL_PKEY_PARAM_RSA_EXPONENT2)},
              {"qi", number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1)}};
    }
    return {{"kty", "EC"},
            {"crv", curve},
            {"x", number(OSSL_PKEY_PARAM_EC_PUB_X, width)},
            {"y", number(OSSL_PKEY_PARAM_EC_PUB_Y, width)},
            {"d", number(OSSL_PKEY_PARAM_PRIV_KEY, width)}};
  }

 private:
  explicit TestKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}
  template <class Write>
  static std::string pem(const Write& write) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
    if (write(out.get()) != 1) throw std::runtime_error("PEM");
    const char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
  std::shared_ptr<EVP_PKEY> key_;
};

// `openssl dgst -verify`; a signature of ECDSA becomes DER by `openssl asn1parse`.
inline bool openssl_verifies(const PartedJwt& jwt, const std::string& public_pem) {
  std::string name = (std::filesystem::temp_directory_path() / "jwt-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  const std::filesystem::path folder = name;
  const auto write = [&](const char* file, const std::string& text) {
    std::ofstream(folder / file, std::ios::binary) << text;
  };
  write("public.pem", public_pem);
  write("text", jwt.signed_text);
  write("signature", jwt.signature);
  const std::string algorithm = jwt.header.at("alg");
  std::string command = "cd " + name + " && ";
  if (algorithm.starts_with("ES")) {
    const auto hex = [&](std::size_t from) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      std::string text = "0x";
      for (std::size_t i = 0; i < jwt.signature.size() / 2; ++i) {
        const auto byte = static_cast<unsigned char>(jwt.signature[from + i]);
        text += kDigits[byte >> 4U];
        text += kDigits[byte & 15U];
      }
      return text;
    };
    write("asn1.conf", "asn1=SEQUENCE:pair\n[pair]\nr=INTEGER:" + hex(0) +
                           "\ns=INTEGER:" + hex(jwt.signature.size() / 2) + "\n");
    command += "openssl asn1parse -genconf asn1.conf -noout -out signature > messages 2>&1 && ";
  }
  command += "openssl dgst -sha" + algorithm.substr(2) +
             " -verify public.pem -signature signature text >> messages 2>&1";
  const bool good = std::system(command.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe)
  std::filesystem::remove_all(folder);
  return good;
}

}  // namespace exporter::auth
