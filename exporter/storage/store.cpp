#include "storage/store.h"

#include <type_traits>
#include <unordered_set>

#include "base/mutex.h"
#include "storage/access_state.h"
#include "storage/comparisons.h"
#include "storage/counters.h"
#include "storage/drift_ledger.h"
#include "storage/failures.h"
#include "storage/integrations.h"
#include "storage/known_links.h"
#include "storage/log_position.h"
#include "storage/open_database.h"
#include "storage/page_queries.h"
#include "storage/prune.h"
#include "storage/sample_successes.h"
#include "storage/seen_events.h"
#include "storage/sqlite.h"
#include "storage/state_file.h"
#include "storage/transaction_cursor.h"
#include "storage/user_changes.h"

namespace exporter::storage {

namespace {

constexpr std::chrono::hours kPruneEvery{1};

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
    const auto opened = transact([&](Database& database) {
      return find_or_add_integration(database, name, fingerprint, clock_.now());
    });
    if (!opened) {
      return std::unexpected(opened.error());
    }
    if (opened->replaced) {
      log_.warn(
          "the integration points at another app, org or instance than its state: the state starts fresh, its"
          " counters at 0",
          {{"integration", name},
           {"okta_host", fingerprint.okta_host},
           {"app_id", fingerprint.app_id},
           {"servicenow_host", fingerprint.servicenow_host}});
    }
    return opened->state;
  }

  Result<Counters> counters(IntegrationId id) override {
    return transact([&](Database& database) { return read_counters(database, id); });
  }

  Result<std::optional<LogCursor>> log_cursor(IntegrationId id) override {
    return transact([&](Database& database) { return read_log_cursor(database, id); });
  }

  Result<std::vector<std::pair<std::string, std::string>>> task_rows(IntegrationId id) override {
    return transact([&](Database& database) { return read_tasks(database, id); });
  }

  Result<std::vector<bool>> seen(IntegrationId id, const std::vector<std::string>& uuids) override {
    return transact([&](Database& database) { return find_seen_events(database, id, uuids); });
  }

  Result<void> commit_log(IntegrationId id, const LogCommit& commit) override {
    const auto write = [&](Database& database) {
      write_log_cursor(database, id, commit.cursor);
      remember_events(database, id, commit.seen_uuids, clock_.now());
      change_tasks(database, id, commit.tasks);
      add_to_counters(database, id, commit.increments);
      add_failures(database, id, commit.failures);
      if (commit.created) {
        set_created(database, id, *commit.created);
      }
    };
    return transact(write, Also::prune);
  }

  Result<CommittedComparison> commit_comparison(IntegrationId id, const ComparisonCommit& commit) override {
    return transact([&](Database& database) { return store_comparison(database, id, commit); }, Also::prune);
  }

  Result<void> set_comparison_incomplete(IntegrationId id) override {
    return transact([&](Database& database) { set_incomplete(database, id); });
  }

  Result<std::optional<ComparisonRecord>> last_comparison(IntegrationId id) override {
    return transact([&](Database& database) { return read_comparison(database, id); });
  }

  Result<std::map<std::string, SystemTime>> oldest_drift(IntegrationId id) override {
    return transact([&](Database& database) { return oldest_open(database, id); });
  }

  Result<std::vector<LedgerEntry>> ledger(IntegrationId id, std::size_t limit) override {
    return transact([&](Database& database) { return read_ledger(database, id, limit); });
  }
  Result<std::vector<LedgerEntry>> drift_since(IntegrationId id, SystemTime since) override {
    return transact([&](Database& database) { return read_open_since(database, id, since); });
  }

  Result<std::vector<Failure>> failures(IntegrationId id, std::size_t limit) override {
    return transact([&](Database& database) { return read_failures(database, id, limit); });
  }

  Result<std::vector<OpenVerdict>> open_verdicts(IntegrationId id, const std::string& reason,
                                                 std::size_t limit) override {
    return transact([&](Database& database) { return read_open_verdicts(database, id, reason, limit); });
  }

  Result<void> commit_verdicts(IntegrationId id, const VerdictCommit& commit) override {
    return transact([&](Database& database) {
      set_verdicts(database, id, commit.verdicts);
      add_to_counters(database, id, commit.increments);
    });
  }

  Result<std::optional<TransactionCursor>> transaction_cursor(IntegrationId id) override {
    return transact([&](Database& database) { return read_transaction_cursor(database, id); });
  }

  Result<std::vector<SeenTransaction>> seen_transactions(IntegrationId id) override {
    return transact([&](Database& database) { return read_seen_transactions(database, id); });
  }

  Result<void> commit_transactions(IntegrationId id, const TransactionCommit& commit) override {
    return transact([&](Database& database) {
      write_transactions(database, id, commit);
      add_to_counters(database, id, commit.increments);
    });
  }

