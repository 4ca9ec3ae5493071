#include "sampling/link_check.h"

#include <algorithm>
#include <utility>

#include "servicenow/match_key.h"

namespace exporter::sampling {

using storage::KnownLink;

namespace {

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
  user.changed = link.changed;
  user.keys = link.keys;
  return user;
}

KnownLink to_known(const okta::AppUser& user, drift::Standing standing) {
  return {.okta_user_id = user.id,
          .external_id = user.external_id,
          .keys = user.keys,
          .status = std::string(to_string(user.status)),
          .scope = std::string(to_string(user.scope)),
          .changed = std::chrono::floor<std::chrono::seconds>(user.changed),
          .state = std::string(to_string(standing))};
}

// Entries of the ledger that are looked through for rows of strangers.
constexpr std::size_t kStrangers = 200;

bool is_cancelled(const Error& error) { return error.error_class == ErrorClass::cancelled; }

bool is_absence(const drift::Finding& finding) {
  return finding.state == drift::State::drifted &&
         (finding.kind == drift::Kind::sys_id_changed || finding.kind == drift::Kind::ambiguous_match ||
          finding.kind == drift::Kind::record_missing);
}

// A link to a row that the comparison knew, to be looked at beside the others.
okta::AppUser control(const std::string& sys_id, std::size_t key_count) {
  okta::AppUser user;
  user.external_id = sys_id;
  user.status = okta::AppUserStatus::ACTIVE;
  user.keys.resize(key_count);
  return user;
}

}  // namespace

LinkCheck::LinkCheck(LinkCheckOptions options, okta::Client& okta, servicenow::RowLookup& reader,
                     drift::ProvisionerView& provisioner, Picture& picture, RecentUsers& recent,
                     storage::Store& store, const Clock& clock, Log& log)
    : options_(options),
      okta_(okta),
      reader_(reader),
      provisioner_(provisioner),
      picture_(picture),
      recent_(recent),
      store_(store),
      clock_(clock),
      log_(log) {}

Result<LinkCheck::Links> LinkCheck::find(const Session::Opened& opened, const std::set<std::string>& users,
                                         SystemTime listed, std::size_t ask, SampleRun& run) {
  const auto known = store_.known_links(opened.id, {users.begin(), users.end()});
  if (!known) {
    return std::unexpected(known.error());
  }
  Links links;
  std::set<std::string> to_ask = users;
  std::map<std::string, const KnownLink*> stored_links;
  for (const KnownLink& link : *known) {
    stored_links[link.okta_user_id] = &link;
    if (!recent_.touched_since(link.okta_user_id, listed)) {
      links.users[link.okta_user_id] = to_app_user(link);
      to_ask.erase(link.okta_user_id);
    }
  }
  std::size_t asked = 0;
  for (const std::string& user : to_ask) {
    if (++asked > ask) {
      break;
    }
    Result<okta::AppUser> app_user = okta_.app_user(opened.app_id, user, run.stop());
    const auto stored = stored_links.find(user);
    if (app_user) {
      const bool is_new = stored == stored_links.end();
      if (is_new || stored->second->external_id != app_user->external_id) {
        links.moved.insert(app_user->external_id);
        links.moved.insert(is_new ? std::string() : stored->second->external_id);
      }
      links.rekeyed = links.rekeyed || is_new || stored->second->keys != app_user->keys;
      links.users[user] = std::move(*app_user);
    } else if (is_cancelled(app_user.error())) {
      return std::unexpected(std::move(app_user.error()));
    } else if (app_user.error().http_status == 404) {
      links.gone.insert(user);
      if (stored != stored_links.end()) {
        links.moved.insert(stored->second->external_id);
        links.rekeyed = true;
      }
    }
    run.mark();
  }
  links.moved.erase("");
  return links;
}

