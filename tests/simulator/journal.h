// What the simulator was asked: counted for assertions, the latest requests kept for people.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace simulator {

struct Journal {
  struct Line {
    std::int64_t time_ms = 0;
    std::string api;
    std::string account;
    std::string method;
    std::string target;
    int status = 0;
  };
  std::map<std::string, std::uint64_t> okta;        // by endpoint
  std::map<std::string, std::uint64_t> servicenow;  // by endpoint
  std::map<std::string, std::uint64_t> servicenow_by_account;
  std::map<std::string, std::map<std::string, std::uint64_t>> codes;  // api, status
  std::uint64_t writes = 0;  // the exporter only reads: every test asserts 0
  std::map<std::string, std::uint64_t> failed_logins;
  // Of each rate limit: the most requests that fell into one window, the limit then, and how many were
  // denied.
  struct Used {
    std::int64_t limit = 0;
    std::int64_t most = 0;
    std::uint64_t denied = 0;
  };
  std::map<std::string, Used> limits;  // "okta logs", "servicenow prom_reader"
  std::deque<Line> latest;

  void note(Line line) {
    ++codes[line.api][std::to_string(line.status)];
    latest.push_back(std::move(line));
    if (latest.size() > 2000) latest.pop_front();
  }
};

}  // namespace simulator
