// The tables of the state, and how a file of an earlier version becomes one of this version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "storage/sqlite.h"

namespace exporter::storage {

// "osnx": SQLite's application_id of our files.
inline constexpr std::int64_t kApplicationId = 0x6F736E78;

// PRAGMA user_version of a file that this program writes.
std::int64_t schema_version();

enum class Origin : std::uint8_t {
  empty,    // nothing in it yet
  ours,     // of this or an earlier version
  newer,    // of a later version of the exporter
  foreign,  // another program's database
};
// Failures stick to the database.
Origin origin(Database& database);

// Brings the file to schema_version(), each step in a transaction of its own: a crash between two steps loses
// nothing. Failures stick; the database is then only good to be closed, which rolls the step back.
void migrate(Database& database);

// What is wrong with the content, in SQLite's words; null where nothing is. The tables that grow with the
// number of users and events are looked through only where `with_bulk` says so: that takes a second per 100
// MB. Failures that are no damage (the disk does not answer) stick.
std::optional<std::string> find_damage(Database& database, bool with_bulk);

}  // namespace exporter::storage
