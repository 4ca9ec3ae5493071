#include "drift/comparison.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <unordered_map>
#include <utility>

#include "base/side_by_side.h"
#include "drift/classify.h"
#include "drift/direct_look.h"
#include "drift/links_by_id.h"
#include "drift/listed.h"
#include "drift/mass.h"
#include "drift/rotation.h"

namespace exporter::drift {
namespace {

bool is_absence(const Finding& finding) {
  return finding.state == State::drifted &&
         (finding.kind == Kind::sys_id_changed || finding.kind == Kind::ambiguous_match ||
          finding.kind == Kind::record_missing);
}

// What a direct look can confirm or refute.
bool is_candidate(const Finding& finding) {
  return finding.state == State::drifted && finding.kind != Kind::not_linked;
}

class Engine {
 public:
  Engine(const LinkListing& links, const RowListing& rows, const World& world,
         const ComparisonOptions& options, servicenow::RowLookup& reader, servicenow::RowLookup* provisioner,
         ProvisionerMemory& memory, std::stop_token stop)
      : links_(links),
        rows_(rows),
        world_(world),
        options_(options),
        reader_(reader),
        provisioner_(provisioner),
        memory_(memory),
        stop_(std::move(stop)),
        policy_{world.creates_users, world.deactivates_users, world.reader_sees_inactive},
        grace_begins_(world.now - options.grace),
        by_id_(links, rows),
        listed_(links, rows, by_id_, policy_, grace_begins_),
        findings_(links.size()) {}

  Result<Comparison> run() {
    std::vector<std::uint32_t> candidates = classify_listed();
    if (auto done = confirm(candidates); !done) return std::unexpected(std::move(done.error()));
    spare_recent_users();
    if (!withhold_foreign_ids()) withhold_mass_absence();
    if (auto done = ask_provisioner(); !done) return std::unexpected(std::move(done.error()));
    spare_recent_users();
    if (auto done = keep_what_stands(); !done) return std::unexpected(std::move(done.error()));
    return sum_up();
  }

 private:
  // What the listings say; returns the links that must be looked at before it is believed.
  std::vector<std::uint32_t> classify_listed() {
    // Whether absent is believed is decided at the look, which may find the row after all.
    Policy believing = policy_;
    believing.reader_sees_inactive = true;
    std::array<std::vector<std::uint32_t>, 2> halves;
    in_halves(links_.size(), [&](std::size_t from, std::size_t to, std::size_t half) {
      for (auto link = static_cast<std::uint32_t>(from); link < to; ++link) {
        listed_.prefetch(link);
        const Facts facts = listed_.facts(link);
        findings_[link] = classify(facts, policy_);
        if (findings_[link].state == State::exempt) continue;
        const bool may_be_drift = is_candidate(findings_[link]) ||
                                  (!policy_.reader_sees_inactive && is_candidate(classify(facts, believing)));
        if (may_be_drift) halves.at(half).push_back(link);
      }
    });
    std::vector<std::uint32_t>& candidates = halves.front();
    candidates.insert(candidates.end(), halves.back().begin(), halves.back().end());
    return std::move(candidates);
  }

  Result<void> confirm(std::vector<std::uint32_t>& candidates) {
    if (candidates.empty()) return {};
    const bool hides = world_.hidden_rows > 0;
    if (candidates.size() <= options_.confirm_sample ||
        (hides && candidates.size() <= options_.confirm_all)) {
      return look(candidates);
    }
    // A random part of the candidates comes to the front.
    std::mt19937_64 random(options_.random_seed);
    const auto sample = static_cast<std::size_t>(options_.confirm_sample);
    for (std::size_t i = 0; i < sample; ++i) {
      std::uniform_int_distribution<std::size_t> pick(i, candidates.size() - 1);
      std::swap(candidates[i], candidates[pick(random)]);
    }
    const auto sampled = std::span(candidates).first(sample);
    const auto rest = std::span(candidates).subspan(sample);
    std::vector<Finding> listed;
    listed.reserve(sample);
    for (const std::uint32_t link : sampled) listed.push_back(findings_[link]);
    if (auto done = look(sampled); !done) return done;

    bool stands_for_all = true;
    for (std::size_t i = 0; i < sample; ++i) {
      const Finding& looked = findings_[sampled[i]];
      if (looked == listed[i]) continue;
      const Facts& facts = looks_.at(sampled[i]).facts;
      const bool changed_since = facts.presence == RowPresence::present && facts.row_in_grace;
      // What only the look could know (a hidden row, another account's view) says nothing against the
      // listing, but the listing is then not enough for the others.
      const bool knows_more = looked.state == State::unverified || looks_.at(sampled[i]).by_provisioner;
      if (!knows_more && !changed_since) {
        return std::unexpected(
            Error{ErrorClass::incomplete, "a direct look contradicts the listing of users, so none of its " +
                                              std::to_string(candidates.size()) +
                                              " candidates of drift is believed"});
      }
      if (knows_more) stands_for_all = false;
    }
    if (stands_for_all) return {};
    if (candidates.size() <= options_.confirm_all) return look(rest);
    for (const std::uint32_t link : rest) findings_[link] = unverified(Cause::not_looked_at);
    return {};
  }

