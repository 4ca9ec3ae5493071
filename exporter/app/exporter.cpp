#include "app/exporter.h"

#include <algorithm>
#include <random>
#include <utility>

#include "app/check.h"
#include "app/integration.h"
#include "app/serving.h"
#include "auth/account_book.h"
#include "base/mutex.h"
#include "config/secret.h"
#include "metrics/catalogue.h"
#include "metrics/registry.h"
#include "metrics/text_format.h"
#include "net/curl_transport.h"
#include "net/rate_budget.h"
#include "provisioning/classifier.h"
#include "sampling/sample_book.h"
#include "sampling/scheduler.h"
#include "storage/pauses_file.h"
#include "storage/store.h"

namespace exporter::app {

namespace catalogue = metrics::catalogue;

namespace {

// Two long listings an integration at once, and threads beside them so that no System Log waits for a
// listing.
int sampler_threads(std::size_t integrations) {
  return static_cast<int>(std::min<std::size_t>(2 * integrations + 2, 32));
}

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

Error bad_configuration(std::string message) {
  return {.error_class = ErrorClass::malformed, .message = std::move(message)};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

bool keeps_state(const Flags& flags) {
  return !flags.storage_path.empty() && flags.storage_path != kMemoryStorage;
}

std::vector<auth::StoredPause> stored_pauses(const Flags& flags, Log& log) {
  if (!keeps_state(flags) || flags.force) {
    return {};
  }
  Result<std::vector<auth::StoredPause>> pauses = storage::read_pauses(flags.storage_path);
  if (!pauses) {
    log.error("the pauses of refused accounts can't be read", {{"error", pauses.error().message}});
    return {};
  }
  return std::move(*pauses);
}

// The command check writes nothing.
auth::AccountBook::Store pause_store(const Flags& flags, Log& log) {
  if (!keeps_state(flags) || flags.command == Command::check) {
    return {};
  }
  return [path = flags.storage_path, &log](const std::vector<auth::StoredPause>& pauses) {
    if (const Result<void> written = storage::write_pauses(path, pauses); !written) {
      log.error("the pauses of refused accounts can't be stored", {{"error", written.error().message}});
    }
  };
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
        upstreams_(clock),
        accounts_(clock, stored_pauses(flags_, log), pause_store(flags_, log)),
        registry_(clock),
        store_(std::move(store)),
        samples_(registry_, log, [this] { publish_storage_size(); }),
        scheduler_({.threads = threads, .sample_timeout = sample_timeout, .seed = std::random_device{}()},
                   clock, samples_),
        serving_(Serving::make(flags_,
                               {.clock = clock,
                                .registry = registry_,
                                .store = *store_,
                                .samples = samples_,
                                .integration_names = [this] { return integration_names(); },
                                .redacted_config = [this] { return shown_config(); },
                                .reload = [this] { return reload(); }},
                               log)) {}

  ~ExporterParts() override { ExporterParts::stop(); }

  Result<void> begin(const config::LoadedConfig& loaded) {
    registry_.set(catalogue::build_info, {std::string(version()), EXPORTER_REVISION, EXPORTER_COMPILER}, 1);
    auto classifier = make_classifier(loaded.config);
    if (!classifier) {
      return std::unexpected(std::move(classifier.error()));
    }
    const MutexLock lock(reload_mutex_);
    for (const config::Integration& integration : loaded.config.integrations) {
      if (Result<void> started =
              start_integration(integration, *classifier, loaded.config.global.sample_timeout);
          !started) {
        return started;
      }
    }
    take_into_force(loaded);
    return {};
  }

  Result<void> start() override {
    if (Result<void> started = serving_->start(); !started) {
      return started;
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
    serving_->stop();
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

  Surroundings surroundings(metrics::Registry& registry, sampling::SampleBook& samples,
                            sampling::Scheduler& scheduler, const provisioning::Classifier& classifier,
                            std::chrono::milliseconds sample_timeout) {
    return {.curl = curl_,
            .clock = clock_,
            .log = log_,
            .secrets = secrets_,
            .registry = registry,
            .store = *store_,
            .classifier = classifier,
            .samples = samples,
            .scheduler = scheduler,
            .accounts = accounts_,
            .upstreams = upstreams_,
            .sample_timeout = sample_timeout};
  }

  // Whether an integration can be made of it; nothing of it is kept, and nothing is asked of anybody.
  Result<void> try_out(const config::Integration& config, const provisioning::Classifier& classifier) {
    metrics::Registry registry(clock_);
    sampling::SampleBook samples(registry, log_);
    sampling::Scheduler scheduler({}, clock_, samples);
    const auto made = Integration::make(
        config, surroundings(registry, samples, scheduler, classifier, std::chrono::milliseconds(0)));
    if (!made) {
      return std::unexpected(made.error());
    }
    return {};
  }

  Result<void> start_integration(const config::Integration& config, const SharedClassifier& classifier,
                                 std::chrono::milliseconds sample_timeout) REQUIRES(reload_mutex_) {
    Result<std::unique_ptr<Integration>> made =
        Integration::make(config, surroundings(registry_, samples_, scheduler_, *classifier, sample_timeout));
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
    const bool same_rules = loaded->config.classification == config_.classification;
    const std::chrono::milliseconds sample_timeout = loaded->config.global.sample_timeout;
    const bool same_basis = same_rules && sample_timeout == config_.global.sample_timeout;
    auto classifier = same_rules && !running_.empty() ? Result<SharedClassifier>(running_.front().classifier)
                                                      : make_classifier(loaded->config);
    if (!classifier) {
      return std::unexpected(std::move(classifier.error()));
    }
    const auto& wanted = loaded->config.integrations;
    const auto stays = [this, same_basis](const config::Integration& config) REQUIRES(reload_mutex_) {
      return same_basis && std::ranges::find(running_, config, &Running::config) != running_.end();
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
      if (same_basis && std::ranges::find(wanted, running.config) != wanted.end()) return false;
      log_.info("an integration ends", {{"integration", running.config.name}});
      forget(running.config.name);
      return true;
    });
    scheduler_.set_sample_timeout(sample_timeout);
    scheduler_.want_threads(sampler_threads(wanted.size()));
    Result<void> result;
    for (const config::Integration& config : wanted) {
      if (stays(config)) continue;
      log_.info("an integration starts", {{"integration", config.name}});
      if (const Result<void> started = start_integration(config, *classifier, sample_timeout); !started) {
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

  // After each sample and not at a scrape, which must not wait for a transaction.
  void publish_storage_size() {
    registry_.set(catalogue::storage_size_bytes, {}, static_cast<double>(store_->size_bytes()));
  }

  const Flags flags_;
  const Clock& clock_;
  Log& log_;
  net::CurlGlobal curl_;
  config::SystemSecretSource secrets_;
  // A reload forgets neither what was asked of the vendors' limits nor which accounts are left alone.
  net::Upstreams upstreams_;
  auth::AccountBook accounts_;
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
  std::unique_ptr<Serving> serving_;
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
