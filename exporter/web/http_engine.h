// Parses a framed request head and finds its route. The only place that knows cpp-httplib.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace exporter::web {

struct RoutedRequest {
  int status = 400;       // 200: `route` takes it; else the answer: 400, 404, 405
  std::size_t route = 0;  // as numbered by add_route
  std::string method;
  std::string path;   // percent-decoded
  std::string query;  // as sent, without "?"
  std::string accept;
  std::string accept_encoding;
  std::string authorization;
  std::string host;
  std::string origin;
  bool forwarded = false;  // some proxy left its mark: Forwarded, X-Forwarded-*, X-Real-IP, Via
  std::string allow;       // with 405: the methods that the path has
};

// Not thread-safe: one thread adds routes and then parses.
class HttpEngine {
 public:
  HttpEngine();
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  // Paths are compared exactly after percent-decoding. Routes are numbered from 0; a GET route takes HEAD
  // too.
  void add_route(const std::string& method, const std::string& path);
  // `head` is a RequestHead::text.
  RoutedRequest parse(const std::string& head);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace exporter::web
