// The state that outlives the process: cursors, seen events, open tasks, counters, the drift ledger, recent
// failures.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

namespace exporter::storage {

struct OpenOptions {
  // A directory (made with mode 0700; the file is state.db, mode 0600) or ":memory:".
  std::string path;
  bool reset_counters = false;
  std::chrono::milliseconds keep_resolved = std::chrono::days(30);  // entries of the drift ledger
};

// What an integration's state belongs to; another fingerprint starts fresh.
struct Fingerprint {
  std::string okta_host;
  std::string app_id;
  std::string servicenow_host;
};

using IntegrationId = std::int64_t;

struct IntegrationState {
  IntegrationId id = 0;
  SystemTime created;  // events published before it move no counter
  bool fresh = false;  // made by this call
};

// A stored counter series: `labels` are the label values after `integration`, joined by '|'.
struct CounterKey {
  std::string metric;
  std::string labels;
  friend auto operator<=>(const CounterKey&, const CounterKey&) = default;
};
using Counters = std::map<CounterKey, double>;

// The counters that commit_comparison() keeps itself, one series per kind of drift.
inline constexpr std::string_view kDriftDetectedCounter = "okta_external_id_drift_detected_total";
inline constexpr std::string_view kDriftResolvedCounter = "okta_external_id_drift_resolved_total";

struct LogCursor {
  std::string next_url;     // empty: start with a `since`
  std::string filter_hash;  // of the filter that the cursor belongs to
  std::optional<SystemTime> last_published;
  std::optional<SystemTime> complete_until;
};

// A failed task for /failures, kept 30 days.
struct Failure {
  SystemTime time;
  std::string operation;
  std::string reason;
  std::string text;
  std::string okta_user_id;
  std::string verdict;
};

// Everything that one System Log page changed: stored in one transaction or not at all.
struct LogCommit {
  LogCursor cursor;
  std::vector<std::string> seen_uuids;
  std::vector<std::pair<std::string, std::optional<std::string>>> tasks;  // rows of TaskBook; nullopt removes
  Counters increments;
  std::vector<Failure> failures;
  std::optional<SystemTime> created =
      std::nullopt;  // replaces IntegrationState::created: the vendor's clock counts
};

// One line of the drift ledger.
struct LedgerEntry {
  std::string okta_user_id;
  std::string kind;
  std::string scope;
  std::string external_id;
  std::string match_key;
  std::string candidate_sys_id;
  SystemTime first_seen;
  SystemTime last_confirmed;
  std::optional<SystemTime> resolved;
};

struct ComparisonRecord {
  SystemTime time;
  std::map<std::string, std::uint64_t> states;
  std::map<std::string, std::uint64_t> kinds;
  std::uint64_t locked_out = 0;
  bool mass_drift = false;
  bool mass_absence = false;
  bool complete = true;  // no later round failed
};

struct ComparisonCommit {
  ComparisonRecord record;
  // All users that are drifted now: entries of the ledger that are not in it are resolved, new ones opened,
  // the others confirmed. A change of kind resolves the old kind and opens the new one.
  std::vector<LedgerEntry> drifted;  // first_seen is taken from the ledger where the entry is there already
};

struct CommittedComparison {
  std::map<std::string, std::uint64_t>
      detected;  // by kind: opened now; none in the first comparison of a new state
  std::map<std::string, std::uint64_t> resolved;
  std::map<std::string, SystemTime> oldest;  // by kind: first_seen of the oldest open entry
};

// One app user of the last complete listing.
struct KnownLink {
  std::string okta_user_id;
  std::string external_id;        // empty where Okta has none
  std::vector<std::string> keys;  // in the order of servicenow.match
  std::string status;
  std::string scope;
  SystemTime changed = {};  // as okta::AppUser::changed, in whole seconds
  // What was made of the user last: linked, locked_out (linked as well), drifted, unverified, exempt; empty
  // where nothing was.
  std::string state = {};
  friend bool operator==(const KnownLink&, const KnownLink&) = default;
};

// Which links a scan is to give: by external id and keys, the latter one a line in the order of
// servicenow.match.
using LinkFilter = std::function<bool(std::string_view external_id, std::string_view keys)>;

// What one look between two comparisons made of a user.
struct UserChange {
  std::string okta_user_id;
  std::optional<KnownLink> link;       // with its state; nullopt: the user is not in the app any more
  std::optional<LedgerEntry> drifted;  // where the state is drifted
};
struct ChangesCommit {
  SystemTime time;
  std::vector<UserChange> users;  // each user once
  bool keep_leavers = true;       // as in LinkRange
};
struct CommittedChanges {
  ComparisonRecord record;  // the last comparison with what changed since
  std::map<std::string, std::uint64_t> detected;
  std::map<std::string, std::uint64_t> resolved;
  std::map<std::string, SystemTime> oldest;
};

// A part of a listing: all its users behind `after` up to `upto` (nullopt: to the end), sorted by user id.
struct LinkRange {
  std::string after;
  std::optional<std::string> upto;
  std::vector<KnownLink> links;
  bool keep_leavers = true;  // else users that are gone are forgotten at once
};

// What ServiceNow still has of a user who left the app: active, inactive, gone; empty where it cannot be
// told.
struct LeaverFound {
  std::string okta_user_id;
  std::string state;
};

// A failed task whose text does not say whether the record is gone, re-created or hidden.
struct OpenVerdict {
  std::int64_t failure = 0;
  std::string okta_user_id;
  SystemTime time;
  bool counts = false;  // not from before the state was created
};

struct VerdictCommit {
  std::vector<std::pair<std::int64_t, std::string>> verdicts;  // failure, verdict
  Counters increments;
};

// What a page for people asks of the ledger and of the failures, and gets.
struct DriftQuery {
  enum class Sort : std::uint8_t { first_seen, resolved, integration, kind, okta_user_id };

