#include "app/flags.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::expected<Flags, UsageExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "okta-servicenow-exporter");
  return parse_flags(arguments);
}

std::string refusal(const std::vector<const char*>& arguments) {
  const auto flags = parse(arguments);
  if (flags) return "accepted";
  EXPECT_EQ(flags.error().code, 2);
  EXPECT_FALSE(flags.error().to_stdout);
  EXPECT_TRUE(flags.error().text.ends_with(", try --help\n")) << flags.error().text;
  return flags.error().text;
}

TEST(Flags, HaveTheDefaultsOfTheContract) {
  const auto flags = parse({"--config.file=config.yml", "--storage.path=/var/lib/exporter"});
  ASSERT_TRUE(flags) << flags.error().text;
  EXPECT_EQ(flags->command, Command::run);
  EXPECT_EQ(flags->config_file, "config.yml");
  EXPECT_FALSE(flags->config_check);
  EXPECT_THAT(flags->listen_addresses, ElementsAre(ListenAddress{"", 10717}));
  EXPECT_EQ(flags->telemetry_path, "/metrics");
  EXPECT_EQ(flags->max_requests, 40);
  EXPECT_EQ(flags->storage_path, "/var/lib/exporter");
  EXPECT_FALSE(flags->reset_counters);
  EXPECT_EQ(flags->log_level, LogLevel::info);
  EXPECT_EQ(flags->log_format, LogFormat::logfmt);
  EXPECT_EQ(flags->output, "");
}

TEST(Flags, TakeEveryValueWithAnEqualsSignOrAsTheNextArgument) {
  const auto flags =
      parse({"--config.file", "c.yml", "--storage.path", ":memory:", "--web.listen-address", "127.0.0.1:1",
             "--web.listen-address=[::1]:2", "--web.telemetry-path=/m", "--web.max-requests=0",
             "--log.level=debug", "--log.format", "json", "--storage.reset-counters"});
  ASSERT_TRUE(flags) << flags.error().text;
  EXPECT_THAT(flags->listen_addresses, ElementsAre(ListenAddress{"127.0.0.1", 1}, ListenAddress{"::1", 2}));
  EXPECT_EQ(flags->storage_path, kMemoryStorage);
  EXPECT_EQ(flags->telemetry_path, "/m");
  EXPECT_EQ(flags->max_requests, 0);
  EXPECT_EQ(flags->log_level, LogLevel::debug);
  EXPECT_EQ(flags->log_format, LogFormat::json);
  EXPECT_TRUE(flags->reset_counters);
}

TEST(Flags, StandBeforeOrAfterTheCommandOnce) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"once", "--config.file=c.yml", "--output=o.prom"},
           {"--config.file=c.yml", "once", "--output", "o.prom"},
           {"--config.file=c.yml", "--web.listen-address", ":1", "once", "--output=o.prom"}}) {
    const auto flags = parse(arguments);
    ASSERT_TRUE(flags) << flags.error().text;
    EXPECT_EQ(flags->command, Command::once);
    EXPECT_EQ(flags->config_file, "c.yml");
    EXPECT_EQ(flags->output, "o.prom");
    EXPECT_EQ(flags->storage_path, "");
  }
}

TEST(Flags, NeedNoStorageToCheckTheConfiguration) {
  const auto flags = parse({"--config.file=c.yml", "--config.check"});
  ASSERT_TRUE(flags) << flags.error().text;
  EXPECT_TRUE(flags->config_check);
}

TEST(Flags, PrintHelpOnStdoutAndEndWell) {
  for (const char* flag : {"--help", "-h"}) {
    const auto flags = parse({flag});
    ASSERT_FALSE(flags);
    EXPECT_EQ(flags.error().code, 0);
    EXPECT_TRUE(flags.error().to_stdout);
    for (const char* name :
         {"--config.file", "--config.check", "--web.listen-address", "--web.telemetry-path",
          "--web.max-requests", "--storage.path", "--storage.reset-counters", "--log.level", "--log.format",
          "--version", "once", ":10717"}) {
      EXPECT_THAT(flags.error().text, HasSubstr(name));
    }
  }
  const auto once = parse({"once", "--help"});
  ASSERT_FALSE(once);
  EXPECT_EQ(once.error().code, 0);
  EXPECT_THAT(once.error().text, HasSubstr("--output"));
}

TEST(Flags, PrintTheVersionAsPrometheusDoes) {
  const auto flags = parse({"--version"});
  ASSERT_FALSE(flags);
  EXPECT_EQ(flags.error().code, 0);
  EXPECT_TRUE(flags.error().to_stdout);
  EXPECT_THAT(flags.error().text, ::testing::StartsWith("okta-servicenow-exporter, version 0.1.0\n"));
  EXPECT_THAT(flags.error().text, HasSubstr("\n  compiler:         "));
  EXPECT_TRUE(flags.error().text.ends_with('\n'));
}

