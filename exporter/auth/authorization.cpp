#include "auth/authorization.h"

#include <optional>
#include <utility>

#include <openssl/evp.h>

namespace exporter::auth {

namespace {

constexpr std::string_view kHeader = "Authorization";

}  // namespace

Result<void> authorize(net::HttpRequest& request, std::string value, CredentialGate& gate) {
  if (Result<void> admitted = gate.admit(value); !admitted) {
    return admitted;
  }
  request.headers.add(std::string(kHeader), std::move(value));
  return {};
}

void report_unauthorized(const net::HttpRequest& request, CredentialGate& gate) {
  // The last one: a configured header of the same name stands before it.
  if (const auto values = request.headers.all(kHeader); !values.empty()) {
    gate.rejected(values.back());
  }
}

void report_authorized(const net::HttpRequest& request, CredentialGate& gate) {
  if (const auto values = request.headers.all(kHeader); !values.empty()) {
    gate.accepted(values.back());
  }
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace exporter::auth
