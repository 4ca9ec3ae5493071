#include "integration/world.h"

#include <chrono>
#include <cmath>
#include <exception>
#include <stdexcept>

#include <gtest/gtest.h>
#include <httplib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

namespace integration {

namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* kAppId = "0oaIntegration000001";

// Polls a condition of another process; there is nothing to wait on but its answers.
bool eventually(const std::function<bool()>& condition, double seconds) {
  const auto deadline = Steady::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (Steady::now() > deadline) {
      return false;
    }
    ::poll(nullptr, 0, 20);
  }
  return true;
}

std::pair<std::string, std::string> split_url(const std::string& url) {
  const std::size_t path = url.find('/', url.find("://") + 3);
  return path == std::string::npos ? std::pair{url, std::string("/")}
                                   : std::pair{url.substr(0, path), url.substr(path)};
}

HttpAnswer to_answer(const httplib::Result& result, const std::string& url) {
  if (!result) {
    throw std::runtime_error("no answer from " + url + ": " + httplib::to_string(result.error()));
  }
  return {.status = result->status,
          .body = result->body,
          .content_type = result->get_header_value("Content-Type")};
}

std::filesystem::path make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "exporter-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a directory for the test");
  }
  return name;
}

}  // namespace

HttpAnswer http_get(const std::string& url, const std::string& accept_encoding,
                    const std::map<std::string, std::string>& headers) {
  const auto [origin, path] = split_url(url);
  httplib::Client client(origin);
  client.set_decompress(false);
  httplib::Headers fields{{"Accept-Encoding", accept_encoding}};
  fields.insert(headers.begin(), headers.end());
  return to_answer(client.Get(path.c_str(), fields), url);
}

HttpAnswer http_post(const std::string& url, const std::string& body) {
  const auto [origin, path] = split_url(url);
  httplib::Client client(origin);
  client.set_read_timeout(60);
  return to_answer(client.Post(path.c_str(), body, "application/json"), url);
}

Counts nonzero(const nlohmann::json& object) {
  Counts counts;
  for (const auto& [key, value] : object.items()) {
    if (value.get<double>() != 0) {
      counts[key] = value.get<double>();
    }
  }
  return counts;
}

std::string iso_now() {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  char millis[8];
  std::snprintf(millis, sizeof millis, ".%03dZ", static_cast<int>(now.time_since_epoch().count() % 1000));
  return std::string(text) + millis;
}

World::World(WorldOptions options)
    : exporter_arguments_(options.exporter_arguments), directory_(make_directory()) {
  std::vector<std::string> command{SIMULATOR_BINARY, "--scenario", options.scenario, "--users",
                                   std::to_string(options.users), "--seed", std::to_string(options.seed),
                                   "--okta-listen", "127.0.0.1:0", "--servicenow-listen", "127.0.0.1:0",
                                   "--control-listen", "127.0.0.1:0", "--app-id", kAppId, "--addresses-file",
                                   (directory_ / "addresses").string(),
                                   // These worlds ask far more often than a real one.
                                   "--rate-limit", "1000000"};
  if (options.tls) {
    const std::string key = (directory_ / "key.pem").string();
    const std::string certificate = (directory_ / "certificate.pem").string();
    const Finished made = run_to_end(
        directory_, {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                     "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=simulator", "-addext",
                     "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", key, "-out", certificate});
    if (made.code != 0) {
      throw std::runtime_error("openssl made no certificate: " + made.errors);
    }
    command.insert(command.end(), {"--tls-cert", certificate, "--tls-key", key});
  }
  command.insert(command.end(), options.simulator_arguments.begin(), options.simulator_arguments.end());
  simulator_ = std::make_unique<Process>(directory_, "simulator", command);
  if (!eventually([&] { return std::filesystem::exists(directory_ / "addresses") || !simulator_->running(); },
                  60) ||
      !simulator_->running()) {
    throw std::runtime_error("the simulator did not start: " + simulator_->errors());
  }
  const auto addresses = nlohmann::json::parse(read_file(directory_ / "addresses"));
  control_url_ = addresses.at("control");
  okta_url_ = options.okta_url.empty() ? addresses.at("okta").get<std::string>() : options.okta_url;
  servicenow_url_ =
      options.servicenow_url.empty() ? addresses.at("servicenow").get<std::string>() : options.servicenow_url;

  set_secret("okta-token", "sim-okta-token");
  set_secret("reader-password", "sim-reader-password");
  set_secret("provisioner-password", "sim-okta-password");
  write_config(options);
}

World::~World() {
  exporter_.reset();
  simulator_.reset();
  if (::testing::Test::HasFailure() || std::uncaught_exceptions() > 0) {
    std::fprintf(stderr, "the files of the failed test are in %s\n", directory_.c_str());
  } else {
    std::filesystem::remove_all(directory_);
  }
}

void World::set_secret(const std::string& name, const std::string& text) const {
  write_file(directory_ / name, text + "\n");
}

