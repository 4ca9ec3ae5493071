#include "web/listener.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace exporter::web {
namespace {

std::unexpected<Error> cannot_listen(std::string_view address, std::string_view why) {
  return std::unexpected(
      Error{ErrorClass::connection, "can't listen on " + std::string(address) + ": " + std::string(why) +
                                        "; free the address or choose another with --web.listen-address"});
}

std::string describe(int error) { return std::system_category().message(error); }

std::string local_address(int socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  if (storage.ss_family != AF_INET) return {};
  sockaddr_in v4{};
  std::memcpy(&v4, &storage, sizeof v4);
  ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  return std::string(text.data()) + ":" + std::to_string(ntohs(v4.sin_port));
}

// 0 or errno.
int bind_and_listen(FileDescriptor& out, int family, const sockaddr* address, socklen_t length,
                    bool dual_stack) {
  FileDescriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  const int on = 1;
  // A restart must not wait for the TIME_WAIT of the last process's connections.
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return errno;
  if (family == AF_INET6) {
    const int only = dual_stack ? 0 : 1;
    if (::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) != 0) return errno;
  }
  if (::bind(socket.get(), address, length) != 0) return errno;
  if (::listen(socket.get(), SOMAXCONN) != 0) return errno;
  out = std::move(socket);
  return 0;
}

int listen_everywhere(FileDescriptor& out, std::uint16_t port) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_any;
  v6.sin6_port = htons(port);
  const int error = bind_and_listen(out, AF_INET6, reinterpret_cast<const sockaddr*>(&v6), sizeof v6, true);
  if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) return error;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_ANY);
  v4.sin_port = htons(port);
  return bind_and_listen(out, AF_INET, reinterpret_cast<const sockaddr*>(&v4), sizeof v4, false);
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto malformed = [&] {
    return std::unexpected(Error{
        ErrorClass::malformed,
        "can't read the address \"" + std::string(text) + "\"; write host:port, [v6 address]:port or :port"});
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 3) return malformed();
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed();
  }
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size()) return malformed();
  return ListenAddress{std::string(host), std::to_string(number)};
}

Listener::Listener(FileDescriptor socket, std::string address)
    : socket_(std::move(socket)), address_(std::move(address)) {}

Result<Listener> Listener::open(std::string_view address) {
  const auto parsed = parse_listen_address(address);
  if (!parsed) return cannot_listen(address, parsed.error().message);
  FileDescriptor socket;
  if (parsed->host.empty()) {
    const int error = listen_everywhere(socket, static_cast<std::uint16_t>(std::stoi(parsed->port)));
    if (error != 0) return cannot_listen(address, describe(error));
  } else {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(parsed->host.c_str(), parsed->port.c_str(), &hints, &found);
    if (failed != 0) return cannot_listen(address, ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    std::vector<const addrinfo*> candidates;
    for (const bool v4 : {true, false}) {
      for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        if ((entry->ai_family == AF_INET) == v4) candidates.push_back(entry);
      }
    }
    int error = EADDRNOTAVAIL;
    for (const addrinfo* entry : candidates) {
      error = bind_and_listen(socket, entry->ai_family, entry->ai_addr, entry->ai_addrlen, false);
      if (error == 0) break;
    }
    if (error != 0) return cannot_listen(address, describe(error));
  }
  std::string bound = local_address(socket.get());
  return Listener(std::move(socket), std::move(bound));
}

Result<Listener> Listener::inherit(FileDescriptor socket) {
  const auto refuse = [&](std::string_view what) {
    return std::unexpected(Error{ErrorClass::connection, "file descriptor " + std::to_string(socket.get()) +
                                                             " was handed over and " + std::string(what) +
                                                             "; the socket unit needs ListenStream="});
  };
  int listening = 0;
  socklen_t length = sizeof listening;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) {
    return refuse("is no socket");
  }
  if (listening == 0) return refuse("does not listen");
  std::string bound = local_address(socket.get());
  if (bound.empty()) return refuse("is no TCP socket");
  const int flags = ::fcntl(socket.get(), F_GETFL);
  ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  return Listener(std::move(socket), std::move(bound));
}

}  // namespace exporter::web
