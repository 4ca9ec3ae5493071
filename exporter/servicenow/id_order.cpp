#include "servicenow/id_order.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/text.h"

namespace exporter::servicenow {
namespace {

std::string to_upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

// The usual id: digits and lower-case letters, for which all orders are one.
// Without a branch for each character, so that the compiler takes many of them at once.
bool is_plain(std::string_view id) {
  std::uint8_t plain = 1;
  for (const char c : id) {
    const auto from_zero = static_cast<std::uint8_t>(c - '0');
    const auto from_a = static_cast<std::uint8_t>(c - 'a');
    plain &= static_cast<std::uint8_t>(from_zero < 10) | static_cast<std::uint8_t>(from_a < 26);
  }
  return plain != 0;
}

}  // namespace

bool IdOrder::follows(std::string_view previous, std::string_view next) {
  if (is_plain(previous) && is_plain(next)) {
    if (!(previous < next)) possible_ = {false, false, false};
    return previous < next && possible_ != std::array{false, false, false};
  }
  possible_[0] = possible_[0] && previous < next;
  possible_[1] = possible_[1] && to_lower(previous) < to_lower(next);
  possible_[2] = possible_[2] && to_upper(previous) < to_upper(next);
  return std::any_of(possible_.begin(), possible_.end(), [](bool possible) { return possible; });
}

}  // namespace exporter::servicenow
