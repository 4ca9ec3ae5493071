// The HTTP server that Prometheus scrapes: parsing is cpp-httplib's, framing, routing and the I/O loop are
// ours.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace exporter::web {

struct WebRequest {
  std::string method = {};  // GET or HEAD, POST where the route says so
  std::string path = {};    // percent-decoded
  std::string query = {};   // without "?", not decoded
  std::string accept = {};  // several Accept fields joined by ", "
  std::string host = {};    // the Host field, as sent
  // Whether the client may see personal data: it proved who it is, or it sits on this machine
  // (page_access.h).
  bool may_see_people = false;
  // Whether the Origin field, where there is one, names the host that was asked: a page of another site may
  // make a browser send a POST.
  bool same_origin = true;
  // Whether `gzip_body` of the answer will be sent: do not compress for nothing.
  bool accepts_gzip = false;
  // Asked to stop when the server stops: a slow handler that takes longer than milliseconds must look at it.
  std::stop_token stop = {};
};

struct WebResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  // Shared, so that one rendered body serves many scrapes without a copy. Null is an empty body.
  std::shared_ptr<const std::string> body = nullptr;
  // The same body, gzipped, where the caller has it ready; else the server sends `body` as it is. `body` may
  // then be null if the request accepts gzip.
  std::shared_ptr<const std::string> gzip_body = nullptr;
  // Sent after `body` or `gzip_body`: what changes from answer to answer, while those are kept.
  std::shared_ptr<const std::string> tail = nullptr;
  std::shared_ptr<const std::string> gzip_tail = nullptr;
  // Beside those that the server sets itself (Date, Content-*, Connection, Vary, nosniff, the policy of HTML
  // pages). A name that is no token or a value with a control character turns the answer into a 500: nothing
  // is smuggled into a head.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// A response with a text body of its own.
WebResponse text_response(int status, std::string text);

struct ServerOptions {
  // host:port, [v6]:port, :port (all addresses of both families); port 0 takes a free one.
  std::vector<std::string> listen_addresses{":10717"};
  // Listening sockets that were opened before (systemd_socket.h), instead of listen_addresses. Taken over.
  std::vector<int> inherited_sockets = {};
  // exporter-toolkit's web configuration: TLS, passwords, headers, rate limit. Empty: none.
  std::string web_config_file = {};
  // At most this many, and at most three quarters of the process's descriptors: the samplers need some too.
  // Beyond it the oldest idle connection is closed, else the oldest without a whole request; if all are being
  // answered, 503.
  std::size_t max_connections = 4096;
  std::chrono::milliseconds head_timeout{10'000};   // from accept or a request's first byte to its last
  std::chrono::milliseconds write_timeout{30'000};  // without progress
  std::chrono::milliseconds stall_timeout{1'000};   // without progress, until max_requests counts it no more
  std::chrono::milliseconds idle_timeout{180'000};  // between two requests
  std::chrono::milliseconds linger_timeout{1'000};  // for a refused client to read why
  std::size_t max_head_bytes = 16'384;              // beyond it 431
  std::size_t max_body_bytes = 65'536;  // beyond it 413; bodies are read and dropped, no route takes one
  int max_requests =
      40;  // answers of the route kScrapeHandler under way at once, beyond it 503; 0 is no limit. An answer
           // that its client does not read costs nothing, so clients that hang keep nobody out.
};

// The route that max_requests limits.
inline constexpr std::string_view kScrapeHandler = "metrics";
// The name under which everything is counted that reached no route.
inline constexpr std::string_view kOtherHandler = "other";

// Counts what was served. Thread-safe.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  // handler: the route's name, "other" for what no route took; code: HTTP status. Called when the answer is
  // decided.
  virtual void on_served(std::string_view handler, int code) = 0;
  // A certificate came into use that ends then; nullopt: none is served.
  virtual void on_certificate(std::optional<SystemTime> /*not_after*/) {}
};

// An exception that leaves a handler is logged and answered with 500.
using Handler = std::function<WebResponse(const WebRequest&)>;

// start() binds and spawns the loop's thread; stop() ends within milliseconds, with connections open, and
// joins; only a slow handler that ignores WebRequest::stop is waited for. `log` and `observer` outlive the
// server.
class Server {
 public:
  Server(ServerOptions options, Log& log, ServerObserver& observer);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before start(). `name` is the label `handler`. A GET route answers HEAD too. Handlers marked slow run on
  // a worker thread, one after the other, the others in the loop: those must only read memory.
  enum class Speed : std::uint8_t { fast, slow };
  void route(std::string method, std::string path, std::string name, Speed speed, Handler handler);
  // Once. An error (connection) names the address that could not be bound, or is that of the web config file.
  Result<void> start();
  // Idempotent; from any thread but a handler's.
  void stop();
  // The bound addresses, "127.0.0.1:34567", in the order of the options; empty before start().
  std::vector<std::string> addresses() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::web
