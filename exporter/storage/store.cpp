#include "storage/store.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <unordered_set>

#include "base/mutex.h"
#include "storage/drift_ledger.h"
#include "storage/known_links.h"
#include "storage/page_queries.h"
#include "storage/schema.h"
#include "storage/sqlite.h"
#include "storage/state_file.h"
#include "storage/transaction_cursor.h"
#include "storage/user_changes.h"

namespace exporter::storage {

namespace {

constexpr std::string_view kInMemory = ":memory:";
constexpr std::chrono::days kSeenFor{7};
constexpr std::chrono::days kFailuresFor{30};
constexpr std::chrono::days kLeaversFor{30};
constexpr std::chrono::hours kPruneEvery{1};
// A file up to this size is looked through as a whole before it is trusted; that takes some 40 ms.
constexpr std::uint64_t kWholeCheckBytes = 8 << 20;

using Uuid = std::array<std::uint8_t, 16>;

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return static_cast<std::uint8_t>(c - '0');
  }
  if (c >= 'a' && c <= 'f') {
    return static_cast<std::uint8_t>(c - 'a' + 10);
  }
  return std::nullopt;
}

// The 16 bytes of "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" in lower case; any other text stays a text, so that
// no two ids that Okta tells apart become one.
std::optional<Uuid> parse_uuid(std::string_view text) {
  constexpr std::size_t kLength = 36;
  if (text.size() != kLength) {
    return std::nullopt;
  }
  Uuid uuid{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') {
        return std::nullopt;
      }
      continue;
    }
    const auto digit = hex_digit(text[i]);
    if (!digit) {
      return std::nullopt;
    }
    std::uint8_t& byte = uuid[digits / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | *digit);
    ++digits;
  }
  return uuid;
}

void add_to_counters(Database& database, IntegrationId id, const Counters& increments) {
  Statement add = database.prepare(
      "INSERT INTO counter (integration, metric, labels, value) VALUES (?, ?, ?, ?)"
      " ON CONFLICT DO UPDATE SET value = value + excluded.value");
  for (const auto& [key, amount] : increments) {
    add.run(id, key.metric, key.labels, amount);
  }
}

void add_counts(Counters& counters, std::string_view metric,
                const std::map<std::string, std::uint64_t>& counts) {
  for (const auto& [kind, count] : counts) {
    counters[{.metric = std::string(metric), .labels = kind}] += static_cast<double>(count);
  }
}

class SqliteStore final : public Store {
 public:
  SqliteStore(Database database, std::chrono::milliseconds keep_resolved, const Clock& clock, Log& log)
      : keep_resolved_(keep_resolved),
        clock_(clock),
        log_(log),
        database_(std::move(database)),
        file_(database_.file()) {}

