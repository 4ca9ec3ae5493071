// One thread that runs slow handlers and hashes passwords, one after the other, and hands the results back to
// the loop.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "web/basic_auth.h"
#include "web/server.h"

namespace exporter::web {

// Runs a handler; what it throws is logged and becomes a 500.
WebResponse run_handler(const Handler& handler, const WebRequest& request, Log& log);

// Thread-safe.
class Worker {
 public:
  struct Job {
    std::uint64_t connection = 0;
    // One of the two: a page to be made …
    const Handler* handler = nullptr;  // outlives the worker
    WebRequest request;
    // … or a password to be checked.
    std::optional<PasswordCheck> check = std::nullopt;
  };
  struct Answer {
    std::uint64_t connection = 0;
    WebResponse response = {};
    std::optional<PasswordCheck> check = std::nullopt;
    bool granted = false;  // the verdict on `check`
  };

  // `on_answer` is called on the worker's thread after each answer.
  Worker(Log& log, std::function<void()> on_answer);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start() EXCLUDES(mutex_);
  // Drops what waits, asks what runs to stop, and joins. Idempotent.
  void stop() EXCLUDES(mutex_);
  // False: kMaxWaiting jobs wait already.
  bool submit(Job job) EXCLUDES(mutex_);
  std::vector<Answer> take_answers() EXCLUDES(mutex_);

  static constexpr std::size_t kMaxWaiting = 64;

 private:
  void run() EXCLUDES(mutex_);

  Log& log_;
  const std::function<void()> on_answer_;
  std::stop_source stop_source_;
  Mutex mutex_;
  std::condition_variable_any changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  std::vector<Answer> answers_ GUARDED_BY(mutex_);
  std::thread thread_;  // touched by start() and stop() only
};

// No signal is delivered to the calling thread: signals are the main thread's business.
void block_signals();

}  // namespace exporter::web
