// Retry-After and the rate limits' headers: numbers, dates, and what is neither.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/rate_limit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace exporter;
  // A line for each header, and the answer's own date.
  static constexpr std::string_view kNames[] = {"Retry-After", "Date", "X-Rate-Limit-Limit",
                                                "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"};
  std::string_view text(reinterpret_cast<const char*>(data), size);
  net::HttpHeaders okta;
  net::HttpHeaders servicenow;
  for (const std::string_view name : kNames) {
    const std::size_t end = text.find('\n');
    const std::string value(text.substr(0, end));
    okta.add(std::string(name), value);
    servicenow.add(
        name.starts_with("X-Rate-Limit") ? "X-RateLimit" + std::string(name.substr(12)) : std::string(name),
        value);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const SystemTime now{std::chrono::seconds(1'764'000'000)};
  for (const auto& wait :
       {net::parse_retry_after(okta, now), net::parse_rate_limit_wait(net::Api::okta, okta, now),
        net::parse_rate_limit_wait(net::Api::servicenow, servicenow, now)}) {
    if (wait && *wait < std::chrono::seconds(1)) __builtin_trap();
  }
  for (const auto& limit : {net::parse_rate_limit(net::Api::okta, okta),
                            net::parse_rate_limit(net::Api::servicenow, servicenow)}) {
    // Not a number would go on into the metrics.
    if (limit.limit && !(*limit.limit >= 0)) __builtin_trap();
    if (limit.remaining && !(*limit.remaining >= 0)) __builtin_trap();
  }
  return 0;
}
