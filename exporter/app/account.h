// An account of one vendor, and how its requests are signed, paced and sent.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "app/transport.h"
#include "auth/account_book.h"
#include "config/config.h"
#include "net/api_client.h"
#include "net/rate_budget.h"

namespace exporter::app {

// What accounts share with each other, also across integrations and reloads; outlives them.
struct AccountSurroundings {
  const Clock& clock;
  config::SecretSource& secrets;
  auth::AccountBook& accounts;
  net::Upstreams& upstreams;
  std::chrono::milliseconds sample_timeout;  // no request waits longer than half of it for its turn
};

// Tells apart accounts and the sources of their secrets; holds no secret. `integration` is where the
// configuration holds the secret itself.
std::string okta_account_key(const config::OktaConfig& config, const std::string& integration);
std::string servicenow_account_key(const std::string& url, const config::Account& account,
                                   const std::string& integration);

net::PacingOptions okta_pacing(const config::OktaConfig& config, const AccountSurroundings& around);
net::PacingOptions servicenow_pacing(const config::ServiceNowConfig& config, const std::string& account_key,
                                     const AccountSurroundings& around);

// The options that every request to the vendor has.
net::ApiClientOptions api_options(net::Api api, const std::string& url, const config::HttpConfig& http,
                                  net::PacingOptions pacing, const AccountSurroundings& around);

// A signer for the account. `gate` is the account's; `transport` and `observer` are for its token requests
// and must outlive the signer.
std::unique_ptr<net::RequestSigner> make_okta_signer(const config::OktaConfig& config, const std::string& key,
                                                     auth::CredentialGate& gate,
                                                     net::HttpTransport& transport,
                                                     net::RequestObserver& observer,
                                                     const AccountSurroundings& around);
std::unique_ptr<net::RequestSigner> make_servicenow_signer(const config::ServiceNowConfig& config,
                                                           const config::Account& account,
                                                           const std::string& key, auth::CredentialGate& gate,
                                                           net::HttpTransport& transport,
                                                           net::RequestObserver& observer,
                                                           const AccountSurroundings& around);

}  // namespace exporter::app
