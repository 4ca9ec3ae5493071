// A RequestObserver that keeps what it hears.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/api_client.h"

namespace exporter::fakes {

// Thread-safe; each getter copies.
class RecordingObserver final : public net::RequestObserver {
 public:
  struct Request {
    net::Api api;
    net::Endpoint endpoint;
    std::string code;
    std::chrono::nanoseconds duration;
  };
  struct Limit {
    net::Api api;
    std::string host;
    net::Bucket bucket;
    net::RateLimit rate_limit;
  };

  void on_request(net::Api api, net::Endpoint endpoint, std::string_view code,
                  std::chrono::nanoseconds duration) override {
    const std::lock_guard lock(mutex_);
    requests_.push_back({api, endpoint, std::string(code), duration});
  }

  void on_rate_limit(net::Api api, std::string_view host, net::Bucket bucket,
                     const net::RateLimit& rate_limit) override {
    const std::lock_guard lock(mutex_);
    limits_.push_back({api, std::string(host), bucket, rate_limit});
  }

  void on_throttled(net::Api, std::chrono::nanoseconds duration) override {
    const std::lock_guard lock(mutex_);
    throttled_ += duration;
  }

  void on_reachable(net::Api, bool up) override {
    const std::lock_guard lock(mutex_);
    up_ = up;
  }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // The codes alone, in order: "200", "503", "timeout".
  std::vector<std::string> codes() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> codes;
    for (const Request& request : requests_) {
      codes.push_back(request.code);
    }
    return codes;
  }

  std::vector<Limit> limits() const {
    const std::lock_guard lock(mutex_);
    return limits_;
  }

  std::chrono::nanoseconds throttled() const {
    const std::lock_guard lock(mutex_);
    return throttled_;
  }

  // Absent before the first answer.
  std::optional<bool> up() const {
    const std::lock_guard lock(mutex_);
    return up_;
  }

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Request> requests_;
  std::vector<Limit> limits_;
  std::chrono::nanoseconds throttled_{0};
  std::optional<bool> up_;
};

}  // namespace exporter::fakes
