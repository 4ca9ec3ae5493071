#include "web/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace exporter::web {
namespace {

// What an idle connection may keep of its buffer; a scrape's request is a few hundred bytes.
constexpr std::size_t kKeptInputBytes = 1024;
constexpr std::size_t kMaxParts = 3;  // head, body, tail
constexpr std::size_t kCopiedBytes = 8192;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Connection::Connection(FileDescriptor socket, std::shared_ptr<const TlsContext> tls)
    : socket_(std::move(socket)), tls_(std::move(tls)) {
  if (!tls_) return;
  ssl_.reset(::SSL_new(tls_->context.get()));
  if (!ssl_ || ::SSL_set_fd(ssl_.get(), fd()) != 1) {
    ssl_.reset();
    tls_failed_ = true;  // never in the clear instead
    return;
  }
  ::SSL_set_accept_state(ssl_.get());
}

Connection::~Connection() {
  // Tells the client that nothing was cut off; its own goodbye is not waited for.
  if (ssl_ && !tls_failed_ && ::SSL_is_init_finished(ssl_.get()) == 1) ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
}

Connection::Moved Connection::tls_result(int result) {
  if (result > 0) return {.io = Io::done, .count = static_cast<std::size_t>(result)};
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      blocked_on_ = EPOLLIN;
      return {.io = Io::blocked};
    case SSL_ERROR_WANT_WRITE:
      blocked_on_ = EPOLLOUT;
      return {.io = Io::blocked};
    case SSL_ERROR_ZERO_RETURN:
      return {.io = Io::done};
    default:
      // After a fatal error OpenSSL forbids any further call on the stream.
      tls_failed_ = true;
      spoke_plain_http_ = ERR_GET_REASON(::ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      ::ERR_clear_error();
      return {.io = Io::closed};
  }
}

// Once.
Connection::Moved Connection::read_some(std::span<char> scratch) {
  if (tls_failed_) return {.io = Io::closed};
  if (ssl_) {
    ::ERR_clear_error();
    return tls_result(::SSL_read(ssl_.get(), scratch.data(), static_cast<int>(scratch.size())));
  }
  ssize_t count = 0;
  do {
    count = ::recv(fd(), scratch.data(), scratch.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return {.io = Io::done, .count = static_cast<std::size_t>(count)};
  blocked_on_ = EPOLLIN;
  return {.io = would_block(errno) ? Io::blocked : Io::closed};
}

// Once, as much as the socket takes; `parts` are not empty.
Connection::Moved Connection::write_some(std::span<const std::string_view> parts) {
  if (tls_failed_) return {.io = Io::closed};
  if (ssl_) {
    ::ERR_clear_error();
    const auto size = std::min<std::size_t>(parts.front().size(), std::numeric_limits<int>::max());
    return tls_result(::SSL_write(ssl_.get(), parts.front().data(), static_cast<int>(size)));
  }
  std::array<iovec, kMaxParts> vectors{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // sendmsg does not write through iov_base; the type is C's.
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = parts.size();
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {.io = Io::done, .count = static_cast<std::size_t>(sent)};
  blocked_on_ = EPOLLOUT;
  return {.io = would_block(errno) ? Io::blocked : Io::closed};
}

void Connection::send_in_the_clear(std::string_view text) const {
  [[maybe_unused]] const auto sent = ::send(fd(), text.data(), text.size(), MSG_NOSIGNAL);
}

Connection::Io Connection::receive(std::span<char> scratch) {
  const Moved moved = read_some(scratch);
  if (moved.io != Io::done) return moved.io;
  if (moved.count == 0) ended_ = true;
  input_.append(scratch.data(), moved.count);
  return Io::done;
}

Connection::Request Connection::take_request(const HeadLimits& limits) {
  if (!has_pending_) {
    HeadScan scan = scan_head(input_, limits);
    switch (scan.state) {
      case HeadScan::State::incomplete:
        return {};
      case HeadScan::State::refused:
        return {.state = Request::State::refused, .status = scan.status};
      case HeadScan::State::complete:
        break;
    }
    input_.erase(0, scan.consumed);
    body_left_ = scan.head.body_bytes;
    pending_ = std::move(scan.head);
    has_pending_ = true;
  }
  const std::size_t dropped = std::min(body_left_, input_.size());
  input_.erase(0, dropped);
  body_left_ -= dropped;
  if (body_left_ > 0) return {};
  if (input_.empty() && input_.capacity() > kKeptInputBytes) input_ = {};
  has_pending_ = false;
  return {.state = Request::State::ready, .head = std::exchange(pending_, {})};
}

void Connection::send(std::string head, std::shared_ptr<const std::string> body,
                      std::shared_ptr<const std::string> tail) {
  output_head_ = std::move(head);
  output_body_ = std::move(body);
  output_tail_ = std::move(tail);
  output_sent_ = 0;
  if (!ssl_) return;
  // A TLS record and a packet of its own for a head of 300 bytes would cost more than the copy.
  for (auto* part : {&output_body_, &output_tail_}) {
    if (!*part || (*part)->size() > kCopiedBytes) return;
    output_head_ += **part;
    part->reset();
  }
}

Connection::Io Connection::transmit() {
  for (;;) {
    std::array<std::string_view, kMaxParts> parts;
    std::size_t count = 0;
    std::size_t skipped = output_sent_;
    const auto add = [&](std::string_view part) {
      const std::size_t done = std::min(skipped, part.size());
      skipped -= done;
      if (done < part.size()) parts[count++] = part.substr(done);
    };
    add(output_head_);
    if (output_body_) add(*output_body_);
    if (output_tail_) add(*output_tail_);
    if (count == 0) break;
    const Moved moved = write_some(std::span(parts).first(count));
    if (moved.io != Io::done) return moved.io;
    if (moved.count == 0) return Io::closed;  // the client said goodbye while we were writing
    output_sent_ += moved.count;
    bytes_sent_ += moved.count;
  }
  output_head_.clear();
  output_body_.reset();
  output_tail_.reset();
  output_sent_ = 0;
  return Io::done;
}

void Connection::end_output() {
  if (ssl_ && !tls_failed_) {
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    // What comes in from here on is dropped unread.
    tls_failed_ = true;
  }
  ::shutdown(fd(), SHUT_WR);
}

Connection::Io Connection::drain(std::span<char> scratch) {
  ssize_t count = 0;
  do {
    count = ::recv(fd(), scratch.data(), scratch.size(), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return would_block(errno) ? Io::blocked : Io::closed;
  return count == 0 ? Io::closed : Io::done;
}

void Connection::abort_on_close() {
  const struct linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

}  // namespace exporter::web
