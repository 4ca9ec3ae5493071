#include "drift/key_search.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "base/side_by_side.h"

namespace exporter::drift {

void KeySearch::want(std::uint32_t who, std::size_t field, std::uint64_t hash, std::uint32_t except) {
  if (hash != 0) wanted_.push_back({hash, who, except, static_cast<std::uint16_t>(field)});
}

void KeySearch::seal() {
  std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) {
    return std::tie(a.hash, a.field, a.who) < std::tie(b.hash, b.field, b.who);
  });
  // Sixteen bits for each wanted key; the hash's upper bits are its place.
  const auto bits = static_cast<unsigned>(std::bit_width(std::max<std::size_t>(wanted_.size() * 16, 64) - 1));
  filter_.assign(std::size_t{1} << (bits - 6), 0);
  filter_shift_ = 64 - bits;
  for (const Wanted& wanted : wanted_) {
    const std::uint64_t place = wanted.hash >> filter_shift_;
    filter_[place >> 6] |= std::uint64_t{1} << (place & 63);
  }
}

bool KeySearch::maybe_wanted(std::uint64_t hash) const {
  const std::uint64_t place = hash >> filter_shift_;
  return (filter_[place >> 6] >> (place & 63) & 1) != 0;
}

void KeySearch::found(std::size_t field, std::uint64_t hash, std::uint32_t index) {
  auto at = std::lower_bound(
      wanted_.begin(), wanted_.end(), std::pair(hash, field),
      [](const Wanted& a, const auto& key) { return std::pair(a.hash, std::size_t{a.field}) < key; });
  for (; at != wanted_.end() && at->hash == hash && at->field == field; ++at) {
    if (at->except == index) continue;
    ++at->count;
    at->first = index;
  }
}

void KeySearch::by_who() {
  filter_ = {};
  std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) {
    return std::tie(a.who, a.field) < std::tie(b.who, b.field);
  });
}

void KeySearch::find_rows(const RowListing& rows) {
  if (wanted_.empty()) return;
  seal();
  for (std::uint32_t row = 0; row < rows.size(); ++row) {
    for (std::size_t field = 0; field < key_count_; ++field) {
      const std::uint64_t hash = rows.key_hash(row, field);
      if (hash != 0 && maybe_wanted(hash)) found(field, hash, row);
    }
  }
  by_who();
}

void KeySearch::find_links(const LinkListing& links) {
  if (wanted_.empty()) return;
  seal();
  struct Match {
    std::uint64_t hash;
    std::uint32_t link;
    std::size_t field;
  };
  std::array<std::vector<Match>, 2> halves;
  in_halves(links.size(), [&](std::size_t from, std::size_t to, std::size_t half) {
    for (auto link = static_cast<std::uint32_t>(from); link < to; ++link) {
      for (std::size_t field = 0; field < key_count_; ++field) {
        const KeyHashes hashes = hash_link_key(links, link, field);
        for (const std::uint64_t hash : {hashes.whole, hashes.cut}) {
          if (hash != 0 && maybe_wanted(hash)) halves.at(half).push_back({hash, link, field});
        }
      }
    }
  });
  for (const std::vector<Match>& half : halves) {
    for (const Match& match : half) found(match.field, match.hash, match.link);
  }
  by_who();
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

}  // namespace exporter::drift
