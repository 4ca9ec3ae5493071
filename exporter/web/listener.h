// A listening socket and its address.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "web/file_descriptor.h"

namespace exporter::web {

struct ListenAddress {
  std::string host;  // empty: every address; without brackets
  std::string port;  // decimal, 0 to 65535
};

// "host:port", "[v6]:port", ":port"; an error (malformed) says what is expected.
Result<ListenAddress> parse_listen_address(std::string_view text);

class Listener {
 public:
  // Binds and listens, non-blocking. ":port" is one IPv6 socket that takes IPv4 too, or IPv4 alone where the
  // kernel has no IPv6. A host name with several addresses takes the first that can be bound, IPv4 before
  // IPv6 as Go's exporters do.
  static Result<Listener> open(std::string_view address);

  // A TCP socket that listens already, such as systemd's.
  static Result<Listener> inherit(FileDescriptor socket);

  int fd() const { return socket_.get(); }
  // "127.0.0.1:34567", "[::]:10717"
  const std::string& address() const { return address_; }

 private:
  Listener(FileDescriptor socket, std::string address);

  FileDescriptor socket_;
  std::string address_;
};

}  // namespace exporter::web
