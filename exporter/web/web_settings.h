// The web config file as it stands now: read again whenever one of its files changed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

#include "base/log.h"
#include "config/web_config.h"
#include "web/basic_auth.h"
#include "web/rate_limiter.h"
#include "web/tls_context.h"

namespace exporter::web {

// Not thread-safe: the loop's.
class WebSettings {
 public:
  struct Current {
    // The files can't be used as they are now: every request is answered with 500. The TLS context of before
    // stays, so that a client can be told.
    bool broken = false;
    std::shared_ptr<const TlsContext> tls;  // null: plain HTTP
    bool verifies_clients = false;          // RequireAndVerifyClientCert
    std::vector<std::pair<std::string, std::string>> headers;
    Users users;
  };

  // Where each certificate ends that comes into use; nullopt: no TLS.
  using OnCertificate = std::function<void(std::optional<SystemTime> not_after)>;

  // Errors are the file's, one line each.
  static Result<std::unique_ptr<WebSettings>> open(std::string path, Log& log, OnCertificate on_certificate);

  // Four stat() calls where nothing changed.
  const Current& current();
  // Whether one more request is within rate_limit.
  bool allow_request(SteadyTime now) { return !limiter_ || limiter_->allow(now); }

 private:
  // Of one file, as far as a change can be seen; all zero: not there.
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t changed_ns = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  WebSettings(std::string path, Log& log, OnCertificate on_certificate);
  static Stamp stamp(const std::string& file);
  bool changed() const;
  Result<void> read();

  const std::string path_;
  Log& log_;
  const OnCertificate on_certificate_;
  std::vector<std::pair<std::string, Stamp>> watched_;
  bool opened_ = false;
  Current current_;
  config::RateLimit rate_limit_;
  std::optional<RateLimiter> limiter_;
};

}  // namespace exporter::web
