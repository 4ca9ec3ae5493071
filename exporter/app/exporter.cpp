#include "app/exporter.h"

#include <algorithm>
#include <random>
#include <utility>

#include "app/integration.h"
#include "config/secret.h"
#include "metrics/catalogue.h"
#include "metrics/registry.h"
#include "metrics/text_format.h"
#include "net/curl_transport.h"
#include "provisioning/classifier.h"
#include "sampling/sample_book.h"
#include "sampling/scheduler.h"
#include "storage/store.h"
#include "web/health.h"
#include "web/html.h"
#include "web/landing_page.h"
#include "web/metrics_handler.h"
#include "web/server.h"

namespace exporter::app {

namespace catalogue = metrics::catalogue;

namespace {

// Two long listings an integration at once, and threads beside them so that no System Log waits for a
// listing.
int sampler_threads(std::size_t integrations) {
  return static_cast<int>(std::min<std::size_t>(2 * integrations + 2, 32));
}

class ServedRequests final : public web::ServerObserver {
 public:
  explicit ServedRequests(metrics::Registry& registry) : registry_(registry) {}
  void on_served(std::string_view handler, int code) override {
    registry_.add(catalogue::http_requests_total, {std::string(handler), std::to_string(code)});
  }

 private:
  metrics::Registry& registry_;
};

std::vector<provisioning::ConfiguredRule> configured_rules(const config::Config& config) {
  std::vector<provisioning::ConfiguredRule> rules;
  for (const config::ClassificationRule& rule : config.classification) {
    const auto* const reason = std::ranges::find(provisioning::kReasons, rule.reason);
    rules.push_back(
        {.match = rule.match,
         .reason = static_cast<provisioning::Reason>(reason - std::begin(provisioning::kReasons))});
  }
  return rules;
}

web::ServerOptions server_options(const Flags& flags) {
  web::ServerOptions options;
  options.listen_addresses.clear();
  for (const ListenAddress& address : flags.listen_addresses) {
    const bool v6 = address.host.find(':') != std::string::npos;
    options.listen_addresses.push_back((v6 ? "[" + address.host + "]" : address.host) + ":" +
                                       std::to_string(address.port));
  }
  options.max_requests = flags.max_requests;
  return options;
}

class ExporterParts final : public Exporter {
 public:
  ExporterParts(Flags flags, provisioning::Classifier classifier, std::unique_ptr<storage::Store> store,
                std::chrono::milliseconds sample_timeout, int threads, const Clock& clock, Log& log)
      : flags_(std::move(flags)),
        clock_(clock),
        log_(log),
        registry_(clock),
        classifier_(std::move(classifier)),
        store_(std::move(store)),
        samples_(registry_, log, [this] { publish_storage_size(); }),
        scheduler_({.threads = threads, .sample_timeout = sample_timeout, .seed = std::random_device{}()},
                   clock, samples_),
        served_(registry_),
        server_(server_options(flags_), log, served_) {}

  ~ExporterParts() override { ExporterParts::stop(); }

  Result<void> add_integrations(const config::Config& config) {
    registry_.set(catalogue::build_info, {std::string(version()), EXPORTER_REVISION, EXPORTER_COMPILER}, 1);
    registry_.set(catalogue::config_last_reload_successful, {}, 1);
    registry_.set(catalogue::config_last_reload_success_timestamp_seconds, {}, to_seconds(clock_.now()));
    for (const config::Integration& integration : config.integrations) {
      Result<std::unique_ptr<Integration>> made = Integration::make(integration, {.curl = curl_,
                                                                                  .clock = clock_,
                                                                                  .log = log_,
                                                                                  .secrets = secrets_,
                                                                                  .registry = registry_,
                                                                                  .store = *store_,
                                                                                  .classifier = classifier_,
                                                                                  .samples = samples_,
                                                                                  .scheduler = scheduler_});
      if (!made) {
        return std::unexpected(std::move(made.error()));
      }
      if (Result<void> restored = (*made)->restore(); !restored) {
        return restored;
      }
      integrations_.push_back(std::move(*made));
    }
    return {};
  }

