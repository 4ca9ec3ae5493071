#include "servicenow/id_order.h"

#include <algorithm>
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
bool is_plain(std::string_view id) {
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
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
