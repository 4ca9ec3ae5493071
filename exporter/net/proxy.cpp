#include "net/proxy.h"

#include <array>
#include <charconv>
#include <cstddef>

#include <arpa/inet.h>

#include "base/text.h"

namespace exporter::net {

namespace {

constexpr std::size_t kIpv6Bytes = 16;

struct Address {
  std::array<unsigned char, kIpv6Bytes> bytes{};
  std::size_t size = 0;  // 4 or 16
};

std::optional<Address> parse_address(std::string_view text) {
  const std::string zero_terminated(text);
  Address address;
  if (inet_pton(AF_INET, zero_terminated.c_str(), address.bytes.data()) == 1) {
    address.size = sizeof(in_addr);
    return address;
  }
  if (inet_pton(AF_INET6, zero_terminated.c_str(), address.bytes.data()) == 1) {
    address.size = sizeof(in6_addr);
    return address;
  }
  return std::nullopt;
}

std::optional<int> parse_int(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool is_loopback(const Url& url) {
  if (url.host == "localhost") {
    return true;
  }
  const std::optional<Address> address = parse_address(url.host);
  if (!address) {
    return false;
  }
  constexpr unsigned char kLoopbackNet = 127;
  return address->size == sizeof(in_addr) ? address->bytes.front() == kLoopbackNet : url.host == "::1";
}

bool in_block(const Address& address, const Address& block, int prefix) {
  constexpr int kBitsPerByte = 8;
  if (address.size != block.size || prefix < 0 || prefix > static_cast<int>(block.size) * kBitsPerByte) {
    return false;
  }
  for (std::size_t i = 0; prefix > 0; ++i, prefix -= kBitsPerByte) {
    const unsigned keep = prefix >= kBitsPerByte ? 0xffU : (0xff00U >> static_cast<unsigned>(prefix)) & 0xffU;
    if (((address.bytes.at(i) ^ block.bytes.at(i)) & keep) != 0) {
      return false;
    }
  }
  return true;
}

bool entry_matches(std::string_view entry, const Url& url) {
  if (entry == "*") {
    return true;
  }
  const std::optional<Address> address = parse_address(url.host);
  if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
    const std::optional<Address> block = parse_address(entry.substr(0, slash));
    const std::optional<int> prefix = parse_int(entry.substr(slash + 1));
    return address && block && prefix && in_block(*address, *block, *prefix);
  }
  // A port, unless the colons are those of a bare IPv6 address.
  if (!parse_address(entry)) {
    const std::size_t colon = entry.rfind(':');
    if (colon != std::string_view::npos) {
      if (parse_int(entry.substr(colon + 1)) != url.port) {
        return false;
      }
      entry = entry.substr(0, colon);
    }
    if (entry.starts_with('[') && entry.ends_with(']')) {
      entry = entry.substr(1, entry.size() - 2);
    }
  }
  if (const std::optional<Address> wanted = parse_address(entry)) {
    return address && address->size == wanted->size && address->bytes == wanted->bytes;
  }
  if (entry.starts_with("*.")) {
    entry.remove_prefix(1);
  }
  const std::string name = to_lower(entry);
  if (name.empty()) {
    return false;
  }
  return name.front() == '.' ? url.host.ends_with(name) : url.host == name || url.host.ends_with("." + name);
}

}  // namespace

std::string ProxyRules::proxy_for(const Url& url) const {
  const std::string& proxy = url.scheme == "https" ? https_url : http_url;
  if (proxy.empty() || (bypass_loopback && is_loopback(url))) {
    return {};
  }
  for (const std::string_view entry : split(no_proxy, ',')) {
    if (entry_matches(trim(entry), url)) {
      return {};
    }
  }
  return proxy;
}

ProxyRules proxy_rules_from_environment(
    const std::function<std::optional<std::string>(const std::string& name)>& variable) {
  const auto either = [&variable](const std::string& name) {
    const std::string upper = variable(name).value_or("");
    return upper.empty() ? variable(to_lower(name)).value_or("") : upper;
  };
  return {.http_url = either("HTTP_PROXY"),
          .https_url = either("HTTPS_PROXY"),
          .no_proxy = either("NO_PROXY"),
          .bypass_loopback = true};
}

}  // namespace exporter::net
