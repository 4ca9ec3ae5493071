#include "simulator/server.h"

#include <array>
#include <chrono>
#include <stdexcept>

#include <httplib.h>
#include <zlib.h>

#include "simulator/text.h"

namespace simulator {
namespace {

// The socket of a connection, found by the peer's port: httplib doesn't hand it out, and a connection that
// ends without an answer can't be made otherwise.
void shut_down(int local_port, int peer_port) {
  for (int fd = 3; fd < 4096; ++fd) {
    sockaddr_storage local{};
    sockaddr_storage peer{};
    socklen_t local_size = sizeof local;
    socklen_t peer_size = sizeof peer;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&local), &local_size) != 0 ||
        getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
      continue;
    }
    const auto port = [](const sockaddr_storage& address) {
      return address.ss_family == AF_INET6
                 ? static_cast<int>(ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port))
                 : static_cast<int>(ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port));
    };
    if (port(local) == local_port && (peer_port == 0 || port(peer) == peer_port)) shutdown(fd, SHUT_RDWR);
  }
}

std::string gzipped(const std::string& body) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, body.size()) + 32, '\0');
  // zlib's interface is not const-correct; it doesn't write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? out : std::string{};
}

Call call_of(const httplib::Request& request, const std::string& scheme, const std::string& own_host) {
  Call call;
  call.method = request.method;
  call.path = request.path;
  call.target = request.target;
  call.parameters = {request.params.begin(), request.params.end()};
  call.authorization = request.get_header_value("Authorization");
  call.dpop = request.get_header_value("DPoP");
  call.api_key = request.get_header_value("x-sn-apikey");
  call.content_type = request.get_header_value("Content-Type");
  call.user_agent = request.get_header_value("User-Agent");
  const std::string host = request.get_header_value("Host");
  call.origin = scheme + "://" + (host.empty() ? own_host : host);
  call.body = request.body;
  return call;
}

// Compression is ours: httplib's own would pick brotli, and it would hide where a body is cut.
void deliver(const httplib::Request& request, Reply reply, httplib::Response& response) {
  if (reply.delay_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(reply.delay_ms));
  if (reply.delivery == Delivery::kNoAnswer) {
    shut_down(request.local_port, request.remote_port);
    return;
  }
  response.status = reply.status;
  for (auto& [name, value] : reply.headers) response.set_header(name, value);
  const bool accepts_gzip = request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos;
  if (accepts_gzip && reply.body.size() > 200) {
    if (std::string packed = gzipped(reply.body); !packed.empty()) {
      reply.body = std::move(packed);
      response.set_header("Content-Encoding", "gzip");
    }
  }
  if (reply.body.empty()) {
    response.set_header("Content-Type", reply.content_type);
    return;
  }
  const auto body = std::make_shared<const std::string>(std::move(reply.body));
  const std::size_t end = reply.delivery == Delivery::kCutConnection ? body->size() / 2 : body->size();
  response.set_content_provider(body->size(), reply.content_type,
                                [body, end](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                  if (offset >= end) return false;  // the connection ends here
                                  return sink.write(body->data() + offset, std::min(length, end - offset));
                                });
}

}  // namespace

struct Listener::Server {
  std::unique_ptr<httplib::Server> http;
  int port = 0;
};

Listener::Listener(const std::string& address, const Tls& tls, Handler handler)
    : server_(std::make_unique<Server>()) {
  const auto colon = address.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : parse_integer(address.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) throw std::runtime_error("\"" + address + "\" is no HOST:PORT");
  const std::string host = address.substr(0, colon);
  if (tls.on()) {
    server_->http = std::make_unique<httplib::SSLServer>(tls.certificate.c_str(), tls.key.c_str());
    if (!server_->http->is_valid()) throw std::runtime_error("the certificate or its key can't be used");
  } else {
    server_->http = std::make_unique<httplib::Server>();
  }
  httplib::Server& http = *server_->http;
  http.set_tcp_nodelay(true);  // without it each answer on a kept connection waits 40 ms
  http.new_task_queue = [] { return new httplib::ThreadPool(32); };  // each open connection pins a thread
  http.set_keep_alive_max_count(100'000'000);
  http.set_keep_alive_timeout(120);
  http.set_read_timeout(30);
  http.set_write_timeout(30);

  if (*port == 0) {
    server_->port = http.bind_to_any_port(host);
  } else {
    server_->port = http.bind_to_port(host, static_cast<int>(*port)) ? static_cast<int>(*port) : -1;
  }
  if (server_->port <= 0) throw std::runtime_error("can't listen on " + address);
  const std::string scheme = tls.on() ? "https" : "http";
  const std::string own_host = host + ":" + std::to_string(server_->port);
  url_ = scheme + "://" + own_host;
  const auto serve = [handler = std::move(handler), scheme, own_host](const httplib::Request& request,
                                                                      httplib::Response& response) {
    deliver(request, handler(call_of(request, scheme, own_host)), response);
  };
  http.Get(".*", serve);
  http.Post(".*", serve);
  http.Put(".*", serve);
  http.Patch(".*", serve);
  http.Delete(".*", serve);
  http.Options(".*", serve);
}

Listener::~Listener() { stop(); }

void Listener::start() {
  thread_ = std::thread([this] { server_->http->listen_after_bind(); });
}

void Listener::stop() {
  if (!thread_.joinable()) return;
  while (!server_->http->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  server_->http->stop();
  shut_down(server_->port, 0);
  thread_.join();
}

}  // namespace simulator
