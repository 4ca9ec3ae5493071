#include "sampling/system_log_sampler.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;
using provisioning::Disposition;

namespace {

// Okta orders polling answers by persistence, and an event may be published well before it is persisted
// (okta.md 1.2): a restart without a cursor goes back by this much, and the uuids that were seen already are
// dropped.
constexpr std::chrono::minutes kLogOverlap{10};
// The page size that first_log_target() asks for: a page that is not full is the end of the log.
constexpr std::size_t kFullPage = 1000;
// Older events are answered with a 400 by some orgs and are gone from all (okta.md 1.4).
constexpr std::chrono::hours kRetention{24 * 89};

}  // namespace

SystemLogSampler::SystemLogSampler(SystemLogOptions options, Session& session, okta::Client& client,
                                   storage::Store& store, const provisioning::Classifier& classifier,
                                   CounterBook& counters, RecentUsers& recent, FailureVerdicts verdicts,
                                   ChangeFollower follower, metrics::Registry& registry, const Clock& clock,
                                   Log& log)
    : options_(std::move(options)),
      session_(session),
      client_(client),
      store_(store),
      classifier_(classifier),
      counters_(counters),
      recent_(recent),
      verdicts_(std::move(verdicts)),
      follower_(std::move(follower)),
      registry_(registry),
      clock_(clock),
      log_(log) {}

Result<void> SystemLogSampler::restore(const Session::Opened& opened) {
  const auto cursor = store_.log_cursor(opened.id);
  if (!cursor) {
    return std::unexpected(cursor.error());
  }
  if (const std::optional<storage::LogCursor>& stored = *cursor; stored) {
    publish(stored->complete_until);
  }
  return {};
}

Result<void> SystemLogSampler::sample(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  if (!tasks_) {
    if (Result<void> loaded = load(*opened); !loaded) {
      return loaded;
    }
  }
  Result<void> polled = poll(*opened, run);
  if (!polled && polled.error().error_class == ErrorClass::storage) {
    tasks_.reset();
  }
  if (!polled) {
    return polled;
  }
  const auto again = verdicts_.settle(*opened, run);
  if (!again) {
    return std::unexpected(again.error());
  }
  for (const auto& [user, due] : *again) {
    follower_.look_at(user, due);
  }
  return follower_.follow(*opened, run);
}

Result<void> SystemLogSampler::load(const Session::Opened& opened) {
  auto cursor = store_.log_cursor(opened.id);
  if (!cursor) {
    return std::unexpected(std::move(cursor.error()));
  }
  auto rows = store_.task_rows(opened.id);
  if (!rows) {
    return std::unexpected(std::move(rows.error()));
  }
  auto tasks = std::make_unique<provisioning::TaskBook>(
      provisioning::TaskBook::Options{.app_id = opened.app_id, .task_settle = options_.task_settle},
      classifier_);
  for (const auto& [key, row] : *rows) {
    if (Result<void> restored = tasks->restore(key, row); !restored) {
      return restored;
    }
  }
  cursor_ = std::move(*cursor).value_or(storage::LogCursor{});
  const std::string filter = okta::Client::log_filter(opened.app_id);
  if (cursor_.filter_hash != filter) {
    // A cursor belongs to the query that it came from.
    cursor_.next_url.clear();
    cursor_.filter_hash = filter;
  }
  tasks_ = std::move(tasks);
  created_ = opened.created;
  return {};
}

std::string SystemLogSampler::start_target(const Session::Opened& opened) const {
  const SystemTime now = clock_.now();
  SystemTime since = now - options_.initial_lookback;
  if (cursor_.last_published) {
    since = *cursor_.last_published - kLogOverlap;
  } else if (cursor_.complete_until) {
    since = *cursor_.complete_until - kLogOverlap;  // nothing has happened up to then
  }
  return okta::Client::first_log_target(opened.app_id, std::max(since, now - kRetention));
}

Result<void> SystemLogSampler::poll(const Session::Opened& opened, SampleRun& run) {
  std::string target = cursor_.next_url.empty() ? start_target(opened) : cursor_.next_url;
  for (int request = 0; request < options_.max_requests; ++request) {
    Result<okta::LogPage> page = client_.log_page(target, run.stop());
    if (!page && page.error().error_class == ErrorClass::cursor_expired && !cursor_.next_url.empty()) {
      log_.warn("Okta refused the stored System Log cursor; reading again from before the last event",
                {{"integration", session_.integration()}, {"error", page.error().message}});
      cursor_.next_url.clear();
      target = start_target(opened);
      continue;
    }
    if (!page) {
      return std::unexpected(std::move(page.error()));
    }
    run.mark();
    // A polling answer always has a next link; at the end it repeats the cursor it was asked with
    // (okta.md 1.3).
    const bool reached_end = page->received < kFullPage || page->next_url == target || page->next_url.empty();
    if (Result<void> counted = count(opened, *page, reached_end); !counted) {
      return counted;
    }
    if (reached_end) {
      return {};
    }
    target = cursor_.next_url;
  }
  log_.debug("more System Log events wait than one sample may ask for",
             {{"integration", session_.integration()}});
  return {};
}

