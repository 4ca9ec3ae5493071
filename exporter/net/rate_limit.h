// What answers say about rate limits and waiting. Vendors differ, and values may be no numbers: everything
// that can't be read is absent.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "net/api_client.h"
#include "net/http.h"

namespace exporter::net {

// Okta: X-Rate-Limit-Limit, -Remaining, -Reset on every answer. ServiceNow: X-RateLimit-Limit, -Reset, only
// where a rule matches; there is no Remaining. Okta's limit of 0 stands for its concurrency limit and tells
// nothing about the bucket: limit and remaining are absent then, and the reset is an estimate.
RateLimit parse_rate_limit(Api api, const HttpHeaders& headers);

// How long Retry-After asks us to wait from the answer on, at least 1 s. It is seconds or a date; a date is
// taken relative to the answer's own Date, so that a clock that is wrong here does no harm; `now` stands in
// for that.
std::optional<std::chrono::seconds> parse_retry_after(const HttpHeaders& headers, SystemTime now);

// The same for a 429: Retry-After, else a second past the rate limit's reset, because Okta sends no
// Retry-After. Absent for a limit on concurrency (Okta's 0 of 0, ServiceNow's without headers).
std::optional<std::chrono::seconds> parse_rate_limit_wait(Api api, const HttpHeaders& headers,
                                                          SystemTime now);

}  // namespace exporter::net
