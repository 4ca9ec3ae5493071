// The next pages are on their way while one is read.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"

namespace exporter {

// Fetches one page after the other, on a thread that lasts as long as this, and never more than two beyond
// the page that is being read: none is begun while two wait to be taken, but one may wait, so that a reader
// who falls behind for a moment does not stop the fetching. begin() is the owner's, or a fetch's own, which
// knows the page behind it before anybody has read it; take() is the owner's, once for each begin() and in
// their order. What the owner did before a take(), the fetch of the page after the next one can see. Fetches
// that nobody takes any more are cancelled and waited for.
template <class T>
class ReadAhead {
 public:
  using Fetch = std::function<Result<T>(std::stop_token)>;

  explicit ReadAhead(std::stop_token stop) : forward_(std::move(stop), [this] { cancel_.request_stop(); }) {}
  ~ReadAhead() {
    cancel_.request_stop();
    thread_.request_stop();
    thread_.join();
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  void begin(Fetch fetch) {
    Task task(std::move(fetch));
    {
      const MutexLock lock(mutex_);
      untaken_.push_back(task.get_future());
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }
  // What the fetch throws, this throws.
  Result<T> take() {
    std::future<Result<T>> coming;
    {
      const MutexLock lock(mutex_);
      coming = std::move(untaken_.front());
      untaken_.pop_front();
    }
    changed_.notify_one();
    return coming.get();
  }

 private:
  using Task = std::packaged_task<Result<T>(std::stop_token)>;
  static constexpr std::size_t kMayWait = 1;

  void work(const std::stop_token& stop) {
    for (;;) {
      Task task;
      {
        const MutexLock lock(mutex_);
        changed_.wait(mutex_, stop, [this]() REQUIRES(mutex_) {
          return !tasks_.empty() && untaken_.size() <= tasks_.size() + kMayWait;
        });
        if (stop.stop_requested()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task(cancel_.get_token());
    }
  }

  std::stop_source cancel_;
  std::stop_callback<std::function<void()>> forward_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> tasks_ GUARDED_BY(mutex_);  // not begun
  std::deque<std::future<Result<T>>> untaken_
      GUARDED_BY(mutex_);  // of those, of the one that runs, and of those done
  std::jthread thread_{
      [this](const std::stop_token& end) { work(end); }};  // the last: it uses all of the above
};

}  // namespace exporter
