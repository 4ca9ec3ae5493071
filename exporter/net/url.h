// Just enough of RFC 3986 to keep requests on their origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace exporter::net {

// Scheme and host in lower case; the port is always set (443, 80 by default). User info in a URL is refused.
struct Url {
  std::string scheme;
  std::string host;  // an IPv6 literal without its brackets
  int port = 0;
  std::string target;  // path and query, begins with "/"

  bool same_origin(const Url& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
  // scheme://host[:port], the port only where it is not the default.
  std::string origin() const;
  // host[:port], the port only where it is not the default: what a Host header says.
  std::string authority() const;
};

// Only http and https; nullopt for anything else, for control characters, spaces, and user info. A fragment
// is dropped.
std::optional<Url> parse_url(std::string_view text);

// Percent-encodes all but RFC 3986's unreserved characters: for a value in a query.
std::string percent_encode(std::string_view text);

}  // namespace exporter::net
