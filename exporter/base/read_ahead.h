// The next page is on its way while the one before it is read.
#pragma once

#include <functional>
#include <future>
#include <stop_token>
#include <utility>

#include "base/error.h"

namespace exporter {

// One fetch at a time, on a thread of its own. Not thread-safe: begin() and take() in turn, by one owner. A
// fetch that nobody takes any more is cancelled and waited for.
template <class T>
class ReadAhead {
 public:
  using Fetch = std::function<Result<T>(std::stop_token)>;

  explicit ReadAhead(std::stop_token stop) : forward_(std::move(stop), [this] { cancel_.request_stop(); }) {}
  ~ReadAhead() { cancel_.request_stop(); }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  void begin(Fetch fetch) { coming_ = std::async(std::launch::async, std::move(fetch), cancel_.get_token()); }
  Result<T> take() { return coming_.get(); }

 private:
  std::stop_source cancel_;
  std::stop_callback<std::function<void()>> forward_;
  std::future<Result<T>> coming_;
};

}  // namespace exporter
