// What the real binary serves, judged by others: promtool, Prometheus and the OpenMetrics parser of
// Prometheus's Python client; its pages, its reload, its command check, its start under systemd.
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "integration/world.h"

namespace integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const std::map<std::string, std::string> kOpenMetrics{
    {"Accept", "application/openmetrics-text;version=1.0.0"}};

// "PROMETHEUS" or "PROMTOOL": scripts/test sets them to what scripts/setup unpacked.
std::string tool(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr)
    throw std::runtime_error(std::string(variable) + " names the program; scripts/test sets it");
  return path;
}

Finished parse_with_python(const World& world, const std::string& text) {
  write_file(world.directory() / "page.txt", text);
  return run_to_end(
      world.directory(),
      {"/usr/bin/python3", "-c",
       "import sys\n"
       "from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse\n"
       "families = list(parse(open(sys.argv[1]).read()))\n"
       "print(len(families), sum(len(f.samples) for f in families))\n"
       "for f in families:\n"
       "    assert f.documentation, f.name\n"
       "    if f.name.endswith('_seconds'): assert f.unit == 'seconds', f.name\n",
       (world.directory() / "page.txt").string()});
}

TEST(Exposition, PassesPromtoolAndTheOpenMetricsParserOfPrometheussPythonClient) {
  World world({.scenario = "mixed", .exporter_arguments = {"--web.openmetrics-created"}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const std::string text = http_get(world.metrics_url()).body;
  write_file(world.directory() / "page.txt", text);
  const Finished linted = run_to_end(
      world.directory(),
      {"/bin/sh", "-c", tool("PROMTOOL") + " check metrics < " + (world.directory() / "page.txt").string()});
  EXPECT_EQ(linted.code, 0) << linted.output << linted.errors;
  EXPECT_EQ(linted.output + linted.errors, "") << "not even a hint";

  const HttpAnswer open_metrics = http_get(world.metrics_url(), "identity", kOpenMetrics);
  EXPECT_EQ(open_metrics.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(open_metrics.body, ::testing::EndsWith("\n# EOF\n"));
  EXPECT_THAT(open_metrics.body, HasSubstr("\n# TYPE okta_provisioning_tasks counter\n"));
  EXPECT_THAT(open_metrics.body, HasSubstr("_created{"));
  const Finished parsed = parse_with_python(world, open_metrics.body);
  EXPECT_EQ(parsed.code, 0) << parsed.output << parsed.errors;
}

// Debian's Prometheus always asks for OpenMetrics first; a proxy that drops Accept makes it take text 0.0.4.
constexpr const char* kProxyWithoutAccept = R"py(
import http.server, sys, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with urllib.request.urlopen(urllib.request.Request(sys.argv[1], headers={"Accept": "text/plain"})) as answer:
            body = answer.read()
            self.send_response(200)
            self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
)py";

TEST(Exposition, IsScrapedByPrometheusInBothFormats) {
  World world({.scenario = "mixed"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  Process proxy(world.directory(), "proxy",
                {"/usr/bin/python3", "-c", kProxyWithoutAccept, world.metrics_url()});
  ASSERT_TRUE(World::await_that([&] { return proxy.output().ends_with('\n'); })) << proxy.errors();
  std::string text_port = proxy.output();
  text_port.pop_back();
  write_file(world.directory() / "prometheus.yml",
             "global: {scrape_interval: 1s}\nscrape_configs:\n"
             "  - {job_name: openmetrics, static_configs: [{targets: [\"" +
                 world.url("").substr(7) + "\"]}]}\n" +
                 "  - {job_name: text, static_configs: [{targets: [\"127.0.0.1:" + text_port + "\"]}]}\n");
  Process prometheus(
      world.directory(), "prometheus",
      {tool("PROMETHEUS"), "--config.file=" + (world.directory() / "prometheus.yml").string(),
       "--storage.tsdb.path=" + (world.directory() / "data").string(), "--web.listen-address=127.0.0.1:0"});
  std::string address;
  ASSERT_TRUE(World::await_that([&] {
    const std::string log = prometheus.errors();
    const std::string mark = "msg=\"Listening on\" address=";
    const auto at = log.find(mark);
    if (at == std::string::npos || log.find('\n', at) == std::string::npos) return false;
    const auto begin = at + mark.size();
    address = log.substr(begin, log.find_first_of(" \n", begin) - begin);
    return true;
  })) << prometheus.errors();
  const auto value = [&](const std::string& query) {
    const HttpAnswer answer = http_get("http://" + address + "/api/v1/query?query=" + query);
    const json result = json::parse(answer.body)["data"]["result"];
    return result.empty() ? std::string() : result[0]["value"][1].get<std::string>();
  };
  const auto users = static_cast<int>(world.scrape().sum("okta_app_users", {{"integration", "production"}}));
  for (const std::string job : {"openmetrics", "text"}) {
    EXPECT_TRUE(World::await_that([&] { return value("up{job=\"" + job + "\"}") == "1"; })) << job;
    EXPECT_EQ(value("sum(okta_app_users{job=\"" + job + "\"})"), std::to_string(users)) << job;
    EXPECT_NE(value("okta_provisioning_tasks_total{job=\"" + job + "\"}"), "") << job;
    EXPECT_NE(value("okta_servicenow_exporter_api_request_duration_seconds_bucket{job=\"" + job + "\"}"), "")
        << job;
    EXPECT_EQ(value("okta_servicenow_exporter_build_info{job=\"" + job + "\"}"), "1") << job;
  }
}

TEST(Pages, ShowDriftAndFailuresToThisMachineOnly) {
  World world({.scenario = "mixed"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const json truth = world.truth();
  const json drift = json::parse(http_get(world.url("/drift?format=json")).body);
  int drifted = 0;
  for (const auto& [kind, users] : truth["okta_external_id_drift_users"].items()) drifted += users.get<int>();
  EXPECT_EQ(drift["total"].get<int>(), drifted);
  ASSERT_EQ(drift["items"].size(), static_cast<std::size_t>(drifted));
  for (const json& item : drift["items"]) {
    EXPECT_EQ(item["integration"], "production");
    EXPECT_TRUE(item["match_key"].is_null()) << "names are not shown by default";
    EXPECT_FALSE(item["remedy"].get<std::string>().empty());
  }
  EXPECT_TRUE(world.await_that([&] {
    return json::parse(http_get(world.url("/failures?format=json")).body)["total"].get<int>() > 0;
  }));
  for (const char* path : {"/", "/drift", "/failures", "/config", "/runbook", "/style.css"}) {
    EXPECT_EQ(http_get(world.url(path)).status, 200) << path;
  }
  EXPECT_THAT(http_get(world.url("/config")).body, HasSubstr("api_token_file: okta-token"));
  for (const char* path : {"/drift", "/failures", "/config"}) {
    EXPECT_EQ(http_get(world.url(path), "identity", {{"X-Forwarded-For", "192.0.2.1"}}).status, 403) << path;
    EXPECT_EQ(http_get(world.url(path), "identity", {{"Forwarded", "for=192.0.2.1"}}).status, 403) << path;
    EXPECT_EQ(http_get(world.url(path), "identity", {{"Host", "rebound.example.com"}}).status, 403) << path;
  }
}

TEST(Pages, LieUnderAPrefixAndProbesOnAnAddressOfTheirOwn) {
  World world({.exporter_arguments = {"--web.external-url=https://mon.example.com/exporter",
                                      "--web.probe-address=127.0.0.1:0"}});
  world.start_exporter();
  EXPECT_EQ(http_get(world.url("/exporter/metrics")).status, 200);
  EXPECT_EQ(http_get(world.url("/metrics")).status, 404);
  EXPECT_EQ(http_get(world.url("/")).status, 302);
  EXPECT_EQ(http_get(world.url("/exporter")).status, 302);
  for (const char* page : {"/exporter/", "/exporter/drift", "/exporter/failures", "/exporter/config",
                           "/exporter/runbook", "/exporter/style.css", "/exporter/-/healthy"}) {
    const HttpAnswer answer = http_get(world.url(page));
    EXPECT_EQ(answer.status, 200) << page;
    EXPECT_THAT(answer.body, Not(HasSubstr("href=\"/"))) << page << ": a link must stay below the prefix";
  }
  const std::string log = world.exporter().errors();
  const std::string mark = "msg=\"listening for probes\" address=";
  const auto at = log.find(mark);
  ASSERT_NE(at, std::string::npos) << log;
  const std::string probes = "http://" + log.substr(at + mark.size(), log.find('\n', at) - at - mark.size());
  EXPECT_EQ(http_get(probes + "/-/healthy").status, 200);
  EXPECT_EQ(http_get(probes + "/-/ready").status, 200);
  for (const char* page : {"/", "/metrics", "/exporter/metrics", "/drift", "/config"}) {
    EXPECT_EQ(http_get(probes + page).status, 404) << page;
  }

  // The command that health checks use, where there is no curl.
  const auto probe = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {EXPORTER_BINARY, "probe"});
    return run_to_end(world.directory(), arguments);
  };
  const std::string address = probes.substr(std::string("http://").size());
  EXPECT_EQ(probe({"--web.probe-address=" + address}).code, 0);
  EXPECT_EQ(
      probe({"--url=" + world.url("/exporter/metrics"), "--metric=okta_servicenow_exporter_build_info"}).code,
      0);
  EXPECT_EQ(probe({"--url=" + world.url("/exporter/metrics"), "--metric=no_such_metric"}).code, 1);
  EXPECT_EQ(probe({"--url=" + world.url("/nowhere")}).code, 1);
  world.stop_exporter();
  const Finished stopped = probe({"--web.probe-address=" + address});
  EXPECT_EQ(stopped.code, 1);
  EXPECT_THAT(stopped.errors, HasSubstr("does not answer"));
}

std::string with_interval(std::string config, const std::string& from, const std::string& to) {
  const auto at = config.find(from);
  EXPECT_NE(at, std::string::npos) << config;
  return config.replace(at, from.size(), to);
}

TEST(Reload, OfABadConfigurationChangesNothingAndSaysSo) {
  World world({.exporter_arguments = {"--web.enable-lifecycle"}});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const std::string good = read_file(world.config_path());
  const auto successful = [&] {
    return world.scrape().value("okta_servicenow_exporter_config_last_reload_successful", {});
  };
  EXPECT_EQ(successful(), 1);
  write_file(world.config_path(), "integrations: nonsense\n");
  const HttpAnswer refused = http_post(world.url("/-/reload"), "");
  EXPECT_EQ(refused.status, 500);
  EXPECT_THAT(refused.body, HasSubstr("integrations: must be a list"));
  EXPECT_EQ(successful(), 0);
  EXPECT_THAT(world.exporter().errors(), HasSubstr("the one before it stays in force"));
  EXPECT_EQ(world.scrape().value("okta_up", {{"integration", "production"}}), 1);
  // One that reads well and can't be used: its certificate is not there.
  write_file(world.config_path(), with_interval(good, "http: {}", "http: {tls_config: {ca_file: none.pem}}"));
  world.exporter().signal(SIGHUP);
  EXPECT_TRUE(
      world.await_that([&] { return world.exporter().errors().find("none.pem") != std::string::npos; }));
  EXPECT_EQ(successful(), 0);
  write_file(world.config_path(), good);
  EXPECT_EQ(http_post(world.url("/-/reload"), "").status, 200);
  EXPECT_EQ(successful(), 1);
  world.stop_exporter();
}

TEST(Reload, StartsEndsAndKeepsIntegrations) {
  World world({.scenario = "mixed"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  EXPECT_EQ(http_post(world.url("/-/reload"), "").status, 403) << "off by default";
  const Labels production{{"integration", "production"}};
  const std::string requests = "okta_servicenow_exporter_api_requests_total";
  const std::string one = read_file(world.config_path());
  const std::string second = one.substr(one.find("  - name:"));
  const auto reload_until = [&](const std::string& text) {
    const auto reloads = [&] {
      const std::string log = world.exporter().errors();
      std::size_t count = 0;
      for (auto at = log.find("the configuration was read again"); at != std::string::npos;
           at = log.find("the configuration was read again", at + 1)) {
        ++count;
      }
      return count;
    };
    const std::size_t before = reloads();
    write_file(world.config_path(), text);
    world.exporter().signal(SIGHUP);
    EXPECT_TRUE(world.await_that([&] { return reloads() > before; })) << world.exporter().errors();
  };

  const double asked = world.scrape().sum(requests, production);
  ASSERT_GT(asked, 0);
  reload_until(one + with_interval(second, "name: production", "name: second"));
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    return now.has("okta_external_id_comparison_complete", {{"integration", "second"}}) &&
           now.value("okta_external_id_comparison_complete", {{"integration", "second"}}) == 1;
  }));
  EXPECT_GE(world.scrape().sum(requests, production), asked) << "the one that stays goes on counting";
  EXPECT_THAT(http_get(world.url("/drift?format=json&integration=second")).body, HasSubstr("\"second\""));

  // Changed: started afresh, with the counters and the ledger of its state.
  const double tasks = world.scrape().sum("okta_provisioning_tasks_total", production);
  const json ledger = json::parse(http_get(world.url("/drift?format=json&sort=okta_user_id")).body)["items"];
  reload_until(with_interval(one, "drift: {interval: 1s, grace: 0s}", "drift: {interval: 2s}"));
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    const Labels comparison{{"integration", "production"}, {"sampler", "comparison"}};
    const std::string interval = "okta_servicenow_exporter_sampler_interval_seconds";
    return now.has(interval, comparison) && now.value(interval, comparison) == 2;
  }));
  EXPECT_GE(world.scrape().sum("okta_provisioning_tasks_total", production), tasks);
  const json after = json::parse(http_get(world.url("/drift?format=json&sort=okta_user_id")).body)["items"];
  ASSERT_FALSE(after.empty());
  for (const json& item : after) {
    for (const json& before : ledger) {
      if (before["integration"] == item["integration"] && before["okta_user_id"] == item["okta_user_id"]) {
        EXPECT_EQ(item["first_seen"], before["first_seen"]);
      }
    }
  }
  // Gone, with everything that it showed.
  EXPECT_THAT(http_get(world.metrics_url()).body, Not(HasSubstr("\"second\"")));
  EXPECT_THAT(http_get(world.url("/drift")).body, Not(HasSubstr("second")));
  world.stop_exporter();
}

