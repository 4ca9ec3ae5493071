// Who else has this key: a few wanted keys in a sorted array, and one scan over the other side.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

  // `who` gets what is found for this field; `except` is left out (the row or link that asks). Call find_…
  // once after all.
  void want(std::uint32_t who, std::size_t field, std::uint64_t hash, std::uint32_t except);
  void find_rows(const RowListing& rows);
  void find_links(const LinkListing& links);
  // After find_…: what was found for all fields of `who`, in their order.
  std::vector<Hit> hits(std::uint32_t who) const;

 private:
  struct Wanted {
    std::uint64_t hash = 0;
    std::uint32_t who = 0;
    std::uint32_t except = 0;
    std::uint16_t field = 0;
    std::uint32_t count = 0;
    std::uint32_t first = kNone;
  };
  void seal();
  // False: nobody wants it.
  bool maybe_wanted(std::uint64_t hash) const;
  void found(std::size_t field, std::uint64_t hash, std::uint32_t index);
  void by_who();

  std::size_t key_count_;
  std::vector<Wanted> wanted_;
  // Bits by hash: nearly every key of the other side is nobody's, and one look says so.
  std::vector<std::uint64_t> filter_;
  unsigned filter_shift_ = 0;
};

}  // namespace exporter::drift
