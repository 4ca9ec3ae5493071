// A server that answers each request with the text that the test makes of it, and remembers what it was
// asked.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/raw_server.h"

namespace exporter::faults {

// A whole HTTP answer. `fields` are lines that end in CRLF.
inline std::string answer(int status, std::string_view body, std::string_view fields = "",
                          std::string_view type = "application/json") {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
  if (!type.empty()) text += "Content-Type: " + std::string(type) + "\r\n";
  return text + "Content-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

// Thread-safe. Serves as many connections as come, one after the other; make it before the transport.
class AnsweringServer {
 public:
  // What is sent for the request with this head; an empty text closes the connection. `number` counts from 0.
  using Handler = std::function<std::string(std::size_t number, const std::string& head)>;

  explicit AnsweringServer(Handler handler, const fakes::RawTls& tls = {})
      : handler_(std::move(handler)),
        server_(std::vector<fakes::RawServer::Script>(kConnections,
                                                      [this](fakes::Peer& peer) {
                                                        ++connections_;
                                                        serve(peer);
                                                      }),
                tls) {}
  // Each request the next of these texts, the last one again and again.
  explicit AnsweringServer(std::vector<std::string> texts, const fakes::RawTls& tls = {})
      : AnsweringServer(
            [texts = std::move(texts)](std::size_t number, const std::string&) {
              return texts.at(std::min(number, texts.size() - 1));
            },
            tls) {}

  std::string origin() const { return server_.origin(); }
  std::string authority() const { return server_.authority(); }
  // The heads of all requests, in order.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  std::size_t asked() const { return requests().size(); }
  // Also those on which nothing was asked.
  std::size_t connections() const { return connections_; }

 private:
  static constexpr std::size_t kConnections = 64;

  void serve(fakes::Peer& peer) {
    while (true) {
      const std::string head = peer.read_request();
      if (head.empty()) return;
      std::size_t number = 0;
      {
        const std::lock_guard lock(mutex_);
        number = heads_.size();
        heads_.push_back(head);
      }
      const std::string text = handler_(number, head);
      if (text.empty() || !peer.send(text)) return;
    }
  }

  const Handler handler_;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;  // guarded by mutex_
  std::atomic<std::size_t> connections_ = 0;
  fakes::RawServer server_;  // last: its thread uses the others
};

}  // namespace exporter::faults
