#include "drift/key_search.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

namespace exporter::drift {

void KeySearch::want(std::uint32_t who, std::size_t field, std::uint64_t hash, std::uint32_t except) {
  if (hash != 0) wanted_.push_back({hash, who, except, static_cast<std::uint16_t>(field)});
}

void KeySearch::seal() {
  std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) {
    return std::tie(a.hash, a.field, a.who) < std::tie(b.hash, b.field, b.who);
  });
  // So many bits for each wanted key that hardly another key hits one, within what a processor's cache holds;
  // the hash's upper bits are its place.
  constexpr std::size_t kBitsEach = 64;
  constexpr std::size_t kBitsInCache = std::size_t{1} << 22U;
  const std::size_t wanted_bits =
      std::min(wanted_.size() * kBitsEach, std::max(wanted_.size() * kBitsEach / 4, kBitsInCache));
  const auto bits = static_cast<unsigned>(std::bit_width(wanted_bits - 1));
  filter_.assign(std::size_t{1} << (bits - 6), 0);
  filter_shift_ = 64 - bits;
  for (const Wanted& wanted : wanted_) {
    const std::uint64_t place = wanted.hash >> filter_shift_;
    filter_[place >> 6] |= std::uint64_t{1} << (place & 63);
  }
}

void KeySearch::found(const Match& match) {
  auto at = std::lower_bound(wanted_.begin(), wanted_.end(), match, [](const Wanted& a, const Match& b) {
    return std::pair(a.hash, std::size_t{a.field}) < std::pair(b.hash, b.field);
  });
  for (; at != wanted_.end() && at->hash == match.hash && at->field == match.field; ++at) {
    if (at->except == match.index) continue;
    ++at->count;
    at->first = match.index;
  }
}

void KeySearch::by_who() {
  filter_ = {};
  std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) {
    return std::tie(a.who, a.field) < std::tie(b.who, b.field);
  });
}

std::vector<KeySearch::Hit> KeySearch::hits(std::uint32_t who) const {
  std::vector<Hit> result(key_count_);
  auto at = std::lower_bound(wanted_.begin(), wanted_.end(), who,
                             [](const Wanted& a, std::uint32_t key) { return a.who < key; });
  for (; at != wanted_.end() && at->who == who; ++at) {
    // A key and its cut form are wanted apart; a row has one or the other.
    Hit& hit = result[at->field];
    hit.count += at->count;
    if (at->first != kNone) hit.first = at->first;
  }
  return result;
}

bool KeySearch::asked(std::uint32_t who) const {
  return std::ranges::binary_search(wanted_, who, {}, &Wanted::who);
}

}  // namespace exporter::drift
