#include "drift/links_by_id.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <string>
#include <utility>

#include <boost/sort/pdqsort/pdqsort.hpp>

#include "base/side_by_side.h"

namespace exporter::drift {
namespace {

// The first row that stands not before `id`.
std::uint32_t first_row_from(const RowListing& rows, const PackedId& id) {
  const auto all = std::views::iota(std::uint32_t{0}, static_cast<std::uint32_t>(rows.size()));
  const auto found = std::ranges::partition_point(all, [&](std::uint32_t row) { return rows.id(row) < id; });
  return static_cast<std::uint32_t>(found - all.begin());
}

// An item is the four leading bytes of the external id above the number of the link: sorting such numbers
// spares nearly every look into the listing.
constexpr unsigned kHeadShift = 32;
std::uint64_t to_item(const PackedId& id, std::uint32_t link) {
  return (id.high >> kHeadShift) << kHeadShift | link;
}
std::uint32_t head_of(std::uint64_t item) { return static_cast<std::uint32_t>(item >> kHeadShift); }
std::uint32_t link_of(std::uint64_t item) { return static_cast<std::uint32_t>(item); }

// Ids that are evenly spread have as many links in each half; where they are not, one half has more to do.
bool is_upper(const PackedId& id) { return id.high >> 63U != 0; }

// So many links ahead an id is fetched from memory: sorted, they lie all over the listing.
constexpr std::size_t kIdsAhead = 16;

}  // namespace

LinksById::LinksById(const LinkListing& links, const RowListing& rows)
    : links_(links), row_of_(links.size(), kNone) {
  std::size_t count = 0;
  for (std::size_t link = 0; link < links.size(); ++link) count += links.has_external_id(link) ? 1 : 0;
  order_.resize(count);
  Half lower;
  Half upper;
  const auto work = [&](Half& half, bool of_upper) {
    collect(half, of_upper);
    half.begins = of_upper ? count - half.items.size() : 0;
    sort(half);
    merge(half, rows);
  };
  side_by_side(count, [&] { work(lower, false); }, [&] { work(upper, true); });
  shared_ = std::move(lower.shared);
  shared_.insert(shared_.end(), upper.shared.begin(), upper.shared.end());
}

void LinksById::collect(Half& half, bool upper) const {
  std::size_t count = 0;
  const auto belongs = [&](std::size_t link) {
    return links_.has_external_id(link) && is_upper(links_.packed_external_id(link)) == upper;
  };
  for (std::size_t link = 0; link < links_.size(); ++link) count += belongs(link) ? 1 : 0;
  half.items.reserve(count);
  for (std::uint32_t link = 0; link < links_.size(); ++link) {
    if (belongs(link)) half.items.push_back(to_item(links_.packed_external_id(link), link));
  }
}

void LinksById::sort(Half& half) const {
  boost::sort::pdqsort_branchless(half.items.begin(), half.items.end());
  // Those that begin alike are in the order of the links yet, and not of the ids.
  const auto by_id = [this](std::uint64_t a, std::uint64_t b) {
    const auto order = links_.packed_external_id(link_of(a)) <=> links_.packed_external_id(link_of(b));
    return order != 0 ? order < 0 : link_of(a) < link_of(b);
  };
  for (auto from = half.items.begin(); from != half.items.end();) {
    const auto to = std::find_if(from, half.items.end(),
                                 [&](std::uint64_t item) { return head_of(item) != head_of(*from); });
    if (to - from > 1) std::sort(from, to, by_id);
    from = to;
  }
}

void LinksById::merge(Half& half, const RowListing& rows) {
  const std::vector<std::uint64_t>& items = half.items;
  if (items.empty()) return;
  std::uint32_t row = first_row_from(rows, links_.packed_external_id(link_of(items.front())));
  const PackedId* before = nullptr;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::uint32_t link = link_of(items[i]);
    links_.prefetch_external_id(link_of(items[std::min(i + kIdsAhead, items.size() - 1)]));
    order_[half.begins + i] = link;
    const PackedId& id = links_.packed_external_id(link);
    while (row < rows.size() && rows.id(row) < id) ++row;
    if (row < rows.size() && rows.id(row) == id) row_of_[link] = row;
    if (before != nullptr && *before == id) {
      const std::uint32_t other = link_of(items[i - 1]);
      if (half.shared.empty() || half.shared.back() != other) half.shared.push_back(other);
      half.shared.push_back(link);
    }
    before = &id;
  }
}

std::span<const std::uint32_t> LinksById::holders(std::uint32_t link) const {
  const auto less = [this](std::uint32_t a, std::uint32_t b) {
    return links_.packed_external_id(a) < links_.packed_external_id(b);
  };
  const auto [begin, end] = std::equal_range(order_.begin(), order_.end(), link, less);
  return {begin, end};
}

KeyHashes hash_link_key(const LinkListing& links, std::size_t link, std::size_t field) {
  const TextArena::Parts parts = links.key_parts(link, field);
  // What is not longer in bytes is not longer in characters.
  if (parts.size() <= servicenow::kStoredKeyCharacters) {
    std::array<char, servicenow::kStoredKeyCharacters> key{};
    parts.join_into(key.data());
    return {hash_raw_key({key.data(), parts.size()}), 0};
  }
  const std::string normalized = normalize_key(parts.joined());
  return {hash_key(normalized), hash_key(servicenow::cut_key(normalized))};
}

bool keys_match(const LinkListing& links, std::size_t link, const RowListing& rows, std::size_t row) {
  for (std::size_t field = 0; field < links.key_count(); ++field) {
    const std::uint64_t stored = rows.key_hash(row, field);
    if (stored != 0 && is_stored_as(hash_link_key(links, link, field), stored)) return true;
  }
  return false;
}

bool keys_match(const LinkListing& links, std::size_t link, const servicenow::UserRow& row) {
  for (std::size_t field = 0; field < links.key_count() && field < row.keys.size(); ++field) {
    if (servicenow::keys_equal(links.key(link, field), row.keys[field])) return true;
  }
  return false;
}

}  // namespace exporter::drift
