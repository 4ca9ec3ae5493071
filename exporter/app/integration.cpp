#include "app/integration.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include "app/account.h"
#include "app/transport.h"
#include "auth/credential_gate.h"
#include "okta/client.h"
#include "sampling/access_changes_sampler.h"
#include "sampling/acl_probe_sampler.h"
#include "sampling/api_observer.h"
#include "sampling/app_users_sampler.h"
#include "sampling/change_follower.h"
#include "sampling/comparison_sampler.h"
#include "sampling/denial_sources.h"
#include "sampling/group_push_sampler.h"
#include "sampling/link_check.h"
#include "sampling/link_probes.h"
#include "sampling/picture.h"
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

// `pay` is asked before a request is made again.
net::ApiClientOptions servicenow_options(const config::Integration& config, const std::string& account,
                                         const std::string& account_key, const Surroundings& around,
                                         std::function<bool()> pay) {
  net::ApiClientOptions options =
      api_options(net::Api::servicenow, config.servicenow.url, config.servicenow.http,
                  servicenow_pacing(config.servicenow, account_key, around.account_surroundings()),
                  around.account_surroundings());
  options.doubts = [pay = std::move(pay)](const Error& error) {
    return servicenow::may_be_transient(error) && pay();
  };
  if (account == "provisioner") {
    options.max_attempts = 1;  // its cap counts requests, and a retry is one
  }
  return options;
}

std::optional<config::ClientCertificate> certificate_of(const config::Account& account) {
  const auto* certificate = std::get_if<config::ClientCertificate>(&account);
  return certificate == nullptr ? std::nullopt : std::optional(*certificate);
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
constexpr config::Duration kGroupPushInterval{15 * 60'000};

// A ServiceNow account and the requests that are signed by it.
struct ServiceNowAccount {
  ServiceNowAccount(const config::Integration& config, const std::string& account,
                    const config::Account& sign_in, const Surroundings& around, std::function<bool()> pay)
      : key(servicenow_account_key(config.servicenow.url, sign_in, config.name)),
        gate(around.accounts.gate(key, "servicenow " + account + " of " + config.name)),
        transport(around.curl, config.servicenow.http, certificate_of(sign_in), around.secrets),
        observer(net::Api::servicenow, config.name, account, around.registry,
                 [this] { return gate.valid(); }),
        signer(make_servicenow_signer(config.servicenow, sign_in, key, gate, transport, observer,
                                      around.account_surroundings())),
        api(servicenow_options(config, account, key, around, std::move(pay)), transport, *signer,
            around.clock, observer),
        table(api, {.table = config.servicenow.users.table,
                    .match_fields = servicenow_fields(config.servicenow.match)}),
        rows(api) {}

  const std::string key;
  auth::CredentialGate& gate;
  ConfiguredTransport transport;
  sampling::ApiObserver observer;
  std::unique_ptr<net::RequestSigner> signer;
  net::ApiClient api;
  servicenow::TableClient table;
  servicenow::TableReader rows;
};

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

class IntegrationParts final : public Integration {
 public:
  IntegrationParts(const config::Integration& config, const Surroundings& around)
      : okta_key_(okta_account_key(config.okta, config.name)),
        okta_gate_(around.accounts.gate(okta_key_, "okta of " + config.name)),
        okta_transport_(around.curl, config.okta.http, std::nullopt, around.secrets),
        okta_observer_(net::Api::okta, config.name, "", around.registry,
                       [this] { return okta_gate_.valid(); }),
        okta_signer_(make_okta_signer(config.okta, okta_key_, okta_gate_, okta_transport_, okta_observer_,
                                      around.account_surroundings())),
        okta_api_(api_options(net::Api::okta, config.okta.url, config.okta.http,
                              okta_pacing(config.okta, around.account_surroundings()),
                              around.account_surroundings()),
                  okta_transport_, *okta_signer_, around.clock, okta_observer_),
        okta_(okta_api_, okta_fields(config.servicenow.match)),
        reader_(config, "reader", config.servicenow.reader, around, [] { return true; }),
        reader_lookup_(reader_.table,
                       [this] {
                         lookup_progress_.mark();
                         return true;
                       }),
        reader_probes_(reader_lookup_, config.name, "reader", around.registry, around.clock),
        provisioner_(make_provisioner(config, around, [this] { return provisioner_cap_.spend_request(); })),
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
        recent_users_(std::max(config.drift.grace, config.drift.interval) +
                      sampling::DriftInputs::keep_for(config.drift.interval)),
        picture_(session_, around.store, counters_, around.registry, around.log),
        link_check_({.key_count = config.servicenow.match.size(),
                     .grace = config.drift.grace,
                     .mass_threshold = config.drift.mass_threshold,
                     .mass_minimum = static_cast<std::uint64_t>(config.drift.mass_minimum)},
                    okta_, reader_probes_, provisioner_cap_, picture_, recent_users_, around.store,
                    around.clock, around.log),
        needs_request_(config.okta.app.id.empty()) {
    add_samplers(config, around);
  }

  Probes probes() override {
    return {.okta = okta_,
            .okta_api = okta_api_,
            .reader_api = reader_.api,
            .reader = reader_.table,
            .provisioner = provisioner_ ? &provisioner_->table : nullptr,
            .provisioner_api = provisioner_ ? &provisioner_->api : nullptr};
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
        sampling::FailureVerdicts(session_, link_check_, picture_, link_probes(), last_view_, around.store,
                                  counters_, around.clock, around.log),
        sampling::ChangeFollower({.key_count = config.servicenow.match.size(),
                                  .grace = config.drift.grace,
                                  .rows_interval = sampling::rows_interval(config.drift.interval),
                                  .users_table = config.servicenow.users.table},
                                 session_, link_check_, picture_, recent_users_, reader_.table, reader_.rows,
                                 around.store, around.clock, around.log),
        around.registry, around.clock, around.log);
    auto app_users = std::make_unique<sampling::AppUsersSampler>(
        sampling::AppUsersOptions{.interval = config.drift.interval,
                                  .page_size = config.okta.app_users.page_size,
                                  .key_count = config.servicenow.match.size()},
        session_, okta_, inputs_, around.registry, around.log);
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
        inputs_, reader_probes_, provisioner_cap_, last_view_, recent_users_, picture_, around.store,
        lookup_progress_, around.clock, around.log);

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

    link_check_.on_mass([this] { inputs_.want(); });

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
    around.scheduler.add(config.name, std::make_unique<sampling::GroupPushSampler>(
                                          std::min(config.drift.interval, kGroupPushInterval), session_,
                                          okta_, around.classifier, around.registry, around.log));
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

  const std::string okta_key_;
  auth::CredentialGate& okta_gate_;
  ConfiguredTransport okta_transport_;
  sampling::ApiObserver okta_observer_;
  std::unique_ptr<net::RequestSigner> okta_signer_;
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
  sampling::Picture picture_;
  sampling::LinkCheck link_check_;
  const bool needs_request_;
};

}  // namespace

Result<std::unique_ptr<Integration>> Integration::make(const config::Integration& config,
                                                       const Surroundings& surroundings) {
  for (const config::HttpConfig* http : {&config.okta.http, &config.servicenow.http}) {
    const ConfiguredTransport transport(surroundings.curl, *http, std::nullopt, surroundings.secrets);
    if (Result<void> tried = transport.try_out(); !tried) {
      return std::unexpected(std::move(tried.error()));
    }
  }
  return std::make_unique<IntegrationParts>(config, surroundings);
}

}  // namespace exporter::app