Result<LinkCheck::Looked> LinkCheck::look(const Session::Opened& opened, const Links& links,
                                          const drift::Policy& policy,
                                          const std::optional<Picture::Settled>& settled, SampleRun& run) {
  Looked looked;
  RelatedLinks related(options_.key_count);
  for (const std::string& id : links.moved) {
    related.add_id(id);
  }
  for (const auto& [id, user] : links.users) {
    looked.users[id] = {.user = user, .look = {}, .finding = {}, .as_okta = true};
    if (!user.external_id.empty()) {
      related.add_id(user.external_id);
    }
  }
  std::vector<okta::AppUser> others;
  if (!related.empty()) {
    const auto holders =
        store_.links_where(opened.id, [&](std::string_view external_id, std::string_view keys) {
          return related.takes(external_id, keys);
        });
    if (!holders) {
      return std::unexpected(holders.error());
    }
    for (const KnownLink& holder : *holders) {
      if (looked.users.contains(holder.okta_user_id) || links.gone.contains(holder.okta_user_id)) {
        continue;
      }
      if (links.moved.contains(holder.external_id)) {
        looked.users[holder.okta_user_id] = {
            .user = to_app_user(holder), .look = {}, .finding = {}, .as_okta = true};
      } else {
        others.push_back(to_app_user(holder));
      }
    }
  }

  // Grace is a matter of the vendors' time.
  const SystemTime grace_begins =
      clock_.now() + (settled ? settled->okta_ahead : std::chrono::milliseconds(0)) - options_.grace;
  drift::LinkListing listing(options_.key_count);
  std::vector<std::uint32_t> asked;
  std::vector<Checked*> subjects;
  std::set<std::string_view> ids;
  for (auto& [id, checked] : looked.users) {
    drift::Facts& facts = checked.look.facts;
    facts.status = checked.user.status;
    facts.changed_in_grace = checked.user.changed > grace_begins;
    facts.has_external_id = !checked.user.external_id.empty();
    if (facts.has_external_id) {
      asked.push_back(static_cast<std::uint32_t>(listing.size()));
      subjects.push_back(&checked);
      ids.insert(checked.user.external_id);
      listing.add(checked.user);
    }
  }
  if (!asked.empty()) {
    for (const okta::AppUser& other : others) {
      listing.add(other);
    }
    const std::size_t first_control = asked.size();
    std::size_t linked_controls = 0;
    if (settled) {
      for (const auto* side : {&settled->linked_rows, &settled->inactive_rows}) {
        for (const std::string& sys_id : *side) {
          // Not one that is asked for anyway: it would look like a second holder.
          if (ids.insert(sys_id).second) {
            asked.push_back(static_cast<std::uint32_t>(listing.size()));
            listing.add(control(sys_id, options_.key_count));
            linked_controls += side == &settled->linked_rows ? 1 : 0;
          }
        }
      }
    }
    const drift::RowListing no_rows(options_.key_count);
    const drift::LinksById by_id(listing, no_rows);
    const drift::KeySearch nothing_listed(options_.key_count);
    drift::DirectLook direct({.links = listing,
                              .rows = no_rows,
                              .by_id = by_id,
                              .listed = nothing_listed,
                              .listed_owners = nothing_listed,
                              .reader_sees_inactive = policy.reader_sees_inactive,
                              .grace_begins = grace_begins,
                              .reader = reader_,
                              .provisioner = provisioner_.lookup()});
    auto looks = direct.look(asked, run.stop());
    if (!looks) {
      return std::unexpected(std::move(looks.error()));
    }
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      subjects[i]->look = std::move((*looks)[i]);
    }
    // A provisioner's answer proves nothing of the reader's view.
    // A row of these that is there says that the instance is still the one that was compared.
    looked.same_instance = std::ranges::any_of(subjects, [](const Checked* checked) {
      return checked->look.facts.presence == drift::RowPresence::present && !checked->look.by_provisioner;
    });
    const auto is_shown = [&](std::size_t i) {
      return (*looks)[i].facts.presence == drift::RowPresence::present && !(*looks)[i].by_provisioner;
    };
    for (std::size_t i = first_control; i < asked.size(); ++i) {
      const bool of_linked = i < first_control + linked_controls;
      looked.same_instance = looked.same_instance || (of_linked && is_shown(i));
      looked.proven = looked.proven || (!of_linked && is_shown(i));
    }
    looked.proven = looked.proven && looked.same_instance;
    if (auto done = ask_as_okta(looked.users, run); !done) {
      return std::unexpected(std::move(done.error()));
    }
    for (auto& [id, checked] : looked.users) {
      checked.finding = drift::classify(checked.look.facts, policy);
    }
    if (auto done = find_owners(opened, links.gone, looked.users); !done) {
      return std::unexpected(std::move(done.error()));
    }
  }
  for (auto& [id, checked] : looked.users) {
    checked.finding = drift::classify(checked.look.facts, policy);
    // As the comparison spares them: a task that has just succeeded may not be the last one.
    if (checked.finding.state == drift::State::drifted && recent_.touched_since(id, grace_begins)) {
      checked.finding = drift::unverified(drift::Cause::in_grace);
    }
  }
  return looked;
}