  Result<void> start() override {
    using Speed = web::Server::Speed;
    web::LandingPage landing{.version = std::string(version())};
    landing.links[0].second = flags_.telemetry_path.substr(1);
    server_.route("GET", flags_.telemetry_path, "metrics", Speed::fast, web::make_metrics_handler(registry_));
    server_.route(
        "GET", "/", "landing", Speed::fast,
        web::make_landing_page_handler(std::move(landing), [this] { return status_rows(); }, clock_));
    server_.route("GET", "/style.css", "landing", Speed::fast, web::make_stylesheet_handler());
    server_.route("GET", "/-/healthy", "healthy", Speed::fast, web::make_healthy_handler());
    server_.route("GET", "/-/ready", "ready", Speed::fast, web::make_ready_handler([] { return true; }));
    if (Result<void> started = server_.start(); !started) {
      return started;
    }
    for (const std::string& address : server_.addresses()) {
      log_.info("listening", {{"address", address}, {"telemetry_path", flags_.telemetry_path}});
    }
    scheduler_.start();
    return {};
  }

  void stop() override {
    scheduler_.stop();
    server_.stop();
  }

  int sample_once() override { return scheduler_.run_once(); }

  std::string exposition(bool gauges_only) const override {
    std::vector<metrics::Family> families = registry_.collect();
    if (gauges_only) {
      std::erase_if(families, [](const metrics::Family& family) {
        return family.metric->type != metrics::Type::gauge;
      });
    }
    return metrics::render_text(families);
  }

 private:
  // After each sample and not at a scrape, which must not wait for a transaction.
  void publish_storage_size() {
    registry_.set(catalogue::storage_size_bytes, {}, static_cast<double>(store_->size_bytes()));
  }

  std::vector<web::StatusRow> status_rows() const {
    std::vector<web::StatusRow> rows;
    for (sampling::SamplerStatus& status : samples_.status()) {
      using State = web::StatusRow::State;
      State state = State::waiting;
      std::optional<ErrorClass> error_class;
      if (status.last_error) {
        state = State::failing;
        error_class = status.last_error->error_class;
      } else if (status.last_run) {
        state = State::ok;
      }
      rows.push_back({.integration = std::move(status.integration),
                      .sampler = std::move(status.sampler),
                      .interval = status.interval,
                      .state = state,
                      .last_success = status.last_success,
                      .last_error = error_class});
    }
    return rows;
  }

  const Flags flags_;
  const Clock& clock_;
  Log& log_;
  net::CurlGlobal curl_;
  config::SystemSecretSource secrets_;
  metrics::Registry registry_;
  provisioning::Classifier classifier_;
  std::unique_ptr<storage::Store> store_;
  sampling::SampleBook samples_;
  std::vector<std::unique_ptr<Integration>> integrations_;  // before the scheduler, whose samplers use them
  sampling::Scheduler scheduler_;
  ServedRequests served_;
  web::Server server_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> Exporter::make(const Flags& flags, const config::Config& config,
                                                 const Clock& clock, Log& log) {
  Result<provisioning::Classifier> classifier = provisioning::Classifier::make(configured_rules(config));
  if (!classifier) {
    return std::unexpected(std::move(classifier.error()));
  }
  const std::string path = flags.storage_path.empty() ? std::string(kMemoryStorage) : flags.storage_path;
  Result<std::unique_ptr<storage::Store>> store = storage::open_store(
      {.path = path, .reset_counters = flags.reset_counters, .keep_resolved = config.global.keep_resolved},
      clock, log);
  if (!store) {
    return std::unexpected(std::move(store.error()));
  }
  auto exporter = std::make_unique<ExporterParts>(flags, std::move(*classifier), std::move(*store),
                                                  config.global.sample_timeout,
                                                  sampler_threads(config.integrations.size()), clock, log);
  if (Result<void> added = exporter->add_integrations(config); !added) {
    return std::unexpected(std::move(added.error()));
  }
  return exporter;
}

}  // namespace exporter::app
