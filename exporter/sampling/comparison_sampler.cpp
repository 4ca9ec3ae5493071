#include "sampling/comparison_sampler.h"

#include <algorithm>
#include <utility>

#include "sampling/newer_findings.h"

namespace exporter::sampling {

namespace {

bool has(const std::vector<std::string>& features, std::string_view feature) {
  return std::ranges::find(features, feature) != features.end();
}

std::map<std::string, std::uint64_t> by_name(const auto& names, const auto& counts) {
  std::map<std::string, std::uint64_t> result;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    result[std::string(names[i])] = counts[i];
  }
  return result;
}

// The links that mass drift counts, as a share of all that lead or should lead somewhere.
std::string to_percent(const std::map<std::string, std::uint64_t>& kinds,
                       const std::map<std::string, std::uint64_t>& states) {
  const auto at = [](const auto& counts, const char* name) {
    const auto found = counts.find(name);
    return found == counts.end() ? std::uint64_t{0} : found->second;
  };
  const std::uint64_t moved =
      at(kinds, "sys_id_changed") + at(kinds, "record_missing") + at(kinds, "wrong_user");
  const std::uint64_t all = at(states, "linked") + at(states, "drifted");
  return all == 0 ? "0%" : std::to_string(moved * 100 / all) + "%";
}

// servicenow.md 8.8: a clone gives rows the source's sys_ids, so keys are found elsewhere and ids may belong
// to others; a restore or a migration that loses rows leaves keys that nobody has.
std::string_view likely_cause(const drift::Comparison& comparison) {
  const auto kind = [&](drift::Kind which) { return comparison.kinds[static_cast<std::size_t>(which)]; };
  const std::uint64_t moved = kind(drift::Kind::sys_id_changed) + kind(drift::Kind::wrong_user);
  return moved >= kind(drift::Kind::record_missing)
             ? "the instance was cloned over, or its users were migrated: rows have other sys_ids"
             : "the instance was restored to an older state, or users were deleted: rows are gone";
}

storage::LedgerEntry to_ledger(drift::Entry entry, SystemTime compared) {
  return {.okta_user_id = std::move(entry.okta_user_id),
          .kind = std::string(to_string(entry.kind)),
          .scope = std::string(to_string(entry.scope)),
          .external_id = std::move(entry.external_id),
          .match_key = std::move(entry.match_key),
          .candidate_sys_id = std::move(entry.candidate_sys_id),
          .first_seen = compared,
          .last_confirmed = compared,
          .resolved = std::nullopt};
}

storage::ComparisonRecord to_record(const drift::Comparison& comparison, SystemTime time) {
  storage::ComparisonRecord record{.time = time,
                                   .states = {},
                                   .kinds = {},
                                   .locked_out = comparison.locked_out,
                                   .mass_drift = comparison.mass_drift,
                                   .mass_absence = comparison.mass_absence};
  record.states = by_name(drift::kStates, comparison.states);
  record.kinds = by_name(drift::kKinds, comparison.kinds);
  return record;
}

// Of each third of the listing one, so that a deleted row or a hidden part of the table is not all.
std::vector<std::string> linked_rows(const drift::LinkListing& links,
                                     const std::vector<drift::Standing>& standings) {
  std::vector<std::string> ids;
  for (const std::size_t part : {0U, 1U, 2U}) {
    const std::size_t end = links.size() * (part + 1) / 3;
    for (std::size_t link = links.size() * part / 3; link < end; ++link) {
      if (standings[link] == drift::Standing::linked && drift::is_active(links.status(link)) &&
          drift::is_hex_id(links.external_id(link))) {
        ids.push_back(links.external_id(link));
        break;
      }
    }
  }
  return ids;
}

std::vector<std::string> inactive_rows(const RowInput& rows) {
  std::vector<std::string> ids = rows.inactive_rows;
  for (std::size_t row = 0; row < rows.listing.size() && ids.size() < 3; ++row) {
    if (rows.listing.active(row) == false && !rows.listing.id_text(row).empty()) {
      ids.push_back(rows.listing.id_text(row));
    }
  }
  return ids;
}

}  // namespace

ComparisonSampler::ComparisonSampler(std::chrono::milliseconds interval, drift::ComparisonOptions options,
                                     Session& session, DriftInputs& inputs, servicenow::RowLookup& reader,
                                     drift::ProvisionerView& provisioner, LastView& view, RecentUsers& recent,
                                     Picture& picture, storage::Store& store, RunProgress& progress,
                                     const Clock& clock, Log& log)
    : interval_(interval),
      options_(options),
      session_(session),
      inputs_(inputs),
      reader_(reader),
      provisioner_(provisioner),
      view_(view),
      recent_(recent),
      picture_(picture),
      store_(store),
      progress_(progress),
      clock_(clock),
      log_(log),
      leavers_(options.grace, session, reader, store, clock, log) {}

