// SIGTERM, SIGINT and SIGHUP as a queue that one thread reads; no handler runs anywhere.
#pragma once

#include <csignal>

namespace exporter::app {

// Blocks the signals for this thread and those it starts later. Make it before any other thread.
class SignalWaiter {
 public:
  SignalWaiter();
  ~SignalWaiter();
  SignalWaiter(const SignalWaiter&) = delete;
  SignalWaiter& operator=(const SignalWaiter&) = delete;

  // The number of the next signal.
  int wait();

 private:
  sigset_t watched_{};
  sigset_t before_{};
};

}  // namespace exporter::app
