// Links sorted by external id and merged with the rows, which are sorted by sys_id.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "drift/listing.h"

namespace exporter::drift {

inline constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Holds 8 bytes a link and refers to both listings. Immutable.
class LinksById {
 public:
  LinksById(const LinkListing& links, const RowListing& rows);

  // The row that the link's external id names in the listing; kNone where there is none.
  std::uint32_t row_of(std::size_t link) const { return row_of_[link]; }
  // All links with this link's external id, itself included; just itself where it has none.
  std::span<const std::uint32_t> holders(std::uint32_t link) const;
  // All links that have an external id, sorted by it.
  std::span<const std::uint32_t> sorted() const { return order_; }
  // The links that have their external id in common with another one.
  std::span<const std::uint32_t> shared() const { return shared_; }

 private:
  // What is found out about one half of the ids.
  struct Half {
    std::size_t begins = 0;  // its place in the order
    std::vector<std::uint64_t> items;
    std::vector<std::uint32_t> shared;
  };
  void collect(Half& half, bool upper) const;
  void sort(Half& half) const;
  void merge(Half& half, const RowListing& rows);

  const LinkListing& links_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> shared_;
  std::vector<std::uint32_t> row_of_;
};

// Whether any match pair agrees.
bool keys_match(const LinkListing& links, std::size_t link, const RowListing& rows, std::size_t row);
bool keys_match(const LinkListing& links, std::size_t link, const servicenow::UserRow& row);

// The hashes under which a row may hold the user's key of that field: the whole key, and what ServiceNow
// keeps of a longer one. 0 where there is none.
struct KeyHashes {
  std::uint64_t whole = 0;
  std::uint64_t cut = 0;
};
KeyHashes hash_link_key(const LinkListing& links, std::size_t link, std::size_t field);
// Whether a row's hash is one of them; 0 is none.
inline bool is_stored_as(const KeyHashes& key, std::uint64_t stored) {
  return stored != 0 && (key.whole == stored || key.cut == stored);
}

}  // namespace exporter::drift
