// The state as files: its directory, its permissions, who has locked it, and what becomes of a damaged one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace exporter::storage {

// <directory>/state.db. The directory is made with mode 0700, with its parents, where it is not there; the
// file is made empty with mode 0600, and an existing one is brought to that mode where we own it.
Result<std::string> prepare_state_file(const std::string& directory);

// "process 1234" that holds SQLite's lock on the file, as /proc/locks tells it; "another process" where it
// does not. Never opens the file: closing it again would drop the locks that this process holds on it.
std::string lock_holder(const std::string& file);

// Renames the file and its logs to <file>.<why>-<time>; returns the new name.
Result<std::string> move_aside(const std::string& file, std::string_view why, SystemTime now);

// Of the file and its write-ahead log; 0 where they are not there.
std::uint64_t state_size_bytes(const std::string& file);

}  // namespace exporter::storage
