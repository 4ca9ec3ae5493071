// What is wrong with one link, out of what is known about it: DESIGN section 5 as one pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "drift/vocabulary.h"
#include "okta/records.h"

namespace exporter::drift {

// Why a user is unverified; the text stands in the log and in `check`.
enum class Cause : std::uint8_t {
  none,
  in_grace,
  reader_unproven,
  hidden_from_reader,
  provisioner_silent,
  key_maybe_hidden,
  key_not_queryable,
  no_key,
  row_keys_unreadable,
  look_undecided,
  look_disagrees,
  not_looked_at,
  mass_absence,
  foreign_ids,
};
std::string_view to_string(Cause cause);

enum class RowPresence : std::uint8_t {
  present,
  absent,
  hidden,   // it is there, and neither the reader nor the provisioner is shown it
  unknown,  // see Facts::cause
};

// Rows with this user's key, the row that the link names left out.
enum class Elsewhere : std::uint8_t { none, one, several, unknown };

struct Facts {
  okta::AppUserStatus status = okta::AppUserStatus::other;
  bool changed_in_grace = false;
  bool has_external_id = true;

  RowPresence presence = RowPresence::unknown;
  Cause cause = Cause::look_undecided;  // of unknown presence

  // Of a row that is present.
  bool row_matches = false;
  bool row_keys_unreadable = false;
  bool row_in_grace = false;
  std::optional<bool> active;
  bool row_key_is_anothers = false;  // another app user's
  // The row is there and Okta's own account is not shown it.
  bool provisioner_blind = false;

  std::uint32_t holders = 1;           // app users with this external id, this one included
  std::uint32_t matching_holders = 0;  // those of them whose key is the row's

  // Of an absent row: by the first match pair that finds any; of another one: by any pair.
  Elsewhere elsewhere = Elsewhere::unknown;
  Cause elsewhere_cause = Cause::key_maybe_hidden;  // of unknown
  bool candidate_in_grace = false;                  // the row found elsewhere changed within the grace
};

struct Policy {
  bool creates_users = true;
  bool deactivates_users = true;
  bool reader_sees_inactive = false;
};

struct Finding {
  State state = State::unverified;
  Kind kind = Kind::record_missing;  // of drifted
  Cause cause = Cause::none;         // of unverified
  friend bool operator==(const Finding&, const Finding&) = default;
};

Finding linked();
Finding drifted(Kind kind);
Finding unverified(Cause cause);

// Whether nothing is claimed about the user, whatever row there may be.
bool is_exempt(okta::AppUserStatus status, bool has_external_id, const Policy& policy);
// Whether the user should be able to work in ServiceNow now.
bool is_active(okta::AppUserStatus status);

// Unverified for a reason that speaks neither for nor against what was known before. That a row is there,
// though hidden, does; and so does that this is another instance.
bool tells_nothing(const Finding& finding);

Finding classify(const Facts& facts, const Policy& policy);

}  // namespace exporter::drift