  std::vector<std::string> integrations;  // by name; those that are configured now
  std::string kind = {};                  // empty: any
  bool resolved = false;                  // the entries that ended, instead of those that are open
  Sort sort = Sort::first_seen;
  bool descending = false;
  std::size_t offset = 0;
  std::size_t limit = 100;
};

struct DriftRow {
  std::string integration;
  LedgerEntry entry;
};

struct DriftPage {
  std::uint64_t total = 0;  // that the filter lets through
  std::vector<DriftRow> rows;
};

struct FailureQuery {
  enum class Sort : std::uint8_t { time, integration, operation, reason };

  std::vector<std::string> integrations;
  std::string operation = {};  // empty: any
  std::string reason = {};     // empty: any
  Sort sort = Sort::time;
  bool descending = true;
  std::size_t offset = 0;
  std::size_t limit = 100;
};

struct FailureRow {
  std::string integration;
  Failure failure;
};

struct FailurePage {
  std::uint64_t total = 0;
  std::vector<FailureRow> rows;
};

// Where counting ServiceNow's transaction log goes on. Its times have a resolution of seconds.
struct TransactionCursor {
  std::string user_name;    // whose transactions; another name starts afresh
  SystemTime counted_from;  // rows created before it move no counter
  SystemTime newest;        // created of the newest row that was read
  std::optional<SystemTime> complete_until = std::nullopt;
};
struct SeenTransaction {
  std::string sys_id;
  SystemTime created;
  std::string code;  // the label that it was counted under; empty where it was not
};
// What one page of the transaction log changed: stored in one transaction or not at all.
struct TransactionCommit {
  TransactionCursor cursor;
  std::vector<SeenTransaction> seen;
  SystemTime forget_before;  // seen rows created before it can't come again
  Counters increments;
};

// Thread-safe (one mutex around the connection). All errors are class storage and name the file.
class Store {
 public:
  virtual ~Store() = default;

  virtual Result<IntegrationState> open_integration(const std::string& name,
                                                    const Fingerprint& fingerprint) = 0;

  virtual Result<Counters> counters(IntegrationId id) = 0;
  virtual Result<std::optional<LogCursor>> log_cursor(IntegrationId id) = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>> task_rows(IntegrationId id) = 0;
  // Which of these uuids were committed within the last 7 days.
  virtual Result<std::vector<bool>> seen(IntegrationId id, const std::vector<std::string>& uuids) = 0;
  // Returns only after the transaction is durable. Also prunes what is too old.
  virtual Result<void> commit_log(IntegrationId id, const LogCommit& commit) = 0;

