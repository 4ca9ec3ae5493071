#include "drift/links_by_id.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <string>

#include "base/side_by_side.h"

namespace exporter::drift {
namespace {

// The first row that stands not before `id`.
std::uint32_t first_row_from(const RowListing& rows, const PackedId& id) {
  const auto all = std::views::iota(std::uint32_t{0}, static_cast<std::uint32_t>(rows.size()));
  const auto found = std::ranges::partition_point(all, [&](std::uint32_t row) { return rows.id(row) < id; });
  return static_cast<std::uint32_t>(found - all.begin());
}

}  // namespace

LinksById::LinksById(const LinkListing& links, const RowListing& rows)
    : links_(links), row_of_(links.size(), kNone) {
  // Sorting by four leading bytes beside the index spares nearly every look into the listing.
  struct Item {
    std::uint32_t head;
    std::uint32_t link;
  };
  constexpr unsigned kHeadShift = 32;
  std::vector<Item> items;
  std::size_t count = 0;
  for (std::size_t link = 0; link < links.size(); ++link) count += links.has_external_id(link) ? 1 : 0;
  items.reserve(count);
  for (std::uint32_t link = 0; link < links.size(); ++link) {
    if (!links.has_external_id(link)) continue;
    items.push_back({static_cast<std::uint32_t>(links.packed_external_id(link).high >> kHeadShift), link});
  }
  order_.resize(count);
  const auto sort_and_merge = [&](std::size_t from, std::size_t to) {
    const std::span<Item> part = std::span(items).subspan(from, to - from);
    std::sort(part.begin(), part.end(), [&](const Item& a, const Item& b) {
      if (a.head != b.head) return a.head < b.head;
      const auto order = links.packed_external_id(a.link) <=> links.packed_external_id(b.link);
      return order != 0 ? order < 0 : a.link < b.link;
    });
    if (part.empty()) return;
    std::uint32_t row = first_row_from(rows, links.packed_external_id(part.front().link));
    for (std::size_t i = 0; i < part.size(); ++i) {
      const std::uint32_t link = part[i].link;
      order_[from + i] = link;
      const PackedId& id = links.packed_external_id(link);
      while (row < rows.size() && rows.id(row) < id) ++row;
      if (row < rows.size() && rows.id(row) == id) row_of_[link] = row;
    }
  };
  // Two halves, as ids are evenly spread; where they are not, one of them has more to do.
  constexpr std::uint32_t kMiddle = 0x80000000U;
  const auto middle = static_cast<std::size_t>(
      std::partition(items.begin(), items.end(), [](const Item& item) { return item.head < kMiddle; }) -
      items.begin());
  side_by_side(count, [&] { sort_and_merge(0, middle); }, [&] { sort_and_merge(middle, count); });
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
    if (stored == 0) continue;
    const KeyHashes hashes = hash_link_key(links, link, field);
    if (hashes.whole == stored || hashes.cut == stored) return true;
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
