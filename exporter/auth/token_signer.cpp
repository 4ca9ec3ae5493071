#include "auth/token_signer.h"

#include <string>
#include <utility>

namespace exporter::auth {

namespace {

constexpr std::string_view kTokenHeader = "Authorization";

// The token that the request was signed with; empty: none.
std::string token_of(const net::HttpRequest& request) {
  const auto values = request.headers.all(kTokenHeader);
  if (values.empty()) {
    return {};
  }
  const std::string_view value = values.back();
  const std::size_t space = value.find(' ');
  return space == std::string_view::npos ? std::string() : std::string(value.substr(space + 1));
}

}  // namespace

Result<void> TokenSigner::sign(net::HttpRequest& request, std::stop_token stop) {
  const Result<std::string> credential = grant_->credential();
  if (!credential) {
    return std::unexpected(credential.error());
  }
  if (Result<void> admitted = gate_.admit(*credential); !admitted) {
    return admitted;
  }
  const Result<Token> token = session_.cache.get(
      *credential, stop, [&](const std::string& refresh) { return grant_->fetch(refresh, stop); });
  if (!token) {
    if (token.error().error_class == ErrorClass::authentication && token.error().http_status != 0) {
      gate_.rejected(*credential);
    }
    return std::unexpected(token.error());
  }
  request.headers.add(std::string(kTokenHeader), (token->dpop ? "DPoP " : "Bearer ") + token->value);
  if (token->dpop) {
    request.headers.add("DPoP", session_.proof(request.method, request.url, token->value));
  }
  return {};
}

bool TokenSigner::on_unauthorized(const net::HttpRequest& request, const net::HttpResponse& response) {
  session_.learn(response.headers);
  if (session_.cache.refused(token_of(request))) {
    return true;
  }
  if (const Result<std::string> credential = grant_->credential()) {
    gate_.rejected(*credential);
  }
  return false;
}

void TokenSigner::on_authorized(const net::HttpRequest&, const net::HttpResponse& response) {
  session_.learn(response.headers);
  session_.cache.accepted();
  if (const Result<std::string> credential = grant_->credential()) {
    gate_.accepted(*credential);
  }
}

}  // namespace exporter::auth