Result<void> SystemLogSampler::count(const Session::Opened& opened, const okta::LogPage& page,
                                     bool reached_end) {
  std::vector<std::string> uuids;
  uuids.reserve(page.events.size());
  for (const okta::LogEvent& event : page.events) {
    uuids.push_back(event.uuid);
  }
  const auto seen = store_.seen(opened.id, uuids);
  if (!seen) {
    return std::unexpected(seen.error());
  }

  storage::LogCommit commit;
  commit.cursor = cursor_;
  const bool first_answer = cursor_.next_url.empty() && !cursor_.last_published && !cursor_.complete_until;
  if (first_answer && page.server_date) {
    // Events carry Okta's time, so Okta's clock says which of them came before the state, not this machine's.
    created_ = *page.server_date;
    commit.created = created_;
  }
  if (!page.next_url.empty()) {
    commit.cursor.next_url = page.next_url;
  }
  const auto add_disposition = [&](Disposition disposition, double amount) {
    commit.increments[counter_key(catalogue::okta_system_log_events_total,
                                  {provisioning::to_string(disposition)})] += amount;
  };
  if (page.malformed > 0) {
    add_disposition(Disposition::malformed, static_cast<double>(page.malformed));
  }
  std::unordered_set<std::string_view> in_this_page;
  for (std::size_t i = 0; i < page.events.size(); ++i) {
    const okta::LogEvent& event = page.events[i];
    const bool duplicate = (*seen)[i] || !in_this_page.insert(event.uuid).second;
    const Disposition disposition = duplicate ? Disposition::duplicate : tasks_->add(event);
    if (!duplicate) {
      commit.seen_uuids.push_back(event.uuid);
    }
    // What happened before the state began was counted by nobody or by another state.
    if (event.published >= created_) {
      add_disposition(disposition, 1);
    }
    commit.cursor.last_published =
        std::max(commit.cursor.last_published.value_or(event.published), event.published);
  }
  if (page.server_date) {
    for (const provisioning::TaskOutcome& outcome : tasks_->close(*page.server_date, reached_end)) {
      book_outcome(outcome, commit);
      if (!outcome.user_id.empty() && !outcome.failed) {
        recent_.touched(outcome.user_id, outcome.last_event);
      }
      // Who failed with the ambiguous 404 is looked at for the verdict.
      if (!outcome.user_id.empty() && outcome.reason != provisioning::Reason::record_not_found_or_hidden) {
        follower_.named(outcome.user_id);
      }
    }
    if (reached_end) {
      commit.cursor.complete_until = *page.server_date;
    }
  }
  commit.tasks = tasks_->take_changes();

  if (Result<void> committed = store_.commit_log(opened.id, commit); !committed) {
    return committed;
  }
  cursor_ = std::move(commit.cursor);
  counters_.committed(commit.increments);
  publish(cursor_.complete_until);
  return {};
}

void SystemLogSampler::book_outcome(const provisioning::TaskOutcome& outcome,
                                    storage::LogCommit& commit) const {
  const std::string_view operation = provisioning::to_string(outcome.operation);
  const std::string_view reason = provisioning::to_string(outcome.reason);
  if (outcome.failed) {
    commit.failures.push_back({.time = outcome.last_event,
                               .operation = std::string(operation),
                               .reason = std::string(reason),
                               .text = outcome.text,
                               .okta_user_id = outcome.user_id,
                               .verdict = {}});
  }
  if (outcome.first_event < created_) {
    return;
  }
  const auto raise = [&](const metrics::Metric& metric, std::initializer_list<std::string_view> labels) {
    commit.increments[counter_key(metric, labels)] += 1;
  };
  if (outcome.attempt && !outcome.late_failure && provisioning::attempts_are_logged(outcome.operation)) {
    raise(catalogue::okta_provisioning_tasks_total, {operation});
  }
  if (!outcome.failed) {
    return;
  }
  raise(catalogue::okta_provisioning_task_failures_total, {operation, reason});
  if (outcome.denial) {
    if (outcome.denial->operation == provisioning::AclOperation::unknown) {
      // The text may name a person, so it is told at debug only.
      log_.warn("ServiceNow refused a task in words that no rule knows; the text is in the log at debug",
                {{"integration", session_.integration()}, {"operation", std::string(operation)}});
      log_.debug("a refusal that no rule knows",
                 {{"integration", session_.integration()}, {"text", outcome.text}});
    }
    std::string_view table = outcome.denial->table;
    if (std::ranges::find(options_.tables, table) == options_.tables.end()) {
      registry_.add(catalogue::unknown_values_total,
                    {std::string(catalogue::okta_provisioning_acl_denials_total.name), "table"});
      table = "other";
    }
    raise(catalogue::okta_provisioning_acl_denials_total,
          {table, provisioning::to_string(outcome.denial->operation)});
  }
}

void SystemLogSampler::publish(std::optional<SystemTime> complete_until) {
  metrics::Snapshot snapshot;
  if (complete_until) {
    snapshot.push_back({.metric = &catalogue::okta_system_log_complete_until_timestamp_seconds,
                        .label_values = {session_.integration()},
                        .value = to_seconds(*complete_until)});
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
}

}  // namespace exporter::sampling
