// What the real binary serves, judged by others: promtool, Prometheus and the OpenMetrics parser of Prometheus's
// Python client; its pages, its reload, its command check, its start under systemd.
#include <csignal>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "integration/world.h"

namespace integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using nlohmann::json;

const std::map<std::string, std::string> kOpenMetrics{{"Accept", "application/openmetrics-text;version=1.0.0"}};

// Debian's prometheus package, unpacked by scripts/setup.
std::string tool(const std::string& name) { return SOURCE_DIR "/build/tools/prometheus/usr/bin/" + name; }

Finished parse_with_python(const World& world, const std::string& text) {
  write_file(world.directory() / "page.txt", text);
  return run_to_end(world.directory(),
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
      world.directory(), {"/bin/sh", "-c", tool("promtool") + " check metrics < " +
                                               (world.directory() / "page.txt").string()});
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

TEST(Exposition, IsScrapedByPrometheusInBothFormats) {
  World world({.scenario = "mixed"});
  world.start_exporter();
  ASSERT_TRUE(world.await_success("comparison"));
  const std::string target = world.url("").substr(7);
  for (const std::string protocol : {"OpenMetricsText1.0.0", "PrometheusText0.0.4"}) {
    // Prometheus 2.42 knows no scrape_protocols: what it asks for is decided by a proxy-like query parameter in
    // newer ones only. Its own default is OpenMetrics; text 0.0.4 is what a client without Accept gets.
    SCOPED_TRACE(protocol);
    const std::filesystem::path directory = world.directory() / protocol;
    std::filesystem::create_directories(directory);
    write_file(directory / "prometheus.yml",
               "global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: exporter\n"
               "    static_configs: [{targets: [\"" +
                   target + "\"]}]\n");
    Process prometheus(directory, "prometheus",
                       {tool("prometheus"), "--config.file=" + (directory / "prometheus.yml").string(),
                        "--storage.tsdb.path=" + (directory / "data").string(),
                        "--web.listen-address=127.0.0.1:0"});
    std::string address;
    ASSERT_TRUE(World::await_that([&] {
      const std::string log = prometheus.errors();
      const auto at = log.find("msg=\"Listening on\" address=");
      if (at == std::string::npos || log.find('\n', at) == std::string::npos) return false;
      const auto begin = at + std::string("msg=\"Listening on\" address=").size();
      address = log.substr(begin, log.find_first_of(" \n", begin) - begin);
      return true;
    })) << prometheus.errors();
    const auto value = [&](const std::string& query) {
      const HttpAnswer answer = http_get("http://" + address + "/api/v1/query?query=" + query);
      const json result = json::parse(answer.body)["data"]["result"];
      return result.empty() ? std::string() : result[0]["value"][1].get<std::string>();
    };
    EXPECT_TRUE(World::await_that([&] { return value("up") == "1"; })) << prometheus.errors();
    const Exposition now = world.scrape();
    EXPECT_EQ(value("sum(okta_app_users)"),
              std::to_string(static_cast<int>(now.sum("okta_app_users", {{"integration", "production"}}))));
    EXPECT_NE(value("okta_provisioning_tasks_total"), "");
    if (protocol == "PrometheusText0.0.4") break;
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
  write_file(world.config_path(),
             with_interval(good, "http: {}", "http: {tls_config: {ca_file: none.pem}}"));
  world.exporter().signal(SIGHUP);
  EXPECT_TRUE(world.await_that([&] { return world.exporter().errors().find("none.pem") != std::string::npos; }));
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
    return now.value("okta_external_id_comparison_complete", {{"integration", "second"}}) == 1;
  }));
  EXPECT_GE(world.scrape().sum(requests, production), asked) << "the one that stays goes on counting";
  EXPECT_THAT(http_get(world.url("/drift?format=json&integration=second")).body, HasSubstr("\"second\""));

  // Changed: started afresh, with the counters and the ledger of its state.
  const double tasks = world.scrape().sum("okta_provisioning_tasks_total", production);
  const json ledger = json::parse(http_get(world.url("/drift?format=json&sort=okta_user_id")).body)["items"];
  reload_until(with_interval(one, "drift: {interval: 1s}", "drift: {interval: 2s}"));
  EXPECT_TRUE(world.await([&](const Exposition& now) {
    return now.value("okta_servicenow_exporter_sampler_interval_seconds",
                     {{"integration", "production"}, {"sampler", "comparison"}}) == 2;
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
  EXPECT_EQ(report["integrations"][0]["name"], "production");
}

// By name, what a report says of one integration.
std::map<std::string, std::string> verdicts(const World& world, const Finished& finished) {
  (void)world;
  std::map<std::string, std::string> found;
  for (const json& line : json::parse(finished.output)["integrations"][0]["checks"]) {
    found[line["check"]] = line["verdict"];
    if (line["verdict"] == "failed") {
      EXPECT_NE(line["next"], "") << line;
    }
  }
  return found;
}

TEST(Check, SaysWhatIsWrongAndWhatToDo) {
  {
    World world({.scenario = "acl-lockout"});
    const Finished report =
        world.run_exporter({"check", "--format=json", "--config.file=" + world.config_path().string()});
    EXPECT_EQ(report.code, 1);
    auto found = verdicts(world, report);
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
    auto found = verdicts(world, report);
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
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (world.directory() / "notify").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int notified = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(notified, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(notified, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto next = [&] {
    char text[64];
    const ssize_t size = ::recv(notified, text, sizeof text, 0);
    return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
  };
  // systemd-socket-activate opens the socket and waits for the first connection before it starts the exporter.
  Process exporter(world.directory(), "activated",
                   {"/usr/bin/systemd-socket-activate", "--listen=127.0.0.1:0", "-E", "NOTIFY_SOCKET=" + path,
                    EXPORTER_BINARY, "--config.file=" + world.config_path().string(), "--storage.path=:memory:",
                    "--web.systemd-socket"});
  const std::string mark = "Listening on 127.0.0.1:";
  std::string port;
  ASSERT_TRUE(World::await_that([&] {
    const std::string log = exporter.errors();
    const auto at = log.find(mark);
    if (at == std::string::npos) return false;
    port = log.substr(at + mark.size(), log.find(' ', at + mark.size()) - at - mark.size());
    return true;
  })) << exporter.errors();
  GTEST_LOG_(INFO) << port;
  ::close(notified);
  exporter.signal(SIGTERM);
}

}  // namespace
}  // namespace integration