TEST(Flags, RefuseWrongUsageWithCodeTwoAndAReason) {
  const char* const file = "--config.file=c.yml";
  const char* const storage = "--storage.path=s";
  EXPECT_THAT(refusal({}), HasSubstr("--config.file is required"));
  EXPECT_THAT(refusal({file}), HasSubstr("--storage.path is required"));
  EXPECT_THAT(refusal({file, storage, "--nonsense"}), HasSubstr("--nonsense"));
  EXPECT_THAT(refusal({file, storage, "stray"}), HasSubstr("stray"));
  EXPECT_THAT(refusal({file, storage, file}), HasSubstr("--config.file"));
  EXPECT_THAT(refusal({"--config.file=", storage}), HasSubstr("--config.file has no value"));
  EXPECT_THAT(refusal({"--config.file"}), HasSubstr("--config.file"));
  EXPECT_THAT(refusal({file, "--storage.path="}), HasSubstr("--storage.path has no value"));
  EXPECT_THAT(refusal({file, "--storage.path", ""}), HasSubstr("--storage.path"));
  EXPECT_THAT(refusal({file, storage, "--log.level=loud"}),
              HasSubstr("\"loud\" is none of debug, info, warn, error"));
  EXPECT_THAT(refusal({file, storage, "--log.level=1"}), HasSubstr("\"1\" is none of"));
  EXPECT_THAT(refusal({file, storage, "--log.format=xml"}), HasSubstr("\"xml\" is none of logfmt, json"));
  EXPECT_THAT(refusal({file, storage, "--web.max-requests=-1"}), HasSubstr("--web.max-requests"));
  EXPECT_THAT(refusal({file, storage, "--web.max-requests=many"}), HasSubstr("--web.max-requests"));
  EXPECT_THAT(refusal({file, storage, "--web.listen-address=10717"}), HasSubstr("write it as :10717"));
  EXPECT_THAT(refusal({file, storage, "--web.telemetry-path=metrics"}), HasSubstr("is not a path"));
  EXPECT_THAT(refusal({file, storage, "--web.telemetry-path=/-/ready"}), HasSubstr("another page"));
  EXPECT_THAT(refusal({file, storage, "--web.telemetry-path=/"}), HasSubstr("another page"));
  EXPECT_THAT(refusal({file, storage, "--output=o"}), HasSubstr("--output"));
  EXPECT_THAT(refusal({"once", file, "--config.check"}), HasSubstr("--config.check"));
  EXPECT_THAT(refusal({"once", file, "--storage.reset-counters"}), HasSubstr("needs --storage.path"));
}

TEST(Flags, OfTheWebTakeTheirValues) {
  const auto flags = parse({"--config.file=c.yml", "--storage.path=s", "--web.config.file=web.yml",
                            "--web.external-url=https://mon.example.com/exporter/",
                            "--web.probe-address=:10718", "--web.show-users=names", "--web.enable-lifecycle",
                            "--web.systemd-socket", "--web.openmetrics-created"});
  ASSERT_TRUE(flags) << flags.error().text;
  EXPECT_EQ(flags->web_config_file, "web.yml");
  EXPECT_EQ(flags->external_url, "https://mon.example.com/exporter");
  EXPECT_EQ(flags->route_prefix, "/exporter") << "by default the path of the external URL";
  EXPECT_EQ(flags->probe_address, (ListenAddress{"", 10718}));
  EXPECT_EQ(flags->show_users, ShownUsers::names);
  EXPECT_TRUE(flags->enable_lifecycle);
  EXPECT_TRUE(flags->systemd_socket);
  EXPECT_TRUE(flags->openmetrics_created);
}

TEST(Flags, OfTheWebAreOffByDefault) {
  const auto flags = parse({"--config.file=c.yml", "--storage.path=s"});
  ASSERT_TRUE(flags) << flags.error().text;
  EXPECT_EQ(flags->web_config_file, "");
  EXPECT_EQ(flags->external_url, "");
  EXPECT_EQ(flags->route_prefix, "");
  EXPECT_EQ(flags->probe_address, std::nullopt);
  EXPECT_EQ(flags->show_users, ShownUsers::ids);
  EXPECT_FALSE(flags->enable_lifecycle);
  EXPECT_FALSE(flags->systemd_socket);
  EXPECT_FALSE(flags->openmetrics_created);
}

