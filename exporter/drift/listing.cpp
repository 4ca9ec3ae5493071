#include "drift/listing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

#include <boost/sort/pdqsort/pdqsort.hpp>

#include "base/side_by_side.h"
#include "base/text.h"

namespace exporter::drift {
namespace {

// Spreads every bit over the word: both halves of a product twice as wide.
std::uint64_t mix(std::uint64_t x) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{x} * 0xD6E8FEB86659FD93U;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

// Eight characters with A to Z in lower case, all at once. Bytes beyond ASCII stay as they are.
std::uint64_t lower_word(std::uint64_t word) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  constexpr std::uint64_t kTop = 0x80 * kEach;
  const std::uint64_t ascii = word & ~kTop;
  // The top bit of each byte: from 'A' on, and beyond 'Z'.
  const std::uint64_t from_a = ascii + (0x80 - 'A') * kEach;
  const std::uint64_t beyond_z = ascii + (0x7F - 'Z') * kEach;
  return word | ((from_a & ~beyond_z & ~word & kTop) >> 2);
}

template <bool kLower>
std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix(seed + text.size());
  const auto take = [&hash](std::uint64_t word) {
    if constexpr (kLower) word = lower_word(word);
    hash = mix((hash ^ word) + 0x9E3779B97F4A7C15U);
  };
  std::uint64_t word = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; static_cast<std::size_t>(end - at) > sizeof(word); at += sizeof(word)) {
    std::memcpy(&word, at, sizeof(word));
    take(word);
  }
  if (text.size() >= sizeof(word)) {
    // The last eight bytes, some of which were taken before: copying a number of bytes that is not known when
    // this is compiled costs more.
    std::memcpy(&word, end - sizeof(word), sizeof(word));
    take(word);
  } else if (at != end) {
    word = 0;
    std::memcpy(&word, at, text.size());
    take(word);
  }
  return hash;
}

template <bool kLower>
std::uint64_t hash_key_text(std::string_view key) {
  if (key.empty()) return 0;
  const std::uint64_t hash = hash_text<kLower>(key, 0x6B6579U);
  return hash == 0 ? 1 : hash;
}

// The value of eight lower-case hex digits, all at once; `wrong` gets a bit where one of them is no such
// digit.
std::uint64_t hex_value(const char* digits, std::uint64_t& wrong) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  std::uint64_t text = 0;  // the first digit in its highest byte
  for (int i = 0; i < 8; ++i) text = text << 8U | static_cast<unsigned char>(digits[i]);
  std::uint64_t value = (text & 0x0F * kEach) + (text >> 6U & kEach) * 9;
  // Below 16 each, and written as the text is.
  const std::uint64_t letters = (value + 6 * kEach) >> 4U & kEach;
  wrong |= (value & 0xF0 * kEach) | (text ^ (value + '0' * kEach + letters * ('a' - '0' - 10)));
  value = (value | value >> 4U) & 0x00FF00FF00FF00FFU;
  value = (value | value >> 8U) & 0x0000FFFF0000FFFFU;
  return (value | value >> 16U) & 0xFFFFFFFFU;
}

std::optional<PackedId> pack_hex(std::string_view id) {
  if (id.size() != 32) return std::nullopt;
  std::uint64_t wrong = 0;
  const auto half = [&](const char* digits) {
    return hex_value(digits, wrong) << 32U | hex_value(digits + 8, wrong);
  };
  const PackedId packed{half(id.data()), half(id.data() + 16)};
  if (wrong != 0) return std::nullopt;
  return packed;
}

// Of any other text.
PackedId hash_id(std::string_view id) {
  return {hash_text<false>(id, 0x7379735F6964U), hash_text<false>(id, 0x6F7468657221U)};
}

std::uint32_t to_seconds32(SystemTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, kMax));
}

SystemTime from_seconds32(std::uint32_t seconds) { return SystemTime(std::chrono::seconds(seconds)); }

}  // namespace

bool is_hex_id(std::string_view id) { return pack_hex(id).has_value(); }

PackedId pack_id(std::string_view id) {
  const auto packed = pack_hex(id);
  return packed ? *packed : hash_id(id);
}

std::string hex_text(const PackedId& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(32, '0');
  std::uint64_t high = id.high;
  std::uint64_t low = id.low;
  for (std::size_t i = 16; i-- > 0; high >>= 4, low >>= 4) {
    text[i] = kDigits[high & 0xFU];
    text[16 + i] = kDigits[low & 0xFU];
  }
  return text;
}

std::uint64_t hash_key(std::string_view normalized) { return hash_key_text<false>(normalized); }

std::uint64_t hash_raw_key(std::string_view key) {
  const bool trimmed = !key.empty() && key.front() > ' ' && key.back() > ' ';
  return hash_key_text<true>(trimmed ? key : trim(key));
}