void World::write_config(const WorldOptions& options) const {
  std::string yaml = R"(global: {sample_timeout: 30s}
integrations:
  - name: production
    tier: production
    okta:
      url: OKTA_URL
      api_token_file: okta-token
      rate_limit_share: 1
      app: APP
      http: {HTTP}
      system_log: {interval: LOG_INTERVAL, initial_lookback: 1h, task_settle: 1s}
    servicenow:
      url: SERVICENOW_URL
      reader: {basic_auth: {username: prom_reader, password_file: reader-password}}
PROVISIONER      unmetered_requests_per_minute: 1000000
      http: {HTTP}
      users: {strategy: STRATEGY}
      acl: {interval: ACL_INTERVAL, transaction_log: TRANSACTION_LOG, provisioner_requests_per_hour: CAP}
    drift: {interval: DRIFT_INTERVAL, grace: GRACE}
)";
  const auto replace = [&](const std::string& what, const std::string& by) {
    yaml.replace(yaml.find(what), what.size(), by);
  };
  replace("STRATEGY", options.users_strategy);
  replace("GRACE", options.grace);
  replace("OKTA_URL", okta_url_);
  replace("SERVICENOW_URL", servicenow_url_);
  replace("APP", options.app.empty() ? "{id: " + std::string(kAppId) + "}" : options.app);
  const std::string http = options.tls && options.ca ? "tls_config: {ca_file: certificate.pem}" : "";
  replace("HTTP", http);
  replace("HTTP", http);
  replace("LOG_INTERVAL", options.system_log_interval);
  replace("DRIFT_INTERVAL", options.drift_interval);
  const std::string password = options.provisioner_password ? ", password_file: provisioner-password" : "";
  replace("PROVISIONER", options.provisioner ? "      provisioner: {basic_auth: {username: okta.integration" +
                                                   password + "}}\n"
                                             : "");
  replace("ACL_INTERVAL", options.acl_interval);
  replace("TRANSACTION_LOG", options.transaction_log);
  replace("CAP", std::to_string(options.provisioner_requests_per_hour));
  write_file(config_path(), yaml);
}

void World::start_exporter() {
  if (began_.empty()) {
    began_ = iso_now();
  }
  const std::size_t known = exporter_ ? exporter_->errors().size() : 0;
  std::vector<std::string> command{EXPORTER_BINARY, "--config.file=" + config_path().string(),
                                   "--storage.path=" + state_path().string(),
                                   "--web.listen-address=127.0.0.1:0", "--log.level=debug"};
  command.insert(command.end(), exporter_arguments_.begin(), exporter_arguments_.end());
  exporter_ = std::make_unique<Process>(directory_, "exporter", std::move(command));
  const std::string mark = "msg=listening address=";
  const bool up = eventually(
      [&] {
        const std::string log = exporter_->errors().substr(known);
        const std::size_t at = log.find(mark);
        if (at != std::string::npos && log.find('\n', at) != std::string::npos) {
          const std::size_t begin = at + mark.size();
          exporter_url_ = "http://" + log.substr(begin, log.find(' ', begin) - begin);
          return true;
        }
        return !exporter_->running();
      },
      30);
  if (!up || !exporter_->running()) {
    throw std::runtime_error("the exporter did not start: " + exporter_->errors());
  }
}

void World::stop_exporter() {
  exporter_->signal(SIGTERM);
  EXPECT_EQ(exporter_->wait(2), 0) << "SIGTERM must end the exporter within 2 s";
}

void World::kill_exporter() {
  exporter_->signal(SIGKILL);
  EXPECT_EQ(exporter_->wait(10), 128 + SIGKILL);
}

Finished World::run_exporter(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), EXPORTER_BINARY);
  return run_to_end(directory_, std::move(arguments));
}

nlohmann::json World::truth(const std::string& query) const {
  const HttpAnswer answer = http_get(control_url_ + "/truth" + (query.empty() ? "" : "?" + query));
  if (answer.status != 200) {
    throw std::runtime_error("the simulator's truth answered " + std::to_string(answer.status));
  }
  return nlohmann::json::parse(answer.body);
}

nlohmann::json World::change(const nlohmann::json& commands) const {
  const HttpAnswer answer = http_post(control_url_ + "/world", commands.dump());
  if (answer.status != 200) {
    throw std::runtime_error("the simulator refused a command: " + answer.body);
  }
  return nlohmann::json::parse(answer.body);
}

bool World::await_that(const std::function<bool()>& condition, double seconds) {
  return eventually(condition, seconds);
}

std::string World::metrics_url() const { return exporter_url_ + "/metrics"; }

Exposition World::scrape() const { return Exposition(http_get(metrics_url()).body); }

bool World::await(const std::function<bool(const Exposition&)>& predicate, double seconds) const {
  return eventually([&] { return predicate(scrape()); }, seconds);
}

bool World::await_new_comparison(double seconds) const {
  // The listings of the next comparison may have begun before this call: the one after it has not.
  double seen = 0;
  int fresh = 0;
  return await(
      [&](const Exposition& now) {
        const std::string metric = "okta_external_id_comparison_timestamp_seconds";
        const double time = now.has(metric) ? now.value(metric, {}) : 0;
        fresh += time > seen ? 1 : 0;
        seen = std::max(seen, time);
        return fresh > 2;
      },
      seconds);
}

bool World::await_success(const std::string& sampler, double seconds) const {
  return await(
      [&](const Exposition& now) {
        const Labels labels{{"sampler", sampler}};
        const std::string metric = "okta_servicenow_exporter_sample_success";
        return now.has(metric, labels) && now.value(metric, labels) == 1;
      },
      seconds);
}

}  // namespace integration
