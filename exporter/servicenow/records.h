// What the exporter keeps of a sys_user row. Everything on the wire is a string (servicenow.md 7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace exporter::servicenow {

struct UserRow {
  std::string sys_id;  // opaque, case-preserving; usually 32 lower-case hex digits
  std::vector<std::string>
      keys;  // the configured match fields in their order; empty where empty or not readable
  // Bit i: keys[i] was not in the answer, because the account may not read that field; "differs" can't be
  // said of it.
  std::uint32_t unreadable_keys = 0;
  // nullopt: the field was not in the answer, because the account may not read it.
  std::optional<bool> active;
  std::optional<bool> locked_out;
  std::optional<SystemTime> updated;  // sys_updated_on, UTC, second resolution
};

struct UserPage {
  std::vector<UserRow> rows;
  std::size_t malformed = 0;  // elements without a sys_id
  // X-Total-Count: the rows that match the query before row ACLs; nullopt where the header was missing or no
  // number.
  std::optional<std::uint64_t> total_count;
  std::optional<SystemTime> server_date = std::nullopt;  // the answer's Date
};

// Whether an id may stand in an encoded query: [0-9A-Za-z_.-]{1,32}. Anything else is no sys_id and would
// inject.
bool is_queryable_sys_id(std::string_view id);
// Whether a match key may: not empty, no '^', no ',', no control character, no leading "javascript:". Judge
// it trimmed.
bool is_queryable_key(std::string_view key);

}  // namespace exporter::servicenow
