// The clients of both vendors, as the accounts of one integration. Not movable: their parts refer to each
// other.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/surroundings.h"
#include "app/transport.h"
#include "auth/credential_gate.h"
#include "config/config.h"
#include "net/api_client.h"
#include "okta/client.h"
#include "sampling/api_observer.h"
#include "servicenow/table_client.h"
#include "servicenow/table_reader.h"

namespace exporter::app {

// Okta's account and the requests that are signed by it.
struct OktaAccount {
  OktaAccount(const config::Integration& config, const Surroundings& around);

  const std::string key;
  auth::CredentialGate& gate;
  ConfiguredTransport transport;
  sampling::ApiObserver observer;
  std::unique_ptr<net::RequestSigner> signer;
  net::ApiClient api;
  okta::Client client;
};

// A ServiceNow account and the requests that are signed by it.
struct ServiceNowAccount {
  // `name`: "reader" or "provisioner". `pay` is asked before a request is made again.
  ServiceNowAccount(const config::Integration& config, const std::string& name,
                    const config::Account& sign_in, const Surroundings& around, std::function<bool()> pay);

  const std::string key;
  auth::CredentialGate& gate;
  ConfiguredTransport transport;
  sampling::ApiObserver observer;
  std::unique_ptr<net::RequestSigner> signer;
  net::ApiClient api;
  servicenow::TableClient table;
  servicenow::TableReader rows;
};

// Null where Okta's own account is never asked as.
std::unique_ptr<ServiceNowAccount> make_provisioner(const config::Integration& config,
                                                    const Surroundings& around, std::function<bool()> pay);

}  // namespace exporter::app
