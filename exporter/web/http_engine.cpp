#include "web/http_engine.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <httplib.h>

#include "base/text.h"

namespace exporter::web {
namespace {

// Reads from memory and swallows what httplib would answer: the loop writes its own head and the shared body,
// because httplib's set_content copies and compresses again for every request (238 answers/s with brotli,
// measured).
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view text) : rest_(text) {}

  bool is_readable() const override { return !rest_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* data, std::size_t size) override {
    const auto count = std::min(size, rest_.size());
    std::memcpy(data, rest_.data(), count);
    rest_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char*, std::size_t size) override { return static_cast<ssize_t>(size); }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // httplib answers 500 to descriptors beyond FD_SETSIZE; there is none here.
  socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view rest_;
};

// The values of a field that is given several times. httplib 0.18 (Debian 13) keeps no order among them.
std::string joined(const httplib::Request& request, const std::string& name) {
  std::string values;
  for (auto [at, end] = request.headers.equal_range(name); at != end; ++at) {
    if (!values.empty()) values += ", ";
    values += at->second;
  }
  return values;
}

bool has_mark_of_proxy(const httplib::Request& request) {
  return std::ranges::any_of(request.headers, [](const auto& header) {
    const std::string name = to_lower(header.first);
    return name == "forwarded" || name.starts_with("x-forwarded") || name == "x-real-ip" || name == "via";
  });
}

bool is_known_method(std::string_view method) {
  static constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                  "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

}  // namespace

class HttpEngine::Engine final : public httplib::Server {
 public:
  Engine() {
    // Before httplib's own routing, which runs a std::regex per route over a path that a client made up.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
      find_route(request);
      return HandlerResponse::Handled;
    });
  }

  void add_route(const std::string& method, const std::string& path) {
    routes_[path].emplace_back(method, route_count_++);
  }

  RoutedRequest parse(const std::string& head) {
    routed_ = {};
    const std::string_view method = std::string_view(head).substr(0, head.find(' '));
    if (!is_known_method(method)) {
      // httplib answers 400 to these.
      routed_.status = 405;
      routed_.allow = "GET, HEAD, POST";
      return std::move(routed_);
    }
    MemoryStream stream(head);
    bool connection_closed = false;
    process(*this, stream, connection_closed);
    return std::move(routed_);
  }

 private:
  // The signature of process_request is httplib's own affair: 0.11 (Debian 12) takes the addresses from the
  // stream, 0.18 (Debian 13) as arguments.
  template <class Self>
  static void process(Self& self, MemoryStream& stream, bool& connection_closed) {
    const std::function<void(httplib::Request&)> setup;
    if constexpr (requires { self.process_request(stream, true, connection_closed, setup); }) {
      self.process_request(stream, true, connection_closed, setup);
    } else {
      const std::string none;
      self.process_request(stream, none, 0, none, 0, true, connection_closed, setup);
    }
  }

  void find_route(const httplib::Request& request) {
    routed_.method = request.method;
    routed_.path = request.path;
    if (const auto mark = request.target.find('?'); mark != std::string::npos) {
      routed_.query = request.target.substr(mark + 1);
    }
    routed_.accept = joined(request, "Accept");
    routed_.accept_encoding = joined(request, "Accept-Encoding");
    routed_.authorization = joined(request, "Authorization");
    routed_.host = joined(request, "Host");
    routed_.origin = joined(request, "Origin");
    routed_.forwarded = has_mark_of_proxy(request);
    const auto found = routes_.find(request.path);
    if (found == routes_.end()) {
      routed_.status = 404;
      return;
    }
    routed_.status = 405;
    const std::string_view wanted = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    for (const auto& [method, number] : found->second) {
      if (method == wanted) {
        routed_.status = 200;
        routed_.route = number;
        return;
      }
      if (!routed_.allow.empty()) routed_.allow += ", ";
      routed_.allow += method == "GET" ? "GET, HEAD" : method;
    }
  }

  std::map<std::string, std::vector<std::pair<std::string, std::size_t>>, std::less<>> routes_;
  std::size_t route_count_ = 0;
  RoutedRequest routed_;
};

HttpEngine::HttpEngine() : engine_(std::make_unique<Engine>()) {}
HttpEngine::~HttpEngine() = default;

void HttpEngine::add_route(const std::string& method, const std::string& path) {
  engine_->add_route(method, path);
}

RoutedRequest HttpEngine::parse(const std::string& head) { return engine_->parse(head); }

}  // namespace exporter::web
