#include "sampling/transaction_log_sampler.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "metrics/catalogue.h"
#include "servicenow/records.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;
using servicenow::Transaction;
using Missing = servicenow::TransactionLogMissing;

namespace {

constexpr std::chrono::hours kLookEvery{24};
// Rows are written when a transaction ends, on several nodes: one may come this much later than a younger
// one.
constexpr std::chrono::seconds kOverlap{60};
constexpr std::uint64_t kPageSize = 1000;
constexpr std::uint64_t kMaxPages = 20;          // of one sample; the rest waits for the next one
constexpr std::uint64_t kPagesWorthReading = 5;  // above, counting by code costs less

SystemTime whole_second(SystemTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace

TransactionLogSampler::TransactionLogSampler(TransactionLogOptions options, Session& session,
                                             servicenow::TableReader& reader, storage::Store& store,
                                             CounterBook& counters, DenialSources& sources,
                                             metrics::Registry& registry, const Clock& clock, Log& log)
    : options_(std::move(options)),
      session_(session),
      reader_(reader),
      store_(store),
      counters_(counters),
      sources_(sources),
      registry_(registry),
      clock_(clock),
      log_(log) {}

Result<void> TransactionLogSampler::restore(const Session::Opened& opened) {
  if (Result<void> loaded = load(opened); !loaded) {
    return loaded;
  }
  publish();
  return {};
}

Result<void> TransactionLogSampler::load(const Session::Opened& opened) {
  auto cursor = store_.transaction_cursor(opened.id);
  if (!cursor) {
    return std::unexpected(std::move(cursor.error()));
  }
  auto seen = store_.seen_transactions(opened.id);
  if (!seen) {
    return std::unexpected(std::move(seen.error()));
  }
  cursor_ = std::move(*cursor);
  if (cursor_ && cursor_->user_name != options_.user_name) {
    cursor_.reset();  // another account's transactions: nothing was counted of them yet
  }
  seen_.clear();
  for (const storage::SeenTransaction& row : *seen) {
    seen_.emplace(row.sys_id, row);
  }
  loaded_ = true;
  return {};
}

Result<void> TransactionLogSampler::unavailable(Missing missing) {
  available_ = false;
  Error error{.error_class = ErrorClass::permission, .message = missing.why + "; " + missing.remedy};
  sources_.set({.source = "transaction_log",
                .available = false,
                .why = std::move(missing.why),
                .remedy = std::move(missing.remedy)});
  if (options_.required) {
    error.message += ", or write transaction_log: auto";
    return std::unexpected(std::move(error));
  }
  return {};
}

Result<void> TransactionLogSampler::sample(SampleRun& run) {
  if (auto missing = servicenow::account_name_missing(options_.user_name)) {
    return unavailable(std::move(*missing));
  }
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  if (!loaded_) {
    if (Result<void> loaded = load(*opened); !loaded) {
      return loaded;
    }
  }
  const SteadyTime now = clock_.steady_now();
  const bool due = !looked_ || now - *looked_ >= kLookEvery;
  if (due) {
    Result<std::optional<Missing>> missing =
        servicenow::look_for_transaction_log(reader_, clock_.now(), run.stop());
    if (!missing) {
      return std::unexpected(std::move(missing.error()));
    }
    looked_ = now;
    available_ = !*missing;
    if (*missing) {
      if ((*missing)->for_now) {
        looked_.reset();
      }
      return unavailable(std::move(**missing));
    }
    sources_.set({.source = "transaction_log", .available = true, .why = {}, .remedy = {}});
  }
  if (!available_) {
    // What was missing is looked for again tomorrow; `on` says so until then.
    return options_.required
               ? std::unexpected(Error{.error_class = ErrorClass::permission,
                                       .message = "syslog_transaction can't be used here; see the "
                                                  "log's line on the source transaction_log"})
               : Result<void>();
  }
  Result<void> polled = poll(*opened, run);
  if (!polled && polled.error().error_class == ErrorClass::storage) {
    loaded_ = false;
  }
  if (!polled && polled.error().http_status == 403) {
    looked_.reset();  // somebody took the right away: the next sample looks again
  }
  return polled;
}

Result<void> TransactionLogSampler::poll(const Session::Opened& opened, SampleRun& run) {
  std::optional<SystemTime> from;
  std::uint64_t offset = 0;
  for (std::uint64_t pages = 0; pages < kMaxPages; ++pages) {
    const SystemTime overlapped = cursor_ ? std::max(cursor_->newest - kOverlap, cursor_->counted_from)
                                          : whole_second(clock_.now() - kOverlap);
    const SystemTime since = from.value_or(overlapped);
    auto page = reader_.list({.table = std::string(servicenow::kTransactionTable),
                              .query = servicenow::transaction_query(options_.user_name, since),
                              .fields = std::string(servicenow::kTransactionFields),
                              .limit = kPageSize,
                              .offset = offset},
                             run.stop());
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    run.mark();
    const SystemTime server_now = page->server_date.value_or(whole_second(clock_.now()));
    if (!cursor_) {
      // The log goes back for weeks; what was there before this state moves no counter.
      cursor_ = storage::TransactionCursor{.user_name = options_.user_name,
                                           .counted_from = server_now,
                                           .newest = server_now,
                                           .complete_until = std::nullopt};
    }
    const SystemTime settled = server_now - kOverlap;
    if (pages == 0 && page->total.value_or(0) > kPagesWorthReading * kPageSize && settled > since) {
      if (Result<void> counted = count_groups(opened, since, settled, run); !counted) {
        return counted;
      }
      continue;  // the rest is young enough to be read
    }
    storage::TransactionCommit commit{.cursor = *cursor_, .seen = {}, .forget_before = {}, .increments = {}};
    SystemTime last = since;
    for (const servicenow::TextRow& row : page->rows) {
      const std::optional<Transaction> transaction = servicenow::parse_transaction(row);
      if (!transaction || transaction->user_name != options_.user_name) {
        return std::unexpected(Error{
            .error_class = ErrorClass::incomplete,
            .message = transaction
                           ? "the answer of syslog_transaction holds another account's rows: the instance "
                             "ignored part of the query; let the reader query sys_created_by"
                           : "a row of syslog_transaction came without sys_id, time or URL",
            .http_status = 200});
      }
      last = std::max(last, transaction->created);
      commit.cursor.newest = std::max(commit.cursor.newest, transaction->created);
      if (!seen_.contains(transaction->sys_id)) {
        book(*transaction, true, commit);
      }
    }
    const bool reached_end = offset + kPageSize >= page->total.value_or(page->rows.size());
    if (reached_end) {
      commit.cursor.complete_until = server_now;
    }
    if (Result<void> committed = this->commit(opened, commit); !committed) {
      return committed;
    }
    if (reached_end) {
      return {};
    }
    if (last > since) {
      from = last;
      offset = 0;
    } else {
      from = since;
      offset += kPageSize;
    }
  }
  log_.debug("more transactions wait than one sample may read", {{"integration", session_.integration()}});
  return {};
}

// Every code by the count, the refused ones by their rows. What is counted already of this window is taken
// off.
Result<void> TransactionLogSampler::count_groups(const Session::Opened& opened, SystemTime since,
                                                 SystemTime until, SampleRun& run) {
  const std::string window = "sys_created_by=" + options_.user_name +
                             "^sys_created_on>=" + servicenow::query_time(since) + "^sys_created_on<" +
                             servicenow::query_time(until);
  auto groups =
      reader_.count_by(std::string(servicenow::kTransactionTable), window, "http_response_code", run.stop());
  if (!groups) {
    return std::unexpected(std::move(groups.error()));
  }
  run.mark();
  std::map<std::string, double> counts;
  for (const auto& [code, count] : *groups) {
    int status = 0;
    std::from_chars(code.data(), code.data() + code.size(), status);
    if (const std::string_view label = servicenow::code_label(status); !label.empty()) {
      counts[std::string(label)] += static_cast<double>(count);
    } else {
      unknown_value(catalogue::servicenow_rest_transactions_total, "code");
    }
  }
  for (const auto& [sys_id, row] : seen_) {
    if (row.created >= since && row.created < until && !row.code.empty()) {
      counts[row.code] -= 1;
    }
  }
  storage::TransactionCommit commit{.cursor = *cursor_, .seen = {}, .forget_before = {}, .increments = {}};
  for (std::uint64_t offset = 0;; offset += kPageSize) {
    auto page = reader_.list({.table = std::string(servicenow::kTransactionTable),
                              .query = window + "^http_response_code=403^ORDERBYsys_created_on^ORDERBYsys_id",
                              .fields = std::string(servicenow::kTransactionFields),
                              .limit = kPageSize,
                              .offset = offset},
                             run.stop());
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    run.mark();
    for (const servicenow::TextRow& row : page->rows) {
      const std::optional<Transaction> transaction = servicenow::parse_transaction(row);
      if (!transaction || transaction->status != 403 || seen_.contains(transaction->sys_id)) {
        continue;
      }
      if (transaction->own || !transaction->rest) {
        counts["403"] -= 1;
      } else {
        book(*transaction, false, commit);
      }
    }
    if (offset + kPageSize >= page->total.value_or(page->rows.size())) {
      break;
    }
  }
  for (const auto& [code, count] : counts) {
    if (count > 0) {
      commit.increments[counter_key(catalogue::servicenow_rest_transactions_total, {code})] += count;
    }
  }
  commit.cursor.newest = until;
  commit.cursor.counted_from = until;  // nobody can tell which rows of before are in the count
  return this->commit(opened, commit);
}

void TransactionLogSampler::book(const Transaction& transaction, bool with_code,
                                 storage::TransactionCommit& commit) {
  const bool counts = transaction.rest && !transaction.own && transaction.created >= cursor_->counted_from;
  const std::string_view code =
      counts && transaction.status ? servicenow::code_label(*transaction.status) : std::string_view();
  if (counts && code.empty()) {
    unknown_value(catalogue::servicenow_rest_transactions_total, "code");
  }
  commit.seen.push_back(
      {.sys_id = transaction.sys_id, .created = transaction.created, .code = std::string(code)});
  if (code.empty()) {
    return;
  }
  if (with_code) {
    commit.increments[counter_key(catalogue::servicenow_rest_transactions_total, {code})] += 1;
  }
  if (code != "403") {
    return;
  }
  servicenow::Target target = servicenow::target_of(transaction);
  if (std::ranges::find(options_.tables, target.table) == options_.tables.end()) {
    if (target.table != "other") {
      unknown_value(catalogue::servicenow_acl_denials_total, "table");
    }
    target.table = "other";
  }
  commit.increments[counter_key(catalogue::servicenow_acl_denials_total, {target.table, target.operation})] +=
      1;
}

Result<void> TransactionLogSampler::commit(const Session::Opened& opened,
                                           storage::TransactionCommit& commit) {
  // Within a sample the next page begins at the last row's second.
  commit.forget_before = std::max(commit.cursor.newest - kOverlap, commit.cursor.counted_from);
  if (Result<void> committed = store_.commit_transactions(opened.id, commit); !committed) {
    return committed;
  }
  cursor_ = std::move(commit.cursor);
  for (storage::SeenTransaction& row : commit.seen) {
    std::string sys_id = row.sys_id;
    seen_.emplace(std::move(sys_id), std::move(row));
  }
  std::erase_if(seen_, [&](const auto& entry) { return entry.second.created < commit.forget_before; });
  counters_.committed(commit.increments);
  publish();
  return {};
}

void TransactionLogSampler::unknown_value(const metrics::Metric& metric, const std::string& label) {
  registry_.add(catalogue::unknown_values_total, {std::string(metric.name), label});
}

void TransactionLogSampler::publish() {
  metrics::Snapshot snapshot;
  if (cursor_ && cursor_->complete_until) {
    snapshot.push_back({.metric = &catalogue::servicenow_transaction_log_complete_until_timestamp_seconds,
                        .label_values = {session_.integration()},
                        .value = to_seconds(*cursor_->complete_until)});
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
}

}  // namespace exporter::sampling
