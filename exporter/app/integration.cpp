#include "app/integration.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "app/clients.h"
#include "app/sampler_options.h"
#include "app/transport.h"
#include "sampling/access_changes_sampler.h"
#include "sampling/acl_probe_sampler.h"
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
#include "servicenow/row_lookup.h"

namespace exporter::app {

namespace {

constexpr config::Duration kTransactionInterval{60'000};
constexpr config::Duration kGroupPushInterval{15 * 60'000};

class IntegrationParts final : public Integration {
 public:
  IntegrationParts(const config::Integration& config, const Surroundings& around)
      : okta_(config, around),
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
        session_(session_options(config), okta_.client, around.store, counters_, around.samples,
                 around.registry, around.log),
        recent_users_(std::max(config.drift.grace, config.drift.interval) +
                      sampling::DriftInputs::keep_for(config.drift.interval)),
        picture_(session_, around.store, counters_, around.registry, around.log),
        link_check_(link_check_options(config), okta_.client, reader_probes_, provisioner_cap_, picture_,
                    recent_users_, around.store, around.clock, around.log),
        needs_request_(config.okta.app.id.empty()) {
    add_samplers(config, around);
  }

  Probes probes() override {
    return {.okta = okta_.client,
            .okta_api = okta_.api,
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
        system_log_options(config), session_, okta_.client, around.store, around.classifier, counters_,
        recent_users_,
        sampling::FailureVerdicts(session_, link_check_, picture_, link_probes(), last_view_, around.store,
                                  counters_, around.clock, around.log),
        sampling::ChangeFollower(change_follower_options(config), session_, link_check_, picture_,
                                 recent_users_, reader_.table, reader_.rows, around.store, around.clock,
                                 around.log),
        around.registry, around.clock, around.log);
    auto app_users = std::make_unique<sampling::AppUsersSampler>(
        app_users_options(config), session_, okta_.client, inputs_, around.registry, around.log);
    auto users = std::make_unique<sampling::UsersSampler>(
        users_options(config), session_, reader_.table, reader_lookup_, inputs_, around.registry, around.log);
    auto comparison = std::make_unique<sampling::ComparisonSampler>(
        config.drift.interval, comparison_options(config), session_, inputs_, reader_probes_,
        provisioner_cap_, last_view_, recent_users_, picture_, around.store, lookup_progress_, around.clock,
        around.log);

    session_.on_open([&sampler = *system_log](const auto& opened) { return sampler.restore(opened); });
    session_.on_open([&sampler = *comparison](const auto& opened) { return sampler.restore(opened); });
    const auto trigger = [&scheduler = around.scheduler, name = config.name](std::string_view sampler,
                                                                             Scheduler::WhenRunning when) {
      return [&scheduler, name, sampler, when] { scheduler.trigger(name, sampler, when); };
    };
    inputs_.connect({.ready = trigger("comparison", Scheduler::WhenRunning::run_again),
                     .incomplete = [&sampler = *comparison] { sampler.mark_incomplete(); },
                     .want_links = trigger("app_users", Scheduler::WhenRunning::leave),
                     .want_rows = trigger("users", Scheduler::WhenRunning::leave),
                     .want_rows_beside = [&scheduler = around.scheduler,
                                          name = config.name] { scheduler.trigger_beside(name, "users"); }});

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
                                          okta_.client, around.classifier, around.registry, around.log));
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

  OktaAccount okta_;
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