// A row that the reader sees may be hidden from the account that Okta pushes with.
Result<void> LinkCheck::ask_as_okta(std::map<std::string, Checked>& users, SampleRun& run) {
  servicenow::RowLookup* const as_okta = provisioner_.lookup();
  if (as_okta == nullptr) {
    return {};
  }
  std::vector<Checked*> seen;
  std::vector<std::string> ids;
  for (auto& [id, checked] : users) {
    if (checked.look.facts.presence == drift::RowPresence::present && !checked.look.by_provisioner) {
      seen.push_back(&checked);
      ids.push_back(checked.user.external_id);
    }
  }
  if (seen.empty()) {
    return {};
  }
  const auto answers = servicenow::by_sys_id_confirmed(*as_okta, ids, run.stop());
  if (!answers && is_cancelled(answers.error())) {
    return std::unexpected(answers.error());
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const auto presence = answers ? (*answers)[i].presence : servicenow::Presence::undecided;
    seen[i]->as_okta = presence != servicenow::Presence::undecided;
    // Absent: filtered out of that account's query, for the reader has just seen it.
    seen[i]->look.facts.provisioner_blind =
        presence == servicenow::Presence::hidden || presence == servicenow::Presence::absent;
  }
  return {};
}

// Whose row is it, if not the user's? The stored links know.
Result<void> LinkCheck::find_owners(const Session::Opened& opened, const std::set<std::string>& gone,
                                    std::map<std::string, Checked>& users) {
  RelatedLinks related(options_.key_count);
  std::vector<Checked*> strangers;
  for (auto& [id, checked] : users) {
    const drift::Facts& facts = checked.look.facts;
    if (facts.presence == drift::RowPresence::present && !facts.row_matches && !facts.row_key_is_anothers) {
      strangers.push_back(&checked);
      related.add_keys(checked.look.row_keys);
    }
  }
  if (related.empty()) {
    return {};
  }
  const auto found = store_.links_where(opened.id, [&](std::string_view external_id, std::string_view keys) {
    return related.takes(external_id, keys);
  });
  if (!found) {
    return std::unexpected(found.error());
  }
  for (Checked* const checked : strangers) {
    const std::vector<std::string>& row_keys = checked->look.row_keys;
    checked->look.facts.row_key_is_anothers = std::ranges::any_of(*found, [&](const KnownLink& other) {
      // Who was asked for anew has the keys of now.
      const auto fresh = users.find(other.okta_user_id);
      const std::vector<std::string>& keys = fresh == users.end() ? other.keys : fresh->second.user.keys;
      if (other.okta_user_id == checked->user.id || gone.contains(other.okta_user_id)) {
        return false;
      }
      for (std::size_t field = 0; field < row_keys.size() && field < keys.size(); ++field) {
        if (servicenow::keys_equal(keys[field], row_keys[field])) {
          return true;
        }
      }
      return false;
    });
  }
  return {};
}

bool LinkCheck::is_mass(const Picture::Settled& settled, std::size_t absent) {
  if (counted_for_ != settled.number) {
    counted_for_ = settled.number;
    absent_ = 0;
    held_back_ = false;
  }
  absent_ += absent;
  return held_back_ ||
         (absent_ >= options_.mass_minimum &&
          static_cast<double>(absent_) >= options_.mass_threshold * static_cast<double>(settled.links));
}

