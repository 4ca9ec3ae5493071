#include "drift/mass.h"

namespace exporter::drift {
namespace {

bool is_share(std::uint64_t part, std::uint64_t whole, const ComparisonOptions& options) {
  // The tolerance keeps "exactly 5 %" from being lost to binary fractions.
  constexpr double kTolerance = 1e-9;
  return part > 0 && part >= options.mass_minimum &&
         static_cast<double>(part) + kTolerance >= options.mass_threshold * static_cast<double>(whole);
}

template <class Array, class Enum>
std::uint64_t at(const Array& array, Enum value) {
  return array[static_cast<std::size_t>(value)];
}

}  // namespace

bool is_mass_absence(const Absences& absences, const ComparisonOptions& options) {
  return is_share(absences.absent, absences.links, options) && 2 * absences.elsewhere < absences.absent;
}

bool is_mass_drift(const std::array<std::uint64_t, 4>& states,
                   const std::array<std::uint64_t, kKindCount>& kinds, const ComparisonOptions& options) {
  const std::uint64_t moved =
      at(kinds, Kind::sys_id_changed) + at(kinds, Kind::record_missing) + at(kinds, Kind::wrong_user);
  return is_share(moved, at(states, State::linked) + at(states, State::drifted), options);
}

}  // namespace exporter::drift
