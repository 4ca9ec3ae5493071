#include "sampling/failure_verdicts.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "drift/direct_look.h"
#include "metrics/catalogue.h"
#include "provisioning/vocabulary.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;
using storage::KnownLink;

namespace {

constexpr std::size_t kAtOnce = 1000;
// Users that Okta is asked for singly in one sample; the others wait for the next one.
constexpr std::size_t kAskOkta = 3;
constexpr std::chrono::hours kGiveUpAfter{1};

constexpr std::string_view kUnverified = "unverified";
constexpr std::string_view kLinkedOk = "linked_ok";

template <class Value, std::size_t N>
Value from_name(const std::string_view (&names)[N], std::string_view name, Value otherwise) {
  const auto* const found = std::find(std::begin(names), std::end(names), name);
  return found == std::end(names) ? otherwise : static_cast<Value>(found - std::begin(names));
}

okta::AppUser to_app_user(const KnownLink& link) {
  okta::AppUser user;
  user.id = link.okta_user_id;
  user.external_id = link.external_id;
  user.status = from_name(okta::kAppUserStatuses, link.status, okta::AppUserStatus::other);
  user.scope = from_name(okta::kScopes, link.scope, okta::Scope::other);
  user.keys = link.keys;
  return user;
}

bool is_cancelled(const Error& error) { return error.error_class == ErrorClass::cancelled; }

}  // namespace

struct FailureVerdicts::Subjects {
  std::set<std::string> waiting;                // user ids without a verdict
  std::map<std::string, okta::AppUser> links;   // of those that can be looked at now
  std::map<std::string, std::string> verdicts;  // user id → verdict
};

FailureVerdicts::FailureVerdicts(std::size_t key_count, Session& session, okta::Client& okta,
                                 servicenow::RowLookup& reader, drift::ProvisionerView& provisioner,
                                 std::vector<LinkProbes*> probes, LastView& view, RecentUsers& recent,
                                 storage::Store& store, CounterBook& counters, const Clock& clock, Log& log)
    : key_count_(key_count),
      session_(session),
      okta_(okta),
      reader_(reader),
      provisioner_(provisioner),
      probes_(std::move(probes)),
      view_(view),
      recent_(recent),
      store_(store),
      counters_(counters),
      clock_(clock),
      log_(log) {}

Result<void> FailureVerdicts::settle(const Session::Opened& opened, SampleRun& run) {
  const std::string reason(to_string(provisioning::Reason::record_not_found_or_hidden));
  const auto open = store_.open_verdicts(opened.id, reason, kAtOnce);
  if (!open) {
    return std::unexpected(open.error());
  }
  if (open->empty()) {
    return {};
  }
  Subjects subjects;
  for (const storage::OpenVerdict& one : *open) {
    subjects.waiting.insert(one.okta_user_id);
  }
  if (const std::optional<LastView::View> view = view_.get()) {
    if (Result<void> gathered = gather(opened, *view, subjects, run); !gathered) {
      return gathered;
    }
    if (!subjects.links.empty()) {
      if (Result<void> looked = look(opened, *view, subjects, run); !looked) {
        return looked;
      }
    }
  }
  return commit(opened, *open, subjects);
}

// Finds the link of each user: in the last listing, or from Okta where that may be out of date.
Result<void> FailureVerdicts::gather(const Session::Opened& opened, const LastView::View& view,
                                     Subjects& subjects, SampleRun& run) {
  const auto known = store_.known_links(opened.id, {subjects.waiting.begin(), subjects.waiting.end()});
  if (!known) {
    return std::unexpected(known.error());
  }
  std::set<std::string> to_ask = subjects.waiting;
  for (const KnownLink& link : *known) {
    if (!recent_.touched_since(link.okta_user_id, view.compared)) {
      subjects.links[link.okta_user_id] = to_app_user(link);
      to_ask.erase(link.okta_user_id);
    }
  }
  std::size_t asked = 0;
  for (const std::string& user : to_ask) {
    if (++asked > kAskOkta) {
      break;
    }
    Result<okta::AppUser> app_user = okta_.app_user(opened.app_id, user, run.stop());
    if (app_user) {
      subjects.links[user] = std::move(*app_user);
    } else if (is_cancelled(app_user.error())) {
      return std::unexpected(std::move(app_user.error()));
    } else if (app_user.error().http_status == 404) {
      subjects.verdicts[user] = kUnverified;  // not assigned any more: there is no link to judge
    }
    run.mark();
  }
  return {};
}

