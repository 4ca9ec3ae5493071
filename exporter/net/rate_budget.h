// How fast one API may be asked, so that production keeps its share of the vendor's limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "net/api_client.h"
#include "net/breaker.h"
#include "net/http.h"

namespace exporter::net {

// What a user of a budget may take of it.
struct Pace {
  double share = 0.25;               // of the limit that the answers tell, 0 < share <= 1
  double unmetered_per_minute = 60;  // requests, while the answers tell no limit
};

// A vendor's limit as its last answer told it. Okta counts by the minute, ServiceNow by the hour.
struct ToldLimit {
  double requests = 0;
  std::chrono::minutes window{1};
};

// The requests of one API, account and bucket. Thread-safe: all samplers of all integrations that draw from
// the same limit use the same object, and so share it.
//
// The windows are the server's own: each answer tells by its reset which window it was counted in, and the
// server's Date, set against our steady clock, tells when that window ends. So neither a clock that is wrong
// here nor one that jumps moves a window. The first half of a window's share is given at once, the rest is
// spread over what is left of the window. A tenth of the limit is left to others whatever our share is.
class RateBudget {
 public:
  RateBudget(Api api, const Clock& clock) : api_(api), clock_(clock) {}

  // Waits until a request is within the share; how long that was. Each success must be followed by one
  // answered(), failed() or unsent(). A wait of more than `max_wait` is not begun: rate_limited, with the
  // time to wait as retry_after. A stop: cancelled.
  Result<std::chrono::nanoseconds> take(const Pace& pace, std::chrono::milliseconds max_wait,
                                        const std::stop_token& stop);
  // The answer to a request. Learns the limit and the server's clock; a 429 that says how long to wait holds
  // back everybody until then.
  void answered(int status, const HttpHeaders& headers);
  // No answer came: the server may have counted the request.
  void failed();
  // The request was not made.
  void unsent();

  // Absent while the answers tell none.
  std::optional<ToldLimit> limit() const;

 private:
  struct Window {
    SystemTime reset;  // by the server's clock
    double limit = 0;
    std::optional<double> remaining;
    double spent = 0;  // of ours, by the answers
  };

  std::optional<SystemTime> server_now(SteadyTime now) const REQUIRES(mutex_);
  // When a request may go out at the earliest; nullopt: not before another one has come back.
  std::optional<SteadyTime> earliest(const Pace& pace, SteadyTime now) const REQUIRES(mutex_);
  std::optional<SteadyTime> earliest_in_window(const Pace& pace, SteadyTime now, SystemTime there) const
      REQUIRES(mutex_);
  void learn(const HttpHeaders& headers, SteadyTime now) REQUIRES(mutex_);
  void learn_server_clock(const HttpHeaders& headers, SteadyTime now) REQUIRES(mutex_);
  void come_back() REQUIRES(mutex_);

  const Api api_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::optional<Window> window_ GUARDED_BY(mutex_);
  int in_flight_ GUARDED_BY(mutex_) = 0;
  bool known_ GUARDED_BY(mutex_) = false;  // whether any request has come back: until then one goes alone
  std::optional<SteadyTime> last_sent_ GUARDED_BY(mutex_);
  SteadyTime unmetered_ GUARDED_BY(mutex_){};  // when all that was sent would have been sent at an even pace
  SteadyTime blocked_until_ GUARDED_BY(mutex_){};
  // What to add to the steady clock's time since its epoch to get the server's wall time, at least: a Date is
  // cut to the second and older than its arrival.
  std::optional<std::chrono::milliseconds> server_offset_ GUARDED_BY(mutex_);
  std::set<std::stop_source*> waiters_ GUARDED_BY(mutex_);
};

// The budgets and breakers of the process. Lives longer than the integrations, so that a reload forgets
// nothing. Thread-safe; what it gives is valid as long as it is.
class Upstreams {
 public:
  explicit Upstreams(const Clock& clock) : clock_(clock) {}

  // `authority` is host and port; `account` tells apart who has limits of his own (ServiceNow counts per
  // user, Okta per org: empty).
  RateBudget& budget(Api api, const std::string& authority, const std::string& account, Bucket bucket);
  Breaker& breaker(const std::string& authority);

 private:
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::tuple<Api, std::string, std::string, Bucket>, std::unique_ptr<RateBudget>> budgets_
      GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<Breaker>> breakers_ GUARDED_BY(mutex_);
};

}  // namespace exporter::net
