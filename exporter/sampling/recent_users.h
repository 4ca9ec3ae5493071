// Whom Okta's System Log named a moment ago: their links and rows may be on the move.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace exporter::sampling {

// Thread-safe. Times are the vendor's. Holds a user for `keep` after his last task, by the newest time it was
// given.
class RecentUsers {
 public:
  explicit RecentUsers(std::chrono::milliseconds keep) : keep_(keep) {}

  // A task of the user succeeded or was only attempted. A failed one changed nothing, and a user whose pushes
  // fail again and again would never count as drifted.
  void touched(const std::string& okta_user_id, SystemTime at) {
    const MutexLock lock(mutex_);
    newest_ = std::max(newest_, at);
    SystemTime& last = last_task_[okta_user_id];
    last = std::max(last, at);
    if (last_task_.size() > 2 * kept_) {
      std::erase_if(last_task_,
                    [this](const auto& user) REQUIRES(mutex_) { return user.second < newest_ - keep_; });
      kept_ = std::max<std::size_t>(last_task_.size(), 1024);
    }
  }

  // Whose last task was later than `since`; sorted.
  std::vector<std::string> since(SystemTime since) {
    const MutexLock lock(mutex_);
    std::vector<std::string> users;
    for (const auto& [user, at] : last_task_) {
      if (at > since) {
        users.push_back(user);
      }
    }
    std::ranges::sort(users);
    return users;
  }

  bool touched_since(const std::string& okta_user_id, SystemTime since) {
    const MutexLock lock(mutex_);
    const auto found = last_task_.find(okta_user_id);
    return found != last_task_.end() && found->second > since;
  }

 private:
  const std::chrono::milliseconds keep_;
  Mutex mutex_;
  std::unordered_map<std::string, SystemTime> last_task_ GUARDED_BY(mutex_);
  SystemTime newest_ GUARDED_BY(mutex_);
  std::size_t kept_ GUARDED_BY(mutex_) = 1024;
};

}  // namespace exporter::sampling
