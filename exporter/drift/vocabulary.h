// The closed sets of drift: label values of okta_external_id_*.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace exporter::drift {

// In the order of precedence: the first that matches counts, so each user counts once.
enum class Kind : std::uint8_t {
  duplicate_link,
  wrong_user,
  hidden_by_acl,
  sys_id_changed,
  ambiguous_match,
  record_missing,
  not_linked,
  active_mismatch,
  key_mismatch,
};
inline constexpr std::string_view kKinds[] = {"duplicate_link", "wrong_user",      "hidden_by_acl",
                                              "sys_id_changed", "ambiguous_match", "record_missing",
                                              "not_linked",     "active_mismatch", "key_mismatch"};
inline constexpr std::size_t kKindCount = 9;
constexpr std::string_view to_string(Kind value) { return kKinds[static_cast<std::size_t>(value)]; }
constexpr std::optional<Kind> to_kind(std::string_view name) {
  for (std::size_t i = 0; i < kKindCount; ++i) {
    if (kKinds[i] == name) return static_cast<Kind>(i);
  }
  return std::nullopt;
}

enum class State : std::uint8_t { linked, drifted, unverified, exempt };
inline constexpr std::string_view kStates[] = {"linked", "drifted", "unverified", "exempt"};
constexpr std::string_view to_string(State value) { return kStates[static_cast<std::size_t>(value)]; }

// What a comparison made of one link, as it is stored with it: its state, and linked users who are locked out
// apart.
enum class Standing : std::uint8_t { linked, locked_out, drifted, unverified, exempt };
inline constexpr std::string_view kStandings[] = {"linked", "locked_out", "drifted", "unverified", "exempt"};
constexpr std::string_view to_string(Standing value) { return kStandings[static_cast<std::size_t>(value)]; }
constexpr Standing to_standing(State state, bool locked_out) {
  switch (state) {
    case State::linked:
      return locked_out ? Standing::locked_out : Standing::linked;
    case State::drifted:
      return Standing::drifted;
    case State::unverified:
      return Standing::unverified;
    case State::exempt:
      break;
  }
  return Standing::exempt;
}
constexpr State to_state(Standing standing) {
  switch (standing) {
    case Standing::linked:
    case Standing::locked_out:
      return State::linked;
    case Standing::drifted:
      return State::drifted;
    case Standing::unverified:
      return State::unverified;
    case Standing::exempt:
      break;
  }
  return State::exempt;
}

}  // namespace exporter::drift
