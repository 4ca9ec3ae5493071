#include "web/worker.h"

#include <csignal>
#include <exception>
#include <utility>

#include <pthread.h>

#include "web/response_head.h"

namespace exporter::web {

WebResponse run_handler(const Handler& handler, const WebRequest& request, Log& log) {
  try {
    return handler(request);
  } catch (const std::exception& exception) {
    log.error("a page failed", {{"path", request.path}, {"error", exception.what()}});
  } catch (...) {
    log.error("a page failed", {{"path", request.path}});
  }
  return error_response(500);
}

void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

Worker::Worker(Log& log, std::function<void()> on_answer) : log_(log), on_answer_(std::move(on_answer)) {}

Worker::~Worker() { stop(); }

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::stop() {
  stop_source_.request_stop();
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Worker::submit(Job job) {
  job.request.stop = stop_source_.get_token();
  {
    const MutexLock lock(mutex_);
    if (stopping_ || jobs_.size() >= kMaxWaiting) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

std::vector<Worker::Answer> Worker::take_answers() {
  const MutexLock lock(mutex_);
  return std::exchange(answers_, {});
}

void Worker::run() {
  block_signals();
  for (;;) {
    Job job;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && jobs_.empty()) changed_.wait(mutex_);
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Answer answer{.connection = job.connection};
    if (job.check) {
      answer.granted = job.check->run();
      answer.check = std::move(job.check);
    } else {
      answer.response = run_handler(*job.handler, job.request, log_);
    }
    {
      const MutexLock lock(mutex_);
      answers_.push_back(std::move(answer));
    }
    on_answer_();
  }
}

}  // namespace exporter::web
