// A std::mutex that clang's -Wthread-safety understands; libstdc++'s own carries no capability attributes.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define EXPORTER_ATTRIBUTE(x) __attribute__((x))
#else
#define EXPORTER_ATTRIBUTE(x)
#endif

#define CAPABILITY(x) EXPORTER_ATTRIBUTE(capability(x))
#define SCOPED_CAPABILITY EXPORTER_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(x) EXPORTER_ATTRIBUTE(guarded_by(x))
#define PT_GUARDED_BY(x) EXPORTER_ATTRIBUTE(pt_guarded_by(x))
#define REQUIRES(...) EXPORTER_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) EXPORTER_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) EXPORTER_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) EXPORTER_ATTRIBUTE(release_capability(__VA_ARGS__))

namespace exporter {

class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace exporter
