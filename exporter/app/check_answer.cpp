#include "app/check_answer.h"

namespace exporter::app {

namespace {

bool got_an_answer(const Error& error) {
  switch (error.error_class) {
    case ErrorClass::connection:
    case ErrorClass::timeout:
    case ErrorClass::tls:
    case ErrorClass::not_json:
    case ErrorClass::cancelled:
      return false;
    default:
      return true;
  }
}

}  // namespace

std::string advice(const Error& error, std::string_view credentials) {
  switch (error.error_class) {
    case ErrorClass::authentication:
      return "Set the right " + std::string(credentials) +
             "; do not try again and again: after a few failures the account is locked.";
    case ErrorClass::permission:
      return "Give the account the permission that the message names.";
    case ErrorClass::rate_limited:
      return "Wait for the limit's window to end, and run the check again.";
    case ErrorClass::connection:
    case ErrorClass::timeout:
      return "Check the url, the name server, the proxy and the firewall between here and the host.";
    case ErrorClass::tls:
      return "Check http.tls_config: the CA that signed the host's certificate, and the host's name in it.";
    case ErrorClass::not_json:
      return "Something else than the API answered: a hibernating instance, a login page or a proxy. Open "
             "the url in a browser.";
    case ErrorClass::http_5xx:
      return "The host has trouble of its own; look at its status page, and run the check again.";
    default:
      return "Run the check again; if it says the same, report it.";
  }
}

bool check_first_answer(const std::string& who, std::string_view name, std::string_view credentials,
                        const Error* error, std::vector<CheckLine>& lines) {
  const CheckLine reachable = ok(who + "_reachable", std::string(name) + " answers");
  const CheckLine accepted = ok(who + "_credentials", std::string(name) + " accepts the credentials");
  if (error == nullptr) {
    lines.push_back(reachable);
    lines.push_back(accepted);
    return true;
  }
  if (!got_an_answer(*error)) {
    lines.push_back(failed(reachable.check, error->message, advice(*error, credentials)));
    lines.push_back(skipped(accepted.check, "the credentials could not be tried"));
    return false;
  }
  if (error->error_class == ErrorClass::authentication) {
    // Without an HTTP status nothing was sent: the secret can't be read, or the account is paused.
    if (error->http_status != 0) lines.push_back(reachable);
    lines.push_back(failed(accepted.check, error->message, advice(*error, credentials)));
    return false;
  }
  lines.push_back(reachable);
  if (error->error_class == ErrorClass::permission) lines.push_back(accepted);
  return true;
}

}  // namespace exporter::app
