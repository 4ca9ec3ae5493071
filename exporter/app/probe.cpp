#include "app/probe.h"

#include <chrono>
#include <stop_token>
#include <utility>

#include "auth/authorization.h"
#include "config/secret.h"

namespace exporter::app {

namespace {

constexpr std::chrono::milliseconds kTimeout{5'000};

Error trouble(ErrorClass error_class, std::string message) {
  return Error{.error_class = error_class, .message = std::move(message)};
}

}  // namespace

std::string probe_url(const ListenAddress& address) {
  ListenAddress asked = address;
  if (asked.host.empty() || asked.host == "0.0.0.0") asked.host = "127.0.0.1";
  if (asked.host == "::") asked.host = "::1";
  return "http://" + to_text(asked) + "/-/ready";
}

bool has_metric(std::string_view exposition, std::string_view metric) {
  while (!exposition.empty()) {
    const std::string_view line = exposition.substr(0, exposition.find('\n'));
    exposition.remove_prefix(line.size() == exposition.size() ? line.size() : line.size() + 1);
    if (line.starts_with(metric) && line.size() > metric.size() &&
        (line[metric.size()] == '{' || line[metric.size()] == ' ')) {
      return true;
    }
  }
  return false;
}

Result<void> probe(net::HttpTransport& transport, const ProbeFlags& flags) {
  net::HttpRequest request{.url = flags.url, .timeout = kTimeout};
  if (!flags.username.empty()) {
    const Result<std::string> password = config::SystemSecretSource().read(
        {.source = config::SecretRef::Source::file, .text = flags.password_file});
    if (!password) return std::unexpected(password.error());
    request.headers.add("Authorization", "Basic " + auth::base64(flags.username + ':' + *password));
  }
  const Result<net::HttpResponse> answer = transport.send(request, std::stop_token());
  if (!answer) {
    return std::unexpected(
        trouble(answer.error().error_class, flags.url + " does not answer: " + answer.error().message));
  }
  if (answer->status != 200) {
    const ErrorClass error_class = answer->status < 500 ? ErrorClass::http_4xx : ErrorClass::http_5xx;
    return std::unexpected(
        trouble(error_class, flags.url + " answers with status " + std::to_string(answer->status)));
  }
  if (!flags.metric.empty() && !has_metric(answer->body, flags.metric)) {
    return std::unexpected(trouble(ErrorClass::incomplete, flags.url + " has no metric " + flags.metric));
  }
  return {};
}

}  // namespace exporter::app
