#include "drift/classify.h"

namespace exporter::drift {
namespace {

using okta::AppUserStatus;

bool is_switched_off(AppUserStatus status) {
  return status == AppUserStatus::DEPROVISIONED || status == AppUserStatus::INACTIVE ||
         status == AppUserStatus::SUSPENDED || status == AppUserStatus::REVOKED;
}

bool active_differs(const Facts& facts, const Policy& policy) {
  if (!facts.active) return false;  // not readable: no claim
  if (is_active(facts.status)) return !*facts.active;
  // Okta deactivates in ServiceNow only what it deprovisions or switches off, never for a suspension.
  const bool should_be_off =
      facts.status == AppUserStatus::DEPROVISIONED || facts.status == AppUserStatus::INACTIVE;
  return should_be_off && policy.deactivates_users && *facts.active;
}

Finding of_present_row(const Facts& facts, const Policy& policy) {
  if (facts.holders > 1) {
    // With a field that can't be read, another holder may match too, or this one after all.
    if (facts.row_keys_unreadable) return unverified(Cause::row_keys_unreadable);
    if (!facts.row_matches || facts.matching_holders != 1) return drifted(Kind::duplicate_link);
  }
  if (!facts.row_matches) {
    if (facts.row_keys_unreadable) return unverified(Cause::row_keys_unreadable);
    if (facts.row_key_is_anothers || facts.elsewhere == Elsewhere::one ||
        facts.elsewhere == Elsewhere::several) {
      return drifted(Kind::wrong_user);
    }
    // Only who sees every row can say that no other one has this user's key.
    if (facts.elsewhere == Elsewhere::unknown) return unverified(facts.elsewhere_cause);
    if (!policy.reader_sees_inactive) return unverified(Cause::reader_unproven);
  }
  if (facts.provisioner_blind) return drifted(Kind::hidden_by_acl);
  if (active_differs(facts, policy)) return drifted(Kind::active_mismatch);
  return facts.row_matches ? linked() : drifted(Kind::key_mismatch);
}

Finding of_hidden_row(const Facts& facts) {
  // Whose row it is can't be seen, so none of its holders can be called the duplicate.
  if (facts.holders > 1) return unverified(Cause::hidden_from_reader);
  if (!facts.provisioner_blind) return unverified(Cause::hidden_from_reader);
  // Another row has the user's key: this may be somebody else's row (wrong_user), which would come first.
  if (facts.elsewhere == Elsewhere::one || facts.elsewhere == Elsewhere::several) {
    return unverified(Cause::hidden_from_reader);
  }
  return drifted(Kind::hidden_by_acl);
}

Finding of_absent_row(const Facts& facts, const Policy& policy) {
  if (!policy.reader_sees_inactive) return unverified(Cause::reader_unproven);
  if (facts.holders > 1) return drifted(Kind::duplicate_link);
  switch (facts.elsewhere) {
    case Elsewhere::one:
      return drifted(Kind::sys_id_changed);
    case Elsewhere::several:
      return drifted(Kind::ambiguous_match);
    case Elsewhere::none:
      return drifted(Kind::record_missing);
    case Elsewhere::unknown:
      break;
  }
  return unverified(facts.elsewhere_cause);
}

Finding of_link(const Facts& facts, const Policy& policy) {
  switch (facts.presence) {
    case RowPresence::present:
      return of_present_row(facts, policy);
    case RowPresence::absent:
      return of_absent_row(facts, policy);
    case RowPresence::hidden:
      return of_hidden_row(facts);
    case RowPresence::unknown:
      break;
  }
  return unverified(facts.cause);
}

}  // namespace

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::none:
      return "";
    case Cause::in_grace:
      return "changed within the grace";
    case Cause::reader_unproven:
      return "the reader is not proven to see inactive users";
    case Cause::hidden_from_reader:
      return "the row is hidden from the reader, and no other view decides";
    case Cause::provisioner_silent:
      return "the provisioner could not be asked for its view";
    case Cause::key_maybe_hidden:
      return "somebody may have this key in a row that is hidden from the reader";
    case Cause::key_not_queryable:
      return "the match key may not stand in a query, or the reader may not query by it";
    case Cause::no_key:
      return "the user has no match key in Okta";
    case Cause::row_keys_unreadable:
      return "the reader may not read a match field of the row";
    case Cause::look_undecided:
      return "the direct look did not decide (no X-Total-Count)";
    case Cause::look_disagrees:
      return "the listing and the direct look disagree";
    case Cause::not_looked_at:
      return "too many candidates to look at each, and the sample does not stand for all";
    case Cause::mass_absence:
      return "too many links turned absent at once; waiting for a second comparison";
    case Cause::foreign_ids:
      return "these external IDs are no sys_ids of this instance";
  }
  return "";
}

Finding linked() { return {State::linked, Kind{}, Cause::none}; }
Finding drifted(Kind kind) { return {State::drifted, kind, Cause::none}; }
Finding unverified(Cause cause) { return {State::unverified, Kind{}, cause}; }

bool is_exempt(AppUserStatus status, bool has_external_id, const Policy& policy) {
  if (has_external_id) return is_switched_off(status) && !policy.reader_sees_inactive;
  return !policy.creates_users || is_switched_off(status) || status == AppUserStatus::UNASSIGNED;
}

bool is_active(AppUserStatus status) {
  switch (status) {
    case AppUserStatus::ACTIVE:
    case AppUserStatus::APPROVED:
    case AppUserStatus::IMPLICIT:
    case AppUserStatus::IMPORTED:
    case AppUserStatus::MATCHED:
    case AppUserStatus::PROVISIONED:
      return true;
    case AppUserStatus::DEPROVISIONED:
    case AppUserStatus::INACTIVE:
    case AppUserStatus::PENDING:  // queued: ServiceNow may be told soon
    case AppUserStatus::REVOKED:
    case AppUserStatus::STAGED:
    case AppUserStatus::SUSPENDED:
    case AppUserStatus::UNASSIGNED:
    case AppUserStatus::other:
      return false;
  }
  return false;
}

bool tells_nothing(const Finding& finding) {
  if (finding.state != State::unverified) return false;
  switch (finding.cause) {
    case Cause::none:
    case Cause::hidden_from_reader:
    case Cause::row_keys_unreadable:
    case Cause::foreign_ids:
      return false;
    case Cause::in_grace:
    case Cause::reader_unproven:
    case Cause::provisioner_silent:
    case Cause::key_maybe_hidden:
    case Cause::key_not_queryable:
    case Cause::no_key:
    case Cause::look_undecided:
    case Cause::look_disagrees:
    case Cause::not_looked_at:
    case Cause::mass_absence:
      return true;
  }
  return false;
}

Finding classify(const Facts& facts, const Policy& policy) {
  if (is_exempt(facts.status, facts.has_external_id, policy)) return {State::exempt, Kind{}, Cause::none};
  const Finding finding = facts.has_external_id ? of_link(facts, policy) : drifted(Kind::not_linked);
  if (finding.state != State::drifted) return finding;
  const bool fresh = facts.changed_in_grace ||
                     (facts.presence == RowPresence::present && facts.row_in_grace) ||
                     (finding.kind == Kind::sys_id_changed && facts.candidate_in_grace);
  return fresh ? unverified(Cause::in_grace) : finding;
}

}  // namespace exporter::drift
