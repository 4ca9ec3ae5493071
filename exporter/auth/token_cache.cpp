#include "auth/token_cache.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace exporter::auth {

namespace {

// Renewed so long before its end, or a tenth of its life where that is shorter: ServiceNow gives the current
// token again, which may be about to end (servicenow.md 5).
constexpr std::chrono::seconds kMargin{60};

SteadyTime renewal(const Token& token) {
  const std::chrono::milliseconds lifetime = token.lifetime;
  return token.fetched + lifetime - std::min<std::chrono::milliseconds>(kMargin, lifetime / 10);
}

}  // namespace

bool TokenCache::usable(const std::string& credential) const {
  return token_ && credential_ == credential && clock_.steady_now() < renewal(*token_);
}

Result<Token> TokenCache::get(const std::string& credential, std::stop_token stop, const Fetch& fetch) {
  std::string refresh_token;
  {
    const MutexLock lock(mutex_);
    while (true) {
      if (stop.stop_requested()) {
        return std::unexpected(Error{.error_class = ErrorClass::cancelled,
                                     .message = "the wait for an access token was cancelled by a stop"});
      }
      if (usable(credential)) {
        return *token_;
      }
      if (!fetching_) {
        break;
      }
      const std::uint64_t round = round_;
      fetched_.wait(mutex_, stop, [&]() REQUIRES(mutex_) { return round_ != round; });
      if (round_ == round || credential_ != credential) {
        continue;  // stopped, or what came is for another secret
      }
      if (error_ && error_->error_class != ErrorClass::cancelled) {
        return std::unexpected(*error_);
      }
      if (token_) {
        return *token_;  // fresh, however short its life
      }
    }
    fetching_ = true;
    if (credential_ != credential) {
      refresh_token_.clear();
    }
    refresh_token = refresh_token_;
  }
  Result<Token> token = std::unexpected(Error{
      .error_class = ErrorClass::malformed, .message = "an error of the exporter itself; please report it"});
  try {
    token = fetch(refresh_token);
  } catch (const std::exception& exception) {
    // Whoever waits must not wait forever.
    token.error().message = std::string("no access token: ") + exception.what();
  }
  const MutexLock lock(mutex_);
  fetching_ = false;
  ++round_;
  credential_ = credential;
  if (token) {
    token_ = *token;
    error_.reset();
    refresh_token_ = token->refresh_token.empty() ? refresh_token_ : token->refresh_token;
  } else {
    token_.reset();
    error_ = token.error();
  }
  fetched_.notify_all();
  return token;
}

bool TokenCache::refused(std::string_view value) {
  const MutexLock lock(mutex_);
  if (!token_ || token_->value != value) {
    return true;  // old news: there is a newer one already, or it was dropped
  }
  token_.reset();
  return ++refused_ < 2;
}

void TokenCache::accepted() {
  const MutexLock lock(mutex_);
  refused_ = 0;
}

}  // namespace exporter::auth
