#include "app/account.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "auth/basic_signer.h"
#include "auth/key_signer.h"
#include "auth/ssws_signer.h"
#include "auth/token_endpoint.h"
#include "auth/token_grant.h"
#include "auth/token_signer.h"

namespace exporter::app {

namespace {

constexpr std::chrono::milliseconds kLongestWait{65'000};

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string source_of(const config::SecretRef& ref, const std::string& integration) {
  switch (ref.source) {
    case config::SecretRef::Source::file:
      return "file:" + ref.text;
    case config::SecretRef::Source::env:
      return "env:" + ref.text;
    case config::SecretRef::Source::value:
      return "in:" + integration;
    case config::SecretRef::Source::none:
      break;
  }
  return "none";
}

std::unique_ptr<auth::TokenEndpoint> make_endpoint(net::Api api, const std::string& url, std::string path,
                                                   const config::HttpConfig& http, net::PacingOptions pacing,
                                                   net::HttpTransport& transport,
                                                   net::RequestObserver& observer,
                                                   const AccountSurroundings& around) {
  const net::ApiClientOptions options = api_options(api, url, http, std::move(pacing), around);
  return std::make_unique<auth::TokenEndpoint>(
      auth::TokenEndpointOptions{.api = api,
                                 .base_url = url,
                                 .path = std::move(path),
                                 .timeout = options.timeout,
                                 .pacing = options.pacing,
                                 .extra_headers = options.extra_headers},
      transport, around.clock, observer);
}

template <class Config>
net::PacingOptions pacing(const Config& config, const std::string& account,
                          const AccountSurroundings& around) {
  return {.upstreams = &around.upstreams,
          .account = account,
          .share = config.rate_limit_share,
          .unmetered_per_minute = static_cast<double>(config.unmetered_requests_per_minute),
          .max_wait = std::min(kLongestWait, around.sample_timeout / 2)};
}

}  // namespace

std::string okta_account_key(const config::OktaConfig& config, const std::string& integration) {
  if (config.oauth2) {
    return "okta\n" + config.url + "\n" + config.oauth2->client_id + "\n" +
           source_of(config.oauth2->private_key, integration);
  }
  return "okta\n" + config.url + "\n" + source_of(config.api_token, integration);
}

std::string servicenow_account_key(const std::string& url, const config::Account& account,
                                   const std::string& integration) {
  const auto source = [&integration](const config::SecretRef& ref) { return source_of(ref, integration); };
  const std::string what = std::visit(
      Overloaded{[&](const config::BasicAuth& basic) {
                   return "basic\n" + basic.username + "\n" + source(basic.password);
                 },
                 [&](const config::OAuth2& oauth2) {
                   return "oauth2\n" + oauth2.client_id + "\n" + oauth2.username + "\n" + oauth2.subject +
                          "\n" + source(oauth2.client_secret) + "\n" + source(oauth2.password) + "\n" +
                          source(oauth2.private_key) + "\n" + source(oauth2.refresh_token);
                 },
                 [&](const config::ApiKey& key) { return "api_key\n" + source(key.key); },
                 [&](const config::ClientCertificate& certificate) {
                   return "certificate\n" + source(certificate.certificate);
                 }},
      account);
  return "servicenow\n" + url + "\n" + what;
}

net::PacingOptions okta_pacing(const config::OktaConfig& config, const AccountSurroundings& around) {
  return pacing(config, {}, around);  // the limit is the org's
}

net::PacingOptions servicenow_pacing(const config::ServiceNowConfig& config, const std::string& account_key,
                                     const AccountSurroundings& around) {
  return pacing(config, account_key, around);
}

net::ApiClientOptions api_options(net::Api api, const std::string& url, const config::HttpConfig& http,
                                  net::PacingOptions pacing, const AccountSurroundings& around) {
  net::ApiClientOptions options{
      .api = api,
      .base_url = url,
      .timeout = http.timeout,
      .max_retry_after = std::chrono::duration_cast<std::chrono::seconds>(pacing.max_wait),
      .max_total = around.sample_timeout / 2,
      .pacing = std::move(pacing)};
  if (!http.http_headers.empty()) {
    options.extra_headers = [settings = http.http_headers, &secrets = around.secrets] {
      return read_headers(settings, secrets);
    };
  }
  return options;
}

std::unique_ptr<net::RequestSigner> make_okta_signer(const config::OktaConfig& config, const std::string& key,
                                                     auth::CredentialGate& gate,
                                                     net::HttpTransport& transport,
                                                     net::RequestObserver& observer,
                                                     const AccountSurroundings& around) {
  if (!config.oauth2) {
    return std::make_unique<auth::SswsSigner>(config.api_token, around.secrets, gate);
  }
  auth::TokenSession& session = around.accounts.session(key);
  return std::make_unique<auth::TokenSigner>(
      auth::make_okta_grant(*config.oauth2, around.secrets,
                            make_endpoint(net::Api::okta, config.url, "/oauth2/v1/token", config.http,
                                          okta_pacing(config, around), transport, observer, around),
                            session),
      session, gate);
}

std::unique_ptr<net::RequestSigner> make_servicenow_signer(const config::ServiceNowConfig& config,
                                                           const config::Account& account,
                                                           const std::string& key, auth::CredentialGate& gate,
                                                           net::HttpTransport& transport,
                                                           net::RequestObserver& observer,
                                                           const AccountSurroundings& around) {
  using Signer = std::unique_ptr<net::RequestSigner>;
  return std::visit(
      Overloaded{
          [&](const config::BasicAuth& basic) -> Signer {
            return std::make_unique<auth::BasicSigner>(basic.username, basic.password, around.secrets, gate);
          },
          [&](const config::OAuth2& oauth2) -> Signer {
            auth::TokenSession& session = around.accounts.session(key);
            return std::make_unique<auth::TokenSigner>(
                auth::make_servicenow_grant(
                    oauth2, around.secrets,
                    make_endpoint(net::Api::servicenow, config.url, "/oauth_token.do", config.http,
                                  servicenow_pacing(config, key, around), transport, observer, around),
                    session),
                session, gate);
          },
          [&](const config::ApiKey& api_key) -> Signer {
            return std::make_unique<auth::ApiKeySigner>(api_key.key, around.secrets, gate);
          },
          [&](const config::ClientCertificate& certificate) -> Signer {
            return std::make_unique<auth::CertificateSigner>(certificate.certificate, around.secrets, gate);
          }},
      account);
}

}  // namespace exporter::app
