// The database of the state, opened: locked, migrated, looked through, and begun anew where it is good for
// nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "storage/sqlite.h"

namespace exporter::storage {

inline constexpr std::string_view kInMemory = ":memory:";

// `path` and the errors are those of open_store().
Result<Database> open_database(const std::string& path, const Clock& clock, Log& log);

}  // namespace exporter::storage
