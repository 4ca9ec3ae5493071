// Serves a registry of as many series as asked for, as the exporter serves its own: what tests/bench/scrapes
// measures.
//
//   bench_scrape_server <series> <port> [updates per second]
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/registry.h"
#include "web/metrics_handler.h"
#include "web/server.h"

namespace {

using namespace exporter;

class Served final : public web::ServerObserver {
 public:
  explicit Served(metrics::Registry& registry) : registry_(registry) {}
  void on_served(std::string_view handler, int code) override {
    registry_.add(metrics::catalogue::http_requests_total, {std::string(handler), std::to_string(code)});
  }

 private:
  metrics::Registry& registry_;
};

// Of the shape that integrations have: counters of failures by operation and reason, one group per
// integration.
void fill(metrics::Registry& registry, std::size_t series, double value) {
  const metrics::Metric& metric = metrics::catalogue::okta_provisioning_task_failures_total;
  for (std::size_t done = 0, integration = 0; done < series; ++integration) {
    const std::string name = "integration-" + std::to_string(integration);
    metrics::Snapshot snapshot;
    for (const std::string_view operation : metric.labels[1].values) {
      for (const std::string_view reason : metric.labels[2].values) {
        if (done++ >= series) break;
        snapshot.push_back({&metric, {name, std::string(operation), std::string(reason)}, value});
      }
    }
    registry.publish(name + "/counters", std::move(snapshot));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: bench_scrape_server <series> <port> [updates per second]\n";
    return 2;
  }
  const std::size_t series = std::strtoul(argv[1], nullptr, 10);
  const double updates = argc > 3 ? std::strtod(argv[3], nullptr) : 0;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const RealClock clock;
  const auto log = make_log(LogLevel::warn, LogFormat::logfmt);
  metrics::Registry registry(clock);
  fill(registry, series, 1);
  Served served(registry);
  web::ServerOptions options;
  options.listen_addresses = {std::string("127.0.0.1:") + argv[2]};
  web::Server server(options, *log, served);
  server.route("GET", "/metrics", "metrics", web::Server::Speed::fast,
               web::make_metrics_handler(registry, clock));
  if (const auto started = server.start(); !started) {
    std::cerr << started.error().message << '\n';
    return 1;
  }
  std::cout << server.addresses().front() << std::endl;
  // What samplers do meanwhile: each update makes the next scrape render again.
  std::jthread sampler;
  if (updates > 0) {
    sampler = std::jthread([&](const std::stop_token& stop) {
      for (double value = 2; !stop.stop_requested(); ++value) {
        clock.sleep_until(clock.steady_now() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                   std::chrono::duration<double>(1 / updates)),
                          stop);
        registry.publish("integration-0/counters",
                         {{&metrics::catalogue::okta_up, {"integration-0"}, value}});
      }
    });
  }
  int number = 0;
  sigwait(&signals, &number);
  server.stop();
  return 0;
}
