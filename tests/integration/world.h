// One test's world: a simulator, an exporter on it, its files, and the means to look at both.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "integration/exposition.h"
#include "integration/process.h"

namespace integration {

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::string content_type;
};
HttpAnswer http_get(const std::string& url, const std::string& accept_encoding = "identity",
                    const std::map<std::string, std::string>& headers = {});
HttpAnswer http_post(const std::string& url, const std::string& body);

struct WorldOptions {
  std::string scenario = "healthy";
  int users = 200;
  int seed = 1;
  std::vector<std::string> simulator_arguments = {};
  bool provisioner = true;
  std::string okta_url = {};        // instead of the simulator's
  std::string servicenow_url = {};  // instead of the simulator's
  bool tls = false;                 // both vendors over HTTPS
  bool ca = true;                   // with tls: the exporter is given the CA
  std::string app = {};             // instead of the app's id
  std::vector<std::string> exporter_arguments = {};
  std::string drift_interval = "1s";
  // The simulator's log begins with tasks that have just succeeded, also of users whose link is broken.
  std::string grace = "0s";
  std::string system_log_interval = "200ms";
  std::string acl_interval = "15m";
  std::string transaction_log = "auto";
  bool provisioner_password = true;  // false: only its name is configured
  int provisioner_requests_per_hour = 100'000;
  std::string users_strategy = "auto";
};

class World {
 public:
  explicit World(WorldOptions options = {});
  ~World();

  // Kept until the last one of the same world ended: a restart goes on with the state.
  void start_exporter();
  void stop_exporter();  // SIGTERM; fails the test where it takes more than 2 s or does not exit 0
  void kill_exporter();  // SIGKILL
  Process& exporter() { return *exporter_; }
  Finished run_exporter(std::vector<std::string> arguments);

  nlohmann::json truth(const std::string& query = "") const;
  nlohmann::json change(const nlohmann::json& commands) const;
  std::string metrics_url() const;
  // Of a page: url("/drift").
  std::string url(const std::string& path) const { return exporter_url_ + path; }
  // Polls until it holds, at most for the bound.
  static bool await_that(const std::function<bool()>& condition, double seconds = 30);
  Exposition scrape() const;
  // Scrapes until the predicate holds, at most for the bound; the last scrape in any case.
  bool await(const std::function<bool(const Exposition&)>& predicate, double seconds = 30) const;
  // Until a comparison that began after this call is published.
  bool await_new_comparison(double seconds = 30) const;
  bool await_success(const std::string& sampler, double seconds = 30) const;

  void set_secret(const std::string& name, const std::string& text) const;
  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path config_path() const { return directory_ / "config.yml"; }
  std::filesystem::path state_path() const { return directory_ / "state"; }
  // The time before the first exporter of this world started: truth("since=…") from here is what it has to
  // count.
  const std::string& began() const { return began_; }
  std::string control_url() const { return control_url_; }
  std::string okta_url() const { return okta_url_; }
  std::string servicenow_url() const { return servicenow_url_; }

 private:
  void write_config(const WorldOptions& options) const;

  std::vector<std::string> exporter_arguments_;
  std::filesystem::path directory_;
  std::unique_ptr<Process> simulator_;
  std::unique_ptr<Process> exporter_;
  std::string okta_url_;
  std::string servicenow_url_;
  std::string control_url_;
  std::string exporter_url_;
  std::string began_;
};

using Counts = std::map<std::string, double>;
// The truth's counts by label, without the zeros: as Exposition::nonzero() gives what was scraped.
Counts nonzero(const nlohmann::json& object);

// "YYYY-MM-DDTHH:MM:SS.mmmZ", now.
std::string iso_now();

}  // namespace integration