TEST(Check, FindsNothingWrongWithAHealthyWorld) {
  World world;
  const Finished text = world.run_exporter({"check", "--config.file=" + world.config_path().string()});
  EXPECT_EQ(text.code, 0) << text.output << text.errors;
  EXPECT_THAT(text.output, HasSubstr("ok        Okta accepts the credentials"));
  EXPECT_THAT(text.output, HasSubstr(" 0 failed"));
  const Finished machine =
      world.run_exporter({"check", "--format=json", "--config.file=" + world.config_path().string()});
  const json report = json::parse(machine.output);
  EXPECT_TRUE(report["ok"].get<bool>());
  // The transaction log is eight shards: no look at it may be without a bound.
  int looks = 0;
  for (const json& request : json::parse(http_get(world.control_url() + "/requests?last=1000").body)) {
    if (request.dump().find("syslog_transaction") != std::string::npos) {
      ++looks;
      EXPECT_THAT(request.dump(), HasSubstr("sys_created_on%3E%3D")) << request;
    }
  }
  EXPECT_EQ(looks, 2) << "one for each report";
  EXPECT_EQ(report["integrations"][0]["name"], "production");
}

// By name, what a report says of one integration.
std::map<std::string, std::string> verdicts(const Finished& finished) {
  std::map<std::string, std::string> found;
  const json report = json::parse(finished.output);
  for (const json& line : report["integrations"][0]["checks"]) {
    found[line["check"]] = line["verdict"];
    if (line["verdict"] == "failed") {
      EXPECT_NE(line["next"], "") << line;
    }
  }
  return found;
}

