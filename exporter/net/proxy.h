// Which proxy a request goes through. The names and the rules are those of Prometheus's http_config (Go's
// httpproxy), which differ from libcurl's: ports in no_proxy, HTTP_PROXY in upper case, loopback never
// through a proxy.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/url.h"

namespace exporter::net {

struct ProxyRules {
  // Of the proxy for a request's scheme; empty: none. May hold the proxy's password: never log them.
  std::string http_url = {};
  std::string https_url = {};
  // Comma-separated: host names (and all below them), ".name" or "*.name" (only below), addresses, CIDR
  // blocks, each but the last with an optional port; "*" for everything.
  std::string no_proxy = {};
  // Prometheus asks loopback through an explicit proxy_url too, as long as there is no no_proxy.
  bool bypass_loopback = false;

  // The proxy's URL; empty: go directly.
  std::string proxy_for(const Url& url) const;
};

// From HTTP_PROXY, HTTPS_PROXY and NO_PROXY or their lower-case forms. `variable` reads one; nullopt where it
// is not set.
ProxyRules proxy_rules_from_environment(
    const std::function<std::optional<std::string>(const std::string& name)>& variable);

}  // namespace exporter::net
