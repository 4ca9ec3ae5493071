// A client that sends exactly the bytes it is told to. Everything that waits does so in poll, at most
// kPatience.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::web::testing {

inline constexpr std::chrono::seconds kPatience{20};

struct RawResponse {
  int status = 0;
  std::string head;                            // with its empty line
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class RawClient {
 public:
  // "127.0.0.1:34567", "[::1]:34567". The socket exists before connect() is called.
  explicit RawClient(std::string_view address);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connect();
  // False when the peer is gone.
  bool send(std::string_view bytes);
  // Everything that is left to send fits into no window if the peer does not read; then false.
  void end_output();
  // One answer; nothing when the connection ends before it is whole. `has_body`: false after HEAD.
  std::optional<RawResponse> read_response(bool has_body = true);
  // Bytes wait to be read; reads none.
  bool wait_readable();
  // The peer closed or reset; drops what it sent before.
  bool wait_closed();
  // As wait_closed, without reading anything: only a reset is seen.
  bool wait_reset();

  // send + read_response of a GET.
  std::optional<RawResponse> get(std::string_view path, std::string_view more_headers = "");

 private:
  bool fill();

  int fd_ = -1;
  std::string address_;
  std::string input_;
};

// "GET /x HTTP/1.1", a Host, `more_headers` (each with its end of line).
std::string get_request(std::string_view path, std::string_view more_headers = "");

std::string gunzip(std::string_view compressed);

}  // namespace exporter::web::testing
