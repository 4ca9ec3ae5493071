#include "config/url_reader.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "config/field_readers.h"

namespace exporter::config {

namespace {

// The host of an authority without user info: a name, an IPv4 address, or an IPv6 literal in brackets; a port
// may follow.
bool is_authority(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return false;
    host = authority.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos || !consists_of(host, ":.")) return false;
    const std::string_view rest = authority.substr(end + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') return false;
    if (has_port) port = rest.substr(1);
  } else {
    const std::size_t colon = authority.find(':');
    has_port = colon != std::string_view::npos;
    host = authority.substr(0, colon);
    if (has_port) port = authority.substr(colon + 1);
    if (host.empty() || !consists_of(host, "-._") || host.front() == '.' || host.front() == '-') return false;
  }
  if (!has_port) return true;
  if (port.size() > 5) return false;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && end == port.data() + port.size() && number >= 1;
}

bool is_loopback(std::string_view authority) {
  if (authority.starts_with("[::1]")) return true;
  const std::string_view host = authority.substr(0, authority.find(':'));
  // 127.example.com is a name like any other.
  return host == "localhost" || host.ends_with(".localhost") ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

void read_origin(Object& object, std::string_view example, std::string& out) {
  const Value value = object["url"];
  if (!value.present()) {
    object.missing("url", "write the address, such as " + std::string(example));
    return;
  }
  std::string text;
  if (!value.read(text)) return;
  const std::string lower = to_lower(text);
  const std::size_t scheme_end = lower.find("://");
  const std::string_view scheme = std::string_view(lower).substr(0, scheme_end);
  if (scheme_end == std::string::npos || (scheme != "https" && scheme != "http")) {
    value.error("must begin with https://, such as " + std::string(example));
    return;
  }
  std::string_view authority = std::string_view(lower).substr(scheme_end + 3);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find('@') != std::string_view::npos) {
    value.error("must not hold a user name or password; credentials have keys of their own");
    return;
  }
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    value.error("must be scheme and host only, without a path, such as " + std::string(example));
    return;
  }
  if (!is_authority(authority)) {
    value.error("has no valid host and port; write it as " + std::string(example));
    return;
  }
  if (scheme == "http" && !is_loopback(authority)) {
    value.warn("is plain http: credentials and personal data travel unencrypted; use https");
  }
  out = std::string(scheme) + "://" + std::string(authority);
}

void read_proxy_url(const Value& value, std::string& out) {
  std::string url;
  if (!value.read(url)) return;
  const std::string lower = to_lower(url);
  const std::size_t scheme_end = lower.find("://");
  const std::string scheme = lower.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  std::string_view authority =
      scheme_end == std::string::npos ? std::string_view() : std::string_view(lower).substr(scheme_end + 3);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos)
    authority.remove_prefix(at + 1);
  if ((scheme != "http" && scheme != "https" && scheme != "socks5" && scheme != "socks5h") ||
      !is_authority(authority)) {
    value.error("must be the address of a proxy, such as http://proxy.example.com:3128");
  } else {
    out = std::move(url);
  }
}

}  // namespace exporter::config