Result<void> FailureVerdicts::look(const Session::Opened& opened, const LastView::View& view,
                                   Subjects& subjects, SampleRun& run) {
  std::vector<std::string> external_ids;
  for (const auto& [user, link] : subjects.links) {
    if (link.external_id.empty()) {
      const bool exempt = drift::is_exempt(link.status, false, view.policy);
      subjects.verdicts[user] = exempt ? kUnverified : to_string(drift::Kind::not_linked);
    } else {
      external_ids.push_back(link.external_id);
    }
  }
  if (external_ids.empty()) {
    return {};
  }
  // Whoever can't be looked at now, because the hour's requests are spent or ServiceNow fails, is the first
  // that the probes look at.
  for (LinkProbes* const probes : probes_) {
    probes->look_first(external_ids);
  }
  const auto holders = store_.known_holders(opened.id, external_ids);
  if (!holders) {
    return std::unexpected(holders.error());
  }
  drift::LinkListing links(key_count_);
  std::vector<std::uint32_t> asked;
  std::vector<std::string> users;
  for (const auto& [user, link] : subjects.links) {
    if (!link.external_id.empty()) {
      asked.push_back(static_cast<std::uint32_t>(links.size()));
      users.push_back(user);
      links.add(link);
    }
  }
  for (const KnownLink& holder : *holders) {
    if (!subjects.links.contains(holder.okta_user_id)) {
      links.add(to_app_user(holder));
    }
  }
  // No listing of rows stands behind this look, and no grace: a failed push is a fact.
  const drift::RowListing no_rows(key_count_);
  const drift::LinksById by_id(links, no_rows);
  const drift::KeySearch nothing_listed(key_count_);
  drift::DirectLook direct({.links = links,
                            .rows = no_rows,
                            .by_id = by_id,
                            .listed = nothing_listed,
                            .reader_sees_inactive = view.policy.reader_sees_inactive,
                            .grace_begins = SystemTime::max(),
                            .reader = reader_,
                            .provisioner = provisioner_.lookup()});
  const auto looks = direct.look(asked, run.stop());
  if (!looks) {
    if (is_cancelled(looks.error())) {
      return std::unexpected(looks.error());
    }
    if (!std::exchange(failing_, true)) {
      log_.warn("failed users cannot be looked at in ServiceNow; it is tried again with every sample",
                {{"integration", session_.integration()}, {"error", looks.error().message}});
    }
    return {};
  }
  failing_ = false;
  std::vector<drift::Facts> facts;
  for (const drift::Look& one : *looks) {
    facts.push_back(one.facts);
  }
  if (Result<void> asked_both = ask_as_okta(subjects, users, facts, run); !asked_both) {
    return asked_both;
  }
  const auto kinds = store_.open_kinds(opened.id, users);
  if (!kinds) {
    return std::unexpected(kinds.error());
  }
  for (std::size_t i = 0; i < users.size(); ++i) {
    const drift::Finding finding = drift::classify(facts[i], view.policy);
    std::string_view verdict = kUnverified;
    if (finding.state == drift::State::linked) {
      verdict = kLinkedOk;
    } else if (finding.state == drift::State::drifted) {
      verdict = to_string(finding.kind);
      // Whether the row's key is another app user's takes all links; the last comparison had them.
      if (finding.kind == drift::Kind::key_mismatch) {
        const auto listed = kinds->find(users[i]);
        verdict = listed != kinds->end() ? std::string_view(listed->second) : kUnverified;
      }
    }
    subjects.verdicts[users[i]] = verdict;
  }
  return {};
}

// A row that the reader sees may be hidden from the account that Okta pushes with: then that is why it
// failed.
Result<void> FailureVerdicts::ask_as_okta(const Subjects& subjects, const std::vector<std::string>& users,
                                          std::vector<drift::Facts>& facts, SampleRun& run) {
  servicenow::RowLookup* const as_okta = provisioner_.lookup();
  if (as_okta == nullptr) {
    return {};
  }
  std::vector<std::size_t> seen;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (facts[i].presence == drift::RowPresence::present) {
      seen.push_back(i);
      ids.push_back(subjects.links.at(users[i]).external_id);
    }
  }
  if (seen.empty()) {
    return {};
  }
  const auto answers = as_okta->by_sys_id(ids, run.stop());
  if (!answers && is_cancelled(answers.error())) {
    return std::unexpected(answers.error());
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto presence = answers ? (*answers)[i].presence : servicenow::Presence::undecided;
    switch (presence) {
      case servicenow::Presence::present:
        break;
      case servicenow::Presence::hidden:
      case servicenow::Presence::absent:  // filtered out of that account's query: the reader has just seen it
        facts[seen[i]].provisioner_blind = true;
        break;
      case servicenow::Presence::undecided:
        facts[seen[i]].presence = drift::RowPresence::unknown;
        facts[seen[i]].cause = drift::Cause::provisioner_silent;
        break;
    }
  }
  return {};
}

Result<void> FailureVerdicts::commit(const Session::Opened& opened,
                                     const std::vector<storage::OpenVerdict>& open,
                                     const Subjects& subjects) {
  storage::VerdictCommit commit;
  for (const storage::OpenVerdict& one : open) {
    const auto decided = subjects.verdicts.find(one.okta_user_id);
    std::string_view verdict;
    if (decided != subjects.verdicts.end()) {
      verdict = decided->second;
    } else if (one.time < clock_.now() - kGiveUpAfter) {
      verdict = kUnverified;
    } else {
      continue;
    }
    commit.verdicts.emplace_back(one.failure, verdict);
    if (one.counts) {
      commit.increments[counter_key(catalogue::okta_provisioning_failure_verdicts_total, {verdict})] += 1;
    }
  }
  if (commit.verdicts.empty()) {
    return {};
  }
  if (Result<void> committed = store_.commit_verdicts(opened.id, commit); !committed) {
    return committed;
  }
  counters_.committed(commit.increments);
  return {};
}

}  // namespace exporter::sampling
