#include "net/proxy.h"

#include <map>

#include <gtest/gtest.h>

namespace exporter::net {
namespace {

struct ProxyRow {
  std::string no_proxy;
  std::string url;
  bool direct;
};

TEST(ProxyRules, KnowNoProxyAsPrometheusDoes) {
  const ProxyRow table[] = {
      {"", "https://example.com/", false},
      {"*", "https://example.com/", true},
      {"example.com", "https://example.com/", true},
      {"EXAMPLE.com", "https://a.b.Example.com/", true},
      {"example.com", "https://badexample.com/", false},
      {".example.com", "https://a.example.com/", true},
      {".example.com", "https://example.com/", false},
      {"*.example.com", "https://a.example.com/", true},
      {"*.example.com", "https://example.com/", false},
      {"x, example.com ,y", "https://example.com/", true},
      {"example.com:8443", "https://example.com:8443/", true},
      {"example.com:8443", "https://example.com/", false},
      {"10.1.2.3", "http://10.1.2.3/", true},
      {"10.1.2.3:80", "http://10.1.2.3/", true},
      {"10.1.2.3", "http://10.1.2.4/", false},
      {"10.0.0.0/8", "http://10.200.2.3/", true},
      {"10.0.0.0/8", "http://11.0.0.1/", false},
      {"10.0.0.0/9", "http://10.127.0.1/", true},
      {"10.0.0.0/9", "http://10.128.0.1/", false},
      {"0.0.0.0/0", "http://1.2.3.4/", true},
      {"0.0.0.0/0", "http://name.test/", false},
      {"10.0.0.0/99", "http://10.0.0.0/", false},
      {"fe80::/10", "http://[fe80::1]/", true},
      {"fe80::1", "http://[fe80::1]/", true},
      {"[fe80::1]:8080", "http://[fe80::1]:8080/", true},
      {"[fe80::1]:8080", "http://[fe80::1]/", false},
      {",,", "https://example.com/", false},
  };
  for (const ProxyRow& row : table) {
    const ProxyRules rules{.http_url = "http://p:1", .https_url = "http://p:2", .no_proxy = row.no_proxy};
    const Url url = parse_url(row.url).value();
    const std::string proxy = url.scheme == "https" ? "http://p:2" : "http://p:1";
    EXPECT_EQ(rules.proxy_for(url), row.direct ? "" : proxy) << row.no_proxy << " for " << row.url;
  }
}

TEST(ProxyRules, LetLoopbackGoDirectlyWhereToldSo) {
  ProxyRules rules{.http_url = "http://p", .https_url = "http://p", .no_proxy = {}, .bypass_loopback = true};
  for (const char* url :
       {"http://localhost/", "http://127.0.0.1:80/", "http://127.9.9.9/", "https://[::1]/"}) {
    EXPECT_EQ(rules.proxy_for(parse_url(url).value()), "") << url;
  }
  EXPECT_EQ(rules.proxy_for(parse_url("http://128.0.0.1/").value()), "http://p");
  rules.bypass_loopback = false;
  EXPECT_EQ(rules.proxy_for(parse_url("http://localhost/").value()), "http://p");
}

TEST(ProxyRules, ReadTheEnvironmentInEitherCase) {
  const std::map<std::string, std::string> environment = {{"HTTP_PROXY", "http://upper"},
                                                          {"http_proxy", "http://lower"},
                                                          {"https_proxy", "http://tls"},
                                                          {"NO_PROXY", "a"}};
  const ProxyRules rules =
      proxy_rules_from_environment([&](const std::string& name) -> std::optional<std::string> {
        const auto found = environment.find(name);
        return found == environment.end() ? std::nullopt : std::optional(found->second);
      });
  EXPECT_EQ(rules.http_url, "http://upper");
  EXPECT_EQ(rules.https_url, "http://tls");
  EXPECT_EQ(rules.no_proxy, "a");
  EXPECT_TRUE(rules.bypass_loopback);
}

}  // namespace
}  // namespace exporter::net
