#include "web/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace exporter::web {
namespace {

// What an idle connection may keep of its buffer; a scrape's request is a few hundred bytes.
constexpr std::size_t kKeptInputBytes = 1024;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Once; -1 with errno.
ssize_t read_some(int socket, std::span<char> scratch) {
  ssize_t count = 0;
  do {
    count = ::recv(socket, scratch.data(), scratch.size(), 0);
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace

Connection::Io Connection::receive(std::span<char> scratch) {
  const ssize_t count = read_some(fd(), scratch);
  if (count < 0) return would_block(errno) ? Io::blocked : Io::closed;
  if (count == 0) ended_ = true;
  input_.append(scratch.data(), static_cast<std::size_t>(count));
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

void Connection::send(std::string head, std::shared_ptr<const std::string> body) {
  output_head_ = std::move(head);
  output_body_ = std::move(body);
  output_sent_ = 0;
}

Connection::Io Connection::transmit() {
  const std::size_t body_size = output_body_ ? output_body_->size() : 0;
  const std::size_t total = output_head_.size() + body_size;
  while (output_sent_ < total) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    // sendmsg does not write through iov_base; the type is C's.
    const auto add = [&](const std::string& data, std::size_t from) {
      parts[count++] = {const_cast<char*>(data.data()) + from, data.size() - from};
    };
    if (output_sent_ < output_head_.size()) {
      add(output_head_, output_sent_);
      if (body_size > 0) add(*output_body_, 0);
    } else {
      add(*output_body_, output_sent_ - output_head_.size());
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return would_block(errno) ? Io::blocked : Io::closed;
    }
    output_sent_ += static_cast<std::size_t>(sent);
    bytes_sent_ += static_cast<std::uint64_t>(sent);
  }
  output_head_.clear();
  output_body_.reset();
  output_sent_ = 0;
  return Io::done;
}

void Connection::end_output() { ::shutdown(fd(), SHUT_WR); }

Connection::Io Connection::drain(std::span<char> scratch) {
  const ssize_t count = read_some(fd(), scratch);
  if (count < 0) return would_block(errno) ? Io::blocked : Io::closed;
  return count == 0 ? Io::closed : Io::done;
}

void Connection::abort_on_close() {
  const struct linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

}  // namespace exporter::web