  Result<std::map<std::string, std::string>> open_kinds(
      IntegrationId id, const std::vector<std::string>& okta_user_ids) override {
    return transact([&](Database& database) { return read_open_kinds(database, id, okta_user_ids); });
  }

  Result<void> remember_links(IntegrationId id, const LinkRange& range) override {
    return transact([&](Database& database) { remember(database, id, range, clock_.now()); });
  }

  Result<std::vector<KnownLink>> known_links(IntegrationId id,
                                             const std::vector<std::string>& okta_user_ids) override {
    return transact([&](Database& database) { return find_links(database, id, okta_user_ids); });
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
      auto last =
          transact([&](Database& database) { return find_in_slice(database, id, *after, filter, found); });
      if (!last) {
        return std::unexpected(std::move(last.error()));
      }
      after = std::move(*last);
    }
    return found;
  }

  Result<std::optional<CommittedChanges>> commit_changes(IntegrationId id,
                                                         const ChangesCommit& commit) override {
    return transact([&](Database& database) { return store_changes(database, id, commit); });
  }

  Result<std::vector<KnownLink>> leavers(IntegrationId id, SystemTime left_before, SystemTime looked_before,
                                         std::size_t limit) override {
    return transact([&](Database& database) {
      return leavers_to_look_at(database, id, left_before, looked_before, limit);
    });
  }

  Result<void> set_leavers_found(IntegrationId id, const std::vector<LeaverFound>& found) override {
    return transact([&](Database& database) { set_leavers(database, id, found, clock_.now()); });
  }

  Result<std::map<std::string, std::uint64_t>> former_users(IntegrationId id) override {
    return transact([&](Database& database) { return count_leavers(database, id); });
  }

  Result<DriftPage> drift_page(const DriftQuery& query) override {
    return transact([&](Database& database) { return read_drift_page(database, query); });
  }

  Result<FailurePage> failure_page(const FailureQuery& query) override {
    return transact([&](Database& database) { return read_failure_page(database, query); });
  }

  Result<std::map<std::string, std::string>> access_state(IntegrationId id) override {
    return transact([&](Database& database) { return read_access_state(database, id); });
  }

  Result<void> commit_access(IntegrationId id, const std::map<std::string, std::string>& state,
                             const Counters& increments) override {
    return transact([&](Database& database) {
      write_access_state(database, id, state);
      add_to_counters(database, id, increments);
    });
  }

  Result<void> set_sample_success(IntegrationId id, const std::string& sampler, SystemTime time) override {
    return transact([&](Database& database) { write_sample_success(database, id, sampler, time); });
  }

  Result<std::map<std::string, SystemTime>> sample_successes(IntegrationId id) override {
    return transact([&](Database& database) { return read_sample_successes(database, id); });
  }

  std::uint64_t size_bytes() override { return file_ == kInMemory ? 0 : state_size_bytes(file_); }

 private:
  enum class Also : std::uint8_t { nothing, prune };

  // What `body` returns, when what it wrote is on the disk. What is too old goes in the transaction of a
  // commit, so that it needs no write of its own.
  template <class Body>
  Result<std::invoke_result_t<Body, Database&>> transact(const Body& body, Also also = Also::nothing) {
    const MutexLock lock(mutex_);
    Transaction transaction(database_);
    if constexpr (std::is_void_v<std::invoke_result_t<Body, Database&>>) {
      body(database_);
      prune_when_due(also);
      return transaction.commit();
    } else {
      auto value = body(database_);
      prune_when_due(also);
      return transaction.commit(std::move(value));
    }
  }

  void prune_when_due(Also also) REQUIRES(mutex_) {
    if (also == Also::nothing) {
      return;
    }
    const SteadyTime now = clock_.steady_now();
    if (pruned_ && now - *pruned_ < kPruneEvery) {
      return;
    }
    pruned_ = now;
    prune(database_, clock_.now(), keep_resolved_);
  }

  const std::chrono::milliseconds keep_resolved_;
  const Clock& clock_;
  Log& log_;
  Mutex mutex_;
  Database database_ GUARDED_BY(mutex_);
  const std::string file_;
  std::optional<SteadyTime> pruned_ GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(const OpenOptions& options, const Clock& clock, Log& log) {
  Result<Database> database = open_database(options.path, clock, log);
  if (!database) {
    return std::unexpected(std::move(database.error()));
  }
  if (options.reset_counters) {
    Transaction transaction(*database);
    reset_counters(*database);
    if (auto done = transaction.commit(); !done) {
      return std::unexpected(std::move(done.error()));
    }
    log.info("all stored counters were set to 0", {{"file", database->file()}});
  }
  return std::make_unique<SqliteStore>(std::move(*database), options.keep_resolved, clock, log);
}

}  // namespace exporter::storage
