#include "app/clients.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "app/account.h"
#include "servicenow/error_envelope.h"

namespace exporter::app {

namespace {

net::ApiClientOptions servicenow_options(const config::Integration& config, const std::string& name,
                                         const std::string& account_key, const Surroundings& around,
                                         std::function<bool()> pay) {
  net::ApiClientOptions options =
      api_options(net::Api::servicenow, config.servicenow.url, config.servicenow.http,
                  servicenow_pacing(config.servicenow, account_key, around.account_surroundings()),
                  around.account_surroundings());
  options.doubts = [pay = std::move(pay)](const Error& error) {
    return servicenow::may_be_transient(error) && pay();
  };
  if (name == "provisioner") {
    options.max_attempts = 1;  // its cap counts requests, and a retry is one
  }
  return options;
}

std::optional<config::ClientCertificate> certificate_of(const config::Account& account) {
  const auto* certificate = std::get_if<config::ClientCertificate>(&account);
  return certificate == nullptr ? std::nullopt : std::optional(*certificate);
}

std::vector<std::string> fields(const std::vector<config::MatchPair>& match,
                                std::string config::MatchPair::* side) {
  std::vector<std::string> names;
  for (const config::MatchPair& pair : match) names.push_back(pair.*side);
  return names;
}

}  // namespace

OktaAccount::OktaAccount(const config::Integration& config, const Surroundings& around)
    : key(okta_account_key(config.okta, config.name)),
      gate(around.accounts.gate(key, "okta of " + config.name)),
      transport(around.curl, config.okta.http, std::nullopt, around.secrets),
      observer(net::Api::okta, config.name, "", around.registry, [this] { return gate.valid(); }),
      signer(make_okta_signer(config.okta, key, gate, transport, observer, around.account_surroundings())),
      api(api_options(net::Api::okta, config.okta.url, config.okta.http,
                      okta_pacing(config.okta, around.account_surroundings()), around.account_surroundings()),
          transport, *signer, around.clock, observer),
      client(api, fields(config.servicenow.match, &config::MatchPair::okta)) {}

ServiceNowAccount::ServiceNowAccount(const config::Integration& config, const std::string& name,
                                     const config::Account& sign_in, const Surroundings& around,
                                     std::function<bool()> pay)
    : key(servicenow_account_key(config.servicenow.url, sign_in, config.name)),
      gate(around.accounts.gate(key, "servicenow " + name + " of " + config.name)),
      transport(around.curl, config.servicenow.http, certificate_of(sign_in), around.secrets),
      observer(net::Api::servicenow, config.name, name, around.registry, [this] { return gate.valid(); }),
      signer(make_servicenow_signer(config.servicenow, sign_in, key, gate, transport, observer,
                                    around.account_surroundings())),
      api(servicenow_options(config, name, key, around, std::move(pay)), transport, *signer, around.clock,
          observer),
      table(api, {.table = config.servicenow.users.table,
                  .match_fields = fields(config.servicenow.match, &config::MatchPair::servicenow)}),
      rows(api) {}

std::unique_ptr<ServiceNowAccount> make_provisioner(const config::Integration& config,
                                                    const Surroundings& around, std::function<bool()> pay) {
  // A cap of 0: the provisioner is never asked. Without a password it is only a name in the transaction log.
  if (!config.servicenow.provisioner || config.servicenow.acl.provisioner_requests_per_hour == 0) {
    return nullptr;
  }
  const auto* basic = std::get_if<config::BasicAuth>(&*config.servicenow.provisioner);
  if (basic != nullptr && !basic->password.set()) {
    return nullptr;
  }
  return std::make_unique<ServiceNowAccount>(config, "provisioner", *config.servicenow.provisioner, around,
                                             std::move(pay));
}

}  // namespace exporter::app
