// Who may see the pages that show personal data or account names.
#pragma once

#include <string_view>

#include <sys/socket.h>

#include "web/server.h"

namespace exporter::web {

// What is known about a request's sender.
struct Visitor {
  bool authenticated = false;         // basic auth is on, and the password was right
  bool verified_certificate = false;  // RequireAndVerifyClientCert is on, so the handshake proved it
  bool from_loopback = false;         // by the connection's own socket, both ends
  bool forwarded = false;             // a proxy's header: then "from here" only means that the proxy is here
  std::string_view host;              // Host; a rebound name of another site is no name of this machine
};

bool may_see_people(const Visitor& visitor);

// "localhost", "127.0.0.1", "[::1]", each with or without a port.
bool is_loopback_host(std::string_view host);

// Whether both ends of the connection are addresses of the loopback.
bool is_loopback_connection(int socket);

// Whether `origin` ("https://host:port", empty: none was sent) is of `host`.
bool is_same_origin(std::string_view origin, std::string_view host);

// `handler`, and 403 with what to do for those who may not see people.
Handler for_those_who_may_see_people(Handler handler);

}  // namespace exporter::web
