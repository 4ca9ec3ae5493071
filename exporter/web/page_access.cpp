#include "web/page_access.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <netinet/in.h>

#include "base/text.h"

namespace exporter::web {
namespace {

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  if (address.ss_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  // IPv4 on a socket of both families comes as ::ffff:127.0.0.1.
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return v6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET;
  return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// 127.x.y.z
bool is_loopback_v4(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && parts[0] == "127" && std::ranges::all_of(parts, [](std::string_view part) {
           return is_digits(part) && part.size() <= 3;
         });
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  std::string_view name = host;
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    if (!is_digits(host.substr(colon + 1))) return false;
    name = host.substr(0, colon);
  }
  return equals_ignore_case(name, "localhost") || name == "[::1]" || is_loopback_v4(name);
}

bool is_loopback_connection(int socket) {
  for (const auto& name_of : {::getpeername, ::getsockname}) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (name_of(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0 || !is_loopback(address)) {
      return false;
    }
  }
  return true;
}

bool may_see_people(const Visitor& visitor) {
  if (visitor.authenticated || visitor.verified_certificate) return true;
  return visitor.from_loopback && !visitor.forwarded && is_loopback_host(visitor.host);
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  const auto scheme = origin.find("://");
  return scheme != std::string_view::npos && equals_ignore_case(origin.substr(scheme + 3), host);
}

Handler for_those_who_may_see_people(Handler handler) {
  return [handler = std::move(handler)](const WebRequest& request) {
    if (request.may_see_people) return handler(request);
    WebResponse response = text_response(
        403,
        "403 Forbidden\n\nThis page shows personal data or account names. It is served\n"
        "- with basic_auth_users in --web.config.file, to those who know a password;\n"
        "- with client_auth_type: RequireAndVerifyClientCert there, to those with a certificate;\n"
        "- else on the exporter's own machine only: http://localhost:… and not through a proxy.\n");
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
  };
}

}  // namespace exporter::web
