// Requests and responses, and the one interface through which the exporter reaches the world.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace exporter::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

// In the order received; names compare without case. A repeated name keeps all its fields (Okta sends two
// Link fields).
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<HttpHeader> fields) : fields_(fields) {}
  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  // The first field of that name.
  std::optional<std::string_view> first(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<HttpHeader>& fields() const { return fields_; }

 private:
  std::vector<HttpHeader> fields_;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};  // absolute
  HttpHeaders headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{30'000};  // for the whole exchange, connect included
  bool fresh_connection = false;              // not on one that was used before
  // A text that is done with, whose memory the answer's body takes over: of page after page it need not be
  // asked for and given back each time. Null: none.
  std::string* memory = nullptr;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers = {};
  std::string body = {};  // inflated
};

// Thread-safe. An error here means that there is no complete answer: connection, tls, timeout, malformed (a
// head or body over its bound, a broken encoding), incomplete (a cut-off body), cancelled. Any complete
// answer is a response, whatever its status. Redirects are never followed, cookies never kept.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop) = 0;
};

}  // namespace exporter::net