void LinkListing::add(const okta::AppUser& user) {
  const auto external_id = pack_hex(user.external_id);
  const auto user_id = pack_user_id(user.id);
  Link link;
  link.has_external_id = !user.external_id.empty();
  link.external_id_is_text = !external_id && link.has_external_id;
  link.user_id_is_text = !user_id;
  link.changed = to_seconds32(user.changed);
  link.status = user.status;
  link.sync_state = static_cast<std::uint8_t>(user.sync_state) & 0x7U;
  link.scope = static_cast<std::uint8_t>(user.scope) & 0x3U;
  adding_.clear();
  for (std::size_t field = 0; field < key_count_; ++field) {
    adding_.push_back(field < user.keys.size() ? std::string_view(user.keys[field]) : std::string_view());
  }
  if (link.external_id_is_text) adding_.emplace_back(user.external_id);
  if (link.user_id_is_text) adding_.emplace_back(user.id);
  const TextArena::Place place = texts_.add(adding_);
  link.chunk = place.chunk;
  link.offset = place.offset;
  external_ids_.push_back(external_id ? *external_id : hash_id(user.external_id));
  user_ids_.push_back(user_id.value_or(PackedUserId{}));
  links_.push_back(link);
}

std::string LinkListing::user_id(std::size_t link) const {
  if (!links_[link].user_id_is_text) return user_id_text(user_ids_[link]);
  return text(link, key_count_ + (links_[link].external_id_is_text ? 1 : 0)).joined();
}

std::uint64_t LinkListing::user_id_hash(std::size_t link) const {
  if (links_[link].user_id_is_text) return hash_text<false>(user_id(link), 0x75736572U);
  const PackedUserId& id = user_ids_[link];
  return mix(mix(id.high + 0x9E3779B97F4A7C15U) ^ id.low);
}

bool LinkListing::names_a_user_twice() const {
  const auto repeats = [this](bool upper) {
    std::vector<std::uint64_t> hashes;
    hashes.reserve(size() / 2 + size() / 16);  // they are evenly spread
    for (std::size_t link = 0; link < size(); ++link) {
      const std::uint64_t hash = user_id_hash(link);
      if ((hash >> 63U != 0) == upper) hashes.push_back(hash);
    }
    boost::sort::pdqsort_branchless(hashes.begin(), hashes.end());
    return std::ranges::adjacent_find(hashes) != hashes.end();
  };
  bool lower_repeats = false;
  bool upper_repeats = false;
  side_by_side(size(), [&] { lower_repeats = repeats(false); }, [&] { upper_repeats = repeats(true); });
  return lower_repeats || upper_repeats;
}

bool LinkListing::user_id_before(std::size_t a, std::size_t b) const {
  if (!links_[a].user_id_is_text && !links_[b].user_id_is_text) return user_ids_[a] < user_ids_[b];
  return user_id(a) < user_id(b);
}

std::string LinkListing::external_id(std::size_t link) const {
  if (!links_[link].has_external_id) return {};
  return links_[link].external_id_is_text ? text(link, key_count_).joined() : hex_text(external_ids_[link]);
}

SystemTime LinkListing::changed(std::size_t link) const { return from_seconds32(links_[link].changed); }

void RowListing::add(const servicenow::UserRow& row) {
  const auto packed = pack_hex(row.sys_id);
  const std::uint32_t updated = row.updated ? to_seconds32(*row.updated) : 0;
  std::uint8_t flags = 0;
  const auto set = [&flags](std::uint8_t bit, bool on) {
    if (on) flags = static_cast<std::uint8_t>(flags | bit);
  };
  set(kHexId, packed.has_value());
  set(kActiveKnown, row.active.has_value());
  set(kActive, row.active.value_or(false));
  set(kLockedKnown, row.locked_out.has_value());
  set(kLocked, row.locked_out.value_or(false));
  set(kKeysUnreadable, row.unreadable_keys != 0);
  newest_ = std::max(newest_, updated);
  ids_.push_back(packed ? *packed : hash_id(row.sys_id));
  updated_.push_back(updated);
  flags_.push_back(flags);
  for (std::size_t field = 0; field < key_count_; ++field) {
    const std::uint64_t hash = field < row.keys.size() ? hash_raw_key(row.keys[field]) : 0;
    any_key_ = any_key_ || hash != 0;
    hashes_.push_back(hash);
  }
}

void RowListing::seal() {
  bool sorted = true;
  for (std::size_t i = 1; i < ids_.size(); ++i) {
    if (ids_[i] < ids_[i - 1]) sorted = false;
  }
  // A sweep brings hex ids in their order; only others have to be moved.
  if (!sorted) {
    std::vector<std::uint32_t> order(ids_.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::sort(order.begin(), order.end(),
              [this](std::uint32_t a, std::uint32_t b) { return ids_[a] < ids_[b]; });
    const auto arrange = [&order](auto& records, std::size_t each) {
      std::remove_reference_t<decltype(records)> arranged;
      for (const std::uint32_t i : order) {
        for (std::size_t field = 0; field < each; ++field) arranged.push_back(records[i * each + field]);
      }
      records = std::move(arranged);
    };
    arrange(ids_, 1);
    arrange(updated_, 1);
    arrange(flags_, 1);
    arrange(hashes_, key_count_);
  }
  for (std::size_t i = 1; i < ids_.size(); ++i) {
    if (ids_[i] == ids_[i - 1]) repeated_ = true;
  }
}

std::string RowListing::id_text(std::size_t row) const {
  return (flags_[row] & kHexId) != 0 ? hex_text(ids_[row]) : std::string();
}

std::optional<SystemTime> RowListing::newest() const {
  if (newest_ == 0) return std::nullopt;
  return from_seconds32(newest_);
}

std::optional<SystemTime> RowListing::updated(std::size_t row) const {
  if (updated_[row] == 0) return std::nullopt;
  return from_seconds32(updated_[row]);
}

}  // namespace exporter::drift
