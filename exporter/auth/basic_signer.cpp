#include "auth/basic_signer.h"

#include <utility>

#include "auth/authorization.h"

namespace exporter::auth {

BasicSigner::BasicSigner(std::string username, config::SecretRef password, config::SecretSource& secrets,
                         CredentialGate& gate)
    : username_(std::move(username)), password_(std::move(password)), secrets_(secrets), gate_(gate) {}

Result<void> BasicSigner::sign(net::HttpRequest& request, std::stop_token) {
  if (username_.find(':') != std::string::npos) {
    return std::unexpected(Error{.error_class = ErrorClass::authentication,
                                 .message =
                                     "basic authentication knows no user name with a colon (RFC 7617); use "
                                     "another account or another method"});
  }
  const Result<std::string> password = secrets_.read(password_);
  if (!password) {
    return std::unexpected(password.error());
  }
  return authorize(request, "Basic " + base64(username_ + ":" + *password), gate_);
}

bool BasicSigner::on_unauthorized(const net::HttpRequest& request, const net::HttpResponse&) {
  report_unauthorized(request, gate_);
  return false;
}

void BasicSigner::on_authorized(const net::HttpRequest& request, const net::HttpResponse&) {
  report_authorized(request, gate_);
}

}  // namespace exporter::auth