Result<LinkCheck::Again> LinkCheck::take_in(const Session::Opened& opened, const Picture::Settled& settled,
                                            const Links& links, const Looked& looked) {
  Again again;
  std::vector<std::string> ids;
  for (const auto& [id, checked] : looked.users) {
    ids.push_back(id);
  }
  const auto kinds = store_.open_kinds(opened.id, ids);
  if (!kinds) {
    return std::unexpected(kinds.error());
  }
  const auto stored = store_.known_links(opened.id, ids);
  if (!stored) {
    return std::unexpected(stored.error());
  }
  std::map<std::string, const KnownLink*> before;
  for (const KnownLink& link : *stored) {
    before[link.okta_user_id] = &link;
  }
  storage::ChangesCommit commit{.time = clock_.now(), .users = {}, .keep_leavers = settled.keeps_leavers};
  std::vector<drift::PackedId> hidden;
  std::size_t absent = 0;
  for (const auto& [id, checked] : looked.users) {
    const drift::Finding& finding = checked.finding;
    const drift::Facts& facts = checked.look.facts;
    const auto kind = kinds->find(id);
    const std::string kind_before = kind == kinds->end() ? std::string() : kind->second;
    if (facts.has_external_id && facts.presence == drift::RowPresence::absent &&
        finding.state != drift::State::exempt && !looked.proven) {
      continue;
    }
    if (facts.has_external_id && !looked.same_instance && finding.state != drift::State::linked) {
      continue;
    }
    const bool asked_for_more = finding.cause == drift::Cause::provisioner_silent ||
                                (!checked.as_okta && kind_before == to_string(drift::Kind::hidden_by_acl));
    if (asked_for_more) {
      continue;
    }
    if (finding.state == drift::State::unverified && finding.cause == drift::Cause::in_grace) {
      again.emplace_back(id, clock_.now() + options_.grace);
    }
    if (drift::tells_nothing(finding) && !kind_before.empty()) {
      continue;  // what stands is kept, as a comparison keeps it
    }
    const drift::Standing standing = drift::to_standing(
        finding.state, finding.state == drift::State::linked && drift::is_active(facts.status) &&
                           checked.look.locked_out.value_or(false));
    storage::UserChange change{
        .okta_user_id = id, .link = to_known(checked.user, standing), .drifted = std::nullopt};
    if (finding.state == drift::State::drifted) {
      change.drifted = {.okta_user_id = id,
                        .kind = std::string(to_string(finding.kind)),
                        .scope = std::string(to_string(checked.user.scope)),
                        .external_id = checked.user.external_id,
                        .match_key = checked.user.keys.empty() ? std::string() : checked.user.keys.front(),
                        .candidate_sys_id = finding.kind == drift::Kind::sys_id_changed
                                                ? checked.look.candidate_sys_id
                                                : std::string(),
                        .first_seen = commit.time,
                        .last_confirmed = commit.time,
                        .resolved = std::nullopt};
      if (finding.kind == drift::Kind::hidden_by_acl) {
        hidden.push_back(drift::pack_id(checked.user.external_id));
      }
    }
    const auto known = before.find(id);
    const std::string kind_now = change.drifted ? change.drifted->kind : std::string();
    if (known != before.end() && *known->second == *change.link && kind_before == kind_now) {
      continue;  // as it was
    }
    if (is_absence(finding) && kind_before != kind_now) {
      ++absent;
    }
    commit.users.push_back(std::move(change));
  }
  for (const std::string& user : links.gone) {
    commit.users.push_back({.okta_user_id = user, .link = std::nullopt, .drifted = std::nullopt});
  }
  if (is_mass(settled, absent)) {
    if (!std::exchange(held_back_, true)) {
      log_.warn("many links have turned absent since the last comparison; another one is asked for", {});
      if (want_comparison_) {
        want_comparison_();
      }
    }
    std::erase_if(commit.users, [](const storage::UserChange& change) { return change.drifted.has_value(); });
  }
  if (commit.users.empty()) {
    return again;
  }
  const auto changed = picture_.change(opened, settled.number, commit);
  if (!changed) {
    return std::unexpected(changed.error());
  }
  if (!*changed) {
    return again;
  }
  picture_.note_hidden(hidden);
  if (links.rekeyed) {
    const auto open = store_.ledger(opened.id, kStrangers);
    if (!open) {
      return std::unexpected(open.error());
    }
    for (const storage::LedgerEntry& entry : *open) {
      if (!entry.resolved && (entry.kind == to_string(drift::Kind::wrong_user) ||
                              entry.kind == to_string(drift::Kind::key_mismatch))) {
        again.emplace_back(entry.okta_user_id, SystemTime());
      }
    }
  }
  return again;
}

void RelatedLinks::add_keys(const std::vector<std::string>& row_keys) {
  for (std::size_t field = 0; field < row_keys.size() && field < keys_.size(); ++field) {
    if (const std::uint64_t hash = drift::hash_raw_key(row_keys[field]); hash != 0) {
      keys_[field].insert(hash);
    }
  }
}

bool RelatedLinks::empty() const {
  return ids_.empty() && std::ranges::all_of(keys_, [](const auto& hashes) { return hashes.empty(); });
}

bool RelatedLinks::takes(std::string_view external_id, std::string_view keys) const {
  if (ids_.contains(external_id)) {
    return true;
  }
  for (const auto& hashes : keys_) {
    const std::size_t end = keys.find('\n');
    const std::string_view key = keys.substr(0, end);
    if (!hashes.empty() && !key.empty()) {
      if (hashes.contains(drift::hash_raw_key(key))) {
        return true;
      }
      // What is not longer in bytes is not longer in characters.
      if (key.size() > servicenow::kStoredKeyCharacters) {
        const std::string cut = servicenow::cut_key(servicenow::normalize_key(key));
        if (!cut.empty() && hashes.contains(drift::hash_key(cut))) {
          return true;
        }
      }
    }
    if (end == std::string_view::npos) {
      break;
    }
    keys.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace exporter::sampling
