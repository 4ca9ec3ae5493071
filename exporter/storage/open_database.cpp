#include "storage/open_database.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <utility>

#include "storage/schema.h"
#include "storage/state_file.h"

namespace exporter::storage {

namespace {

// A file up to this size is looked through as a whole before it is trusted; that takes some 40 ms.
constexpr std::uint64_t kWholeCheckBytes = 8 << 20;

// What an attempt to open a file came to, where it did not succeed.
struct NotOpened {
  enum class File : std::uint8_t { keep, damaged, foreign };

  Error error;
  File file = File::keep;  // else it is moved aside for a new one
};

std::unexpected<NotOpened> refused(std::string message) {
  return std::unexpected(
      NotOpened{.error = {.error_class = ErrorClass::storage, .message = std::move(message)}});
}

std::unexpected<NotOpened> refused(Database& database) {
  const SqlFailure failure = database.take_failure().value_or(SqlFailure());
  if (failure.locked()) {
    return refused("state " + database.file() + ": its lock is held by " + lock_holder(database.file()) +
                   "; two exporters cannot share a state: stop the other one, or give this one its own"
                   " --storage.path");
  }
  if (failure.damaged()) {
    database.keep_log_on_close();
  }
  return std::unexpected(
      NotOpened{.error = database.to_error(failure),
                .file = failure.damaged() ? NotOpened::File::damaged : NotOpened::File::keep});
}

std::expected<Database, NotOpened> try_to_open(const std::string& file) {
  Database database(file);
  // Exclusive before the first read: then the write-ahead log needs no shared-memory file, which network
  // volumes lack, and the lock stays ours from that read on.
  database.run("PRAGMA locking_mode = EXCLUSIVE");
  const Origin from = origin(database);
  if (!database.ok()) {
    return refused(database);
  }
  if (from == Origin::newer) {
    return refused("state " + file +
                   ": it was written by a newer version of the exporter; run that version, or give"
                   " this one another --storage.path");
  }
  if (from == Origin::foreign) {
    database.keep_log_on_close();
    return std::unexpected(NotOpened{
        .error = {.error_class = ErrorClass::storage,
                  .message =
                      "state " + file +
                      ": it is a database of another program; give the exporter its own --storage.path"},
        .file = NotOpened::File::foreign});
  }
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA foreign_keys = ON");
  database.run("PRAGMA temp_store = MEMORY");
  // After a large commit the log is cut back to this.
  database.run("PRAGMA journal_size_limit = 4194304");
  database.run("BEGIN IMMEDIATE; COMMIT");
  migrate(database);
  if (!database.ok()) {
    return refused(database);
  }
  const bool whole = file != kInMemory && state_size_bytes(file) <= kWholeCheckBytes;
  if (auto damage = from == Origin::ours ? find_damage(database, whole) : std::nullopt) {
    database.keep_log_on_close();
    return std::unexpected(NotOpened{
        .error = {.error_class = ErrorClass::storage, .message = "state " + file + ": damaged: " + *damage},
        .file = NotOpened::File::damaged});
  }
  if (!database.ok()) {
    return refused(database);
  }
  return database;
}

}  // namespace

Result<Database> open_database(const std::string& path, const Clock& clock, Log& log) {
  std::string file(kInMemory);
  if (path == kInMemory) {
    log.warn(
        "the state is kept in memory only: a restart sets every counter to 0, forgets what was seen and what "
        "has drifted since when",
        {});
  } else if (auto prepared = prepare_state_file(path)) {
    file = std::move(*prepared);
  } else {
    return std::unexpected(std::move(prepared.error()));
  }

  auto database = try_to_open(file);
  if (!database && database.error().file != NotOpened::File::keep) {
    const bool foreign = database.error().file == NotOpened::File::foreign;
    const auto aside = move_aside(file, foreign ? "foreign" : "damaged", clock.now());
    if (!aside) {
      return std::unexpected(aside.error());
    }
    log.error(foreign
                  ? "the state is another program's file: it was moved aside and a new one begun"
                  : "the state is damaged: it was moved aside and a new one begun, with all counters at 0",
              {{"error", database.error().error.message}, {"moved_to", *aside}});
    if (auto prepared = prepare_state_file(path); !prepared) {
      return std::unexpected(std::move(prepared.error()));
    }
    database = try_to_open(file);
  }
  if (!database) {
    return std::unexpected(std::move(database.error().error));
  }
  return std::move(*database);
}

}  // namespace exporter::storage
