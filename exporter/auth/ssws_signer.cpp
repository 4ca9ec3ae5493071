#include "auth/ssws_signer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "auth/authorization.h"

namespace exporter::auth {

SswsSigner::SswsSigner(config::SecretRef token, config::SecretSource& secrets, CredentialGate& gate)
    : token_(std::move(token)), secrets_(secrets), gate_(gate) {}

Result<void> SswsSigner::sign(net::HttpRequest& request, std::stop_token) {
  const Result<std::string> token = secrets_.read(token_);
  if (!token) {
    return std::unexpected(token.error());
  }
  // A token of several lines or with a space is a file with something else in it; a line break would also
  // start a new header.
  if (!std::ranges::all_of(*token, [](char c) { return c > ' ' && c <= '~'; })) {
    return std::unexpected(Error{.error_class = ErrorClass::authentication,
                                 .message =
                                     "the Okta API token holds a space, a line break or a character outside "
                                     "ASCII, so it was not sent; give the bare token"});
  }
  return authorize(request, "SSWS " + *token, gate_);
}

bool SswsSigner::on_unauthorized(const net::HttpRequest& request, const net::HttpResponse&) {
  report_unauthorized(request, gate_);
  return false;
}

void SswsSigner::on_authorized(const net::HttpRequest& request, const net::HttpResponse&) {
  report_authorized(request, gate_);
}

}  // namespace exporter::auth
