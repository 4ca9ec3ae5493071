#include "storage/schema.h"

#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include <sqlite3.h>

namespace exporter::storage {

namespace {

// Times are milliseconds since the epoch. Everything hangs on `integration`, so that one DELETE forgets an
// integration.
constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE integration (
  id              INTEGER PRIMARY KEY,
  name            TEXT NOT NULL UNIQUE,
  okta_host       TEXT NOT NULL,
  app_id          TEXT NOT NULL,
  servicenow_host TEXT NOT NULL,
  created         INTEGER NOT NULL
) STRICT;

-- labels: the label values after `integration`, joined by '|'.
CREATE TABLE counter (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  metric      TEXT NOT NULL,
  labels      TEXT NOT NULL,
  value       REAL NOT NULL,
  PRIMARY KEY (integration, metric, labels)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_cursor (
  integration    INTEGER PRIMARY KEY REFERENCES integration ON DELETE CASCADE,
  next_url       TEXT NOT NULL,
  filter_hash    TEXT NOT NULL,
  last_published INTEGER,
  complete_until INTEGER
) STRICT;

-- uuid: 16 bytes where it is written as UUIDs are, else its text. No index on `seen`: pruning reads the table once an
-- hour, an index would double what every commit writes.
CREATE TABLE seen_event (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  uuid        ANY NOT NULL,
  seen        INTEGER NOT NULL,
  PRIMARY KEY (integration, uuid)
) STRICT, WITHOUT ROWID;

-- Open tasks and closed keys as opaque rows of provisioning::TaskBook.
CREATE TABLE task (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  key         TEXT NOT NULL,
  content     TEXT NOT NULL,
  PRIMARY KEY (integration, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE failure (
  id           INTEGER PRIMARY KEY,
  integration  INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  time         INTEGER NOT NULL,
  operation    TEXT NOT NULL,
  reason       TEXT NOT NULL,
  text         TEXT NOT NULL,
  okta_user_id TEXT NOT NULL,
  verdict      TEXT NOT NULL
) STRICT;
CREATE INDEX failure_by_time ON failure (integration, time);

-- The drift ledger. last_confirmed is null while an entry is open: the last comparison has confirmed all of those, and
-- a hundred thousand rows need not be written to say so.
CREATE TABLE drift (
  id               INTEGER PRIMARY KEY,
  integration      INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  okta_user_id     TEXT NOT NULL,
  kind             TEXT NOT NULL,
  scope            TEXT NOT NULL,
  external_id      TEXT NOT NULL,
  match_key        TEXT NOT NULL,
  candidate_sys_id TEXT NOT NULL,
  first_seen       INTEGER NOT NULL,
  last_confirmed   INTEGER,
  resolved         INTEGER
) STRICT;
CREATE UNIQUE INDEX drift_open ON drift (integration, okta_user_id) WHERE resolved IS NULL;
CREATE INDEX drift_resolved ON drift (integration, resolved) WHERE resolved IS NOT NULL;

-- The last complete comparison; without a row there was none.
CREATE TABLE comparison (
  integration  INTEGER PRIMARY KEY REFERENCES integration ON DELETE CASCADE,
  time         INTEGER NOT NULL,
  locked_out   INTEGER NOT NULL,
  mass_drift   INTEGER NOT NULL,
  mass_absence INTEGER NOT NULL,
  complete     INTEGER NOT NULL
) STRICT;
CREATE TABLE comparison_count (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  label       TEXT NOT NULL CHECK (label IN ('state', 'kind')),
  value       TEXT NOT NULL,
  users       INTEGER NOT NULL,
  PRIMARY KEY (integration, label, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample_success (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  sampler     TEXT NOT NULL,
  time        INTEGER NOT NULL,
  PRIMARY KEY (integration, sampler)
) STRICT, WITHOUT ROWID;
)sql";

// The links of the last complete listing. left_at: when a listing did not name the user any more; looked_at
// and found: what ServiceNow still had of him then, '' where that could not be told. `link_left` is small: it
// holds only who has left.
constexpr std::string_view kLinks = R"sql(
CREATE TABLE link (
  integration  INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  okta_user_id TEXT NOT NULL,
  external_id  TEXT NOT NULL,
  keys         TEXT NOT NULL,
  status       TEXT NOT NULL,
  scope        TEXT NOT NULL,
  left_at      INTEGER,
  looked_at    INTEGER,
  found        TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (integration, okta_user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_left ON link (integration, left_at) WHERE left_at IS NOT NULL;
CREATE INDEX failure_without_verdict ON failure (integration, time) WHERE verdict = '';
)sql";

// ServiceNow's transaction log: where counting goes on, and which rows of the overlap are counted already;
// and what the provisioner's roles, the ACL rules and the instance looked like when they were last read.
constexpr std::string_view kAccessControl = R"sql(
CREATE TABLE transaction_cursor (
  integration    INTEGER PRIMARY KEY REFERENCES integration ON DELETE CASCADE,
  user_name      TEXT NOT NULL,
  counted_from   INTEGER NOT NULL,
  newest         INTEGER NOT NULL,
  complete_until INTEGER
) STRICT;
CREATE TABLE seen_transaction (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  sys_id      TEXT NOT NULL,
  created     INTEGER NOT NULL,
  code        TEXT NOT NULL,
  PRIMARY KEY (integration, sys_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE access_state (
  integration INTEGER NOT NULL REFERENCES integration ON DELETE CASCADE,
  kind        TEXT NOT NULL,
  content     TEXT NOT NULL,
  PRIMARY KEY (integration, kind)
) STRICT, WITHOUT ROWID;
)sql";

// When the assignment changed, and what the last comparison, or a look since, made of the user; '' where
// nothing was.
constexpr std::string_view kLinkStates = R"sql(
ALTER TABLE link ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN state TEXT NOT NULL DEFAULT '';
)sql";

// Step n leads from version n to n + 1. A step that was released is never changed; the next one goes below
// it.
constexpr std::string_view kMigrations[] = {kVersion1, kLinks, kAccessControl, kLinkStates};

constexpr std::string_view kSmallTables[] = {
    "integration",      "counter",          "log_cursor",     "task",
    "comparison",       "comparison_count", "sample_success", "transaction_cursor",
    "seen_transaction", "access_state"};
constexpr std::string_view kBulkTables[] = {"seen_event", "failure", "drift", "link"};

// quick_check speaks of a page that the disk does not give as it speaks of one that contradicts the others
// ("unable to get the page. error code=266", "failed to get page 7"). Null where it is the latter.
std::optional<SqlFailure> unreadable_page(const std::string& verdict) {
  constexpr std::string_view kCode = "error code=";
  SqlFailure failure{.code = SQLITE_IOERR_READ, .what = verdict};
  if (const std::size_t at = verdict.find(kCode); at != std::string::npos) {
    const char* digits = verdict.data() + at + kCode.size();
    std::from_chars(digits, verdict.data() + verdict.size(), failure.code);
  } else if (verdict.find("failed to get page") == std::string::npos) {
    return std::nullopt;
  }
  return failure.damaged() ? std::nullopt : std::optional(std::move(failure));
}

std::optional<std::string> find_damage_in(Database& database, std::string_view table) {
  // One complaint is enough.
  const std::string verdict =
      database.text("SELECT quick_check FROM pragma_quick_check('" + std::string(table) + "') LIMIT 1");
  if (database.ok() && verdict != "ok") {
    auto unreadable = unreadable_page(verdict);
    if (!unreadable) {
      return std::string(table) + ": " + verdict;
    }
    database.fail(std::move(*unreadable));
  }
  if (database.ok()) {
    return std::nullopt;
  }
  // A table that is missing is damage as well.
  const std::optional<SqlFailure>& failure = database.failure();
  if (failure && (failure->damaged() || failure->senseless())) {
    std::string damage = std::string(table) + ": " + failure->what;
    database.take_failure();
    return damage;
  }
  return std::nullopt;
}

}  // namespace

std::int64_t schema_version() { return std::ssize(kMigrations); }

Origin origin(Database& database) {
  const std::int64_t application = database.integer("PRAGMA application_id");
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (application == kApplicationId) {
    return version > schema_version() ? Origin::newer : Origin::ours;
  }
  const bool empty =
      application == 0 && version == 0 && database.integer("SELECT count(*) FROM sqlite_schema") == 0;
  return empty ? Origin::empty : Origin::foreign;
}

void migrate(Database& database) {
  const std::int64_t from = database.integer("PRAGMA user_version");
  for (std::int64_t version = from; version < schema_version() && database.ok(); ++version) {
    database.run("BEGIN IMMEDIATE");
    database.run(kMigrations[version]);
    database.run("PRAGMA application_id = " + std::to_string(kApplicationId));
    database.run("PRAGMA user_version = " + std::to_string(version + 1));
    database.run("COMMIT");
  }
}

std::optional<std::string> find_damage(Database& database, bool with_bulk) {
  for (const std::string_view table : kSmallTables) {
    if (auto damage = find_damage_in(database, table)) {
      return damage;
    }
  }
  if (with_bulk) {
    for (const std::string_view table : kBulkTables) {
      if (auto damage = find_damage_in(database, table)) {
        return damage;
      }
    }
  }
  return std::nullopt;
}

}  // namespace exporter::storage
