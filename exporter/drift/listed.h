// What the two listings alone say of each link, before anybody has looked at a row directly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "drift/classify.h"
#include "drift/key_search.h"
#include "drift/links_by_id.h"
#include "drift/listing.h"

namespace exporter::drift {

// Refers to the listings. Keeps searched keys only of links that don't lead to a matching row. Immutable.
class Listed {
 public:
  Listed(const LinkListing& links, const RowListing& rows, const LinksById& by_id, const Policy& policy,
         SystemTime grace_begins);

  Facts facts(std::uint32_t link) const;
  // For who asks for the facts of all links in their order: before those of `link`.
  void prefetch(std::uint32_t link) const;
  // The only other row with the user's key; empty where there is none or its id is not kept.
  std::string candidate_sys_id(std::uint32_t link) const;
  // The external id or a key of the user is in the listing.
  bool resolves(std::uint32_t link) const;
  // Rows under the keys of links, asked by link.
  const KeySearch& rows_by_key() const { return rows_by_key_; }
  // Links under the keys of rows that others lead to, asked by link.
  const KeySearch& links_by_key() const { return links_by_key_; }

 private:
  static constexpr std::uint8_t kMatches = 1;  // leads to a row whose key agrees
  static constexpr std::uint8_t kShared = 2;   // another app user has the same external id
  // Its only key is, whole, the one of the row that it leads to, so that the row's hash is the link's.
  static constexpr std::uint8_t kSameKey = 4;
  void prefetch_keys(std::size_t link) const;
  std::uint8_t compare_keys(std::size_t link) const;
  void search_keys(std::uint32_t link);
  bool in_grace(std::uint32_t row) const;

  const LinkListing& links_;
  const RowListing& rows_;
  const LinksById& by_id_;
  SystemTime grace_begins_;
  std::vector<std::uint8_t> marks_;  // by link
  KeySearch rows_by_key_;
  KeySearch links_by_key_;
};

}  // namespace exporter::drift