TEST(Check, TellsWhichSourcesOfDenialsThereAreAndWhatWouldOpenTheOthers) {
  const auto sources = [](World& world) {
    std::map<std::string, json> found;
    const Finished report =
        world.run_exporter({"check", "--format=json", "--config.file=" + world.config_path().string()});
    const json parsed = json::parse(report.output);
    for (const json& source : parsed["integrations"][0]["denial_sources"]) {
      found[source["source"]] = source;
    }
    return found;
  };
  {
    World world;
    auto found = sources(world);
    ASSERT_EQ(found.size(), 3U);
    for (const char* source : {"okta_task", "transaction_log", "probe"}) {
      EXPECT_EQ(found[source]["available"], true) << source;
    }
    const Finished text = world.run_exporter({"check", "--config.file=" + world.config_path().string()});
    EXPECT_THAT(text.output, HasSubstr("create, write and delete are not probed"));
    EXPECT_THAT(text.output, HasSubstr("    transaction_log  available"));
  }
  {
    World world({.provisioner_password = false});
    world.change({{{"do", "transaction_log"}, {"response_code", false}}});
    auto found = sources(world);
    EXPECT_EQ(found["transaction_log"]["available"], false);
    EXPECT_THAT(found["transaction_log"]["why"], HasSubstr("http_response_code"));
    EXPECT_THAT(found["transaction_log"]["remedy"], HasSubstr("Australia"));
    EXPECT_EQ(found["probe"]["available"], false);
    EXPECT_THAT(found["probe"]["remedy"], HasSubstr("servicenow.provisioner"));
    const Finished text = world.run_exporter({"check", "--config.file=" + world.config_path().string()});
    EXPECT_THAT(text.output, HasSubstr("    probe            not available"));
  }
  {
    World world({.scenario = "bad-credentials"});
    EXPECT_EQ(sources(world)["transaction_log"]["available"], nullptr);
  }
}

