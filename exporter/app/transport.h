// The way to one vendor as the configuration describes it: TLS, proxy, headers.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/mutex.h"
#include "config/config.h"
#include "config/secret.h"
#include "net/curl_transport.h"
#include "net/http.h"

namespace exporter::app {

// values, then secrets, read anew.
Result<std::vector<net::HttpHeader>> read_headers(const std::vector<config::HeaderSetting>& settings,
                                                  config::SecretSource& secrets);

// A CurlTransport that follows its files: the CA, the client's certificate and key, and the headers for the
// proxy are read at each request, and a change takes effect at the next. Thread-safe; must not outlive
// `curl` and `secrets`.
class ConfiguredTransport final : public net::HttpTransport {
 public:
  // `account`: the certificate by which an account signs in, instead of tls_config's.
  ConfiguredTransport(const net::CurlGlobal& curl, config::HttpConfig http,
                      std::optional<config::ClientCertificate> account, config::SecretSource& secrets);

  // Whether everything can be read, without asking anybody.
  Result<void> try_out() const;
  Result<net::HttpResponse> send(const net::HttpRequest& request, std::stop_token stop) override;

 private:
  struct Material {
    std::string ca;
    std::string cert;
    std::string key;
    std::vector<net::HttpHeader> connect_headers;
    bool operator==(const Material& other) const;
  };
  Result<Material> read() const;
  std::shared_ptr<net::CurlTransport> make(const Material& material) const;

  const net::CurlGlobal& curl_;
  const config::HttpConfig http_;
  const std::optional<config::ClientCertificate> account_;
  config::SecretSource& secrets_;
  Mutex mutex_;
  Material material_ GUARDED_BY(mutex_);
  std::shared_ptr<net::CurlTransport> transport_ GUARDED_BY(mutex_);
};

}  // namespace exporter::app
