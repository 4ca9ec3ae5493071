#include "app/integration.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "auth/basic_signer.h"
#include "auth/credential_gate.h"
#include "auth/ssws_signer.h"
#include "net/curl_transport.h"
#include "okta/client.h"
#include "sampling/access_changes_sampler.h"
#include "sampling/acl_probe_sampler.h"
#include "sampling/api_observer.h"
#include "sampling/app_users_sampler.h"
#include "sampling/comparison_sampler.h"
#include "sampling/denial_sources.h"
#include "sampling/link_probes.h"
#include "sampling/provisioner_cap.h"
#include "sampling/system_log_sampler.h"
#include "sampling/transaction_log_sampler.h"
#include "sampling/users_sampler.h"
#include "sampling/watched_sampler.h"
#include "servicenow/error_envelope.h"
#include "servicenow/row_lookup.h"
#include "servicenow/table_client.h"
#include "servicenow/table_reader.h"

namespace exporter::app {

namespace {

Result<std::string> optional_secret(const config::SecretRef& ref, config::SecretSource& secrets) {
  return ref.set() ? secrets.read(ref) : Result<std::string>(std::string());
}

net::TlsVersion to_net(config::TlsVersion version) {
  switch (version) {
    case config::TlsVersion::tls10:
      return net::TlsVersion::tls10;
    case config::TlsVersion::tls11:
      return net::TlsVersion::tls11;
    case config::TlsVersion::tls12:
      return net::TlsVersion::tls12;
    case config::TlsVersion::tls13:
      break;
  }
  return net::TlsVersion::tls13;
}

Result<std::vector<net::HttpHeader>> read_headers(const std::vector<config::HeaderSetting>& settings,
                                                  config::SecretSource& secrets) {
  std::vector<net::HttpHeader> headers;
  for (const config::HeaderSetting& setting : settings) {
    for (const std::string& value : setting.values) {
      headers.push_back({setting.name, value});
    }
    for (const config::SecretRef& ref : setting.secrets) {
      Result<std::string> secret = secrets.read(ref);
      if (!secret) {
        return std::unexpected(std::move(secret.error()));
      }
      headers.push_back({setting.name, std::move(*secret)});
    }
  }
  return headers;
}

Result<net::CurlTransportOptions> transport_options(const config::HttpConfig& http,
                                                    config::SecretSource& secrets) {
  net::CurlTransportOptions options;
  Result<std::string> ca = optional_secret(http.tls_config.ca, secrets);
  Result<std::string> cert = optional_secret(http.tls_config.cert, secrets);
  Result<std::string> key = optional_secret(http.tls_config.key, secrets);
  for (const Result<std::string>* text : {&ca, &cert, &key}) {
    if (!*text) {
      return std::unexpected(text->error());
    }
  }
  options.tls.ca_pem = std::move(*ca);
  options.tls.cert_pem = std::move(*cert);
  options.tls.key_pem = std::move(*key);
  options.tls.server_name = http.tls_config.server_name;
  if (http.tls_config.min_version) {
    options.tls.min_version = to_net(*http.tls_config.min_version);
  }
  if (http.tls_config.max_version) {
    options.tls.max_version = to_net(*http.tls_config.max_version);
  }
  options.tls.insecure_skip_verify = http.tls_config.insecure_skip_verify;
  options.proxy.url = http.proxy_url;
  options.proxy.no_proxy = http.no_proxy;
  options.proxy.from_environment = http.proxy_from_environment;
  Result<std::vector<net::HttpHeader>> connect_headers = read_headers(http.proxy_connect_header, secrets);
  if (!connect_headers) {
    return std::unexpected(std::move(connect_headers.error()));
  }
  options.proxy.connect_headers = std::move(*connect_headers);
  return options;
}

net::ApiClientOptions api_options(net::Api api, const std::string& url, const config::HttpConfig& http,
                                  config::SecretSource& secrets) {
  net::ApiClientOptions options{.api = api, .base_url = url, .timeout = http.timeout};
  if (!http.http_headers.empty()) {
    options.extra_headers = [settings = http.http_headers, &secrets] {
      return read_headers(settings, secrets);
    };
  }
  return options;
}

// `pay` is asked before a request is made again.
net::ApiClientOptions servicenow_options(const config::Integration& config, const std::string& account,
                                         config::SecretSource& secrets, std::function<bool()> pay) {
  net::ApiClientOptions options =
      api_options(net::Api::servicenow, config.servicenow.url, config.servicenow.http, secrets);
  options.doubts = [pay = std::move(pay)](const Error& error) {
    return servicenow::may_be_transient(error) && pay();
  };
  if (account == "provisioner") {
    options.max_attempts = 1;  // its cap counts requests, and a retry is one
  }
  return options;
}

std::string host_and_port(const std::string& url) { return url.substr(url.find("://") + 3); }

std::vector<std::string> okta_fields(const std::vector<config::MatchPair>& match) {
  std::vector<std::string> fields;
  for (const config::MatchPair& pair : match) {
    fields.push_back(pair.okta);
  }
  return fields;
}

std::vector<std::string> servicenow_fields(const std::vector<config::MatchPair>& match) {
  std::vector<std::string> fields;
  for (const config::MatchPair& pair : match) {
    fields.push_back(pair.servicenow);
  }
  return fields;
}

sampling::SystemLogOptions system_log_options(const config::Integration& config) {
  const config::SystemLogConfig& log = config.okta.system_log;
  return {.interval = log.interval,
          .initial_lookback = log.initial_lookback,
          .task_settle = log.task_settle,
          .max_requests = log.max_requests_per_sample,
          .tables = config.servicenow.acl.tables};
}

drift::ComparisonOptions comparison_options(const config::DriftConfig& config,
                                            int provisioner_requests_per_hour) {
  drift::ComparisonOptions options;
  options.grace = config.grace;
  options.mass_threshold = config.mass_threshold;
  options.mass_minimum = static_cast<std::uint64_t>(config.mass_minimum);
  // The rotation takes half of the provisioner's hourly cap: the rest is for direct looks, which must not be
  // refused.
  const double hours =
      std::min(1.0, std::chrono::duration<double, std::ratio<3600>>(config.interval).count());
  options.rotation_requests =
      static_cast<std::uint64_t>(std::max(1.0, provisioner_requests_per_hour * hours / 2));
  options.random_seed = std::random_device{}();
  return options;
}

sampling::UsersStrategy users_strategy(config::UserStrategy configured) {
  switch (configured) {
    case config::UserStrategy::automatic:
      break;
    case config::UserStrategy::sweep:
      return sampling::UsersStrategy::sweep;
    case config::UserStrategy::lookup:
      return sampling::UsersStrategy::lookup;
  }
  return sampling::UsersStrategy::automatic;
}

std::string table_label(const config::ServiceNowConfig& config) {
  const std::vector<std::string>& allowed = config.acl.tables;
  return std::ranges::find(allowed, config.users.table) != allowed.end() ? config.users.table : "other";
}

constexpr config::Duration kTransactionInterval{60'000};

// A ServiceNow account and the requests that are signed by it.
struct ServiceNowAccount {
  ServiceNowAccount(const config::Integration& config, const std::string& account,
                    const config::BasicAuth& basic, net::HttpTransport& transport, const Surroundings& around,
                    std::function<bool()> pay)
      : gate("servicenow " + account + " of " + config.name, around.clock),
        signer(basic.username, basic.password, around.secrets, gate),
        observer(net::Api::servicenow, config.name, account, around.registry,
                 [this] { return gate.valid(); }),
        api(servicenow_options(config, account, around.secrets, std::move(pay)), transport, signer,
            around.clock, observer),
        table(api, {.table = config.servicenow.users.table,
                    .match_fields = servicenow_fields(config.servicenow.match)}),
        rows(api) {}

  auth::CredentialGate gate;
  auth::BasicSigner signer;
  sampling::ApiObserver observer;
  net::ApiClient api;
  servicenow::TableClient table;
  servicenow::TableReader rows;
};

std::unique_ptr<ServiceNowAccount> make_provisioner(const config::Integration& config,
                                                    net::HttpTransport& transport, const Surroundings& around,
                                                    std::function<bool()> pay) {
  // A cap of 0: the provisioner is never asked. Without a password it is only a name in the transaction log.
  if (!config.servicenow.provisioner || config.servicenow.acl.provisioner_requests_per_hour == 0) {
    return nullptr;
  }
  const auto& basic = std::get<config::BasicAuth>(*config.servicenow.provisioner);
  if (!basic.password.set()) {
    return nullptr;
  }
  return std::make_unique<ServiceNowAccount>(config, "provisioner", basic, transport, around, std::move(pay));
}

class IntegrationParts final : public Integration {
 public:
  IntegrationParts(const config::Integration& config, net::CurlTransportOptions okta_transport,
                   net::CurlTransportOptions servicenow_transport, const Surroundings& around)
      : okta_transport_(around.curl, std::move(okta_transport)),
        servicenow_transport_(around.curl, std::move(servicenow_transport)),
        okta_gate_("okta of " + config.name, around.clock),
        okta_signer_(config.okta.api_token, around.secrets, okta_gate_),
        okta_observer_(net::Api::okta, config.name, "", around.registry,
                       [this] { return okta_gate_.valid(); }),
        okta_api_(api_options(net::Api::okta, config.okta.url, config.okta.http, around.secrets),
                  okta_transport_, okta_signer_, around.clock, okta_observer_),
        okta_(okta_api_, okta_fields(config.servicenow.match)),
        reader_(config, "reader", std::get<config::BasicAuth>(config.servicenow.reader),
                servicenow_transport_, around, [] { return true; }),
        reader_lookup_(reader_.table,
                       [this] {
                         lookup_progress_.mark();
                         return true;
                       }),
        reader_probes_(reader_lookup_, config.name, "reader", around.registry, around.clock),
        provisioner_(make_provisioner(config, servicenow_transport_, around,
                                      [this] { return provisioner_cap_.spend_request(); })),
        // Every request that a lookup makes as Okta's own account is paid from the cap.
        provisioner_lookup_(provisioner_ ? std::make_unique<servicenow::TableRowLookup>(
                                               provisioner_->table,
                                               [this] {
                                                 lookup_progress_.mark();
                                                 return provisioner_cap_.spend_request();
                                               })
                                         : nullptr),
        provisioner_probes_(provisioner_lookup_ ? std::make_unique<sampling::LinkProbes>(
                                                      *provisioner_lookup_, config.name, "provisioner",
                                                      around.registry, around.clock)
                                                : nullptr),
        provisioner_cap_(provisioner_probes_.get(), config.servicenow.acl.provisioner_requests_per_hour,
                         around.clock),
        denial_sources_(config.name, around.registry, around.log),
        counters_(config.name, config.servicenow.acl.tables, around.registry),
        session_(
            {.integration = config.name,
             .app = {.id = config.okta.app.id, .name = config.okta.app.name, .label = config.okta.app.label},
             .okta_host = host_and_port(config.okta.url),
             .servicenow_host = host_and_port(config.servicenow.url),
             .tier = std::string(config::to_string(config.tier))},
            okta_, around.store, counters_, around.samples, around.registry, around.log),
        recent_users_(std::max(config.drift.grace, config.drift.interval)),
        needs_request_(config.okta.app.id.empty()) {
    add_samplers(config, around);
  }

  Probes probes() override {
    return {.okta = okta_,
            .reader_api = reader_.api,
            .reader = reader_.table,
            .provisioner = provisioner_ ? &provisioner_->table : nullptr};
  }

  Result<void> restore() override {
    if (needs_request_) {
      return {};
    }
    if (const auto opened = session_.open({}); !opened) {
      return std::unexpected(opened.error());
    }
    return {};
  }

 private:
  std::vector<sampling::LinkProbes*> link_probes() {
    std::vector<sampling::LinkProbes*> probes{&reader_probes_};
    if (provisioner_probes_) probes.push_back(provisioner_probes_.get());
    return probes;
  }

  void add_samplers(const config::Integration& config, const Surroundings& around) {
    using sampling::Scheduler;
    auto system_log = std::make_unique<sampling::SystemLogSampler>(
        system_log_options(config), session_, okta_, around.store, around.classifier, counters_,
        recent_users_,
        sampling::FailureVerdicts(config.servicenow.match.size(), session_, okta_, reader_probes_,
                                  provisioner_cap_, link_probes(), last_view_, recent_users_, around.store,
                                  counters_, around.clock, around.log),
        around.registry, around.clock, around.log);
    auto app_users = std::make_unique<sampling::AppUsersSampler>(
        sampling::AppUsersOptions{.interval = config.drift.interval,
                                  .page_size = config.okta.app_users.page_size,
                                  .key_count = config.servicenow.match.size()},
        session_, okta_, inputs_, around.registry);
    auto users = std::make_unique<sampling::UsersSampler>(
        sampling::UsersOptions{
            .interval = config.drift.interval,
            .strategy = users_strategy(config.servicenow.users.strategy),
            .sweep = {.page_size = config.servicenow.users.page_size,
                      .query = config.servicenow.users.query,
                      .own_name = std::string(config::user_name(config.servicenow.reader))},
            .table_label = table_label(config.servicenow)},
        session_, reader_.table, reader_lookup_, inputs_, around.registry, around.log);
    auto comparison = std::make_unique<sampling::ComparisonSampler>(
        config.drift.interval,
        comparison_options(config.drift, config.servicenow.acl.provisioner_requests_per_hour), session_,
        inputs_, reader_probes_, provisioner_cap_, last_view_, recent_users_, around.store, counters_,
        lookup_progress_, around.registry, around.clock, around.log);

    session_.on_open([&sampler = *system_log](const auto& opened) { return sampler.restore(opened); });
    session_.on_open([&sampler = *comparison](const auto& opened) { return sampler.restore(opened); });
    const auto trigger = [&scheduler = around.scheduler, name = config.name](std::string_view sampler,
                                                                             Scheduler::WhenRunning when) {
      return [&scheduler, name, sampler, when] { scheduler.trigger(name, sampler, when); };
    };
    inputs_.connect({.ready = trigger("comparison", Scheduler::WhenRunning::run_again),
                     .incomplete = [&sampler = *comparison] { sampler.mark_incomplete(); },
                     .want_links = trigger("app_users", Scheduler::WhenRunning::leave),
                     .want_rows = trigger("users", Scheduler::WhenRunning::leave)});

    around.scheduler.add(
        config.name,
        std::make_unique<sampling::WatchedSampler>(std::move(system_log), [this](const Result<void>& result) {
          if (result || result.error().error_class != ErrorClass::cancelled) {
            denial_sources_.set(sampling::okta_task_source(result));
          }
        }));
    around.scheduler.add(config.name, std::move(app_users));
    around.scheduler.add(config.name, std::move(users));
    around.scheduler.add(config.name, std::move(comparison));
    add_access_samplers(config, around);
  }

  // Who is refused what in ServiceNow, and what changed before it began.
  void add_access_samplers(const config::Integration& config, const Surroundings& around) {
    const config::AclConfig& acl = config.servicenow.acl;
    const std::string okta_account =
        config.servicenow.provisioner ? std::string(config::user_name(*config.servicenow.provisioner)) : "";
    if (acl.transaction_log != config::TransactionLog::off) {
      auto transaction_log = std::make_unique<sampling::TransactionLogSampler>(
          sampling::TransactionLogOptions{
              .interval = std::min<config::Duration>(acl.interval, kTransactionInterval),
              .required = acl.transaction_log == config::TransactionLog::on,
              .user_name = okta_account,
              .tables = acl.tables},
          session_, reader_.rows, around.store, counters_, denial_sources_, around.registry, around.clock,
          around.log);
      session_.on_open([&sampler = *transaction_log](const auto& opened) { return sampler.restore(opened); });
      around.scheduler.add(config.name, std::move(transaction_log));
    }
    std::vector<sampling::ProbedAccount> accounts{
        {.name = "reader", .reader = &reader_.rows, .spend = [] { return true; }, .links = &reader_probes_}};
    if (provisioner_) {
      accounts.push_back({.name = "provisioner",
                          .reader = &provisioner_->rows,
                          .spend = [this] { return provisioner_cap_.spend_request(); },
                          .links = provisioner_probes_.get()});
    }
    around.scheduler.add(
        config.name,
        std::make_unique<sampling::AclProbeSampler>(
            sampling::AclProbeOptions{.interval = acl.interval,
                                      .tables = acl.tables,
                                      .users_table = config.servicenow.users.table,
                                      .provisioner = provisioner_ != nullptr},
            std::move(accounts), session_, around.classifier, denial_sources_, around.registry, around.log));
    around.scheduler.add(config.name,
                         std::make_unique<sampling::AccessChangesSampler>(
                             sampling::AccessChangesOptions{
                                 .interval = acl.interval, .user_name = okta_account, .tables = acl.tables},
                             session_, reader_.rows, around.store, counters_, around.log));
  }

  net::CurlTransport okta_transport_;
  net::CurlTransport servicenow_transport_;
  auth::CredentialGate okta_gate_;
  auth::SswsSigner okta_signer_;
  sampling::ApiObserver okta_observer_;
  net::ApiClient okta_api_;
  okta::Client okta_;
  ServiceNowAccount reader_;
  sampling::RunProgress lookup_progress_;
  servicenow::TableRowLookup reader_lookup_;
  sampling::LinkProbes reader_probes_;
  std::unique_ptr<ServiceNowAccount> provisioner_;
  std::unique_ptr<servicenow::TableRowLookup> provisioner_lookup_;
  std::unique_ptr<sampling::LinkProbes> provisioner_probes_;
  sampling::ProvisionerCap provisioner_cap_;
  sampling::DenialSources denial_sources_;
  sampling::CounterBook counters_;
  sampling::Session session_;
  sampling::DriftInputs inputs_;
  sampling::LastView last_view_;
  sampling::RecentUsers recent_users_;
  const bool needs_request_;
};

}  // namespace

Result<std::unique_ptr<Integration>> Integration::make(const config::Integration& config,
                                                       const Surroundings& surroundings) {
  Result<net::CurlTransportOptions> okta = transport_options(config.okta.http, surroundings.secrets);
  if (!okta) {
    return std::unexpected(std::move(okta.error()));
  }
  Result<net::CurlTransportOptions> servicenow =
      transport_options(config.servicenow.http, surroundings.secrets);
  if (!servicenow) {
    return std::unexpected(std::move(servicenow.error()));
  }
  return std::make_unique<IntegrationParts>(config, std::move(*okta), std::move(*servicenow), surroundings);
}

}  // namespace exporter::app