  Result<IntegrationState> open_integration(const std::string& name,
                                            const Fingerprint& fingerprint) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    IntegrationState state;
    bool other = false;
    {
      Statement found = database_.prepare(
          "SELECT id, created, okta_host, app_id, servicenow_host FROM integration WHERE name = ?");
      found.bind(name);
      if (found.step()) {
        state = {.id = found.integer(0), .created = found.time(1), .fresh = false};
        other = found.text(2) != fingerprint.okta_host || found.text(3) != fingerprint.app_id ||
                found.text(4) != fingerprint.servicenow_host;
        if (!other) {
          return transaction.commit(state);
        }
      }
    }
    if (other) {
      database_.prepare("DELETE FROM integration WHERE id = ?").run(state.id);
    }
    state.created = clock_.now();
    state.fresh = true;
    Statement insert = database_.prepare(
        "INSERT INTO integration (name, okta_host, app_id, servicenow_host, created) VALUES (?, ?, ?, ?, ?)"
        " RETURNING id");
    insert.bind(name, fingerprint.okta_host, fingerprint.app_id, fingerprint.servicenow_host, state.created);
    while (insert.step()) {
      state.id = insert.integer(0);
    }
    auto opened = transaction.commit(state);
    if (opened && other) {
      log_.warn(
          "the integration points at another app, org or instance than its state: the state starts fresh, its"
          " counters at 0",
          {{"integration", name},
           {"okta_host", fingerprint.okta_host},
           {"app_id", fingerprint.app_id},
           {"servicenow_host", fingerprint.servicenow_host}});
    }
    return opened;
  }

  Result<Counters> counters(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    Counters counters;
    Statement rows = database_.prepare("SELECT metric, labels, value FROM counter WHERE integration = ?");
    rows.bind(id);
    while (rows.step()) {
      counters[{.metric = rows.text(0), .labels = rows.text(1)}] = rows.real(2);
    }
    return transaction.commit(std::move(counters));
  }

  Result<std::optional<LogCursor>> log_cursor(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::optional<LogCursor> cursor;
    Statement row = database_.prepare(
        "SELECT next_url, filter_hash, last_published, complete_until FROM log_cursor WHERE integration = ?");
    row.bind(id);
    if (row.step()) {
      cursor = {.next_url = row.text(0),
                .filter_hash = row.text(1),
                .last_published = row.is_null(2) ? std::nullopt : std::optional(row.time(2)),
                .complete_until = row.is_null(3) ? std::nullopt : std::optional(row.time(3))};
    }
    return transaction.commit(std::move(cursor));
  }

  Result<std::vector<std::pair<std::string, std::string>>> task_rows(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::vector<std::pair<std::string, std::string>> tasks;
    Statement rows = database_.prepare("SELECT key, content FROM task WHERE integration = ?");
    rows.bind(id);
    while (rows.step()) {
      tasks.emplace_back(rows.text(0), rows.text(1));
    }
    return transaction.commit(std::move(tasks));
  }

  Result<std::vector<bool>> seen(IntegrationId id, const std::vector<std::string>& uuids) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::vector<bool> seen;
    seen.reserve(uuids.size());
    // Without a look at the clock: what was not pruned yet is seen, even if the clock has jumped.
    Statement find = database_.prepare("SELECT 1 FROM seen_event WHERE integration = ? AND uuid = ?");
    for (const std::string& text : uuids) {
      if (const auto uuid = parse_uuid(text)) {
        find.bind(id, std::span<const std::uint8_t>(*uuid));
        seen.push_back(find.step());
      } else {
        find.bind(id, text);
        seen.push_back(find.step());
      }
    }
    return transaction.commit(std::move(seen));
  }

  Result<void> commit_log(IntegrationId id, const LogCommit& commit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    database_
        .prepare(
            "INSERT INTO log_cursor (integration, next_url, filter_hash, last_published, complete_until)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET next_url = excluded.next_url,"
            " filter_hash = excluded.filter_hash, last_published = excluded.last_published,"
            " complete_until = excluded.complete_until")
        .run(id, commit.cursor.next_url, commit.cursor.filter_hash, commit.cursor.last_published,
             commit.cursor.complete_until);
    remember_events(id, commit.seen_uuids);
    change_tasks(id, commit.tasks);
    add_to_counters(database_, id, commit.increments);
    add_failures(id, commit.failures);
    if (commit.created) {
      database_.prepare("UPDATE integration SET created = ? WHERE id = ?").run(*commit.created, id);
    }
    prune();
    return transaction.commit();
  }

  Result<CommittedComparison> commit_comparison(IntegrationId id, const ComparisonCommit& commit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    const std::optional<SystemTime> before = comparison_time(id);
    LedgerChange change = reconcile(database_, id, commit.drifted, commit.record.time, before);
    if (!before) {
      // Nobody knows how long these have been there: they are no event of now.
      change.opened.clear();
    }
    Counters increments;
    add_counts(increments, kDriftDetectedCounter, change.opened);
    add_counts(increments, kDriftResolvedCounter, change.resolved);
    add_to_counters(database_, id, increments);
    write_comparison(id, commit.record);
    CommittedComparison committed{.detected = std::move(change.opened),
                                  .resolved = std::move(change.resolved),
                                  .oldest = oldest_open(database_, id)};
    prune();
    return transaction.commit(std::move(committed));
  }

  Result<void> set_comparison_incomplete(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    database_.prepare("UPDATE comparison SET complete = 0 WHERE integration = ?").run(id);
    return transaction.commit();
  }

  Result<std::optional<ComparisonRecord>> last_comparison(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_comparison(id));
  }

  Result<std::map<std::string, SystemTime>> oldest_drift(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(oldest_open(database_, id));
  }

  Result<std::vector<LedgerEntry>> ledger(IntegrationId id, std::size_t limit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_ledger(database_, id, limit));
  }

  Result<std::vector<Failure>> failures(IntegrationId id, std::size_t limit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::vector<Failure> failures;
    Statement rows = database_.prepare(
        "SELECT time, operation, reason, text, okta_user_id, verdict FROM failure WHERE integration = ?"
        " ORDER BY time DESC, id DESC LIMIT ?");
    rows.bind(id, std::min<std::uint64_t>(limit, std::numeric_limits<std::int64_t>::max()));
    while (rows.step()) {
      failures.push_back({.time = rows.time(0),
                          .operation = rows.text(1),
                          .reason = rows.text(2),
                          .text = rows.text(3),
                          .okta_user_id = rows.text(4),
                          .verdict = rows.text(5)});
    }
    return transaction.commit(std::move(failures));
  }

  Result<std::vector<OpenVerdict>> open_verdicts(IntegrationId id, const std::string& reason,
                                                 std::size_t limit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::vector<OpenVerdict> open;
    Statement rows = database_.prepare(
        "SELECT failure.id, okta_user_id, time, time >= created FROM failure"
        " JOIN integration ON integration.id = failure.integration"
        " WHERE failure.integration = ? AND verdict = '' AND reason = ? AND okta_user_id <> ''"
        " ORDER BY time LIMIT ?");
    rows.bind(id, reason, std::min<std::uint64_t>(limit, std::numeric_limits<std::int64_t>::max()));
    while (rows.step()) {
      open.push_back({.failure = rows.integer(0),
                      .okta_user_id = rows.text(1),
                      .time = rows.time(2),
                      .counts = rows.integer(3) != 0});
    }
    return transaction.commit(std::move(open));
  }

  Result<void> commit_verdicts(IntegrationId id, const VerdictCommit& commit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    Statement set = database_.prepare("UPDATE failure SET verdict = ? WHERE id = ? AND integration = ?");
    for (const auto& [failure, verdict] : commit.verdicts) {
      set.run(verdict, failure, id);
    }
    add_to_counters(database_, id, commit.increments);
    return transaction.commit();
  }

  Result<std::optional<TransactionCursor>> transaction_cursor(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_transaction_cursor(database_, id));
  }

  Result<std::vector<SeenTransaction>> seen_transactions(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_seen_transactions(database_, id));
  }

  Result<void> commit_transactions(IntegrationId id, const TransactionCommit& commit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    write_transactions(database_, id, commit);
    add_to_counters(database_, id, commit.increments);
    return transaction.commit();
  }

  Result<std::map<std::string, std::string>> open_kinds(
      IntegrationId id, const std::vector<std::string>& okta_user_ids) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::map<std::string, std::string> kinds;
    Statement find = database_.prepare(
        "SELECT kind FROM drift WHERE integration = ? AND okta_user_id = ? AND resolved IS NULL");
    for (const std::string& user : okta_user_ids) {
      find.bind(id, user);
      if (find.step()) {
        kinds[user] = find.text(0);
      }
    }
    return transaction.commit(std::move(kinds));
  }

  Result<void> remember_links(IntegrationId id, const LinkRange& range) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    remember(database_, id, range, clock_.now());
    return transaction.commit();
  }

  Result<std::vector<KnownLink>> known_links(IntegrationId id,
                                             const std::vector<std::string>& okta_user_ids) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(find_links(database_, id, okta_user_ids));
  }

  Result<std::vector<KnownLink>> known_holders(IntegrationId id,
                                               const std::vector<std::string>& external_ids) override {
    const std::unordered_set<std::string_view> wanted(external_ids.begin(), external_ids.end());
    return links_where(
        id, [&](std::string_view external_id, std::string_view) { return wanted.contains(external_id); });
  }

  Result<std::vector<KnownLink>> links_where(IntegrationId id, const LinkFilter& filter) override {
    std::vector<KnownLink> found;
    for (std::optional<std::string> after(""); after;) {
      const MutexLock lock(mutex_);
      Transaction transaction(database_);
      after = find_in_slice(database_, id, *after, filter, found);
      if (Result<void> done = transaction.commit(); !done) {
        return std::unexpected(std::move(done.error()));
      }
    }
    return found;
  }

  Result<std::optional<CommittedChanges>> commit_changes(IntegrationId id,
                                                         const ChangesCommit& commit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::optional<CommittedChanges> committed;
    if (auto record = read_comparison(id)) {
      committed = apply_changes(database_, id, commit, std::move(*record));
      Counters increments;
      add_counts(increments, kDriftDetectedCounter, committed->detected);
      add_counts(increments, kDriftResolvedCounter, committed->resolved);
      add_to_counters(database_, id, increments);
      write_comparison(id, committed->record);
      committed->oldest = oldest_open(database_, id);
    }
    return transaction.commit(std::move(committed));
  }

  Result<std::vector<KnownLink>> leavers(IntegrationId id, SystemTime left_before, SystemTime looked_before,
                                         std::size_t limit) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(leavers_to_look_at(database_, id, left_before, looked_before, limit));
  }

  Result<void> set_leavers_found(IntegrationId id, const std::vector<LeaverFound>& found) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    set_leavers(database_, id, found, clock_.now());
    return transaction.commit();
  }

  Result<std::map<std::string, std::uint64_t>> former_users(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(count_leavers(database_, id));
  }

  Result<DriftPage> drift_page(const DriftQuery& query) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_drift_page(database_, query));
  }

  Result<FailurePage> failure_page(const FailureQuery& query) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_failure_page(database_, query));
  }

  Result<std::map<std::string, std::string>> access_state(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    return transaction.commit(read_access_state(database_, id));
  }

  Result<void> commit_access(IntegrationId id, const std::map<std::string, std::string>& state,
                             const Counters& increments) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    write_access_state(database_, id, state);
    add_to_counters(database_, id, increments);
    return transaction.commit();
  }

  Result<void> set_sample_success(IntegrationId id, const std::string& sampler, SystemTime time) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    database_
        .prepare(
            "INSERT INTO sample_success (integration, sampler, time) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET time = excluded.time")
        .run(id, sampler, time);
    return transaction.commit();
  }

  Result<std::map<std::string, SystemTime>> sample_successes(IntegrationId id) override {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    std::map<std::string, SystemTime> times;
    Statement rows = database_.prepare("SELECT sampler, time FROM sample_success WHERE integration = ?");
    rows.bind(id);
    while (rows.step()) {
      times[rows.text(0)] = rows.time(1);
    }
    return transaction.commit(std::move(times));
  }

  std::uint64_t size_bytes() override { return file_ == kInMemory ? 0 : state_size_bytes(file_); }

 private:
  void remember_events(IntegrationId id, const std::vector<std::string>& uuids) REQUIRES(mutex_) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now());
    Statement insert =
        database_.prepare("INSERT OR IGNORE INTO seen_event (integration, uuid, seen) VALUES (?, ?, ?)");
    for (const std::string& text : uuids) {
      if (const auto uuid = parse_uuid(text)) {
        insert.run(id, std::span<const std::uint8_t>(*uuid), now.time_since_epoch().count());
      } else {
        insert.run(id, text, now.time_since_epoch().count());
      }
    }
  }

  void change_tasks(IntegrationId id,
                    const std::vector<std::pair<std::string, std::optional<std::string>>>& tasks)
      REQUIRES(mutex_) {
    Statement put = database_.prepare(
        "INSERT INTO task (integration, key, content) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET content = excluded.content");
    Statement remove = database_.prepare("DELETE FROM task WHERE integration = ? AND key = ?");
    for (const auto& [key, content] : tasks) {
      if (content) {
        put.run(id, key, *content);
      } else {
        remove.run(id, key);
      }
    }
  }

  void add_failures(IntegrationId id, const std::vector<Failure>& failures) REQUIRES(mutex_) {
    Statement insert = database_.prepare(
        "INSERT INTO failure (integration, time, operation, reason, text, okta_user_id, verdict)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (const Failure& failure : failures) {
      insert.run(id, failure.time, failure.operation, failure.reason, failure.text, failure.okta_user_id,
                 failure.verdict);
    }
  }

  std::optional<SystemTime> comparison_time(IntegrationId id) REQUIRES(mutex_) {
    Statement row = database_.prepare("SELECT time FROM comparison WHERE integration = ?");
    row.bind(id);
    return row.step() ? std::optional(row.time(0)) : std::nullopt;
  }

  std::optional<ComparisonRecord> read_comparison(IntegrationId id) REQUIRES(mutex_) {
    std::optional<ComparisonRecord> record;
    Statement row = database_.prepare(
        "SELECT time, locked_out, mass_drift, mass_absence, complete FROM comparison WHERE integration = ?");
    row.bind(id);
    if (row.step()) {
      record.emplace();
      record->time = row.time(0);
      record->locked_out = static_cast<std::uint64_t>(row.integer(1));
      record->mass_drift = row.integer(2) != 0;
      record->mass_absence = row.integer(3) != 0;
      record->complete = row.integer(4) != 0;
      Statement counts =
          database_.prepare("SELECT label, value, users FROM comparison_count WHERE integration = ?");
      counts.bind(id);
      while (counts.step()) {
        auto& side = counts.text(0) == "state" ? record->states : record->kinds;
        side[counts.text(1)] = static_cast<std::uint64_t>(counts.integer(2));
      }
    }
    return record;
  }

  void write_comparison(IntegrationId id, const ComparisonRecord& record) REQUIRES(mutex_) {
    database_
        .prepare(
            "INSERT OR REPLACE INTO comparison (integration, time, locked_out, mass_drift, mass_absence, "
            "complete)"
            " VALUES (?, ?, ?, ?, ?, ?)")
        .run(id, record.time, record.locked_out, record.mass_drift, record.mass_absence, record.complete);
    database_.prepare("DELETE FROM comparison_count WHERE integration = ?").run(id);
    Statement insert = database_.prepare(
        "INSERT INTO comparison_count (integration, label, value, users) VALUES (?, ?, ?, ?)");
    for (const auto& [state, users] : record.states) {
      insert.run(id, "state", state, users);
    }
    for (const auto& [kind, users] : record.kinds) {
      insert.run(id, "kind", kind, users);
    }
  }

  // Inside the transaction of a commit, so that it needs no write of its own.
  void prune() REQUIRES(mutex_) {
    const SteadyTime steady = clock_.steady_now();
    if (pruned_ && steady - *pruned_ < kPruneEvery) {
      return;
    }
    pruned_ = steady;
    const SystemTime now = clock_.now();
    const auto seen_since = std::chrono::floor<std::chrono::seconds>(now - kSeenFor);
    // However old, the last events stay: a refused cursor starts again shortly before them.
    database_
        .prepare(
            "DELETE FROM seen_event WHERE seen < min(?, ifnull((SELECT last_published / 1000 - 3600 FROM "
            "log_cursor"
            " WHERE log_cursor.integration = seen_event.integration), ?))")
        .run(seen_since.time_since_epoch().count(), seen_since.time_since_epoch().count());
    database_.prepare("DELETE FROM failure WHERE time < ?").run(now - kFailuresFor);
    database_.prepare("DELETE FROM drift WHERE resolved IS NOT NULL AND resolved < ?")
        .run(now - keep_resolved_);
    database_.prepare("DELETE FROM link WHERE left_at IS NOT NULL AND left_at < ?").run(now - kLeaversFor);
  }

  const std::chrono::milliseconds keep_resolved_;
  const Clock& clock_;
  Log& log_;
  Mutex mutex_;
  Database database_ GUARDED_BY(mutex_);
  const std::string file_;
  std::optional<SteadyTime> pruned_ GUARDED_BY(mutex_);
};

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

std::expected<Database, NotOpened> open_database(const std::string& file) {
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

Result<std::unique_ptr<Store>> open_store(const OpenOptions& options, const Clock& clock, Log& log) {
  std::string file(kInMemory);
  if (options.path == kInMemory) {
    log.warn(
        "the state is kept in memory only: a restart sets every counter to 0, forgets what was seen and what "
        "has"
        " drifted since when",
        {});
  } else if (auto prepared = prepare_state_file(options.path)) {
    file = std::move(*prepared);
  } else {
    return std::unexpected(std::move(prepared.error()));
  }

  auto database = open_database(file);
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
    if (auto prepared = prepare_state_file(options.path); !prepared) {
      return std::unexpected(std::move(prepared.error()));
    }
    database = open_database(file);
  }
  if (!database) {
    return std::unexpected(std::move(database.error().error));
  }
  if (options.reset_counters) {
    Transaction transaction(*database);
    database->run("UPDATE counter SET value = 0");
    if (auto done = transaction.commit(); !done) {
      return std::unexpected(std::move(done.error()));
    }
    log.info("all stored counters were set to 0", {{"file", file}});
  }
  return std::make_unique<SqliteStore>(std::move(*database), options.keep_resolved, clock, log);
}

}  // namespace exporter::storage
