#include "config/config.h"

namespace exporter::config {
namespace {

template <class E, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, E value) {
  return names[static_cast<std::size_t>(value)];
}

}  // namespace

std::string_view user_name(const Account& account) {
  if (const auto* basic = std::get_if<BasicAuth>(&account)) return basic->username;
  if (const auto* oauth2 = std::get_if<OAuth2>(&account)) {
    if (oauth2->grant_type == GrantType::password) return oauth2->username;
  }
  return {};
}

std::string_view to_string(Dpop value) {
  static constexpr std::array<std::string_view, 3> kNames{"auto", "always", "never"};
  return name_of(kNames, value);
}

std::string_view to_string(GrantType value) {
  static constexpr std::array<std::string_view, 4> kNames{"client_credentials", "password", "refresh_token",
                                                          "jwt_bearer"};
  return name_of(kNames, value);
}

std::string_view to_string(UserStrategy value) {
  static constexpr std::array<std::string_view, 3> kNames{"auto", "sweep", "lookup"};
  return name_of(kNames, value);
}

std::string_view to_string(TransactionLog value) {
  static constexpr std::array<std::string_view, 3> kNames{"auto", "on", "off"};
  return name_of(kNames, value);
}

std::string_view to_string(Tier value) {
  static constexpr std::array<std::string_view, 2> kNames{"production", "other"};
  return name_of(kNames, value);
}

std::string_view to_string(TlsVersion value) {
  static constexpr std::array<std::string_view, 4> kNames{"TLS10", "TLS11", "TLS12", "TLS13"};
  return name_of(kNames, value);
}

}  // namespace exporter::config
