#include "sampling/change_follower.h"

#include <algorithm>
#include <utility>

namespace exporter::sampling {

using servicenow::UserRow;

namespace {

constexpr std::chrono::milliseconds kShortestInterval{5'000};
constexpr int kReadsPerListing = 12;
// Times in queries have a resolution of seconds, and a row may be committed after a younger one was read.
constexpr std::chrono::seconds kRowOverlap{1};
// What our clock and ServiceNow's may differ by while no answer has told.
constexpr std::chrono::minutes kUnknownSkew{10};
constexpr std::size_t kMaxWaiting = 10'000;
// Looked at in one sample: two groups of ids, and a few users whom Okta is asked for singly.
constexpr std::size_t kUsersAtOnce = 2 * servicenow::kIdsPerRequest - 10;
constexpr std::size_t kAskOktaAtOnce = 5;

bool is_ours(const Error& error) {
  return error.error_class == ErrorClass::cancelled || error.error_class == ErrorClass::storage;
}

// Refused or not there, in contrast to an API that does not answer just now.
bool is_refusal(const Error& error) {
  return error.error_class == ErrorClass::permission || error.http_status == 400 ||
         error.http_status == 403 || error.http_status == 404;
}

bool same_row(const UserRow& a, const UserRow& b) {
  return a.keys == b.keys && a.active == b.active && a.locked_out == b.locked_out && a.updated == b.updated;
}

}  // namespace

std::optional<std::chrono::milliseconds> rows_interval(std::chrono::milliseconds listings) {
  const auto interval = std::max(kShortestInterval, listings / kReadsPerListing);
  return interval < listings ? std::optional(interval) : std::nullopt;
}

ChangeFollower::ChangeFollower(ChangeFollowerOptions options, Session& session, LinkCheck& check,
                               Picture& picture, RecentUsers& recent, servicenow::TableClient& users,
                               servicenow::TableReader& rows, storage::Store& store, const Clock& clock,
                               Log& log)
    : options_(std::move(options)),
      session_(session),
      check_(check),
      picture_(picture),
      recent_(recent),
      users_(users),
      rows_(rows),
      store_(store),
      clock_(clock),
      log_(log) {}

void ChangeFollower::look_at(const std::string& okta_user_id, SystemTime due) {
  if (waiting_.size() >= kMaxWaiting && !waiting_.contains(okta_user_id)) {
    if (!std::exchange(overflowed_, true)) {
      log_.info("more users change than are looked at singly; the next comparison tells of the others",
                {{"integration", session_.integration()}});
    }
    return;
  }
  const auto [place, added] = waiting_.try_emplace(okta_user_id, due);
  if (!added) {
    place->second = std::min(place->second, due);
  }
}

Result<void> ChangeFollower::follow(const Session::Opened& opened, SampleRun& run) {
  const std::optional<Picture::Settled> settled = picture_.settled();
  if (!settled) {
    return {};
  }
  if (settled->number != number_) {
    begin(*settled);
  }
  const SteadyTime now = clock_.steady_now();
  if (options_.rows_interval && next_rows_ && now >= *next_rows_) {
    next_rows_ = now + *options_.rows_interval;
    if (Result<void> followed = follow_rows(opened, *settled, run); !followed) {
      return followed;
    }
  }
  if (!next_check_ || now >= *next_check_) {
    next_check_.reset();
    return check_users(opened, *settled, run);
  }
  return {};
}

// A comparison has put its listings, which began a while ago, in the place of everything that was found
// since.
void ChangeFollower::begin(const Picture::Settled& settled) {
  number_ = settled.number;
  overflowed_ = false;
  // It has judged everybody anew but for what happened since its listings began.
  std::erase_if(waiting_, [now = clock_.now()](const auto& user) { return user.second <= now; });
  for (const std::string& user : recent_.since(settled.listed)) {
    look_at(user, SystemTime());
  }
  for (const auto& [user, at] : checked_) {
    if (at >= settled.began) {
      look_at(user, SystemTime());
    }
  }
  std::erase_if(checked_, [&](const auto& user) { return user.second < settled.began; });
  SystemTime since = settled.began - kRowOverlap;
  since = servicenow_ahead_ ? since + *servicenow_ahead_ : since - kUnknownSkew;
  deletions_.off = changes_.off = false;
  deletions_.since = since;
  // From the newest row that was listed: at least that one must come, or the query is not what it seems.
  changes_.since = settled.newest_row ? std::min(since, *settled.newest_row) : since;
  first_read_ = true;
  seen_.clear();
  seen_deleted_.clear();
  next_rows_ = clock_.steady_now();
}

Result<void> ChangeFollower::follow_rows(const Session::Opened& opened, const Picture::Settled& settled,
                                         SampleRun& run) {
  RelatedLinks related(options_.key_count);
  std::map<std::string, SystemTime> deleted;
  if (!changes_.off) {
    const auto read = read_rows(settled, related, run);
    if (!read) {
      return std::unexpected(read.error());
    }
    if (!*read) {
      return {};
    }
  }
  if (!deletions_.off) {
    if (const auto read = read_deletions(deleted, run); !read) {
      return std::unexpected(read.error());
    }
  }
  for (const auto& [sys_id, time] : deleted) {
    related.add_id(sys_id);
  }
  if (related.empty()) {
    return {};
  }
  const auto links = store_.links_where(opened.id, [&](std::string_view external_id, std::string_view keys) {
    return related.takes(external_id, keys);
  });
  if (!links) {
    return std::unexpected(links.error());
  }
  for (const storage::KnownLink& link : *links) {
    const auto gone = deleted.find(link.external_id);
    // A deletion within the grace is not drift yet; for a row that is still there its own time tells.
    look_at(link.okta_user_id, gone == deleted.end() ? SystemTime() : gone->second + options_.grace);
  }
  return {};
}

// False: ServiceNow does not answer.
Result<bool> ChangeFollower::read_rows(const Picture::Settled& settled, RelatedLinks& related,
                                       SampleRun& run) {
  constexpr std::string_view kWhat = "rows that change";
  const auto changed = servicenow::read_changed_rows(users_, {}, changes_.since, run.stop());
  run.mark();
  if (!changed) {
    if (is_ours(changed.error())) {
      return std::unexpected(changed.error());
    }
    if (!is_refusal(changed.error())) {
      return false;  // the next listing says what is wrong
    }
    switch_off(changes_, kWhat, changed.error());
    return true;
  }
  if (changed->server_date) {
    servicenow_ahead_ =
        std::chrono::duration_cast<std::chrono::milliseconds>(*changed->server_date - clock_.now());
  }
  if (std::exchange(first_read_, false) && settled.newest_row && changed->rows.empty() &&
      !changed->too_many) {
    switch_off(changes_, kWhat,
               {.error_class = ErrorClass::incomplete,
                .message = "a query by sys_updated_on does not find the row that was listed as the newest; "
                           "give the reader's account the time zone GMT"});
    return true;
  }
  works(changes_, kWhat);
  if (changed->too_many) {
    log_.info("more rows changed in ServiceNow than are followed singly; the next comparison tells",
              {{"integration", session_.integration()}});
    changes_.since = std::max(changes_.since, changed->server_date.value_or(clock_.now()) - kRowOverlap);
    seen_.clear();
    first_read_ = false;
    return true;
  }
  for (const UserRow& row : changed->rows) {
    const auto before = seen_.find(row.sys_id);
    if (before != seen_.end() && same_row(before->second, row)) {
      continue;
    }
    related.add_id(row.sys_id);
    related.add_keys(row.keys);
  }
  if (changed->newest) {
    changes_.since = std::max(changes_.since, *changed->newest - kRowOverlap);
  }
  seen_.clear();
  for (const UserRow& row : changed->rows) {
    if (row.updated >= changes_.since) {
      seen_[row.sys_id] = row;
    }
  }
  return true;
}

Result<bool> ChangeFollower::read_deletions(std::map<std::string, SystemTime>& deleted, SampleRun& run) {
  constexpr std::string_view kWhat = "deletions of rows";
  const auto read = servicenow::read_deleted_rows(rows_, options_.users_table, deletions_.since, run.stop());
  run.mark();
  if (!read) {
    if (is_ours(read.error())) {
      return std::unexpected(read.error());
    }
    if (is_refusal(read.error())) {
      switch_off(deletions_, kWhat, read.error());
    }
    return false;
  }
  works(deletions_, kWhat);
  if (read->too_many) {
    log_.info("more rows were deleted in ServiceNow than are followed singly; the next comparison tells",
              {{"integration", session_.integration()}});
    deletions_.off = true;
    return true;
  }
  for (const servicenow::DeletedRow& row : read->rows) {
    if (seen_deleted_.insert(row.sys_id).second) {
      deleted[row.sys_id] = row.time - servicenow_ahead_.value_or(std::chrono::milliseconds(0));
    }
  }
  if (read->newest) {
    deletions_.since = std::max(deletions_.since, *read->newest - kRowOverlap);
  }
  return true;
}

Result<void> ChangeFollower::check_users(const Session::Opened& opened, const Picture::Settled& settled,
                                         SampleRun& run) {
  const SystemTime now = clock_.now();
  std::set<std::string> due;
  // Beginning behind whom the last sample ended with, so that those who wait for Okta keep nobody else
  // waiting.
  auto next = waiting_.upper_bound(last_due_);
  for (std::size_t i = 0; i < waiting_.size() && due.size() < kUsersAtOnce; ++i, ++next) {
    if (next == waiting_.end()) {
      next = waiting_.begin();
    }
    if (next->second <= now) {
      due.insert(next->first);
      last_due_ = next->first;
    }
  }
  if (due.empty()) {
    return {};
  }
  const auto fail = [&](const Error& error) -> Result<void> {
    if (is_ours(error)) {
      return std::unexpected(error);
    }
    if (!std::exchange(failing_, true)) {
      log_.warn("users that change between two comparisons cannot be looked at; it is tried again",
                {{"integration", session_.integration()}, {"error", error.message}});
    }
    next_check_ = clock_.steady_now() + options_.rows_interval.value_or(kShortestInterval);
    return {};
  };
  const auto links = check_.find(opened, due, settled.listed, kAskOktaAtOnce, run);
  if (!links) {
    return fail(links.error());
  }
  const auto looked = check_.look(opened, *links, settled.policy, settled, run);
  if (!looked) {
    return fail(looked.error());
  }
  failing_ = false;
  const auto again = check_.take_in(opened, settled, *links, *looked);
  if (!again) {
    return std::unexpected(again.error());
  }
  for (const std::string& user : links->gone) {
    waiting_.erase(user);
    checked_[user] = now;
  }
  for (const auto& [user, checked] : looked->users) {
    waiting_.erase(user);
    checked_[user] = now;
  }
  for (const auto& [user, at] : *again) {
    look_at(user, at);
  }
  return {};
}

void ChangeFollower::switch_off(Source& source, std::string_view what, const Error& error) {
  source.off = true;
  if (std::exchange(source.said, true)) {
    return;
  }
  log_.warn(std::string(what) + " cannot be followed between two comparisons, which find them all the same",
            {{"integration", session_.integration()}, {"error", error.message}});
}

void ChangeFollower::works(Source& source, std::string_view what) {
  if (std::exchange(source.said, false)) {
    log_.info(std::string(what) + " are followed between two comparisons again",
              {{"integration", session_.integration()}});
  }
}

}  // namespace exporter::sampling
