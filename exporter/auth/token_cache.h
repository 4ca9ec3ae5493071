// An access token, fetched once for all who need it at the same time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"

namespace exporter::auth {

struct Token {
  std::string value;
  bool dpop = false;          // bound to the DPoP key
  std::string refresh_token;  // empty: none
  SteadyTime fetched{};       // when it was asked for
  std::chrono::seconds lifetime{0};
};

// One per account. Thread-safe.
class TokenCache {
 public:
  // `refresh_token` is what the last token came with; empty: none.
  using Fetch = std::function<Result<Token>(const std::string& refresh_token)>;

  explicit TokenCache(const Clock& clock) : clock_(clock) {}

  // The current token, or a new one where there is none, it is about to end, or `credential` is not the one
  // it was fetched with. One caller fetches, the others wait for it and share what came, also an error. A
  // stop ends the wait.
  Result<Token> get(const std::string& credential, std::stop_token stop, const Fetch& fetch);

  // The API refused the token. True: another try with a new one may help. False: this is the second token in
  // a row that was refused without one being accepted, so it is the account that is refused.
  bool refused(std::string_view value);
  void accepted();

 private:
  bool usable(const std::string& credential) const REQUIRES(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  std::condition_variable_any fetched_;
  bool fetching_ GUARDED_BY(mutex_) = false;
  std::uint64_t round_ GUARDED_BY(mutex_) = 0;
  std::optional<Token> token_ GUARDED_BY(mutex_);
  std::string credential_ GUARDED_BY(mutex_);
  std::string refresh_token_ GUARDED_BY(mutex_);
  std::optional<Error> error_ GUARDED_BY(mutex_);  // of the last round
  int refused_ GUARDED_BY(mutex_) = 0;             // in a row
};

}  // namespace exporter::auth
