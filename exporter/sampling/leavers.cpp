#include "sampling/leavers.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace exporter::sampling {

namespace {

// One transaction each: the System Log must be able to commit between two of them.
constexpr std::size_t kLinksPerCommit = 2'000;
constexpr std::size_t kLeaversAtOnce = 20 * servicenow::kIdsPerRequest;
constexpr std::chrono::hours kLookAgainAfter{24};

storage::KnownLink to_known(const drift::LinkListing& links, std::uint32_t link, drift::Standing standing) {
  storage::KnownLink known{.okta_user_id = links.user_id(link),
                           .external_id = links.external_id(link),
                           .keys = {},
                           .status = std::string(to_string(links.status(link))),
                           .scope = std::string(to_string(links.scope(link))),
                           .changed = links.changed(link),
                           .state = std::string(to_string(standing))};
  for (std::size_t field = 0; field < links.key_count(); ++field) {
    known.keys.push_back(links.key(link, field));
  }
  return known;
}

std::string found_state(const servicenow::IdLookup& answer, bool reader_sees_inactive) {
  switch (answer.presence) {
    case servicenow::Presence::present:
      if (!answer.row || !answer.row->active) {
        return "";
      }
      return *answer.row->active ? "active" : "inactive";
    case servicenow::Presence::absent:
      return reader_sees_inactive ? "gone" : "";
    case servicenow::Presence::hidden:
    case servicenow::Presence::undecided:
      break;
  }
  return "";
}

}  // namespace

Leavers::Leavers(std::chrono::milliseconds grace, Session& session, servicenow::RowLookup& reader,
                 storage::Store& store, const Clock& clock, Log& log)
    : grace_(grace), session_(session), reader_(reader), store_(store), clock_(clock), log_(log) {}

Result<void> Leavers::remember(const Session::Opened& opened, const drift::LinkListing& links,
                               const std::vector<drift::Standing>& standings, bool deactivates_users,
                               SampleRun& run) {
  std::vector<std::uint32_t> order(links.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return links.user_id_before(a, b); });
  storage::LinkRange range{.after = {}, .upto = {}, .links = {}, .keep_leavers = deactivates_users};
  for (std::size_t begin = 0;; begin += kLinksPerCommit) {
    const std::size_t end = std::min(begin + kLinksPerCommit, order.size());
    range.links.clear();
    for (std::size_t i = begin; i < end; ++i) {
      range.links.push_back(to_known(links, order[i], standings[order[i]]));
    }
    const bool last = end == order.size();
    range.upto = last ? std::nullopt : std::optional(range.links.back().okta_user_id);
    if (Result<void> stored = store_.remember_links(opened.id, range); !stored) {
      return stored;
    }
    run.mark();
    if (last) {
      return {};
    }
    if (run.stop().stop_requested()) {
      return std::unexpected(Error{.error_class = ErrorClass::cancelled,
                                   .message = "storing the links was cancelled by a stop"});
    }
    range.after = *range.upto;
  }
}

Result<void> Leavers::look(const Session::Opened& opened, bool reader_sees_inactive, SampleRun& run) {
  const SystemTime now = clock_.now();
  const auto leavers = store_.leavers(opened.id, now - grace_, now - kLookAgainAfter, kLeaversAtOnce);
  if (!leavers) {
    return std::unexpected(leavers.error());
  }
  if (leavers->empty()) {
    return {};
  }
  std::vector<std::string> ids;
  ids.reserve(leavers->size());
  for (const storage::KnownLink& leaver : *leavers) {
    ids.push_back(leaver.external_id);
  }
  // The row of somebody who was assigned anew under another Okta account is nobody's leftover.
  const auto holders = store_.known_holders(opened.id, ids);
  if (!holders) {
    return std::unexpected(holders.error());
  }
  std::unordered_set<std::string_view> held;
  for (const storage::KnownLink& holder : *holders) {
    held.insert(holder.external_id);
  }
  const auto answers = reader_.by_sys_id(ids, run.stop());
  if (!answers) {
    if (answers.error().error_class == ErrorClass::cancelled) {
      return std::unexpected(answers.error());
    }
    log_.warn(
        "users who have left the app cannot be looked up in ServiceNow; it is tried again after the next "
        "comparison",
        {{"integration", session_.integration()}, {"error", answers.error().message}});
    return {};
  }
  std::vector<storage::LeaverFound> found;
  for (std::size_t i = 0; i < leavers->size(); ++i) {
    found.push_back({.okta_user_id = (*leavers)[i].okta_user_id,
                     .state = held.contains(ids[i]) ? "" : found_state((*answers)[i], reader_sees_inactive)});
  }
  return store_.set_leavers_found(opened.id, found);
}

Result<std::map<std::string, std::uint64_t>> Leavers::count(const Session::Opened& opened) {
  auto counts = store_.former_users(opened.id);
  if (counts) {
    for (const char* const state : {"active", "inactive", "gone"}) {
      counts->try_emplace(state, 0);
    }
  }
  return counts;
}

}  // namespace exporter::sampling
