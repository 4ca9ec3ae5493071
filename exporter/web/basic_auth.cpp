#include "web/basic_auth.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "config/web_config.h"

namespace exporter::web {
namespace {

// Strict: the alphabet of RFC 4648, 4, whole groups, padding at the end only.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.substr(0, text.size() - padding).find_first_not_of(kAlphabet) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size =
      ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

std::string digest(std::string_view user, std::string_view hash, std::string_view password) {
  std::string text;
  for (const std::string_view part : {user, hash, password}) {
    text += std::to_string(part.size());
    text.append(":").append(part);
  }
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  ::EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(result.data()), &size,
               ::EVP_sha256(), nullptr);
  result.resize(size);
  ::OPENSSL_cleanse(text.data(), text.size());
  return result;
}

// A hash that nothing matches and that costs as much as the dearest of the users.
std::string decoy(const Users& users) {
  int cost = 4;
  for (const auto& [name, hash] : users) cost = std::max(cost, config::bcrypt_cost(hash).value_or(cost));
  std::string hash = "$2b$";
  hash += static_cast<char>('0' + cost / 10);
  hash += static_cast<char>('0' + cost % 10);
  return hash + "$" + std::string(53, '.');
}

}  // namespace

std::optional<Credentials> parse_basic(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size() ||
      !equals_ignore_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const auto text = decode_base64(trim(authorization.substr(kScheme.size())));
  if (!text) return std::nullopt;
  const auto colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

bool matches_bcrypt(const std::string& password, const std::string& hash) {
  // crypt reads up to the first zero: "right\0wrong" would be right.
  if (password.find('\0') != std::string::npos) return false;
  const auto scratch = std::make_unique<crypt_data>();
  const char* const computed = ::crypt_r(password.c_str(), hash.c_str(), scratch.get());
  return computed != nullptr && hash.size() == std::char_traits<char>::length(computed) &&
         ::CRYPTO_memcmp(computed, hash.data(), hash.size()) == 0;
}

bool PasswordCheck::run() const { return matches_bcrypt(password, hash) && known_user; }

PasswordMemo::Verdict PasswordMemo::look_up(const Credentials& credentials, const Users& users) const {
  const auto user = users.find(credentials.user);
  const bool known = user != users.end();
  PasswordCheck check{.memo = {},
                      .password = credentials.password,
                      .hash = known ? user->second : decoy(users),
                      .known_user = known};
  check.memo = digest(credentials.user, check.hash, check.password);
  if (known && granted_.contains(check.memo)) return {.granted = true, .check = std::nullopt};
  if (refused_.contains(check.memo)) return {.granted = false, .check = std::nullopt};
  return {.granted = std::nullopt, .check = std::move(check)};
}

void PasswordMemo::remember(const PasswordCheck& check, bool granted) {
  Kept& kept = granted ? granted_ : refused_;
  if (kept.size() >= kMaxKept) {
    const auto victim = std::uniform_int_distribution<std::size_t>(0, kept.size() - 1)(random_);
    kept.erase(std::next(kept.begin(), static_cast<std::ptrdiff_t>(victim)));
  }
  kept.insert(check.memo);
}

}  // namespace exporter::web
