// The two sides of a comparison in compact arrays: about 100 bytes an app user, 40 a row, whatever their
// number.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "drift/chunked_vector.h"
#include "drift/text_arena.h"
#include "okta/records.h"
#include "servicenow/match_key.h"
#include "servicenow/records.h"

namespace exporter::drift {

// A sys_id in 16 bytes: 32 lower-case hex digits as they are, any other text as a 128-bit hash of it.
struct PackedId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const PackedId&, const PackedId&) = default;
};
PackedId pack_id(std::string_view id);
// Whether the id is kept as it is, so that it can be written again.
bool is_hex_id(std::string_view id);
std::string hex_text(const PackedId& id);

// How keys compare: trimmed, ASCII lower case (DESIGN: `match`).
using servicenow::normalize_key;
// 0 is the hash of the empty key, which matches nothing.
std::uint64_t hash_key(std::string_view normalized);
// hash_key() of a key as it was written.
std::uint64_t hash_raw_key(std::string_view key);

// All app users of one complete listing. Not thread-safe while it is filled; immutable afterwards.
class LinkListing {
 public:
  explicit LinkListing(std::size_t key_count) : key_count_(key_count) {}
  void add(const okta::AppUser& user);
  std::size_t size() const { return links_.size(); }
  std::size_t key_count() const { return key_count_; }
  std::size_t memory_bytes() const { return links_.memory_bytes() + texts_.memory_bytes(); }

  std::string_view user_id(std::size_t link) const { return text(link, 0); }
  bool has_external_id(std::size_t link) const { return links_[link].has_external_id; }
  std::string external_id(std::size_t link) const;  // empty where Okta has none
  std::string_view key(std::size_t link, std::size_t field) const {
    return text(link, 2 + field);
  }  // as Okta wrote it
  const PackedId& packed_external_id(std::size_t link) const { return links_[link].external_id; }
  okta::AppUserStatus status(std::size_t link) const { return links_[link].status; }
  okta::SyncState sync_state(std::size_t link) const { return links_[link].sync_state; }
  okta::Scope scope(std::size_t link) const { return links_[link].scope; }
  SystemTime changed(std::size_t link) const;

 private:
  struct Link {
    PackedId external_id;
    TextArena::Place text;      // user id, external id where it is not hex, keys
    std::uint32_t changed = 0;  // seconds since the epoch
    okta::AppUserStatus status = okta::AppUserStatus::other;
    okta::SyncState sync_state = okta::SyncState::other;
    okta::Scope scope = okta::Scope::other;
    bool has_external_id = false;
  };
  std::string_view text(std::size_t link, std::size_t index) const;

  std::size_t key_count_;
  ChunkedVector<Link> links_;
  TextArena texts_;
  std::vector<std::string_view> adding_;  // kept for its memory
};

// All rows of one complete sweep; the texts of keys are not kept, only their hashes. Not thread-safe while it
// is filled; immutable after seal().
class RowListing {
 public:
  explicit RowListing(std::size_t key_count) : key_count_(key_count) {}
  void add(const servicenow::UserRow& row);
  // To be called once after the last add(): sorts by id.
  void seal();
  std::size_t size() const { return rows_.size(); }
  std::size_t key_count() const { return key_count_; }
  std::size_t memory_bytes() const { return rows_.memory_bytes() + hashes_.memory_bytes(); }

  const PackedId& id(std::size_t row) const { return rows_[row].id; }
  // Empty where the id is no hex and only its hash was kept.
  std::string id_text(std::size_t row) const;
  std::uint64_t key_hash(std::size_t row, std::size_t field) const {
    return hashes_[row * key_count_ + field];
  }
  std::optional<bool> active(std::size_t row) const { return flag(row, kActiveKnown, kActive); }
  std::optional<bool> locked_out(std::size_t row) const { return flag(row, kLockedKnown, kLocked); }
  // Some match field was not in the answer: "the keys differ" can't be said of this row.
  bool keys_unreadable(std::size_t row) const { return (rows_[row].flags & kKeysUnreadable) != 0; }
  std::optional<SystemTime> updated(std::size_t row) const;
  // Of the row that changed last; nullopt where no row tells.
  std::optional<SystemTime> newest() const;
  // Whether any row had a key at all.
  bool any_key() const { return any_key_; }
  // Whether an id came twice; known after seal().
  bool repeated() const { return repeated_; }

 private:
  static constexpr std::uint8_t kActiveKnown = 1;
  static constexpr std::uint8_t kActive = 2;
  static constexpr std::uint8_t kLockedKnown = 4;
  static constexpr std::uint8_t kLocked = 8;
  static constexpr std::uint8_t kKeysUnreadable = 16;
  static constexpr std::uint8_t kHexId = 32;
  struct Row {
    PackedId id;
    std::uint32_t updated = 0;  // seconds since the epoch; 0 unknown
    std::uint8_t flags = 0;
  };
  std::optional<bool> flag(std::size_t row, std::uint8_t known, std::uint8_t value) const {
    if ((rows_[row].flags & known) == 0) return std::nullopt;
    return (rows_[row].flags & value) != 0;
  }

  std::size_t key_count_;
  ChunkedVector<Row> rows_;
  ChunkedVector<std::uint64_t> hashes_;  // key_count_ for each row
  std::uint32_t newest_ = 0;             // seconds since the epoch
  bool any_key_ = false;
  bool repeated_ = false;
};

}  // namespace exporter::drift
