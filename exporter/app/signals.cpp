#include "app/signals.h"

#include <pthread.h>

namespace exporter::app {

SignalWaiter::SignalWaiter() {
  sigemptyset(&watched_);
  sigaddset(&watched_, SIGTERM);
  sigaddset(&watched_, SIGINT);
  sigaddset(&watched_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &watched_, &before_);
}

SignalWaiter::~SignalWaiter() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

int SignalWaiter::wait() {
  int number = 0;
  while (sigwait(&watched_, &number) != 0) {
  }
  return number;
}

}  // namespace exporter::app