  Result<void> look(std::span<const std::uint32_t> links) {
    DirectLook direct({links_, rows_, by_id_, listed_.rows_by_key(), listed_.links_by_key(),
                       policy_.reader_sees_inactive, grace_begins_, reader_, provisioner_});
    auto looks = direct.look(links, stop_);
    if (!looks) return std::unexpected(std::move(looks.error()));
    for (std::size_t i = 0; i < links.size(); ++i) {
      findings_[links[i]] = classify((*looks)[i].facts, policy_);
      looks_.emplace(links[i], std::move((*looks)[i]));
    }
    return {};
  }

  // A task that has just succeeded may have moved the link after it was listed.
  void spare_recent_users() {
    if (world_.recent_users.empty()) return;
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      if (findings_[link].state == State::drifted &&
          std::binary_search(world_.recent_users.begin(), world_.recent_users.end(), links_.user_id(link))) {
        findings_[link] = unverified(Cause::in_grace);
      }
    }
  }

  bool is_judged(std::uint32_t link) const {
    return links_.has_external_id(link) && findings_[link].state != State::exempt;
  }

  // Not one id of many, nor a key, is known to this instance: then it is not the instance that Okta writes
  // to.
  bool withhold_foreign_ids() {
    std::uint64_t judged = 0;
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      if (!is_judged(link)) continue;
      ++judged;
      if (listed_.resolves(link)) return false;
      const auto look = looks_.find(link);
      if (look != looks_.end() && look->second.resolves) return false;
    }
    if (judged < kForeignIdsMinimum) return false;
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      if (is_judged(link)) findings_[link] = unverified(Cause::foreign_ids);
    }
    return true;
  }

  void withhold_mass_absence() {
    Absences absences;
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      if (!is_judged(link)) continue;
      ++absences.links;
      if (!is_absence(findings_[link])) continue;
      ++absences.absent;
      if (findings_[link].kind != Kind::record_missing) ++absences.elsewhere;
    }
    mass_absence_ = is_mass_absence(absences, options_);
    if (!mass_absence_ || world_.mass_absence_seen_before) return;
    for (Finding& finding : findings_) {
      if (is_absence(finding)) finding = unverified(Cause::mass_absence);
    }
  }

  // Facts of a link's row: the direct look where there was one, because it is newer.
  Facts facts_of(std::uint32_t link) const {
    const auto look = looks_.find(link);
    return look != looks_.end() ? look->second.facts : listed_.facts(link);
  }

  Result<void> ask_provisioner() {
    if (provisioner_ == nullptr) {
      memory_ = {};
      return {};
    }
    // Told in the order of the links, and gathered in the order of the ids.
    std::vector<bool> can_be_asked(links_.size());
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      const Finding& finding = findings_[link];
      const bool reader_sees_row =
          finding.state == State::linked ||
          (finding.state == State::drifted &&
           (finding.kind == Kind::active_mismatch || finding.kind == Kind::key_mismatch));
      // Hex digits may stand in a query.
      can_be_asked[link] = reader_sees_row && (links_.has_hex_external_id(link) ||
                                               servicenow::is_queryable_sys_id(links_.external_id(link)));
    }
    std::vector<std::uint32_t> eligible;
    eligible.reserve(by_id_.sorted().size());  // nearly all of them
    std::ranges::copy_if(by_id_.sorted(), std::back_inserter(eligible),
                         [&](std::uint32_t link) { return can_be_asked[link]; });
    const auto report =
        ask_in_rotation(links_, eligible, *provisioner_, reader_, options_.rotation_requests, memory_, stop_);
    if (!report) return std::unexpected(report.error());
    const auto id_of = [this](std::uint32_t link) { return links_.packed_external_id(link); };
    for (const PackedId& id : memory_.hidden) {
      for (const std::uint32_t link : std::ranges::equal_range(eligible, id, {}, id_of)) {
        Facts facts = facts_of(link);
        facts.provisioner_blind = true;
        // Neither claimed nor taken back while nobody can look.
        findings_[link] = report->silent ? unverified(Cause::provisioner_silent) : classify(facts, policy_);
      }
    }
    return {};
  }

  // One request that fails leaves users undecided. That must not end their drift, which the next comparison
  // would find anew.
  Result<void> keep_what_stands() {
    constexpr std::size_t kBatch = 1000;
    if (!world_.open_kinds) return {};
    std::vector<std::uint32_t> undecided;
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      if (tells_nothing(findings_[link])) undecided.push_back(link);
    }
    for (std::size_t from = 0; from < undecided.size(); from += kBatch) {
      const auto batch = std::span(undecided).subspan(from, std::min(kBatch, undecided.size() - from));
      std::vector<std::string> users;
      for (const std::uint32_t link : batch) users.push_back(links_.user_id(link));
      const auto open = world_.open_kinds(users);
      if (!open) return std::unexpected(open.error());
      for (std::size_t i = 0; i < batch.size(); ++i) {
        if (const auto found = open->find(users[i]); found != open->end()) {
          findings_[batch[i]] = drifted(found->second);
        }
      }
    }
    return {};
  }

  Comparison sum_up() {
    Comparison result;
    result.mass_absence = mass_absence_;
    result.standings.resize(links_.size());
    std::vector<bool> looked_at(links_.size());
    for (const auto& [link, look] : looks_) looked_at[link] = true;
    for (std::uint32_t link = 0; link < links_.size(); ++link) {
      const Finding& finding = findings_[link];
      ++result.states[static_cast<std::size_t>(finding.state)];
      const bool locked_out = finding.state == State::linked && is_locked_out(link, looked_at[link]);
      result.standings[link] = to_standing(finding.state, locked_out);
      switch (finding.state) {
        case State::linked:
          if (locked_out) ++result.locked_out;
          break;
        case State::drifted:
          ++result.kinds[static_cast<std::size_t>(finding.kind)];
          result.drifted.push_back(entry(link, finding.kind));
          break;
        case State::unverified:
          ++result.unverified[std::string(to_string(finding.cause))];
          break;
        case State::exempt:
          break;
      }
    }
    for (const auto& [link, look] : looks_) result.looked_at.push_back(link);
    std::ranges::sort(result.looked_at);
    result.mass_drift = is_mass_drift(result.states, result.kinds, options_);
    return result;
  }

  bool is_locked_out(std::uint32_t link, bool looked_at) const {
    if (!is_active(links_.status(link))) return false;
    if (looked_at) return looks_.at(link).locked_out.value_or(false);
    const std::uint32_t row = by_id_.row_of(link);
    return row != kNone && rows_.locked_out(row).value_or(false);
  }

  Entry entry(std::uint32_t link, Kind kind) const {
    Entry entry;
    entry.okta_user_id = links_.user_id(link);
    entry.kind = kind;
    entry.scope = links_.scope(link);
    entry.external_id = links_.external_id(link);
    if (links_.key_count() > 0) entry.match_key = links_.key(link, 0);
    if (kind == Kind::sys_id_changed) {
      const auto look = looks_.find(link);
      if (look != looks_.end()) entry.candidate_sys_id = look->second.candidate_sys_id;
      if (entry.candidate_sys_id.empty()) entry.candidate_sys_id = listed_.candidate_sys_id(link);
    }
    return entry;
  }

  const LinkListing& links_;
  const RowListing& rows_;
  const World& world_;
  const ComparisonOptions& options_;
  servicenow::RowLookup& reader_;
  servicenow::RowLookup* provisioner_;
  ProvisionerMemory& memory_;
  std::stop_token stop_;
  Policy policy_;
  SystemTime grace_begins_;
  LinksById by_id_;
  Listed listed_;
  std::vector<Finding> findings_;                  // by link
  std::unordered_map<std::uint32_t, Look> looks_;  // only of candidates
  bool mass_absence_ = false;
};

}  // namespace

