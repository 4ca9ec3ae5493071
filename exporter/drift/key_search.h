// Who else has this key: a few wanted keys in a sorted array, and one scan over the other side.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/side_by_side.h"
#include "drift/links_by_id.h"
#include "drift/listing.h"

namespace exporter::drift {

// 32 bytes for each wanted key. Not thread-safe.
class KeySearch {
 public:
  struct Hit {
    std::uint32_t count = 0;      // how many have the key
    std::uint32_t first = kNone;  // one of them
  };

  explicit KeySearch(std::size_t key_count) : key_count_(key_count) {}

  // `who` gets what is found for this field; `except` is left out (the row or link that asks). Call find()
  // once after all.
  void want(std::uint32_t who, std::size_t field, std::uint64_t hash, std::uint32_t except);
  // Goes through the other side's `size` rows or links, on two threads: hashes_of(index, field) says under
  // which hashes one of them has its key.
  template <class HashesOf>
  void find(std::size_t size, const HashesOf& hashes_of);
  // After find(): what was found for all fields of `who`, in their order.
  std::vector<Hit> hits(std::uint32_t who) const;
  // Whether `who` wanted a key.
  bool asked(std::uint32_t who) const;

 private:
  struct Wanted {
    std::uint64_t hash = 0;
    std::uint32_t who = 0;
    std::uint32_t except = 0;
    std::uint16_t field = 0;
    std::uint32_t count = 0;
    std::uint32_t first = kNone;
  };
  struct Match {
    std::uint64_t hash;
    std::uint32_t index;
    std::size_t field;
  };
  void seal();
  // False: nobody wants it.
  bool maybe_wanted(std::uint64_t hash) const {
    const std::uint64_t place = hash >> filter_shift_;
    return (filter_[place >> 6U] >> (place & 63U) & 1U) != 0;
  }
  void found(const Match& match);
  void by_who();

  std::size_t key_count_;
  std::vector<Wanted> wanted_;
  // Bits by hash: nearly every key of the other side is nobody's, and one look says so.
  std::vector<std::uint64_t> filter_;
  unsigned filter_shift_ = 0;
};

template <class HashesOf>
void KeySearch::find(std::size_t size, const HashesOf& hashes_of) {
  if (wanted_.empty()) return;
  seal();
  std::array<std::vector<Match>, 2> halves;
  in_halves(size, [&](std::size_t from, std::size_t to, std::size_t half) {
    for (auto index = static_cast<std::uint32_t>(from); index < to; ++index) {
      for (std::size_t field = 0; field < key_count_; ++field) {
        const KeyHashes hashes = hashes_of(index, field);
        for (const std::uint64_t hash : {hashes.whole, hashes.cut}) {
          if (hash != 0 && maybe_wanted(hash)) halves.at(half).push_back({hash, index, field});
        }
      }
    }
  });
  for (const std::vector<Match>& half : halves) {
    for (const Match& match : half) found(match);
  }
  by_who();
}

}  // namespace exporter::drift