TEST(Check, SaysWhatIsWrongAndWhatToDo) {
  {
    World world({.scenario = "acl-lockout"});
    const Finished report =
        world.run_exporter({"check", "--format=json", "--config.file=" + world.config_path().string()});
    EXPECT_EQ(report.code, 1);
    auto found = verdicts(report);
    EXPECT_EQ(found["servicenow_reader_list"], "ok");
    EXPECT_EQ(found["servicenow_provisioner_credentials"], "ok");
    EXPECT_EQ(found["servicenow_provisioner_list"], "failed");
    EXPECT_EQ(found["links_provisioner"], "failed");
  }
  {
    World world({.scenario = "bad-credentials"});
    const Finished report =
        world.run_exporter({"check", "--format=json", "--config.file=" + world.config_path().string()});
    EXPECT_EQ(report.code, 1);
    auto found = verdicts(report);
    EXPECT_EQ(found["servicenow_reader_reachable"], "ok");
    EXPECT_EQ(found["servicenow_reader_credentials"], "failed");
    EXPECT_EQ(found["links_reader"], "skipped");
  }
  {
    World world({.scenario = "instance-clone"});
    const Finished report = world.run_exporter({"check", "--config.file=" + world.config_path().string()});
    EXPECT_EQ(report.code, 1);
    EXPECT_THAT(report.output, HasSubstr("cloned over, migrated or restored"));
  }
  {
    World world({.okta_url = "http://127.0.0.1:9"});
    const Finished report = world.run_exporter({"check", "--config.file=" + world.config_path().string()});
    EXPECT_EQ(report.code, 1);
    EXPECT_THAT(report.output, HasSubstr("FAILED"));
    EXPECT_THAT(report.output, HasSubstr("-> Check the url"));
  }
}

