#include "sampling/failure_verdicts.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"
#include "provisioning/vocabulary.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;

namespace {

constexpr std::size_t kAtOnce = 1000;
// Users that Okta is asked for singly in one sample; the others wait for the next one.
constexpr std::size_t kAskOkta = 3;
constexpr std::chrono::hours kGiveUpAfter{1};

constexpr std::string_view kUnverified = "unverified";
constexpr std::string_view kLinkedOk = "linked_ok";

// Without a grace: a failed push is a fact.
std::string_view verdict_of(const LinkCheck::Checked& checked, const drift::Policy& policy) {
  drift::Facts facts = checked.look.facts;
  facts.changed_in_grace = false;
  facts.row_in_grace = false;
  facts.candidate_in_grace = false;
  if (facts.presence == drift::RowPresence::present && !checked.as_okta) {
    return kUnverified;  // whether it was hidden from who pushed is not known
  }
  const drift::Finding finding = drift::classify(facts, policy);
  switch (finding.state) {
    case drift::State::linked:
      return kLinkedOk;
    case drift::State::drifted:
      return to_string(finding.kind);
    case drift::State::unverified:
    case drift::State::exempt:
      break;
  }
  return kUnverified;
}

}  // namespace

FailureVerdicts::FailureVerdicts(Session& session, LinkCheck& check, Picture& picture,
                                 std::vector<LinkProbes*> probes, LastView& view, storage::Store& store,
                                 CounterBook& counters, const Clock& clock, Log& log)
    : session_(session),
      check_(check),
      picture_(picture),
      probes_(std::move(probes)),
      view_(view),
      store_(store),
      counters_(counters),
      clock_(clock),
      log_(log) {}

Result<LinkCheck::Again> FailureVerdicts::settle(const Session::Opened& opened, SampleRun& run) {
  const std::string reason(to_string(provisioning::Reason::record_not_found_or_hidden));
  const auto open = store_.open_verdicts(opened.id, reason, kAtOnce);
  if (!open) {
    return std::unexpected(open.error());
  }
  if (open->empty()) {
    return {};
  }
  std::set<std::string> waiting;
  for (const storage::OpenVerdict& one : *open) {
    waiting.insert(one.okta_user_id);
  }
  Verdicts verdicts;
  LinkCheck::Again again;
  if (const std::optional<LastView::View> view = view_.get()) {
    auto looked = look(opened, *view, waiting, verdicts, run);
    if (!looked) {
      return looked;
    }
    again = std::move(*looked);
  }
  if (Result<void> committed = commit(opened, *open, verdicts); !committed) {
    return std::unexpected(std::move(committed.error()));
  }
  return again;
}

Result<LinkCheck::Again> FailureVerdicts::look(const Session::Opened& opened, const LastView::View& view,
                                               const std::set<std::string>& waiting, Verdicts& verdicts,
                                               SampleRun& run) {
  const std::optional<Picture::Settled> settled = picture_.settled();
  const auto links = check_.find(opened, waiting, view.listed, kAskOkta, run);
  if (!links) {
    return std::unexpected(links.error());
  }
  for (const std::string& user : links->gone) {
    verdicts[user] = kUnverified;  // not assigned any more: there is no link to judge
  }
  std::vector<std::string> external_ids;
  for (const auto& [user, link] : links->users) {
    if (!link.external_id.empty()) {
      external_ids.push_back(link.external_id);
    }
  }
  // Whoever can't be looked at now, because the hour's requests are spent or ServiceNow fails, is the first
  // that the probes look at.
  for (LinkProbes* const probes : probes_) {
    probes->look_first(external_ids);
  }
  const auto looked = check_.look(opened, *links, view.policy, settled, run);
  if (!looked) {
    const ErrorClass error_class = looked.error().error_class;
    if (error_class == ErrorClass::cancelled || error_class == ErrorClass::storage) {
      return std::unexpected(looked.error());
    }
    if (!std::exchange(failing_, true)) {
      log_.warn("failed users cannot be looked at in ServiceNow; it is tried again with every sample",
                {{"integration", session_.integration()}, {"error", looked.error().message}});
    }
    return {};
  }
  failing_ = false;
  for (const std::string& user : waiting) {
    if (const auto checked = looked->users.find(user); checked != looked->users.end()) {
      verdicts[user] = verdict_of(checked->second, view.policy);
    }
  }
  if (!settled) {
    return {};
  }
  return check_.take_in(opened, *settled, *links, *looked);
}

Result<void> FailureVerdicts::commit(const Session::Opened& opened,
                                     const std::vector<storage::OpenVerdict>& open,
                                     const Verdicts& verdicts) {
  storage::VerdictCommit commit;
  for (const storage::OpenVerdict& one : open) {
    const auto decided = verdicts.find(one.okta_user_id);
    std::string_view verdict;
    if (decided != verdicts.end()) {
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