  virtual Result<CommittedComparison> commit_comparison(IntegrationId id, const ComparisonCommit& commit) = 0;
  // A later round failed: the last complete comparison stays, and last_comparison() says so.
  virtual Result<void> set_comparison_incomplete(IntegrationId id) = 0;
  virtual Result<std::optional<ComparisonRecord>> last_comparison(IntegrationId id) = 0;
  virtual Result<std::map<std::string, SystemTime>> oldest_drift(IntegrationId id) = 0;
  // Open entries first, then the resolved ones, newest first.
  virtual Result<std::vector<LedgerEntry>> ledger(IntegrationId id, std::size_t limit) = 0;
  // Open entries that were first seen after that.
  virtual Result<std::vector<LedgerEntry>> drift_since(IntegrationId id, SystemTime since) = 0;
  virtual Result<std::vector<Failure>> failures(IntegrationId id, std::size_t limit) = 0;

  // Failures of the given reason that name a user and have no verdict, the oldest first.
  virtual Result<std::vector<OpenVerdict>> open_verdicts(IntegrationId id, const std::string& reason,
                                                         std::size_t limit) = 0;
  virtual Result<void> commit_verdicts(IntegrationId id, const VerdictCommit& commit) = 0;
  // The kind under which each of these users stands in the ledger now; users that do not are left out.
  virtual Result<std::map<std::string, std::string>> open_kinds(
      IntegrationId id, const std::vector<std::string>& okta_user_ids) = 0;

  // Makes the stored links of the range those of the listing. Users who are no longer in it are leavers from
  // now on, for 30 days.
  virtual Result<void> remember_links(IntegrationId id, const LinkRange& range) = 0;
  virtual Result<std::vector<KnownLink>> known_links(IntegrationId id,
                                                     const std::vector<std::string>& okta_user_ids) = 0;
  // All users whose external id is one of these; as links_where().
  virtual Result<std::vector<KnownLink>> known_holders(IntegrationId id,
                                                       const std::vector<std::string>& external_ids) = 0;
  // All users whose link the filter takes; reads every stored link, in slices that others may come between.
  virtual Result<std::vector<KnownLink>> links_where(IntegrationId id, const LinkFilter& filter) = 0;
  // Takes what was found of single users into the last comparison: links, counts by state and kind, ledger
  // and counters, in one transaction. Users whose state is not known are left alone. nullopt: there was no
  // comparison yet, and nothing was done.
  virtual Result<std::optional<CommittedChanges>> commit_changes(IntegrationId id,
                                                                 const ChangesCommit& commit) = 0;
  // Who left before `left_before` and was not looked at since `looked_before`.
  virtual Result<std::vector<KnownLink>> leavers(IntegrationId id, SystemTime left_before,
                                                 SystemTime looked_before, std::size_t limit) = 0;
  virtual Result<void> set_leavers_found(IntegrationId id, const std::vector<LeaverFound>& found) = 0;
  // Leavers by what was found of them.
  virtual Result<std::map<std::string, std::uint64_t>> former_users(IntegrationId id) = 0;

  virtual Result<DriftPage> drift_page(const DriftQuery& query) = 0;
  virtual Result<FailurePage> failure_page(const FailureQuery& query) = 0;

  virtual Result<std::optional<TransactionCursor>> transaction_cursor(IntegrationId id) = 0;
  virtual Result<std::vector<SeenTransaction>> seen_transactions(IntegrationId id) = 0;
  virtual Result<void> commit_transactions(IntegrationId id, const TransactionCommit& commit) = 0;

  // What access control looked like at the last look, by kind, as opaque text.
  virtual Result<std::map<std::string, std::string>> access_state(IntegrationId id) = 0;
  virtual Result<void> commit_access(IntegrationId id, const std::map<std::string, std::string>& state,
                                     const Counters& increments) = 0;

  virtual Result<void> set_sample_success(IntegrationId id, const std::string& sampler, SystemTime time) = 0;
  virtual Result<std::map<std::string, SystemTime>> sample_successes(IntegrationId id) = 0;

  virtual std::uint64_t size_bytes() = 0;  // of the database on disk; 0 for :memory:
};

// Errors: the directory cannot be made or written; another process holds the state (names the lock); a newer
// schema version. A file that is no database, or damaged (state.db.damaged-<time>), or a database of another
// program (state.db.foreign-<time>), is moved aside, with an error in the log, and a new one begun.
Result<std::unique_ptr<Store>> open_store(const OpenOptions& options, const Clock& clock, Log& log);

}  // namespace exporter::storage
