// What an API sees of a request and gives back: no HTTP library in here, so the APIs can be tested by calling
// them.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace simulator {

struct Call {
  std::string method = "GET";
  std::string path;
  std::string target;  // path and query as sent
  std::multimap<std::string, std::string> parameters;
  std::string authorization;
  std::string dpop;
  std::string api_key;  // x-sn-apikey
  std::string content_type;
  std::string user_agent;
  std::string origin;  // scheme://host:port, for the absolute URLs that both vendors put into links
  std::string body;

  std::optional<std::string> parameter(const std::string& name) const {
    const auto it = parameters.find(name);
    if (it == parameters.end()) return std::nullopt;
    return it->second;
  }
};

enum class Delivery { kWhole, kCutConnection, kNoAnswer };

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>>
      headers;  // a name may come twice: Okta sends two Link fields
  std::string body;
  Delivery delivery = Delivery::kWhole;
  int delay_ms = 0;

  void header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
  }
};

using Handler = std::function<Reply(const Call&)>;

}  // namespace simulator
