#include "drift/listing.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "base/text.h"

namespace exporter::drift {
namespace {

// Which text of a link's record the others are compared with: the first key, because mail address and user
// name are often the same.
constexpr std::size_t kFirstKey = 2;

// A bijection that spreads every bit over the word.
std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0xD6E8FEB86659FD93U;
  x ^= x >> 29;
  x *= 0xA0761D6478BD642FU;
  return x ^ x >> 32;
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mix(seed + text.size());
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = std::min(text.size(), sizeof(word));
    std::memcpy(&word, text.data(), taken);
    hash = mix((hash ^ word) + 0x9E3779B97F4A7C15U);
    text.remove_prefix(taken);
  }
  return hash;
}

constexpr std::uint8_t kNoDigit = 0x80;

// By character: the value of a lower-case hex digit.
constexpr std::array<std::uint8_t, 256> kHexDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 16; ++i) {
    digits[static_cast<unsigned char>("0123456789abcdef"[i])] = i;
  }
  return digits;
}();

// Eight bytes of an id; `seen` keeps kNoDigit once a character was no digit.
std::uint64_t hex_word(std::string_view digits, std::uint8_t& seen) {
  std::uint64_t word = 0;
  for (const char c : digits) {
    const std::uint8_t digit = kHexDigits[static_cast<unsigned char>(c)];
    seen |= digit;
    word = word << 4 | (digit & 0xFU);
  }
  return word;
}

std::optional<PackedId> pack_hex(std::string_view id) {
  if (id.size() != 32) return std::nullopt;
  std::uint8_t seen = 0;
  const PackedId packed{hex_word(id.substr(0, 16), seen), hex_word(id.substr(16), seen)};
  if ((seen & kNoDigit) != 0) return std::nullopt;
  return packed;
}

// Of any other text.
PackedId hash_id(std::string_view id) {
  return {hash_text(id, 0x7379735F6964U), hash_text(id, 0x6F7468657221U)};
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

std::uint64_t hash_key(std::string_view normalized) {
  if (normalized.empty()) return 0;
  const std::uint64_t hash = hash_text(normalized, 0x6B6579U);
  return hash == 0 ? 1 : hash;
}

std::uint64_t hash_raw_key(std::string_view key) {
  key = trim(key);
  std::array<char, 256> lower{};
  if (key.size() > lower.size()) return hash_key(normalize_key(key));
  std::transform(key.begin(), key.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return hash_key({lower.data(), key.size()});
}

void LinkListing::add(const okta::AppUser& user) {
  Link link;
  link.has_external_id = !user.external_id.empty();
  const auto packed = pack_hex(user.external_id);
  link.external_id = packed ? *packed : hash_id(user.external_id);
  link.changed = to_seconds32(user.changed);
  link.status = user.status;
  link.sync_state = user.sync_state;
  link.scope = user.scope;
  adding_.assign({user.id, packed ? std::string_view() : std::string_view(user.external_id)});
  for (std::size_t field = 0; field < key_count_; ++field) {
    adding_.push_back(field < user.keys.size() ? std::string_view(user.keys[field]) : std::string_view());
  }
  link.text = texts_.add(adding_, kFirstKey);
  links_.push_back(link);
}

std::string_view LinkListing::text(std::size_t link, std::size_t index) const {
  return texts_.get(links_[link].text, index, kFirstKey);
}

std::string LinkListing::external_id(std::size_t link) const {
  if (!links_[link].has_external_id) return {};
  const std::string_view kept = text(link, 1);
  return kept.empty() ? hex_text(links_[link].external_id) : std::string(kept);
}

SystemTime LinkListing::changed(std::size_t link) const { return from_seconds32(links_[link].changed); }

void RowListing::add(const servicenow::UserRow& row) {
  Row compact;
  const auto packed = pack_hex(row.sys_id);
  compact.id = packed ? *packed : hash_id(row.sys_id);
  if (row.updated) compact.updated = to_seconds32(*row.updated);
  newest_ = std::max(newest_, compact.updated);
  const auto set = [&compact](std::uint8_t bit, bool on) {
    if (on) compact.flags = static_cast<std::uint8_t>(compact.flags | bit);
  };
  set(kHexId, packed.has_value());
  set(kActiveKnown, row.active.has_value());
  set(kActive, row.active.value_or(false));
  set(kLockedKnown, row.locked_out.has_value());
  set(kLocked, row.locked_out.value_or(false));
  set(kKeysUnreadable, row.unreadable_keys != 0);
  rows_.push_back(compact);
  for (std::size_t field = 0; field < key_count_; ++field) {
    const std::uint64_t hash = field < row.keys.size() ? hash_raw_key(row.keys[field]) : 0;
    any_key_ = any_key_ || hash != 0;
    hashes_.push_back(hash);
  }
}

void RowListing::seal() {
  bool sorted = true;
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    if (rows_[i].id < rows_[i - 1].id) sorted = false;
  }
  // A sweep brings hex ids in their order; only others have to be moved.
  if (!sorted) {
    std::vector<std::uint32_t> order(rows_.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::sort(order.begin(), order.end(),
              [this](std::uint32_t a, std::uint32_t b) { return rows_[a].id < rows_[b].id; });
    ChunkedVector<Row> rows;
    for (const std::uint32_t i : order) rows.push_back(rows_[i]);
    rows_ = std::move(rows);
    ChunkedVector<std::uint64_t> hashes;
    for (const std::uint32_t i : order) {
      for (std::size_t field = 0; field < key_count_; ++field)
        hashes.push_back(hashes_[i * key_count_ + field]);
    }
    hashes_ = std::move(hashes);
  }
  for (std::size_t i = 1; i < rows_.size(); ++i) {
    if (rows_[i].id == rows_[i - 1].id) repeated_ = true;
  }
}

std::string RowListing::id_text(std::size_t row) const {
  return (rows_[row].flags & kHexId) != 0 ? hex_text(rows_[row].id) : std::string();
}

std::optional<SystemTime> RowListing::newest() const {
  if (newest_ == 0) return std::nullopt;
  return from_seconds32(newest_);
}

std::optional<SystemTime> RowListing::updated(std::size_t row) const {
  if (rows_[row].updated == 0) return std::nullopt;
  return from_seconds32(rows_[row].updated);
}

}  // namespace exporter::drift
