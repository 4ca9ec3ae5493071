#include "net/url.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace exporter::net {

namespace {

constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;
constexpr int kMaxPort = 65'535;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Printable ASCII without the space. A backslash is refused because some parsers read it as a slash, and then
// two parsers disagree about where the host ends.
bool is_url_char(char c) { return c > ' ' && c < '\x7f' && c != '\\'; }

bool is_host_name(std::string_view host) {
  return !host.empty() && host.front() != '.' && std::ranges::all_of(host, [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_ipv6_literal(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         std::ranges::all_of(host, [](char c) { return is_hex(c) || c == ':' || c == '.'; });
}

std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > kMaxPort) {
    return std::nullopt;
  }
  return port;
}

int default_port(std::string_view scheme) { return scheme == "https" ? kHttpsPort : kHttpPort; }

// "host", "host:port", "[v6]", "[v6]:port".
bool parse_authority(std::string_view authority, Url& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) {
      return false;
    }
    url.host = to_lower(authority.substr(1, close - 1));
    port = authority.substr(close + 1);
    if (!is_ipv6_literal(url.host) || (!port.empty() && port.front() != ':')) {
      return false;
    }
  } else {
    const std::size_t colon = authority.find(':');
    url.host = to_lower(authority.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    if (!is_host_name(url.host)) {
      return false;
    }
  }
  url.port = default_port(url.scheme);
  if (port.size() > 1) {
    const std::optional<int> number = parse_port(port.substr(1));
    if (!number) {
      return false;
    }
    url.port = *number;
  }
  return true;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) {
    text += ":" + std::to_string(port);
  }
  return text;
}

std::string Url::origin() const { return scheme + "://" + authority(); }

std::optional<Url> parse_url(std::string_view text) {
  if (!std::ranges::all_of(text, is_url_char)) {
    return std::nullopt;
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") {
    return std::nullopt;
  }
  text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));
  const std::size_t end = text.find_first_of("/?");
  // User info is refused together with every other "@" here: is_host_name knows none.
  if (!parse_authority(text.substr(0, end), url)) {
    return std::nullopt;
  }
  const std::string_view target = end == std::string_view::npos ? std::string_view() : text.substr(end);
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 0x0fU];
    }
  }
  return encoded;
}

}  // namespace exporter::net
