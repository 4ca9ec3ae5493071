#include "app/exporter.h"

#include <algorithm>
#include <random>
#include <utility>

#include "app/check.h"
#include "app/integration.h"
#include "app/systemd.h"
#include "base/mutex.h"
#include "config/secret.h"
#include "metrics/catalogue.h"
#include "metrics/registry.h"
#include "metrics/text_format.h"
#include "net/curl_transport.h"
#include "provisioning/classifier.h"
#include "sampling/sample_book.h"
#include "sampling/scheduler.h"
#include "storage/store.h"
#include "web/config_page.h"
#include "web/health.h"
#include "web/html.h"
#include "web/landing_page.h"
#include "web/metrics_handler.h"
#include "web/people_pages.h"
#include "web/remedies.h"
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
  void on_certificate(std::optional<SystemTime> not_after) override {
    if (not_after) {
      registry_.set(catalogue::web_certificate_expiry_timestamp_seconds, {}, to_seconds(*not_after));
    } else {
      registry_.remove(catalogue::web_certificate_expiry_timestamp_seconds, {});
    }
  }
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

std::string to_text(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

web::ServerOptions server_options(const Flags& flags) {
  web::ServerOptions options;
  options.listen_addresses.clear();
  for (const ListenAddress& address : flags.listen_addresses) {
    options.listen_addresses.push_back(to_text(address));
  }
  options.max_requests = flags.max_requests;
  options.web_config_file = flags.web_config_file;
  return options;
}

web::ServerOptions probe_options(const Flags& flags) {
  web::ServerOptions options;
  options.listen_addresses = {to_text(flags.probe_address.value_or(ListenAddress()))};
  options.max_connections = 64;
  return options;
}

Error bad_configuration(std::string message) {
  return {.error_class = ErrorClass::malformed, .message = std::move(message)};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

// What is made of an integration of the configuration while it runs.
struct Running {
  config::Integration config;
  std::shared_ptr<const provisioning::Classifier> classifier;  // outlives the integration
  std::unique_ptr<Integration> integration;
};

class ExporterParts final : public Exporter {
 public:
  ExporterParts(Flags flags, std::unique_ptr<storage::Store> store, std::chrono::milliseconds sample_timeout,
                int threads, const Clock& clock, Log& log)
      : flags_(std::move(flags)),
        clock_(clock),
        log_(log),
        registry_(clock),
        store_(std::move(store)),
        samples_(registry_, log, [this] { publish_storage_size(); }),
        scheduler_({.threads = threads, .sample_timeout = sample_timeout, .seed = std::random_device{}()},
                   clock, samples_),
        served_(registry_) {}

  ~ExporterParts() override { ExporterParts::stop(); }

  Result<void> begin(const config::LoadedConfig& loaded) {
    registry_.set(catalogue::build_info, {std::string(version()), EXPORTER_REVISION, EXPORTER_COMPILER}, 1);
    auto classifier = make_classifier(loaded.config);
    if (!classifier) {
      return std::unexpected(std::move(classifier.error()));
    }
    const MutexLock lock(reload_mutex_);
    for (const config::Integration& integration : loaded.config.integrations) {
      if (Result<void> started = start_integration(integration, *classifier); !started) {
        return started;
      }
    }
    take_into_force(loaded);
    return {};
  }

  Result<void> start() override {
    web::ServerOptions options = server_options(flags_);
    if (flags_.systemd_socket) {
      Result<std::vector<int>> sockets = take_systemd_sockets();
      if (!sockets) {
        return std::unexpected(std::move(sockets.error()));
      }
      options.inherited_sockets = std::move(*sockets);
    }
    server_ = std::make_unique<web::Server>(std::move(options), log_, served_);
    add_routes(*server_);
    if (Result<void> started = server_->start(); !started) {
      return started;
    }
    if (flags_.probe_address) {
      probe_server_ = std::make_unique<web::Server>(probe_options(flags_), log_, served_);
      add_probes(*probe_server_, "");
      if (Result<void> started = probe_server_->start(); !started) {
        return started;
      }
      log_.info("listening for probes", {{"address", probe_server_->addresses().front()}});
    }
    for (const std::string& address : server_->addresses()) {
      log_.info("listening",
                {{"address", address}, {"telemetry_path", flags_.route_prefix + flags_.telemetry_path}});
    }
    scheduler_.start();
    return {};
  }

  Result<void> reload() override {
    const MutexLock lock(reload_mutex_);
    if (stopped_) {
      return std::unexpected(
          Error{.error_class = ErrorClass::cancelled, .message = "the exporter is stopping"});
    }
    Result<void> done = try_reload();
    if (done) {
      log_.info("the configuration was read again", {{"config", flags_.config_file}});
    } else {
      registry_.set(catalogue::config_last_reload_successful, {}, 0);
      log_.error("the configuration can't be used; the one before it stays in force",
                 {{"config", flags_.config_file}, {"error", done.error().message}});
    }
    return done;
  }

  void stop() override {
    {
      const MutexLock lock(reload_mutex_);
      stopped_ = true;
    }
    scheduler_.stop();
    if (server_) server_->stop();
    if (probe_server_) probe_server_->stop();
  }

  int sample_once() override { return scheduler_.run_once(); }

  std::vector<IntegrationReport> check() override {
    const MutexLock lock(reload_mutex_);
    std::vector<IntegrationReport> reports;
    for (const Running& running : running_) {
      reports.push_back(check_integration(running.config, running.integration->probes(), clock_));
    }
    return reports;
  }

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
  using SharedClassifier = std::shared_ptr<const provisioning::Classifier>;

  static Result<SharedClassifier> make_classifier(const config::Config& config) {
    Result<provisioning::Classifier> made = provisioning::Classifier::make(configured_rules(config));
    if (!made) {
      return std::unexpected(std::move(made.error()));
    }
    return std::make_shared<const provisioning::Classifier>(std::move(*made));
  }

  // Whether an integration can be made of it; nothing of it is kept, and nothing is asked of anybody.
  Result<void> try_out(const config::Integration& config, const provisioning::Classifier& classifier) {
    metrics::Registry registry(clock_);
    sampling::SampleBook samples(registry, log_);
    sampling::Scheduler scheduler({}, clock_, samples);
    const auto made = Integration::make(config, {.curl = curl_,
                                                 .clock = clock_,
                                                 .log = log_,
                                                 .secrets = secrets_,
                                                 .registry = registry,
                                                 .store = *store_,
                                                 .classifier = classifier,
                                                 .samples = samples,
                                                 .scheduler = scheduler});
    if (!made) {
      return std::unexpected(made.error());
    }
    return {};
  }

  Result<void> start_integration(const config::Integration& config, const SharedClassifier& classifier)
      REQUIRES(reload_mutex_) {
    Result<std::unique_ptr<Integration>> made = Integration::make(config, {.curl = curl_,
                                                                           .clock = clock_,
                                                                           .log = log_,
                                                                           .secrets = secrets_,
                                                                           .registry = registry_,
                                                                           .store = *store_,
                                                                           .classifier = *classifier,
                                                                           .samples = samples_,
                                                                           .scheduler = scheduler_});
    if (!made) {
      return std::unexpected(std::move(made.error()));
    }
    if (Result<void> restored = (*made)->restore(); !restored) {
      forget(config.name);
      return restored;
    }
    running_.push_back({.config = config, .classifier = classifier, .integration = std::move(*made)});
    return {};
  }

  // What the samplers of an integration left behind; its state stays.
  void forget(const std::string& name) {
    scheduler_.remove(name);
    samples_.forget(name);
    registry_.retract(name);
  }

  Result<void> try_reload() REQUIRES(reload_mutex_) {
    const config::LoadResult loaded = config::load_config(flags_.config_file);
    if (!loaded) {
      std::vector<std::string> lines;
      for (const config::ConfigError& error : loaded.error()) lines.push_back(error.to_string());
      return std::unexpected(bad_configuration(joined(lines)));
    }
    if (const auto missing = config::unsupported(loaded->config); !missing.empty()) {
      return std::unexpected(bad_configuration(joined(missing)));
    }
    const bool same_rules = loaded->config.classification == config_.classification;
    auto classifier = same_rules && !running_.empty() ? Result<SharedClassifier>(running_.front().classifier)
                                                      : make_classifier(loaded->config);
    if (!classifier) {
      return std::unexpected(std::move(classifier.error()));
    }
    const auto& wanted = loaded->config.integrations;
    const auto stays = [this, same_rules](const config::Integration& config) REQUIRES(reload_mutex_) {
      return same_rules && std::ranges::find(running_, config, &Running::config) != running_.end();
    };
    for (const config::Integration& config : wanted) {
      if (stays(config)) continue;
      if (Result<void> tried = try_out(config, **classifier); !tried) {
        return tried;
      }
    }
    // From here on the new configuration is in force.
    for (const std::string& warning : loaded->warnings) log_.warn(warning);
    std::erase_if(running_, [&](Running& running) {
      if (same_rules && std::ranges::find(wanted, running.config) != wanted.end()) return false;
      log_.info("an integration ends", {{"integration", running.config.name}});
      forget(running.config.name);
      return true;
    });
    scheduler_.set_sample_timeout(loaded->config.global.sample_timeout);
    scheduler_.want_threads(sampler_threads(wanted.size()));
    Result<void> result;
    for (const config::Integration& config : wanted) {
      if (stays(config)) continue;
      log_.info("an integration starts", {{"integration", config.name}});
      if (const Result<void> started = start_integration(config, *classifier); !started) {
        result = started;
      }
    }
    take_into_force(*loaded);
    return result;
  }

  void take_into_force(const config::LoadedConfig& loaded) REQUIRES(reload_mutex_) {
    config_ = loaded.config;
    registry_.set(catalogue::config_last_reload_successful, {}, 1);
    registry_.set(catalogue::config_last_reload_success_timestamp_seconds, {}, to_seconds(clock_.now()));
    auto redacted = std::make_shared<const std::string>(loaded.redacted);
    std::vector<std::string> names;
    for (const config::Integration& integration : config_.integrations) names.push_back(integration.name);
    const MutexLock lock(shown_mutex_);
    shown_config_.swap(redacted);
    shown_names_.swap(names);
  }

  std::vector<std::string> integration_names() const {
    const MutexLock lock(shown_mutex_);
    return shown_names_;
  }

  std::shared_ptr<const std::string> shown_config() const {
    const MutexLock lock(shown_mutex_);
    return shown_config_;
  }

  static void add_probes(web::Server& server, const std::string& prefix) {
    using Speed = web::Server::Speed;
    server.route("GET", prefix + "/-/healthy", "healthy", Speed::fast, web::make_healthy_handler());
    // Reached only when the configuration is loaded, the state is open and the server listens.
    server.route("GET", prefix + "/-/ready", "ready", Speed::fast,
                 web::make_ready_handler([] { return true; }));
  }

  void add_routes(web::Server& server) {
    using Speed = web::Server::Speed;
    const std::string& prefix = flags_.route_prefix;
    web::LandingPage landing{.version = std::string(version())};
    landing.links[0].second = flags_.telemetry_path.substr(1);
    server.route("GET", prefix + flags_.telemetry_path, "metrics", Speed::fast,
                 web::make_metrics_handler(registry_, clock_, {.created = flags_.openmetrics_created}));
    server.route(
        "GET", prefix + "/", "landing", Speed::fast,
        web::make_landing_page_handler(std::move(landing), [this] { return status_rows(); }, clock_));
    if (!prefix.empty()) {
      const auto redirect = [target = prefix + "/"](const web::WebRequest&) {
        web::WebResponse response = web::text_response(302, "");
        response.headers.emplace_back("Location", target);
        return response;
      };
      server.route("GET", "/", "landing", Speed::fast, redirect);
      server.route("GET", prefix, "landing", Speed::fast, redirect);
    }
    server.route("GET", prefix + "/style.css", "landing", Speed::fast, web::make_stylesheet_handler());
    server.route("GET", prefix + "/runbook", "runbook", Speed::fast, web::make_runbook_handler());
    const web::PeopleOptions people{.show_users = static_cast<web::ShowUsers>(flags_.show_users),
                                    .external_url = flags_.external_url,
                                    .integrations = [this] { return integration_names(); }};
    const auto read_drift = [this](const storage::DriftQuery& query) { return store_->drift_page(query); };
    const auto read_failures = [this](const storage::FailureQuery& query) {
      return store_->failure_page(query);
    };
    server.route("GET", prefix + "/drift", "drift", Speed::slow,
                 web::make_drift_handler(people, read_drift, clock_));
    server.route("GET", prefix + "/failures", "failures", Speed::slow,
                 web::make_failures_handler(people, read_failures, clock_));
    server.route("GET", prefix + "/config", "config", Speed::slow,
                 web::make_config_handler([this] { return shown_config(); }));
    server.route("POST", prefix + "/-/reload", "reload", Speed::slow,
                 [this](const web::WebRequest& request) { return answer_reload(request); });
    add_probes(server, prefix);
  }

  web::WebResponse answer_reload(const web::WebRequest& request) {
    if (!flags_.enable_lifecycle) {
      return web::text_response(403,
                                "Reloading over HTTP is off; switch it on with --web.enable-lifecycle.\n");
    }
    if (!request.same_origin) {
      return web::text_response(403, "This request comes from a page of another site.\n");
    }
    if (const Result<void> done = reload(); !done) {
      return web::text_response(500, "failed to reload: " + done.error().message + "\n");
    }
    return web::text_response(200, "reloaded\n");
  }

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
  std::unique_ptr<storage::Store> store_;
  sampling::SampleBook samples_;
  Mutex reload_mutex_;
  bool stopped_ GUARDED_BY(reload_mutex_) = false;
  config::Config config_ GUARDED_BY(reload_mutex_);
  std::vector<Running> running_ GUARDED_BY(reload_mutex_);  // before the scheduler, whose samplers use them
  mutable Mutex shown_mutex_;
  std::shared_ptr<const std::string> shown_config_ GUARDED_BY(shown_mutex_);
  std::vector<std::string> shown_names_ GUARDED_BY(shown_mutex_);
  sampling::Scheduler scheduler_;
  ServedRequests served_;
  std::unique_ptr<web::Server> server_;
  std::unique_ptr<web::Server> probe_server_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> Exporter::make(const Flags& flags, const config::LoadedConfig& loaded,
                                                 const Clock& clock, Log& log) {
  // check works beside a running exporter, which holds the state.
  const bool in_memory = flags.storage_path.empty() || flags.command == Command::check;
  const std::string path = in_memory ? std::string(kMemoryStorage) : flags.storage_path;
  Result<std::unique_ptr<storage::Store>> store =
      storage::open_store({.path = path,
                           .reset_counters = flags.reset_counters,
                           .keep_resolved = loaded.config.global.keep_resolved},
                          clock, log);
  if (!store) {
    return std::unexpected(std::move(store.error()));
  }
  auto exporter =
      std::make_unique<ExporterParts>(flags, std::move(*store), loaded.config.global.sample_timeout,
                                      sampler_threads(loaded.config.integrations.size()), clock, log);
  if (Result<void> begun = exporter->begin(loaded); !begun) {
    return std::unexpected(std::move(begun.error()));
  }
  return exporter;
}

}  // namespace exporter::app
