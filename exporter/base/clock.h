// Time, passed in. Samplers, budgets and storage ask a Clock and never the system.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace exporter {

using SystemTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // UTC wall time. May jump; use it for timestamps only.
  virtual SystemTime now() const = 0;
  // Never goes back; use it for deadlines and durations.
  virtual SteadyTime steady_now() const = 0;
  // Sleeps until `deadline` or a stop request; false when stopped.
  virtual bool sleep_until(SteadyTime deadline, std::stop_token stop) const = 0;
};

class RealClock final : public Clock {
 public:
  SystemTime now() const override;
  SteadyTime steady_now() const override;
  bool sleep_until(SteadyTime deadline, std::stop_token stop) const override;
};

// Seconds since the epoch with millisecond resolution: the value of *_timestamp_seconds metrics.
double to_seconds(SystemTime time);
double to_seconds(std::chrono::nanoseconds duration);

// "2026-11-23T21:44:30.123Z"; parse accepts any number of fraction digits, "Z" or no zone, and a space for
// the T.
std::string to_iso8601(SystemTime time);
std::optional<SystemTime> parse_iso8601(std::string_view text);

// The Date header, RFC 9110 IMF-fixdate: "Tue, 16 Apr 2024 17:16:22 GMT".
std::optional<SystemTime> parse_http_date(std::string_view text);

// A duration as Prometheus writes it: "30s", "1h30m", "500ms", "1d", "1w", "1y". "0" is zero.
std::optional<std::chrono::milliseconds> parse_prometheus_duration(std::string_view text);
std::string to_prometheus_duration(std::chrono::milliseconds duration);

}  // namespace exporter
