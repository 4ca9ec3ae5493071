#include "net/rate_limit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "base/text.h"

namespace exporter::net {

namespace {

// Later than any reset (the year 2286), and far from what a time or a duration can overflow at.
constexpr double kMaxNumber = 1e10;

std::optional<double> parse_number(std::optional<std::string_view> field) {
  if (!field) {
    return std::nullopt;
  }
  const std::string_view text = trim(*field);
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number) || number < 0 ||
      number > kMaxNumber) {
    return std::nullopt;
  }
  return number;
}

constexpr std::chrono::seconds kAtLeast{1};

SystemTime answered_at(const HttpHeaders& headers, SystemTime now) {
  const std::optional<std::string_view> date = headers.first("Date");
  return date ? parse_http_date(trim(*date)).value_or(now) : now;
}

std::chrono::seconds seconds_up(double seconds) {
  return std::chrono::seconds(static_cast<std::chrono::seconds::rep>(std::ceil(seconds)));
}

}  // namespace

RateLimit parse_rate_limit(Api api, const HttpHeaders& headers) {
  const std::string prefix = api == Api::okta ? "X-Rate-Limit-" : "X-RateLimit-";
  RateLimit rate_limit{.limit = parse_number(headers.first(prefix + "Limit")),
                       .remaining = parse_number(headers.first(prefix + "Remaining")),
                       .reset = std::nullopt};
  if (rate_limit.limit && *rate_limit.limit <= 0) {
    rate_limit.limit.reset();
    rate_limit.remaining.reset();
  }
  if (const std::optional<double> reset = parse_number(headers.first(prefix + "Reset"));
      reset && *reset > 0) {
    rate_limit.reset = SystemTime(std::chrono::duration_cast<std::chrono::milliseconds>(seconds_up(*reset)));
  }
  return rate_limit;
}

std::optional<std::chrono::seconds> parse_retry_after(const HttpHeaders& headers, SystemTime now) {
  const std::optional<std::string_view> field = headers.first("Retry-After");
  if (!field) {
    return std::nullopt;
  }
  if (const std::optional<double> seconds = parse_number(field)) {
    return std::max(kAtLeast, seconds_up(*seconds));
  }
  if (const std::optional<SystemTime> until = parse_http_date(trim(*field))) {
    return std::max(kAtLeast, std::chrono::ceil<std::chrono::seconds>(*until - answered_at(headers, now)));
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> parse_rate_limit_wait(Api api, const HttpHeaders& headers,
                                                          SystemTime now) {
  if (const std::optional<std::chrono::seconds> wait = parse_retry_after(headers, now)) {
    return wait;
  }
  const RateLimit rate_limit = parse_rate_limit(api, headers);
  // Okta's concurrency limit says 0 of 0, and its reset is a guess (okta.md 6): back off instead.
  if (api == Api::okta && !rate_limit.limit) {
    return std::nullopt;
  }
  if (const std::optional<SystemTime> reset = rate_limit.reset) {
    // The second more is Okta's own SDK's: the reset is a whole second, and asking within it is one more 429.
    return std::max(kAtLeast,
                    std::chrono::ceil<std::chrono::seconds>(*reset - answered_at(headers, now)) + kAtLeast);
  }
  return std::nullopt;
}

}  // namespace exporter::net
