#include "auth/token_endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "net/rate_limit.h"
#include "net/url.h"

namespace exporter::auth {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxAnswer = std::size_t{256} * 1024;
// Where the answer does not say; and the most that is believed.
constexpr std::chrono::seconds kUsualLifetime{300};
constexpr std::chrono::seconds kLongestLifetime{24 * 3600};

net::PacingOptions without_breaker(net::PacingOptions pacing) {
  pacing.breaker = false;  // the request that needs the token has passed it
  return pacing;
}

std::string string_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::chrono::seconds lifetime_of(const json& object) {
  const auto found = object.find("expires_in");
  std::optional<double> seconds;
  if (found != object.end() && found->is_number()) {
    seconds = found->get<double>();
  } else if (found != object.end() && found->is_string()) {
    const std::string text = found->get<std::string>();
    double number = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) {
      seconds = number;
    }
  }
  if (!seconds) {
    return kUsualLifetime;
  }
  return std::chrono::seconds(
      static_cast<std::int64_t>(std::clamp(*seconds, 0.0, static_cast<double>(kLongestLifetime.count()))));
}

// Goes into a header as it is.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::string safe_code(std::string code) {
  constexpr std::size_t kMaxCode = 64;
  const bool good = code.size() <= kMaxCode &&
                    std::ranges::all_of(code, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  return good ? code : std::string();
}

bool is_json(const net::HttpHeaders& headers) {
  return to_lower(headers.first("Content-Type").value_or("")).find("json") != std::string::npos;
}

}  // namespace

bool TokenRefusal::refuses_credentials() const {
  // ServiceNow says server_error for a wrong secret and a locked user too (servicenow.md 5).
  return status == 401 || code == "invalid_client" || code == "invalid_grant" || code == "access_denied";
}

TokenEndpoint::TokenEndpoint(TokenEndpointOptions options, net::HttpTransport& transport, const Clock& clock,
                             net::RequestObserver& observer)
    : options_(std::move(options)),
      url_(options_.base_url + options_.path),
      name_(std::string(net::to_string(options_.api)) + " token at " +
            options_.base_url.substr(options_.base_url.find("://") + 3)),
      clock_(clock),
      sender_(options_.api, net::parse_url(url_)->authority(), without_breaker(options_.pacing), transport,
              clock, observer) {}

Result<TokenEndpoint::Answer> TokenEndpoint::ask(const TokenForm& form, const std::string& proof,
                                                 std::stop_token stop) {
  const auto failed = [this](ErrorClass error_class, const std::string& what) {
    return Error{.error_class = error_class, .message = name_ + what};
  };
  net::HttpRequest request{
      .method = "POST",
      .url = url_,
      .headers = {{"Accept", "application/json"}, {"Content-Type", "application/x-www-form-urlencoded"}},
      .timeout = options_.timeout};
  for (const auto& [name, value] : form) {
    request.body += (request.body.empty() ? "" : "&") + name + "=" + net::percent_encode(value);
  }
  if (!proof.empty()) {
    request.headers.add("DPoP", proof);
  }
  if (options_.extra_headers) {
    Result<std::vector<net::HttpHeader>> extra = options_.extra_headers();
    if (!extra) {
      return std::unexpected(std::move(extra.error()));
    }
    for (net::HttpHeader& field : *extra) {
      request.headers.add(std::move(field.name), std::move(field.value));
    }
  }
  const SteadyTime asked = clock_.steady_now();
  Result<net::HttpResponse> response =
      sender_.send(net::Endpoint::token, request, [] { return Result<void>(); }, std::move(stop));
  if (!response) {
    response.error().message = name_ + ": " + response.error().message;
    return std::unexpected(std::move(response.error()));
  }
  const int status = response->status;
  const std::string answered = " answered " + std::to_string(status);
  if (status == 429) {
    Error error = failed(ErrorClass::rate_limited, answered + "; others share this limit");
    error.http_status = status;
    error.retry_after = net::parse_rate_limit_wait(options_.api, response->headers, clock_.now());
    return std::unexpected(std::move(error));
  }
  if (status >= 500) {
    Error error = failed(ErrorClass::http_5xx, answered + "; the service has a fault or is in maintenance");
    error.http_status = status;
    error.retry_after = net::parse_retry_after(response->headers, clock_.now());
    return std::unexpected(std::move(error));
  }
  // What nests is no answer of a token endpoint, and must not make the parser recurse.
  const bool flat = std::ranges::count(response->body, '[') + std::ranges::count(response->body, '{') < 64;
  const json body = is_json(response->headers) && flat && response->body.size() <= kMaxAnswer
                        ? json::parse(response->body, nullptr, false)
                        : json(json::value_t::discarded);
  if (!body.is_object()) {
    return std::unexpected(
        failed(ErrorClass::not_json, answered + " with something that is no token endpoint's; check "
                                                "the url and any proxy in between"));
  }
  if (status < 200 || status >= 300) {
    return Answer{.outcome = TokenRefusal{.code = safe_code(string_of(body, "error")), .status = status},
                  .headers = std::move(response->headers)};
  }
  Token token{.value = string_of(body, "access_token"),
              .dpop = equals_ignore_case(string_of(body, "token_type"), "DPoP"),
              .refresh_token = string_of(body, "refresh_token"),
              .fetched = asked,
              .lifetime = lifetime_of(body)};
  if (!is_token(token.value)) {
    return std::unexpected(failed(ErrorClass::malformed, " gave no usable access_token"));
  }
  return Answer{.outcome = std::move(token), .headers = std::move(response->headers)};
}

}  // namespace exporter::auth