Result<void> ComparisonSampler::restore(const Session::Opened& opened) {
  auto former_users = leavers_.count(opened);
  if (!former_users) {
    return std::unexpected(std::move(former_users.error()));
  }
  return picture_.restore(opened, std::move(*former_users));
}

Result<void> ComparisonSampler::sample(SampleRun& run) {
  const RunProgress::Attached attached(progress_, run);
  const std::unique_ptr<ListingPair> pair = inputs_.take();
  if (!pair && !failed_) {
    return {};  // the run before took the pair that this one was triggered for
  }
  if (!pair) {
    inputs_.want();
    return std::unexpected(Error{.error_class = ErrorClass::incomplete,
                                 .message =
                                     "there is no complete pair of listings to compare; see the samplers "
                                     "app_users and users"});
  }
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  Result<void> compared = compare(*opened, *pair, run);
  failed_ = !compared;
  if (!compared && compared.error().error_class != ErrorClass::cancelled) {
    mark_incomplete();
  }
  return compared;
}

Result<void> ComparisonSampler::compare(const Session::Opened& opened, ListingPair& pair, SampleRun& run) {
  const SystemTime compared = clock_.now();
  // Grace is a matter of the vendors' time: the machine's clock may be wrong, or jump.
  const SystemTime now = pair.links->ended ? pair.links->ended->now(clock_) : compared;
  // When the listings began: in Okta's time, and in ours.
  SystemTime listed = compared;
  SystemTime began = pair.rows.began;
  // Whose link may have moved since his page was read, however long ago that is.
  SystemTime moved_since = now - options_.grace;
  if (pair.links->begun) {
    // A Date is cut to the second, which is no grace where none is configured.
    const auto cut = std::max<std::chrono::milliseconds>(std::chrono::seconds(1) - options_.grace, {});
    listed = pair.links->begun->time;
    moved_since = std::min(moved_since, listed + cut);
    const auto ago = clock_.steady_now() - pair.links->begun->at;
    began = std::min(began, compared - std::chrono::duration_cast<SystemTime::duration>(ago));
  }
  drift::World world{.now = now,
                     .creates_users = has(pair.links->features, "PUSH_NEW_USERS"),
                     .deactivates_users = has(pair.links->features, "PUSH_USER_DEACTIVATION"),
                     .reader_sees_inactive = pair.rows.report.saw_inactive && pair.rows.report.saw_own_row,
                     .hidden_rows = pair.rows.report.hidden,
                     .recent_users = recent_.since(moved_since)};
  const std::optional<storage::ComparisonRecord> before = picture_.last();
  if (Result<void> believed = doubt_a_short_list(pair.links->listing.size(), before); !believed) {
    return believed;
  }
  world.mass_absence_seen_before = before && before->mass_absence;
  world.open_kinds = [&](const std::vector<std::string>& users) { return open_kinds(opened.id, users); };
  for (const drift::PackedId& id : picture_.take_hidden()) {
    memory_.hidden.push_back(id);
  }
  std::ranges::sort(memory_.hidden);
  const auto repeated = std::ranges::unique(memory_.hidden);
  memory_.hidden.erase(repeated.begin(), repeated.end());
  Result<drift::Comparison> comparison = drift::compare(pair.links->listing, pair.rows.listing, world,
                                                        options_, reader_, provisioner_, memory_, run.stop());
  if (!comparison) {
    return std::unexpected(std::move(comparison.error()));
  }
  run.mark();
  const std::optional<SystemTime> newest_row = pair.rows.listing.newest();
  std::vector<std::string> inactive = inactive_rows(pair.rows);
  // Not beside what storing the result takes.
  pair.rows.listing = drift::RowListing(pair.rows.listing.key_count());

  const auto make_commit = [&](const std::vector<storage::LedgerEntry>& found) {
    std::vector<storage::LedgerEntry> drifted;
    drifted.reserve(comparison->drifted.size());
    for (drift::Entry& entry : comparison->drifted) {
      drifted.push_back(to_ledger(std::move(entry), compared));
    }
    comparison->drifted = {};
    keep_newer(found, pair.links->listing, compared, *comparison, drifted);
    return storage::ComparisonCommit{.record = to_record(*comparison, compared),
                                     .drifted = std::move(drifted)};
  };
  if (Result<void> replaced = picture_.replace(opened, began, make_commit); !replaced) {
    return replaced;
  }
  report(*comparison, before);
  const drift::Policy policy{.creates_users = world.creates_users,
                             .deactivates_users = world.deactivates_users,
                             .reader_sees_inactive = world.reader_sees_inactive};
  view_.set({.policy = policy, .listed = listed});
  if (Result<void> kept =
          leavers_.remember(opened, pair.links->listing, comparison->standings, world.deactivates_users, run);
      !kept) {
    return kept;
  }
  const auto users = [&](drift::State state) { return comparison->states[static_cast<std::size_t>(state)]; };
  picture_.settle({.policy = policy,
                   .keeps_leavers = world.deactivates_users,
                   .listed = listed,
                   .began = began,
                   .okta_ahead = std::chrono::duration_cast<std::chrono::milliseconds>(now - compared),
                   .compared = compared,
                   .newest_row = newest_row,
                   .links = users(drift::State::linked) + users(drift::State::drifted),
                   .linked_rows = linked_rows(pair.links->listing, comparison->standings),
                   .inactive_rows = std::move(inactive)});
  return follow_leavers(opened, world.reader_sees_inactive, run);
}

