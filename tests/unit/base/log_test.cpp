#include "base/log.h"

#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace exporter {
namespace {

std::string logfmt_value(const std::string& value) {
  const std::string line = format_log_line(LogFormat::logfmt, "T", LogLevel::info, "m", {{"k", value}});
  const std::string prefix = "time=T level=info msg=m k=";
  EXPECT_TRUE(line.starts_with(prefix)) << line;
  return line.substr(prefix.size());
}

TEST(Logfmt, IsWrittenAsPrometheusWritesIt) {
  EXPECT_EQ(
      format_log_line(LogFormat::logfmt, "2026-11-23T21:44:30.123Z", LogLevel::warn, "sample failed",
                      {{"integration", "production"}, {"class", "not_json"}}),
      "time=2026-11-23T21:44:30.123Z level=warn msg=\"sample failed\" integration=production class=not_json");
}

TEST(Logfmt, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(logfmt_value("a.b/c:d-e_f{}[]"), "a.b/c:d-e_f{}[]");
  EXPECT_EQ(logfmt_value("J\xC3\xBCrgen"), "J\xC3\xBCrgen");
  EXPECT_EQ(logfmt_value("back\\slash"), "back\\slash");
  EXPECT_EQ(logfmt_value(""), "\"\"");
  EXPECT_EQ(logfmt_value("a b"), "\"a b\"");
  EXPECT_EQ(logfmt_value("a=b"), "\"a=b\"");
  EXPECT_EQ(logfmt_value("say \"no\" \\"), "\"say \\\"no\\\" \\\\\"");
}

TEST(Logfmt, NeverBreaksALineOrSteersATerminal) {
  EXPECT_EQ(logfmt_value("a\nlevel=error\r\t"), "\"a\\nlevel=error\\r\\t\"");
  EXPECT_EQ(logfmt_value(std::string("\x1b[31m\0\x7f", 7)), "\"\\u001b[31m\\u0000\\u007f\"");
  EXPECT_EQ(logfmt_value("\xC2\x85"), "\"\\u0085\"");
  EXPECT_EQ(logfmt_value("\xE2\x80\xA8"), "\"\\u2028\"");
  EXPECT_EQ(logfmt_value("\xE2\x80\xAE"), "\"\\u202e\"");
}

TEST(Logfmt, KeepsBrokenUtf8Visible) {
  EXPECT_EQ(logfmt_value("a\xFF\xC3"), "\"a\\xff\\xc3\"");
  EXPECT_EQ(logfmt_value("\xC0\xAF"), "\"\\xc0\\xaf\"");
  EXPECT_EQ(logfmt_value("\xED\xA0\x80"), "\"\\xed\\xa0\\x80\"");
  EXPECT_EQ(logfmt_value("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
}

TEST(JsonLog, IsAnObjectOfStringsWhateverTheValues) {
  const std::string nasty = std::string("q\" b\\ n\n z\0 u\xFF ü", 17) + "\xE2\x80\xA8";
  const std::string line =
      format_log_line(LogFormat::json, "T", LogLevel::error, "it failed", {{"k", nasty}, {"empty", ""}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const nlohmann::json object = nlohmann::json::parse(line);
  EXPECT_EQ(object["time"], "T");
  EXPECT_EQ(object["level"], "error");
  EXPECT_EQ(object["msg"], "it failed");
  EXPECT_EQ(object["empty"], "");
  EXPECT_THAT(object["k"].get<std::string>(), ::testing::StartsWith("q\" b\\ n\n z"));
}

TEST(StderrLog, WritesOneWholeLinePerEventFromTheConfiguredLevelUp) {
  ::testing::internal::CaptureStderr();
  {
    const auto log = make_log(LogLevel::warn, LogFormat::logfmt);
    log->debug("d");
    log->info("i");
    log->warn("w", {{"k", "%v {} \n"}});
    log->error("e");
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(text, ::testing::MatchesRegex("time=[-0-9T:.]+Z level=warn msg=w k=\"%v \\{\\} \\\\n\"\n"
                                            "time=[-0-9T:.]+Z level=error msg=e\n"));
}

TEST(StderrLog, DoesNotMixLinesOfSeveralThreads) {
  ::testing::internal::CaptureStderr();
  {
    const auto log = make_log(LogLevel::info, LogFormat::logfmt);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 50; ++j) log->info("hello");
      });
    }
  }
  const std::string text = ::testing::internal::GetCapturedStderr();
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < text.size(); ++lines) {
    const std::size_t end = text.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    EXPECT_TRUE(text.substr(begin, end - begin).ends_with(" level=info msg=hello"));
    begin = end + 1;
  }
  EXPECT_EQ(lines, 200U);
}

}  // namespace
}  // namespace exporter
