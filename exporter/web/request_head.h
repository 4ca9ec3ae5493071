// Framing: where a request begins and ends in a stream of bytes, and whether it is well enough formed to be
// parsed at all.
//
// cpp-httplib skips malformed header lines and trusts what is left; two readers that disagree about a
// request's length are how requests are smuggled past a proxy. So everything that decides a length is decided
// here, strictly, and only a head that is wholly well formed goes on to be parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace exporter::web {

// cpp-httplib's compiled-in limit, end of line included.
inline constexpr std::size_t kMaxRequestLineBytes = 8192;
inline constexpr std::size_t kMaxHeaderLineBytes = 8192;
inline constexpr std::size_t kMaxHeaders = 100;

struct HeadLimits {
  std::size_t max_head_bytes;
  std::size_t max_body_bytes;
};

struct RequestHead {
  // The head to parse: its target in origin form; without the fields that decide framing and without Range
  // and Expect, which the server does not honour (a Range of many parts makes an answer larger than its
  // body).
  std::string text;
  std::size_t body_bytes = 0;
  bool keep_alive = true;
};

struct HeadScan {
  enum class State : std::uint8_t { incomplete, complete, refused };
  State state = State::incomplete;
  std::size_t consumed = 0;  // complete: bytes of the input that were the head
  int status = 0;            // refused: the answer; the connection is of no further use
  RequestHead head = {};     // complete
};

// Pure. `input` begins where the last request ended.
HeadScan scan_head(std::string_view input, const HeadLimits& limits);

// RFC 9110 token: a method, a header's name.
bool is_token(std::string_view text);

}  // namespace exporter::web