TEST(Systemd, HandsOverASocketAndIsToldWhenTheExporterIsReady) {
  World world;
  // What systemd listens on, without CLOEXEC as it hands it over.
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof any;
  ASSERT_EQ(::bind(listening, reinterpret_cast<const sockaddr*>(&any), size), 0);
  ASSERT_EQ(::listen(listening, 16), 0);
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&any), &size), 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(any.sin_port));

  const std::string notify = (world.directory() / "notify").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(notify.size(), sizeof address.sun_path);
  notify.copy(address.sun_path, notify.size());
  const int notified = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(notified, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(notified, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto told = [&] {
    char text[64];
    const ssize_t count = ::recv(notified, text, sizeof text, 0);
    return count > 0 ? std::string(text, static_cast<std::size_t>(count)) : std::string();
  };

  const std::string start = "exec 3<&" + std::to_string(listening) + "; export NOTIFY_SOCKET=" + notify +
                            " LISTEN_FDS=1 LISTEN_PID=$$; exec " + EXPORTER_BINARY +
                            " --config.file=" + world.config_path().string() +
                            " --storage.path=:memory: --web.systemd-socket";
  Process exporter(world.directory(), "activated", {"/bin/bash", "-c", start});
  ::close(listening);
  EXPECT_EQ(told(), "READY=1") << exporter.errors();
  EXPECT_EQ(http_get(url + "/-/ready").status, 200);
  exporter.signal(SIGHUP);
  EXPECT_EQ(told(), "RELOADING=1");
  EXPECT_EQ(told(), "READY=1");
  exporter.signal(SIGTERM);
  EXPECT_EQ(told(), "STOPPING=1");
  EXPECT_EQ(exporter.wait(2), 0);
  ::close(notified);

  const Finished none = world.run_exporter(
      {"--config.file=" + world.config_path().string(), "--storage.path=:memory:", "--web.systemd-socket"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.errors, HasSubstr("systemd handed over no socket"));
}

}  // namespace
}  // namespace integration
