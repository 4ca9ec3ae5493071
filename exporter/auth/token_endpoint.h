// Asks a vendor's token endpoint: a form goes out, a token or a refusal comes back (RFC 6749).
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "auth/token_cache.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/api_client.h"
#include "net/http.h"
#include "net/paced_sender.h"

namespace exporter::auth {

struct TokenEndpointOptions {
  net::Api api = net::Api::okta;
  std::string base_url;  // scheme://host[:port]
  std::string path;
  std::chrono::milliseconds timeout{30'000};
  net::PacingOptions pacing = {};
  // http_headers of the configuration.
  std::function<Result<std::vector<net::HttpHeader>>()> extra_headers = {};
};

// The server answered, and said no.
struct TokenRefusal {
  std::string code;  // "invalid_client"; lower case letters and _ only, may be empty
  int status = 0;
  // Whether it is the account's secret that was refused, so that trying on could lock the account.
  bool refuses_credentials() const;
};

using TokenForm = std::vector<std::pair<std::string, std::string>>;

// Thread-safe; must not outlive what it was given.
class TokenEndpoint {
 public:
  struct Answer {
    std::variant<Token, TokenRefusal> outcome;
    net::HttpHeaders headers;
  };

  TokenEndpoint(TokenEndpointOptions options, net::HttpTransport& transport, const Clock& clock,
                net::RequestObserver& observer);

  // Errors: no answer, or one that says nothing about the request (5xx, 429, HTML). `proof`: the DPoP header;
  // empty: none.
  Result<Answer> ask(const TokenForm& form, const std::string& proof, std::stop_token stop);

  const std::string& url() const { return url_; }
  // "okta token at example.okta.com", for messages.
  const std::string& name() const { return name_; }

 private:
  const TokenEndpointOptions options_;
  const std::string url_;
  const std::string name_;
  const Clock& clock_;
  net::PacedSender sender_;
};

}  // namespace exporter::auth
