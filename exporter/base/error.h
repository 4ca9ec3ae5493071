// Errors are values. Every fallible function of the exporter returns Result<T>; exceptions are for
// programming errors.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace exporter {

// Bounded: it is at once the log field `class` and the label `class` of sample_errors_total.
enum class ErrorClass : std::uint8_t {
  authentication,
  permission,
  rate_limited,
  timeout,
  connection,
  tls,
  http_4xx,
  http_5xx,
  not_json,
  malformed,
  incomplete,
  cursor_expired,
  storage,
  cancelled,
};

inline constexpr std::string_view kErrorClasses[] = {
    "authentication", "permission", "rate_limited", "timeout",    "connection",     "tls",     "http_4xx",
    "http_5xx",       "not_json",   "malformed",    "incomplete", "cursor_expired", "storage", "cancelled"};

constexpr std::string_view to_string(ErrorClass error_class) {
  return kErrorClasses[static_cast<std::size_t>(error_class)];
}

// Whether the same request may succeed a little later: the fault is on the way or passes by itself, and
// nothing was refused.
constexpr bool is_passing(ErrorClass error_class) {
  return error_class == ErrorClass::connection || error_class == ErrorClass::timeout ||
         error_class == ErrorClass::incomplete || error_class == ErrorClass::http_5xx ||
         error_class == ErrorClass::rate_limited;
}

struct Error {
  ErrorClass error_class;
  // What happened, to what, and what to do. Holds no secret and no user's name.
  std::string message;
  // 0 where there was no HTTP answer.
  int http_status = 0;
  // As the server named it, counted from the answer.
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
  // The beginning of the answer's body (at most 64 KiB), for readers of the vendors' error envelopes; never
  // logged.
  std::string response_body = {};
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace exporter
