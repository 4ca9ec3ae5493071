// The two sides of a comparison in compact arrays: about 65 bytes an app user, 37 a row, whatever their
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
#include "drift/packed_user_id.h"
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
  std::size_t memory_bytes() const {
    return external_ids_.memory_bytes() + user_ids_.memory_bytes() + links_.memory_bytes() +
           texts_.memory_bytes();
  }

  std::string user_id(std::size_t link) const;
  // Such a user would look like two holders of one link. On two threads.
  bool names_a_user_twice() const;
  // Whether the user id of `a` comes before that of `b`, by bytes.
  bool user_id_before(std::size_t a, std::size_t b) const;
  bool has_external_id(std::size_t link) const { return links_[link].has_external_id; }
  std::string external_id(std::size_t link) const;  // empty where Okta has none
  // Whether it has an external id that is kept as it is: 32 lower-case hex digits.
  bool has_hex_external_id(std::size_t link) const {
    return links_[link].has_external_id && !links_[link].external_id_is_text;
  }
  // As Okta wrote it.
  std::string key(std::size_t link, std::size_t field) const { return text(link, field).joined(); }
  // The same, not put together yet.
  TextArena::Parts key_parts(std::size_t link, std::size_t field) const { return text(link, field); }
  const PackedId& packed_external_id(std::size_t link) const { return external_ids_[link]; }
  // For who goes through the links out of their order: has the processor fetch an id that is wanted soon.
  void prefetch_external_id(std::size_t link) const { external_ids_.prefetch(link); }
  okta::AppUserStatus status(std::size_t link) const { return links_[link].status; }
  okta::SyncState sync_state(std::size_t link) const {
    return static_cast<okta::SyncState>(links_[link].sync_state);
  }
  okta::Scope scope(std::size_t link) const { return static_cast<okta::Scope>(links_[link].scope); }
  SystemTime changed(std::size_t link) const;

 private:
  struct Link {
    std::uint32_t chunk = 0;    // place of the texts
    std::uint32_t changed = 0;  // seconds since the epoch
    std::uint16_t offset = 0;   // place of the texts
    okta::AppUserStatus status = okta::AppUserStatus::other;
    std::uint8_t sync_state : 3 = 0;
    std::uint8_t scope : 2 = 0;
    bool has_external_id : 1 = false;
    bool external_id_is_text : 1 = false;  // no hex: behind the keys in the record of texts
    bool user_id_is_text : 1 = false;      // not packed: the last of the record
  };
  // Equal user ids have equal hashes, and different ones nearly never.
  std::uint64_t user_id_hash(std::size_t link) const;
  TextArena::Parts text(std::size_t link, std::size_t index) const {
    return texts_.get({.chunk = links_[link].chunk, .offset = links_[link].offset}, index);
  }

  std::size_t key_count_;
  ChunkedVector<PackedId> external_ids_;
  ChunkedVector<PackedUserId> user_ids_;
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
  std::size_t size() const { return ids_.size(); }
  std::size_t key_count() const { return key_count_; }
  std::size_t memory_bytes() const {
    return ids_.memory_bytes() + updated_.memory_bytes() + flags_.memory_bytes() + hashes_.memory_bytes();
  }

  const PackedId& id(std::size_t row) const { return ids_[row]; }
  // Empty where the id is no hex and only its hash was kept.
  std::string id_text(std::size_t row) const;
  std::uint64_t key_hash(std::size_t row, std::size_t field) const {
    return hashes_[row * key_count_ + field];
  }
  // For who goes through the rows out of their order: has the processor fetch what will be asked of a row.
  void prefetch_keys(std::size_t row) const { hashes_.prefetch(row * key_count_); }
  void prefetch_state(std::size_t row) const {
    updated_.prefetch(row);
    flags_.prefetch(row);
  }
  std::optional<bool> active(std::size_t row) const { return flag(row, kActiveKnown, kActive); }
  std::optional<bool> locked_out(std::size_t row) const { return flag(row, kLockedKnown, kLocked); }
  // Some match field was not in the answer: "the keys differ" can't be said of this row.
  bool keys_unreadable(std::size_t row) const { return (flags_[row] & kKeysUnreadable) != 0; }
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
  std::optional<bool> flag(std::size_t row, std::uint8_t known, std::uint8_t value) const {
    if ((flags_[row] & known) == 0) return std::nullopt;
    return (flags_[row] & value) != 0;
  }

  std::size_t key_count_;
  ChunkedVector<PackedId> ids_;
  ChunkedVector<std::uint32_t> updated_;  // seconds since the epoch; 0 unknown
  ChunkedVector<std::uint8_t> flags_;
  ChunkedVector<std::uint64_t> hashes_;  // key_count_ for each row
  std::uint32_t newest_ = 0;             // seconds since the epoch
  bool any_key_ = false;
  bool repeated_ = false;
};

}  // namespace exporter::drift
