#include "app/serving.h"

#include <optional>
#include <utility>

#include "app/systemd.h"
#include "metrics/catalogue.h"
#include "web/config_page.h"
#include "web/drift_page.h"
#include "web/failures_page.h"
#include "web/health.h"
#include "web/html.h"
#include "web/landing_page.h"
#include "web/metrics_handler.h"
#include "web/remedies.h"
#include "web/server.h"

namespace exporter::app {

namespace catalogue = metrics::catalogue;

namespace {

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

std::vector<web::StatusRow> status_rows(const sampling::SampleBook& samples) {
  std::vector<web::StatusRow> rows;
  for (sampling::SamplerStatus& status : samples.status()) {
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

void add_probes(web::Server& server, const std::string& prefix) {
  using Speed = web::Server::Speed;
  server.route("GET", prefix + "/-/healthy", "healthy", Speed::fast, web::make_healthy_handler());
  // Reached only when the configuration is loaded, the state is open and the server listens.
  server.route("GET", prefix + "/-/ready", "ready", Speed::fast,
               web::make_ready_handler([] { return true; }));
}

class Servers final : public Serving {
 public:
  Servers(Flags flags, Shown shown, Log& log)
      : flags_(std::move(flags)), shown_(std::move(shown)), log_(log), served_(shown_.registry) {}

  ~Servers() override { Servers::stop(); }

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
    return {};
  }

  void stop() override {
    if (server_) server_->stop();
    if (probe_server_) probe_server_->stop();
  }

 private:
  void add_routes(web::Server& server) {
    using Speed = web::Server::Speed;
    const std::string& prefix = flags_.route_prefix;
    web::LandingPage landing{.version = std::string(version())};
    landing.links[0].second = flags_.telemetry_path.substr(1);
    server.route(
        "GET", prefix + flags_.telemetry_path, "metrics", Speed::fast,
        web::make_metrics_handler(shown_.registry, shown_.clock, {.created = flags_.openmetrics_created}));
    server.route("GET", prefix + "/", "landing", Speed::fast,
                 web::make_landing_page_handler(
                     std::move(landing), [this] { return status_rows(shown_.samples); }, shown_.clock));
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
                                    .integrations = shown_.integration_names};
    const auto read_drift = [this](const storage::DriftQuery& query) {
      return shown_.store.drift_page(query);
    };
    const auto read_failures = [this](const storage::FailureQuery& query) {
      return shown_.store.failure_page(query);
    };
    server.route("GET", prefix + "/drift", "drift", Speed::slow,
                 web::make_drift_handler(people, read_drift, shown_.clock));
    server.route("GET", prefix + "/failures", "failures", Speed::slow,
                 web::make_failures_handler(people, read_failures, shown_.clock));
    server.route("GET", prefix + "/config", "config", Speed::slow,
                 web::make_config_handler(shown_.redacted_config));
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
    if (const Result<void> done = shown_.reload(); !done) {
      return web::text_response(500, "failed to reload: " + done.error().message + "\n");
    }
    return web::text_response(200, "reloaded\n");
  }

  const Flags flags_;
  const Shown shown_;
  Log& log_;
  ServedRequests served_;
  std::unique_ptr<web::Server> server_;
  std::unique_ptr<web::Server> probe_server_;
};

}  // namespace

std::unique_ptr<Serving> Serving::make(Flags flags, Shown shown, Log& log) {
  return std::make_unique<Servers>(std::move(flags), std::move(shown), log);
}

}  // namespace exporter::app
