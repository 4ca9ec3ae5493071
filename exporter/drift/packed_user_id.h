// An Okta id of twenty letters and digits ("00u1gjh63g214q0Hq0g4") in 16 bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::drift {

// Two halves of ten digits to the base of 62. Orders as the texts do by their bytes.
struct PackedUserId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const PackedUserId&, const PackedUserId&) = default;
};

// nullopt: the id has another length or other characters, and has to be kept as text.
std::optional<PackedUserId> pack_user_id(std::string_view id);
std::string user_id_text(const PackedUserId& id);

}  // namespace exporter::drift
