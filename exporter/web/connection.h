// One client: its socket, what it sent and what it has yet to get. No policy: the loop decides what happens
// next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/ssl.h>

#include "web/file_descriptor.h"
#include "web/request_head.h"
#include "web/tls_context.h"

namespace exporter::web {

// Owned and touched by the loop's thread only.
//
//   reading → handling (slow handlers only) → writing → reading …, or closed, or, when a request was refused,
//   lingering
//
// All I/O with the socket is in receive(), transmit(), end_output() and drain(), in the clear or over TLS,
// whose handshake is part of the first receive().
class Connection {
 public:
  enum class Phase : std::uint8_t { reading, handling, writing, lingering };
  // done: bytes moved (transmit: all of them). blocked: later. closed: the connection is dead.
  enum class Io : std::uint8_t { done, blocked, closed };

  // `tls` null: in the clear.
  explicit Connection(FileDescriptor socket, std::shared_ptr<const TlsContext> tls = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return socket_.get(); }

  // Reads once, at most `scratch`. An orderly end of the client's side is done, too, and then ended() is
  // true.
  Io receive(std::span<char> scratch);
  bool ended() const { return ended_; }
  // After Io::blocked: what epoll is to wait for. TLS may have to write before it can read, and the other way
  // round.
  std::uint32_t blocked_on() const { return blocked_on_; }
  bool encrypted() const { return ssl_ != nullptr; }
  // After Io::closed of a receive(): the client spoke HTTP where TLS is expected.
  bool spoke_plain_http() const { return spoke_plain_http_; }
  // Bytes past TLS, best effort: for a client that spoke plain HTTP.
  void send_in_the_clear(std::string_view text) const;

  struct Request {
    enum class State : std::uint8_t { incomplete, ready, refused };
    State state = State::incomplete;
    int status = 0;  // refused
    RequestHead head = {};
  };
  // The next whole request out of what was received; its body is dropped.
  Request take_request(const HeadLimits& limits);
  // Whether part of a request, or another request, was received already.
  bool has_input() const { return !input_.empty() || body_left_ > 0 || has_pending_; }

  // Queues an answer: head, body, tail. `body` and `tail` may be null.
  void send(std::string head, std::shared_ptr<const std::string> body,
            std::shared_ptr<const std::string> tail = nullptr);
  // Writes what it can of the queued answer.
  Io transmit();
  // Bytes written in the connection's life.
  std::uint64_t bytes_sent() const { return bytes_sent_; }

  // Ends our side, so that the client sees the end of the answer while it may still send.
  void end_output();
  // Drops what comes in; closed at the client's end.
  Io drain(std::span<char> scratch);
  // The close to come drops unsent bytes: the kernel would keep megabytes for a client that does not read.
  void abort_on_close();

  // The loop's notes.
  Phase phase = Phase::reading;
  std::uint32_t interest = 0;  // what epoll was last told
  std::size_t route = 0;       // of the request being answered
  bool head_only = false;      // HEAD
  bool accepts_gzip = false;
  bool keep_alive = true;
  bool linger_after = false;  // the request was refused before all of it was read
  bool counts_as_scrape = false;

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  };
  struct Moved {
    Io io = Io::closed;
    std::size_t count = 0;  // done: bytes; 0 is the end of the client's side
  };
  Moved read_some(std::span<char> scratch);
  Moved write_some(std::span<const std::string_view> parts);
  Moved tls_result(int result);

  FileDescriptor socket_;
  std::shared_ptr<const TlsContext> tls_;  // outlives ssl_
  std::unique_ptr<SSL, FreeSsl> ssl_;
  bool tls_failed_ = false;
  bool spoke_plain_http_ = false;
  std::uint32_t blocked_on_ = 0;
  std::string input_;
  bool ended_ = false;
  bool has_pending_ = false;
  RequestHead pending_;  // its body is being dropped
  std::size_t body_left_ = 0;

  std::string output_head_;
  std::shared_ptr<const std::string> output_body_;
  std::shared_ptr<const std::string> output_tail_;
  std::size_t output_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace exporter::web
