#include "unit/web/raw_client.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/text.h"

namespace exporter::web::testing {
namespace {

bool wait_for(int fd, short events, short wanted) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd entry{.fd = fd, .events = events, .revents = 0};
    const int count = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (count > 0) return (entry.revents & wanted) != 0;
  }
}

}  // namespace

RawClient::RawClient(std::string_view address) : address_(address) {
  fd_ = ::socket(address.starts_with('[') ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      input_(std::move(other.input_)) {}

bool RawClient::connect() {
  const auto colon = address_.rfind(':');
  const auto port = htons(static_cast<std::uint16_t>(std::stoi(address_.substr(colon + 1))));
  if (address_.starts_with('[')) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    ::inet_pton(AF_INET6, address_.substr(1, colon - 2).c_str(), &v6.sin6_addr);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&v6), sizeof v6) == 0;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = port;
  ::inet_pton(AF_INET, address_.substr(0, colon).c_str(), &v4.sin_addr);
  return ::connect(fd_, reinterpret_cast<const sockaddr*>(&v4), sizeof v4) == 0;
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::end_output() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::fill() {
  if (!wait_for(fd_, POLLIN, POLLIN | POLLHUP | POLLERR)) return false;
  static thread_local std::array<char, 256 * 1024> scratch;
  const auto count = ::recv(fd_, scratch.data(), scratch.size(), 0);
  if (count <= 0) return false;
  input_.append(scratch.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<RawResponse> RawClient::read_response(bool has_body) {
  std::size_t end = std::string::npos;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawResponse response;
  response.head = input_.substr(0, end + 4);
  input_.erase(0, end + 4);
  response.status = std::stoi(response.head.substr(9, 3));
  for (const auto line : split(std::string_view(response.head).substr(0, end), '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    response.headers[to_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  }
  if (!has_body) return response;
  const auto length = static_cast<std::size_t>(std::stoull("0" + response.headers["content-length"]));
  while (input_.size() < length) {
    if (!fill()) return std::nullopt;
  }
  response.body = input_.substr(0, length);
  input_.erase(0, length);
  return response;
}

bool RawClient::wait_readable() { return wait_for(fd_, POLLIN, POLLIN); }

bool RawClient::wait_closed() {
  std::array<char, 64 * 1024> scratch{};
  for (;;) {
    if (!wait_for(fd_, POLLIN, POLLIN | POLLHUP | POLLERR)) return false;
    if (::recv(fd_, scratch.data(), scratch.size(), 0) <= 0) return true;
  }
}

bool RawClient::wait_reset() { return wait_for(fd_, 0, POLLHUP | POLLERR); }

std::optional<RawResponse> RawClient::get(std::string_view path, std::string_view more_headers) {
  if (!send(get_request(path, more_headers))) return std::nullopt;
  return read_response();
}

std::string get_request(std::string_view path, std::string_view more_headers) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: exporter\r\n" + std::string(more_headers) + "\r\n";
}

std::string gunzip(std::string_view compressed) {
  z_stream z{};
  if (::inflateInit2(&z, 15 + 16) != Z_OK) throw std::runtime_error("inflateInit2");
  std::string input(compressed);
  z.next_in = reinterpret_cast<Bytef*>(input.data());
  z.avail_in = static_cast<uInt>(input.size());
  std::string text;
  std::array<char, 64 * 1024> scratch{};
  int result = Z_OK;
  while (result == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(scratch.data());
    z.avail_out = static_cast<uInt>(scratch.size());
    result = ::inflate(&z, Z_NO_FLUSH);
    text.append(scratch.data(), scratch.size() - z.avail_out);
  }
  ::inflateEnd(&z);
  if (result != Z_STREAM_END || z.avail_in != 0) throw std::runtime_error("not a whole gzip body");
  return text;
}

}  // namespace exporter::web::testing