Result<Comparison> compare(const LinkListing& links, const RowListing& rows, const World& world,
                           const ComparisonOptions& options, servicenow::RowLookup& reader,
                           ProvisionerView& provisioner, ProvisionerMemory& memory, std::stop_token stop) {
  if (links.key_count() != rows.key_count()) {
    return std::unexpected(
        Error{ErrorClass::malformed, "the two listings were made with different match fields"});
  }
  if (rows.repeated()) {
    return std::unexpected(Error{ErrorClass::incomplete, "the listing of rows holds a sys_id twice"});
  }
  if (rows.size() > 0 && !rows.any_key()) {
    return std::unexpected(Error{
        ErrorClass::permission,
        "no row of the users' table shows any match field: give the reader read access to the columns of "
        "servicenow.match"});
  }
  servicenow::RowLookup* const as_provisioner = provisioner.lookup();
  const std::uint64_t before =
      reader.requests() + (as_provisioner != nullptr ? as_provisioner->requests() : 0);
  auto result = Engine(links, rows, world, options, reader, as_provisioner, memory, std::move(stop)).run();
  if (result) {
    result->requests =
        reader.requests() + (as_provisioner != nullptr ? as_provisioner->requests() : 0) - before;
  }
  return result;
}

}  // namespace exporter::drift
