// The next page is on its way while the one before it is read.
#pragma once

#include <functional>
#include <future>
#include <semaphore>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error.h"

namespace exporter {

// One fetch at a time, on a thread that lasts as long as this. Not thread-safe: begin() and take() in turn,
// by one owner. A fetch that nobody takes any more is cancelled and waited for.
template <class T>
class ReadAhead {
 public:
  using Fetch = std::function<Result<T>(std::stop_token)>;

  explicit ReadAhead(std::stop_token stop) : forward_(std::move(stop), [this] { cancel_.request_stop(); }) {}
  ~ReadAhead() {
    cancel_.request_stop();
    begun_.release();  // joined below: the thread finds no task and ends
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  void begin(Fetch fetch) {
    task_ = Task(std::move(fetch));
    coming_ = task_.get_future();
    begun_.release();
  }
  // What the fetch throws, this throws.
  Result<T> take() { return coming_.get(); }

 private:
  using Task = std::packaged_task<Result<T>(std::stop_token)>;

  void work() {
    for (;;) {
      begun_.acquire();
      // Out of the owner's way, who may begin the next as soon as this one has its result.
      Task task = std::exchange(task_, Task());
      if (!task.valid()) return;
      task(cancel_.get_token());
    }
  }

  std::stop_source cancel_;
  std::stop_callback<std::function<void()>> forward_;
  std::counting_semaphore<> begun_{0};
  Task task_;
  std::future<Result<T>> coming_;
  std::jthread thread_{[this] { work(); }};  // the last: it uses all of the above
};

}  // namespace exporter
