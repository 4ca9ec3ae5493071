#include "auth/key_signer.h"

#include <algorithm>
#include <string>

namespace exporter::auth {

namespace {

constexpr std::string_view kApiKeyHeader = "x-sn-apikey";

}  // namespace

Result<void> ApiKeySigner::sign(net::HttpRequest& request, std::stop_token) {
  Result<std::string> key = secrets_.read(key_);
  if (!key) {
    return std::unexpected(std::move(key.error()));
  }
  if (!std::ranges::all_of(*key, [](char c) { return c > ' ' && c <= '~'; })) {
    return std::unexpected(Error{.error_class = ErrorClass::authentication,
                                 .message =
                                     "the ServiceNow API key holds a space, a line break or a character "
                                     "outside ASCII, so it was not sent; give the bare key"});
  }
  if (Result<void> admitted = gate_.admit(*key); !admitted) {
    return admitted;
  }
  request.headers.add(std::string(kApiKeyHeader), std::move(*key));
  return {};
}

bool ApiKeySigner::on_unauthorized(const net::HttpRequest& request, const net::HttpResponse&) {
  if (const auto keys = request.headers.all(kApiKeyHeader); !keys.empty()) {
    gate_.rejected(keys.back());
  }
  return false;
}

void ApiKeySigner::on_authorized(const net::HttpRequest& request, const net::HttpResponse&) {
  if (const auto keys = request.headers.all(kApiKeyHeader); !keys.empty()) {
    gate_.accepted(keys.back());
  }
}

Result<void> CertificateSigner::sign(net::HttpRequest&, std::stop_token) {
  const Result<std::string> certificate = secrets_.read(certificate_);
  if (!certificate) {
    return std::unexpected(certificate.error());
  }
  return gate_.admit(*certificate);
}

bool CertificateSigner::on_unauthorized(const net::HttpRequest&, const net::HttpResponse&) {
  if (const Result<std::string> certificate = secrets_.read(certificate_)) {
    gate_.rejected(*certificate);
  }
  return false;
}

void CertificateSigner::on_authorized(const net::HttpRequest&, const net::HttpResponse&) {
  if (const Result<std::string> certificate = secrets_.read(certificate_)) {
    gate_.accepted(*certificate);
  }
}

}  // namespace exporter::auth
