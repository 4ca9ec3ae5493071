// When many users drift at once: a clone, a migration or a restore, or a listing that lies.
#pragma once

#include <array>
#include <cstdint>

#include "drift/comparison.h"
#include "drift/vocabulary.h"

namespace exporter::drift {

// At least this many links, and not one of them leads anywhere: the external IDs belong to something else.
inline constexpr std::uint64_t kForeignIdsMinimum = 20;

struct Absences {
  std::uint64_t links = 0;      // that were judged
  std::uint64_t absent = 0;     // whose row is gone
  std::uint64_t elsewhere = 0;  // of the absent: the key is on another row
};

// So many gone at once and most of them without a trace: more likely a reader that lost its view than a
// clone.
bool is_mass_absence(const Absences& absences, const ComparisonOptions& options);

// DESIGN 5, okta_external_id_mass_drift.
bool is_mass_drift(const std::array<std::uint64_t, 4>& states,
                   const std::array<std::uint64_t, kKindCount>& kinds, const ComparisonOptions& options);

}  // namespace exporter::drift
