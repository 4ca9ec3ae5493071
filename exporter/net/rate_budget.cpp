#include "net/rate_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "net/rate_limit.h"

namespace exporter::net {

namespace {

using std::chrono::milliseconds;

constexpr double kLeftToOthers = 0.1;  // of the limit
constexpr double kAtOnce = 0.5;        // of the share
// So many seconds' worth of an unmetered pace may go out at once.
constexpr double kUnmeteredBurst = 10;
// A server's clock that seems to go back less than this was a slow answer; more is another clock.
constexpr milliseconds kSameClock{5'000};
// Resets that differ by no more are the same window's: some servers compute them anew for each answer.
constexpr milliseconds kSameReset{1'000};

// No header tells how long a window is (okta.md 6, servicenow.md 6).
std::chrono::minutes usual_window(Api api) {
  return api == Api::okta ? std::chrono::minutes(1) : std::chrono::hours(1);
}

milliseconds since_epoch(SteadyTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
}

}  // namespace

std::optional<SystemTime> RateBudget::server_now(SteadyTime now) const {
  if (!server_offset_) {
    return std::nullopt;
  }
  return SystemTime(since_epoch(now) + *server_offset_);
}

std::optional<SteadyTime> RateBudget::earliest_in_window(const Pace& pace, SteadyTime now,
                                                         SystemTime there) const {
  const Window& window = *window_;
  const double allowance = std::max(1.0, std::floor(window.limit * pace.share));
  const SteadyTime end = now + std::max(milliseconds(0), window.reset - there);
  if (there >= window.reset) {
    // How the new window stands, the first answers will tell; until then no more than its share is on its
    // way.
    return in_flight_ < allowance ? std::optional(now) : std::nullopt;
  }
  const double reserve = std::floor(window.limit * kLeftToOthers);
  if (window.remaining && *window.remaining - in_flight_ <= reserve) {
    return end;
  }
  const double left = allowance - window.spent - in_flight_;
  if (left < 1) {
    return end;
  }
  if (left > allowance * (1 - kAtOnce) || !last_sent_) {
    return now;
  }
  const auto gap = std::chrono::duration_cast<SteadyTime::duration>((window.reset - there) / left);
  return std::min(end, *last_sent_ + gap);
}

std::optional<SteadyTime> RateBudget::earliest(const Pace& pace, SteadyTime now) const {
  if (!known_ && in_flight_ > 0) {
    return std::nullopt;
  }
  if (const std::optional<SystemTime> there = server_now(now); window_ && there) {
    const std::optional<SteadyTime> time = earliest_in_window(pace, now, *there);
    return time ? std::optional(std::max(*time, blocked_until_)) : std::nullopt;
  }
  const std::chrono::duration<double> ahead(kUnmeteredBurst);
  const SteadyTime paced = unmetered_ - std::chrono::duration_cast<SteadyTime::duration>(ahead);
  return std::max({now, paced, blocked_until_});
}

Result<std::chrono::nanoseconds> RateBudget::take(const Pace& pace, milliseconds max_wait,
                                                  const std::stop_token& stop) {
  const SteadyTime begin = clock_.steady_now();
  while (true) {
    std::stop_source wake;
    SteadyTime until;
    {
      const MutexLock lock(mutex_);
      const SteadyTime now = clock_.steady_now();
      const std::optional<SteadyTime> time = earliest(pace, now);
      if (time && *time <= now) {
        ++in_flight_;
        last_sent_ = now;
        const std::chrono::duration<double, std::ratio<60>> step(1 / pace.unmetered_per_minute);
        unmetered_ = std::max(unmetered_, now) + std::chrono::duration_cast<SteadyTime::duration>(step);
        return now - begin;
      }
      const SteadyTime latest = begin + max_wait;
      if (now >= latest || (time && *time > latest)) {
        const auto wait =
            std::chrono::ceil<std::chrono::seconds>(time ? *time - now : SteadyTime::duration{});
        return std::unexpected(
            Error{.error_class = ErrorClass::rate_limited,
                  .message = "not asked: the exporter's share of the rate limit is spent for " +
                             std::to_string(wait.count()) +
                             " s more; ask less often (intervals), or raise rate_limit_share",
                  .retry_after = std::max(wait, std::chrono::seconds(1))});
      }
      until = time.value_or(latest);
      waiters_.insert(&wake);
    }
    {
      const std::stop_callback stopped(stop, [&wake] { wake.request_stop(); });
      clock_.sleep_until(until, wake.get_token());
    }
    const MutexLock lock(mutex_);
    waiters_.erase(&wake);
    if (stop.stop_requested()) {
      return std::unexpected(Error{.error_class = ErrorClass::cancelled,
                                   .message = "the wait for the rate limit was cancelled by a stop"});
    }
  }
}

void RateBudget::come_back() {
  --in_flight_;
  known_ = true;
  for (std::stop_source* waiter : waiters_) {
    waiter->request_stop();
  }
}

void RateBudget::learn_server_clock(const HttpHeaders& headers, SteadyTime now) {
  const std::optional<std::string_view> field = headers.first("Date");
  const std::optional<SystemTime> date = field ? parse_http_date(trim(*field)) : std::nullopt;
  const SystemTime there = date.value_or(clock_.now());
  const milliseconds offset = there.time_since_epoch() - since_epoch(now);
  if (!date && server_offset_) {
    return;
  }
  // Each Date is early by up to a second and its way here; the latest of them is the nearest to the truth.
  const bool same_clock =
      server_offset_ && offset <= *server_offset_ && *server_offset_ - offset < kSameClock;
  if (!same_clock) {
    server_offset_ = offset;
  }
}

void RateBudget::learn(const HttpHeaders& headers, SteadyTime now) {
  learn_server_clock(headers, now);
  const RateLimit told = parse_rate_limit(api_, headers);
  const SystemTime there = server_now(now).value_or(clock_.now());
  if (!told.limit) {
    if (window_ && there >= window_->reset) {
      window_.reset();  // the limit is gone, as when a rule was deleted
    } else if (window_) {
      window_->spent += 1;
    }
    return;
  }
  const bool open = window_ && there < window_->reset;
  const SystemTime reset = told.reset.value_or(open ? window_->reset : there + usual_window(api_));
  if (window_ && reset + kSameReset < window_->reset && open) {
    return;  // the late answer of a window that is over
  }
  if (!window_ || reset > window_->reset + kSameReset || reset + kSameReset < window_->reset) {
    window_ = Window{.reset = reset, .limit = *told.limit, .remaining = told.remaining, .spent = 0};
  } else {
    // Where several rules match, or answers overtake each other, the stricter one counts.
    window_->limit = std::min(window_->limit, *told.limit);
    if (told.remaining) {
      window_->remaining = std::min(window_->remaining.value_or(*told.remaining), *told.remaining);
    }
  }
  window_->spent += 1;
}

void RateBudget::answered(int status, const HttpHeaders& headers) {
  const MutexLock lock(mutex_);
  const SteadyTime now = clock_.steady_now();
  learn(headers, now);
  if (status == 429) {
    if (const auto wait = parse_rate_limit_wait(api_, headers, clock_.now())) {
      blocked_until_ = std::max(blocked_until_, now + *wait);
    }
  }
  come_back();
}

void RateBudget::failed() {
  const MutexLock lock(mutex_);
  if (window_) {
    window_->spent += 1;
  }
  come_back();
}

void RateBudget::unsent() {
  const MutexLock lock(mutex_);
  const bool known = known_;
  come_back();
  known_ = known;
}

std::optional<ToldLimit> RateBudget::limit() const {
  const MutexLock lock(mutex_);
  if (!window_) {
    return std::nullopt;
  }
  return ToldLimit{.requests = window_->limit, .window = usual_window(api_)};
}

RateBudget& Upstreams::budget(Api api, const std::string& authority, const std::string& account,
                              Bucket bucket) {
  const MutexLock lock(mutex_);
  std::unique_ptr<RateBudget>& budget = budgets_[{api, authority, account, bucket}];
  if (!budget) {
    budget = std::make_unique<RateBudget>(api, clock_);
  }
  return *budget;
}

Breaker& Upstreams::breaker(const std::string& authority) {
  const MutexLock lock(mutex_);
  std::unique_ptr<Breaker>& breaker = breakers_[authority];
  if (!breaker) {
    breaker = std::make_unique<Breaker>(authority, clock_);
  }
  return *breaker;
}

}  // namespace exporter::net
