#include "app/transport.h"

#include <algorithm>
#include <utility>

namespace exporter::app {

namespace {

Result<std::string> optional_secret(const config::SecretRef& ref, config::SecretSource& secrets) {
  return ref.set() ? secrets.read(ref) : Result<std::string>(std::string());
}

net::TlsVersion to_net(config::TlsVersion version) {
  switch (version) {
    case config::TlsVersion::tls10:
      return net::TlsVersion::tls10;
    case config::TlsVersion::tls11:
      return net::TlsVersion::tls11;
    case config::TlsVersion::tls12:
      return net::TlsVersion::tls12;
    case config::TlsVersion::tls13:
      break;
  }
  return net::TlsVersion::tls13;
}

}  // namespace

Result<std::vector<net::HttpHeader>> read_headers(const std::vector<config::HeaderSetting>& settings,
                                                  config::SecretSource& secrets) {
  std::vector<net::HttpHeader> headers;
  for (const config::HeaderSetting& setting : settings) {
    for (const std::string& value : setting.values) {
      headers.push_back({setting.name, value});
    }
    for (const config::SecretRef& ref : setting.secrets) {
      Result<std::string> secret = secrets.read(ref);
      if (!secret) {
        return std::unexpected(std::move(secret.error()));
      }
      headers.push_back({setting.name, std::move(*secret)});
    }
  }
  return headers;
}

bool ConfiguredTransport::Material::operator==(const Material& other) const {
  const auto same = [](const net::HttpHeader& a, const net::HttpHeader& b) {
    return a.name == b.name && a.value == b.value;
  };
  return ca == other.ca && cert == other.cert && key == other.key &&
         std::ranges::equal(connect_headers, other.connect_headers, same);
}

ConfiguredTransport::ConfiguredTransport(const net::CurlGlobal& curl, config::HttpConfig http,
                                         std::optional<config::ClientCertificate> account,
                                         config::SecretSource& secrets)
    : curl_(curl), http_(std::move(http)), account_(std::move(account)), secrets_(secrets) {}

Result<ConfiguredTransport::Material> ConfiguredTransport::read() const {
  Result<std::string> ca = optional_secret(http_.tls_config.ca, secrets_);
  Result<std::string> cert =
      optional_secret(account_ ? account_->certificate : http_.tls_config.cert, secrets_);
  Result<std::string> key = optional_secret(account_ ? account_->key : http_.tls_config.key, secrets_);
  for (const Result<std::string>* text : {&ca, &cert, &key}) {
    if (!*text) {
      Error error = text->error();
      error.error_class = ErrorClass::tls;
      return std::unexpected(std::move(error));
    }
  }
  Result<std::vector<net::HttpHeader>> connect_headers = read_headers(http_.proxy_connect_header, secrets_);
  if (!connect_headers) {
    return std::unexpected(std::move(connect_headers.error()));
  }
  return Material{.ca = std::move(*ca),
                  .cert = std::move(*cert),
                  .key = std::move(*key),
                  .connect_headers = std::move(*connect_headers)};
}

std::shared_ptr<net::CurlTransport> ConfiguredTransport::make(const Material& material) const {
  net::CurlTransportOptions options;
  options.tls.ca_pem = material.ca;
  options.tls.cert_pem = material.cert;
  options.tls.key_pem = material.key;
  options.tls.server_name = http_.tls_config.server_name;
  if (http_.tls_config.min_version) {
    options.tls.min_version = to_net(*http_.tls_config.min_version);
  }
  if (http_.tls_config.max_version) {
    options.tls.max_version = to_net(*http_.tls_config.max_version);
  }
  options.tls.insecure_skip_verify = http_.tls_config.insecure_skip_verify;
  options.proxy.url = http_.proxy_url;
  options.proxy.no_proxy = http_.no_proxy;
  options.proxy.from_environment = http_.proxy_from_environment;
  options.proxy.connect_headers = material.connect_headers;
  return std::make_shared<net::CurlTransport>(curl_, std::move(options));
}

Result<void> ConfiguredTransport::try_out() const {
  if (const Result<Material> material = read(); !material) {
    return std::unexpected(material.error());
  }
  return {};
}

Result<net::HttpResponse> ConfiguredTransport::send(const net::HttpRequest& request, std::stop_token stop) {
  Result<Material> material = read();
  if (!material) {
    return std::unexpected(std::move(material.error()));
  }
  std::shared_ptr<net::CurlTransport> transport;
  {
    const MutexLock lock(mutex_);
    if (!transport_ || !(material_ == *material)) {
      transport_ = make(*material);  // requests in flight keep the old one until they end
      material_ = std::move(*material);
    }
    transport = transport_;
  }
  return transport->send(request, std::move(stop));
}

}  // namespace exporter::app