TEST(Flags, ARoutePrefixStandsForItself) {
  const auto prefix = [&](const char* external, const char* route) {
    return parse({"--config.file=c.yml", "--storage.path=s", external, route})->route_prefix;
  };
  EXPECT_EQ(prefix("--web.external-url=http://h/a", "--web.route-prefix=/b/"), "/b");
  EXPECT_EQ(prefix("--web.external-url=http://h/a", "--web.route-prefix=/"), "")
      << "a proxy cuts the path off";
  EXPECT_EQ(prefix("--web.external-url=http://h:1/", "--log.level=info"), "");
}

TEST(Flags, TheCommandCheckHasAFormatAndForce) {
  const auto flags = parse({"check", "--config.file=c.yml", "--format=json", "--force"});
  ASSERT_TRUE(flags) << flags.error().text;
  EXPECT_EQ(flags->command, Command::check);
  EXPECT_TRUE(flags->check_json);
  EXPECT_TRUE(flags->force);
  EXPECT_FALSE(parse({"check", "--config.file=c.yml"})->check_json);
}

TEST(Flags, TheCommandProbeNeedsAnAddressAndNoConfiguration) {
  const auto ready = parse({"probe", "--web.probe-address=:10718"});
  ASSERT_TRUE(ready) << ready.error().text;
  EXPECT_EQ(ready->command, Command::probe);
  EXPECT_EQ(ready->probe.url, "http://127.0.0.1:10718/-/ready");
  const auto scrape = parse({"probe", "--url=https://h/metrics", "--metric=okta_up", "--ca-file=ca.pem"});
  ASSERT_TRUE(scrape) << scrape.error().text;
  EXPECT_EQ(scrape->probe.url, "https://h/metrics");
  EXPECT_EQ(scrape->probe.metric, "okta_up");
  EXPECT_EQ(scrape->probe.ca_file, "ca.pem");
  EXPECT_THAT(refusal({"probe"}), HasSubstr("probe needs --url"));
  EXPECT_THAT(refusal({"probe", "--url=exporter:10717"}), HasSubstr("write it as http://"));
  EXPECT_THAT(refusal({"probe", "--url=http://u:p@h/"}), HasSubstr("is not an URL"));
  EXPECT_THAT(refusal({"probe", "--url=http://h/", "--username=u"}), HasSubstr("go together"));
  EXPECT_THAT(refusal({"probe", "--url=http://h/", "once"}), HasSubstr("give one of them"));
}

TEST(Flags, OfTheWebRefuseWhatMakesNoSense) {
  const auto refused = [](const char* flag) {
    return refusal({"--config.file=c.yml", "--storage.path=s", flag});
  };
  EXPECT_THAT(refused("--web.external-url=mon.example.com"), HasSubstr("write it as https://"));
  EXPECT_THAT(refused("--web.external-url=ftp://mon.example.com"), HasSubstr("write it as https://"));
  EXPECT_THAT(refused("--web.external-url=https://u:p@h"), HasSubstr("write it as https://"));
  EXPECT_THAT(refused("--web.external-url=https://h/?x"), HasSubstr("write it as https://"));
  EXPECT_THAT(refused("--web.route-prefix=exporter"), HasSubstr("write it as /exporter"));
  EXPECT_THAT(refused("--web.probe-address=10718"), HasSubstr("write it as :10717"));
  EXPECT_THAT(refused("--web.show-users=all"), HasSubstr("is none of never, ids, names"));
  EXPECT_THAT(refused("--web.telemetry-path=/runbook"), HasSubstr("another page"));
  EXPECT_THAT(refusal({"check", "--config.file=c.yml", "--format=xml"}), HasSubstr("is none of text, json"));
  EXPECT_THAT(refusal({"check", "--config.file=c.yml", "--config.check"}), HasSubstr("--config.check"));
}

TEST(ListenAddress, IsHostAndPort) {
  EXPECT_EQ(parse_listen_address(":10717"), (ListenAddress{"", 10717}));
  EXPECT_EQ(parse_listen_address("localhost:0"), (ListenAddress{"localhost", 0}));
  EXPECT_EQ(parse_listen_address("0.0.0.0:65535"), (ListenAddress{"0.0.0.0", 65535}));
  EXPECT_EQ(parse_listen_address("[::]:9"), (ListenAddress{"::", 9}));
  EXPECT_EQ(parse_listen_address("[fe80::1%eth0]:9"), (ListenAddress{"fe80::1%eth0", 9}));
  for (const char* bad : {"", ":", "host", "host:", ":65536", ":-1", ":1x", "::1:9", "[]:9", "[host]:9",
                          "[::1]", "[::1:9", "http://host:9", "a b:9"}) {
    EXPECT_EQ(parse_listen_address(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace exporter::app