Result<std::map<std::string, drift::Kind>> ComparisonSampler::open_kinds(
    storage::IntegrationId id, const std::vector<std::string>& okta_user_ids) {
  const auto names = store_.open_kinds(id, okta_user_ids);
  if (!names) {
    return std::unexpected(names.error());
  }
  std::map<std::string, drift::Kind> kinds;
  for (const auto& [user, name] : *names) {
    // A kind of another version's is found anew.
    if (const auto kind = drift::to_kind(name)) {
      kinds[user] = *kind;
    }
  }
  return kinds;
}

// Okta tells no total, so a list that ends too early looks like one that is complete (okta.md 4.1): its
// missing users would be leavers, and their drift resolved. So a mass of them is believed when a second list
// agrees.
Result<void> ComparisonSampler::doubt_a_short_list(std::size_t users,
                                                   const std::optional<storage::ComparisonRecord>& before) {
  std::uint64_t users_before = 0;
  if (before) {
    for (const auto& [state, count] : before->states) {
      users_before += count;
    }
  }
  const std::uint64_t missing = users_before > users ? users_before - users : 0;
  const bool few =
      missing > 0 && missing >= options_.mass_minimum &&
      static_cast<double>(missing) >= options_.mass_threshold * static_cast<double>(users_before);
  if (!few || std::exchange(few_users_, true)) {
    few_users_ = false;
    return {};
  }
  return std::unexpected(Error{.error_class = ErrorClass::incomplete,
                               .message = "Okta's list names " + std::to_string(users) + " app users, and " +
                                          std::to_string(users_before) +
                                          " in the comparison before; it is believed when the next list says "
                                          "so too, which is read soon"});
}

Result<void> ComparisonSampler::follow_leavers(const Session::Opened& opened, bool reader_sees_inactive,
                                               SampleRun& run) {
  if (Result<void> looked = leavers_.look(opened, reader_sees_inactive, run); !looked) {
    return looked;
  }
  auto former_users = leavers_.count(opened);
  if (!former_users) {
    return std::unexpected(std::move(former_users.error()));
  }
  picture_.set_former_users(std::move(*former_users));
  return {};
}

void ComparisonSampler::report(const drift::Comparison& comparison,
                               const std::optional<storage::ComparisonRecord>& before) const {
  const auto state = [&](drift::State which) {
    return std::to_string(comparison.states[static_cast<std::size_t>(which)]);
  };
  if (comparison.mass_drift) {
    std::string share_before = "unknown";
    if (before) {
      share_before = to_percent(before->kinds, before->states);
    }
    log_.warn("mass drift: external IDs no longer lead to their rows",
              {{"integration", session_.integration()},
               {"likely_cause", std::string(likely_cause(comparison))},
               {"share", to_percent(by_name(drift::kKinds, comparison.kinds),
                                    by_name(drift::kStates, comparison.states))},
               {"share_before", share_before},
               {"runbook", "alerts/runbooks/OktaServiceNowMassDrift.md"}});
  }
  log_.write(LogLevel::info, "compared the two sides",
             {{"integration", session_.integration()},
              {"linked", state(drift::State::linked)},
              {"drifted", state(drift::State::drifted)},
              {"unverified", state(drift::State::unverified)},
              {"exempt", state(drift::State::exempt)}});
  for (const auto& [cause, users] : comparison.unverified) {
    log_.info("users could not be verified",
              {{"integration", session_.integration()}, {"cause", cause}, {"users", std::to_string(users)}});
  }
}

}  // namespace exporter::sampling
