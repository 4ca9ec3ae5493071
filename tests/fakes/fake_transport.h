// An HttpTransport without a network: scripted answers, recorded requests.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/http.h"

namespace exporter::fakes {

// Thread-safe. Each request takes the next scripted answer. When the script is used up the handler answers,
// and without a handler the request fails with class connection and the text "no answer scripted". A stop
// that was requested before send() gives cancelled and takes no answer.
class FakeTransport final : public net::HttpTransport {
 public:
  using Answer = Result<net::HttpResponse>;
  using Handler = std::function<Answer(const net::HttpRequest&)>;

  // A complete answer; Content-Type is application/json unless `headers` say otherwise.
  FakeTransport& json(int status, std::string body, net::HttpHeaders headers = {}) {
    if (!headers.first("Content-Type")) {
      headers.add("Content-Type", "application/json");
    }
    return answer({.status = status, .headers = std::move(headers), .body = std::move(body)});
  }

  FakeTransport& html(int status, std::string body = "<html></html>") {
    return answer({.status = status, .headers = {{"Content-Type", "text/html"}}, .body = std::move(body)});
  }

  FakeTransport& answer(net::HttpResponse response) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(response));
    return *this;
  }

  FakeTransport& fail(ErrorClass error_class, std::string message = "scripted") {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::unexpected(Error{.error_class = error_class, .message = std::move(message)}));
    return *this;
  }

  // Called without the lock, possibly from several threads at once.
  FakeTransport& handle(Handler handler) {
    const std::lock_guard lock(mutex_);
    handler_ = std::move(handler);
    return *this;
  }

  Result<net::HttpResponse> send(const net::HttpRequest& request, std::stop_token stop) override {
    if (stop.stop_requested()) {
      return std::unexpected(Error{.error_class = ErrorClass::cancelled, .message = "cancelled by a stop"});
    }
    Handler handler;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      if (!script_.empty()) {
        Answer next = std::move(script_.front());
        script_.pop_front();
        return next;
      }
      handler = handler_;
    }
    if (handler) {
      return handler(request);
    }
    return std::unexpected(Error{.error_class = ErrorClass::connection, .message = "no answer scripted"});
  }

  // In the order sent.
  std::vector<net::HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  // Scripted answers that nobody asked for yet.
  std::size_t left() const {
    const std::lock_guard lock(mutex_);
    return script_.size();
  }

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::deque<Answer> script_;
  Handler handler_;
  std::vector<net::HttpRequest> requests_;
};

}  // namespace exporter::fakes
