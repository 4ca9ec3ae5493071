// Between two comparisons: users whose tasks have ended, and users of rows that changed or were deleted, are
// looked at again, so that the picture does not wait for the next whole listing.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "sampling/link_check.h"
#include "sampling/picture.h"
#include "sampling/recent_users.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/row_changes.h"

namespace exporter::sampling {

struct ChangeFollowerOptions {
  std::size_t key_count = 1;
  std::chrono::milliseconds grace{0};
  // How often ServiceNow is asked which rows changed; nullopt: never, because whole listings are as frequent.
  std::optional<std::chrono::milliseconds> rows_interval = std::nullopt;
  std::string users_table = "sys_user";
};

// The interval for rows that goes with that of whole listings: a twelfth of it, and at least five seconds.
std::optional<std::chrono::milliseconds> rows_interval(std::chrono::milliseconds listings);

// Savings, never a source of their own: what they miss, the next comparison finds. Begins with the first
// comparison of the process. Not thread-safe: the System Log's sampler owns it.
class ChangeFollower {
 public:
  ChangeFollower(ChangeFollowerOptions options, Session& session, LinkCheck& check, Picture& picture,
                 RecentUsers& recent, servicenow::TableClient& users, servicenow::TableReader& rows,
                 storage::Store& store, const Clock& clock, Log& log);

  // A task of the user ended.
  void named(const std::string& okta_user_id) { look_at(okta_user_id, SystemTime()); }
  // Not before `due`; the earlier of two times counts.
  void look_at(const std::string& okta_user_id, SystemTime due);

  // Errors: storage, cancelled. A vendor that does not answer is logged once; everything waits until it does.
  Result<void> follow(const Session::Opened& opened, SampleRun& run);

 private:
  // What can be read or not; said once each time it changes.
  struct Source {
    bool off = false;  // until the next comparison
    bool said = false;
    SystemTime since;
  };
  void begin(const Picture::Settled& settled);
  Result<void> follow_rows(const Session::Opened& opened, const Picture::Settled& settled, SampleRun& run);
  Result<bool> read_rows(const Picture::Settled& settled, RelatedLinks& related, SampleRun& run);
  Result<bool> read_deletions(std::map<std::string, SystemTime>& deleted, SampleRun& run);
  Result<void> check_users(const Session::Opened& opened, const Picture::Settled& settled, SampleRun& run);
  void switch_off(Source& source, std::string_view what, const Error& error);
  void works(Source& source, std::string_view what);

  const ChangeFollowerOptions options_;
  Session& session_;
  LinkCheck& check_;
  Picture& picture_;
  RecentUsers& recent_;
  servicenow::TableClient& users_;
  servicenow::TableReader& rows_;
  storage::Store& store_;
  const Clock& clock_;
  Log& log_;

  std::uint64_t number_ = 0;                   // Settled::number that everything below belongs to
  std::map<std::string, SystemTime> waiting_;  // by user: due
  std::map<std::string, SystemTime> checked_;  // when a user was looked at last
  Source changes_;
  Source deletions_;
  bool first_read_ = true;                           // of rows, since the comparison
  std::map<std::string, servicenow::UserRow> seen_;  // rows of the overlap
  std::set<std::string> seen_deleted_;
  std::optional<std::chrono::milliseconds> servicenow_ahead_;  // its clock before ours
  std::optional<SteadyTime> next_rows_;
  std::optional<SteadyTime> next_check_;  // after a failure
  std::string last_due_;
  bool failing_ = false;
  bool overflowed_ = false;
};

}  // namespace exporter::sampling
