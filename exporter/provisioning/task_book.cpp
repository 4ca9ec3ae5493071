#include "provisioning/task_book.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "provisioning/event_role.h"
#include "provisioning/task_plan.h"
#include "provisioning/task_rows.h"

namespace exporter::provisioning {
namespace {

constexpr std::chrono::hours kClosedKeyAge{24};
// Okta keeps 255 characters of a reason; as UTF-8 that is at most so many bytes.
constexpr std::size_t kKeptText = std::size_t{255} * 4;
// Of one transaction and subject; more are an event storm without transactions, of which the newest are
// enough.
constexpr std::size_t kMaxClosedTasks = 32;
// From here on a bundle's tasks are not worked out anew for the disposition of each event.
constexpr std::size_t kManyEvents = 64;

// A transaction and subject as 128 bits: 100,000 closed keys are remembered, and as text they would take
// three times the room.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Key&, const Key&) = default;
};
struct KeyHash {
  std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.low); }
};

// Two independent 64-bit hashes (FNV-1a, and a multiply-rotate with a final mix). Stored: they must not
// change.
Key make_key(std::string_view app_id, const okta::LogEvent& event) {
  Key key{0x9E3779B97F4A7C15U, 0xCBF29CE484222325U};
  const auto feed = [&key](std::string_view text) {
    const auto byte = [&key](unsigned char c) {
      key.low = (key.low ^ c) * 0x100000001B3U;
      key.high = (key.high + c + 1) * 0xD6E8FEB86659FD93U;
      key.high = (key.high << 23) | (key.high >> 41);
    };
    for (const char c : text) byte(static_cast<unsigned char>(c));
    byte(0);  // so that ("ab", "c") is not ("a", "bc")
  };
  feed(event.transaction_id);
  feed(event.user_id.empty() ? event.app_user_id : event.user_id);
  feed(event.group_id);
  feed(app_id);
  key.high = (key.high ^ (key.high >> 32)) * 0xD6E8FEB86659FD93U;
  key.high ^= key.high >> 29;
  return key;
}

std::string key_text(const Key& key) {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(key.high),
                static_cast<unsigned long long>(key.low));
  return text.data();
}

std::optional<Key> parse_key(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  const auto parse_half = [](std::string_view digits, std::uint64_t& half) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), half, 16);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  Key key;
  if (!parse_half(text.substr(0, 16), key.high) || !parse_half(text.substr(16), key.low)) return std::nullopt;
  return key;
}

// At most `bytes`, never through the middle of a UTF-8 sequence.
std::string cut_text(std::string_view text, std::size_t bytes) {
  if (text.size() > bytes) {
    while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
    text = text.substr(0, bytes);
  }
  return std::string(text);
}

}  // namespace

struct TaskBook::State {
  Options options;
  TaskTimes times;
  const Classifier* classifier;
  // Closed keys are many and open bundles few, and close() looks at the open ones alone.
  std::unordered_map<Key, TaskBundle, KeyHash> open;
  struct ClosedKey {
    std::vector<ClosedTask> tasks;
  };
  std::unordered_map<Key, ClosedKey, KeyHash> closed;
  std::unordered_set<Key, KeyHash> dirty;
  std::size_t open_events = 0;
  SystemTime newest_published{};

  State(Options given, const Classifier& rules)
      : options(std::move(given)),
        // Below a second every event would be a task of its own: Okta's clock and ours are not that fine.
        times{std::max(options.task_settle, std::chrono::milliseconds{1'000})},
        classifier(&rules) {}

  TaskBundle& open_bundle(const Key& key) {
    auto [found, made] = open.try_emplace(key);
    if (made) {
      if (auto known = closed.find(key); known != closed.end()) {
        found->second.closed = std::move(known->second.tasks);
        closed.erase(known);
      }
    }
    return found->second;
  }

  static std::size_t new_tasks(const std::vector<PlannedTask>& plan) {
    return static_cast<std::size_t>(std::count_if(
        plan.begin(), plan.end(), [](const PlannedTask& task) { return task.verdict == Verdict::new_task; }));
  }

  TaskOutcome outcome_of(const TaskBundle& bundle, const PlannedTask& task) const {
    TaskOutcome outcome;
    outcome.operation = task.operation;
    outcome.user_id = bundle.user_id;
    outcome.first_event = task.first;
    outcome.last_event = task.last;
    outcome.late_failure = task.verdict == Verdict::late_failure;
    outcome.attempt = !outcome.late_failure;
    outcome.failed = task.failure != kNone;
    if (outcome.failed) {
      const TaskEvent& failure = bundle.events[task.failure];
      outcome.reason = failure.reason;
      outcome.text = failure.text;
      // Only now is the operation known for certain, and with it the table where the text names none.
      if (failure.reason == Reason::acl_denied) {
        outcome.denial = classifier->classify(failure.text, {}, {}, task.operation).denial;
      }
    }
    return outcome;
  }

  // Counts the task and moves it from the open events to the closed tasks.
  void settle(TaskBundle& bundle, const PlannedTask& task, std::vector<TaskOutcome>& outcomes) {
    if (task.verdict != Verdict::nothing_new) outcomes.push_back(outcome_of(bundle, task));
    if (task.verdict == Verdict::new_task) {
      const ClosedTask closed_task{task.operation, task.failure != kNone, task.first, task.last};
      const auto place =
          std::upper_bound(bundle.closed.begin(), bundle.closed.end(), closed_task,
                           [](const ClosedTask& a, const ClosedTask& b) { return a.first < b.first; });
      bundle.closed.insert(place, closed_task);
      if (bundle.closed.size() > kMaxClosedTasks) bundle.closed.erase(bundle.closed.begin());
    } else {
      ClosedTask& owner = bundle.closed[task.owner];
      owner.failed = owner.failed || task.failure != kNone;
      if (task.inside) owner.last = std::max(owner.last, task.last);
    }
    std::vector<TaskEvent> left;
    left.reserve(bundle.events.size() - task.events.size());
    auto taken = task.events.begin();
    for (std::size_t i = 0; i < bundle.events.size(); ++i) {
      if (taken != task.events.end() && *taken == i) {
        ++taken;
      } else {
        left.push_back(std::move(bundle.events[i]));
      }
    }
    bundle.events = std::move(left);
    open_events -= task.events.size();
  }

  // Counts what `is_over` accepts; whether anything was.
  template <class IsOver>
  bool settle_bundle(TaskBundle& bundle, const IsOver& is_over, std::vector<TaskOutcome>& outcomes) {
    bool any = false;
    for (;;) {
      const std::vector<PlannedTask> plan = plan_tasks(bundle, times);
      const auto task = std::find_if(plan.begin(), plan.end(), [&](const PlannedTask& candidate) {
        return is_over(candidate) && (candidate.verdict == Verdict::new_task || candidate.owner != kNone);
      });
      if (task == plan.end()) {
        bundle.open_tasks = new_tasks(plan);
        return any;
      }
      settle(bundle, *task, outcomes);
      any = true;
    }
  }

  // The open bundles, those whose first event is the oldest at the front.
  std::vector<Key> oldest_first() const {
    std::vector<std::pair<SystemTime, Key>> order;
    for (const auto& [key, bundle] : open) order.emplace_back(bundle.events.front().at, key);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Key> keys;
    for (const auto& [at, key] : order) keys.push_back(key);
    return keys;
  }

  void close_key(const Key& key) {
    const auto found = open.find(key);
    if (found == open.end() || !found->second.events.empty()) return;
    if (!found->second.closed.empty()) closed[key].tasks = std::move(found->second.closed);
    open.erase(found);
  }

  void forget_old_keys(SystemTime server_date) {
    const auto is_old = [&](const ClosedTask& task) {
      return server_date - times.closing(task.first, task.last) > kClosedKeyAge;
    };
    for (auto key = closed.begin(); key != closed.end();) {
      if (std::all_of(key->second.tasks.begin(), key->second.tasks.end(), is_old)) {
        dirty.insert(key->first);
        key = closed.erase(key);
      } else {
        ++key;
      }
    }
    if (closed.size() <= options.max_closed_keys) return;
    // A tenth at a time, so that the sorting is not paid at every poll.
    std::vector<std::pair<SystemTime, Key>> order;
    for (const auto& [key, value] : closed) order.emplace_back(value.tasks.back().last, key);
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const std::size_t surplus = closed.size() - options.max_closed_keys + options.max_closed_keys / 10;
    for (std::size_t i = 0; i < std::min(surplus, order.size()); ++i) {
      dirty.insert(order[i].second);
      closed.erase(order[i].second);
    }
  }
};

TaskBook::TaskBook(Options options, const Classifier& classifier)
    : state_(std::make_unique<State>(std::move(options), classifier)) {}
TaskBook::TaskBook(TaskBook&&) noexcept = default;
TaskBook& TaskBook::operator=(TaskBook&&) noexcept = default;
TaskBook::~TaskBook() = default;

Disposition TaskBook::add(const okta::LogEvent& event) {
  State& state = *state_;
  const auto& apps = event.app_instance_ids;
  if (std::find(apps.begin(), apps.end(), state.options.app_id) == apps.end()) return Disposition::ignored;
  state.newest_published = std::max(state.newest_published, event.published);
  const EventRole role = role_of(event);
  if (role == EventRole::ignored) return Disposition::ignored;
  const Key key = make_key(state.options.app_id, event);
  if (role == EventRole::note) {
    // Never fails a task and makes none, so nothing of it is kept.
    return state.open.contains(key) || state.closed.contains(key) ? Disposition::correlated
                                                                  : Disposition::ignored;
  }
  TaskEvent entry;
  entry.at = event.published;
  entry.role = role;
  entry.operation = operation_of(event.event_type, event.legacy_event_type);
  if (role == EventRole::failure) {
    entry.reason = state.classifier
                       ->classify(event.outcome_reason, event.event_type, event.legacy_event_type,
                                  entry.operation.operation)
                       .reason;
    entry.text = cut_text(event.outcome_reason, kKeptText);
  }
  TaskBundle& bundle = state.open_bundle(key);
  if (bundle.user_id.empty()) bundle.user_id = event.user_id;
  bundle.events.insert(std::upper_bound(bundle.events.begin(), bundle.events.end(), entry, before),
                       std::move(entry));
  ++state.open_events;
  state.dirty.insert(key);
  if (bundle.events.size() > kManyEvents) return Disposition::correlated;
  const std::size_t earlier =
      std::exchange(bundle.open_tasks, State::new_tasks(plan_tasks(bundle, state.times)));
  return bundle.open_tasks > earlier ? Disposition::counted : Disposition::correlated;
}

std::vector<TaskOutcome> TaskBook::close(SystemTime server_date, bool reached_end) {
  State& state = *state_;
  const SystemTime log_time = reached_end ? server_date : std::min(server_date, state.newest_published);
  std::vector<TaskOutcome> outcomes;
  const auto is_over = [&](const PlannedTask& task) {
    return (reached_end && server_date >= task.last + state.times.settle) ||
           log_time >= task.first + state.times.longest();
  };
  std::vector<Key> touched;
  for (auto& [key, bundle] : state.open) {
    if (log_time < bundle.events.front().at + state.times.settle) continue;
    if (state.settle_bundle(bundle, is_over, outcomes)) touched.push_back(key);
  }
  if (state.open_events > state.options.max_open_events) {
    for (const Key& key : state.oldest_first()) {
      if (state.open_events <= state.options.max_open_events - state.options.max_open_events / 10) break;
      if (state.settle_bundle(state.open.at(key), [](const PlannedTask&) { return true; }, outcomes)) {
        touched.push_back(key);
      }
      state.close_key(key);
    }
  }
  for (const Key& key : touched) {
    state.dirty.insert(key);
    state.close_key(key);
  }
  state.forget_old_keys(server_date);
  std::sort(outcomes.begin(), outcomes.end(), [](const TaskOutcome& a, const TaskOutcome& b) {
    return std::tie(a.first_event, a.user_id, a.operation, a.late_failure, a.text) <
           std::tie(b.first_event, b.user_id, b.operation, b.late_failure, b.text);
  });
  return outcomes;
}

std::vector<std::pair<std::string, std::optional<std::string>>> TaskBook::take_changes() {
  State& state = *state_;
  std::vector<std::pair<std::string, std::optional<std::string>>> changes;
  changes.reserve(state.dirty.size());
  for (const Key& key : state.dirty) {
    auto& [name, row] = changes.emplace_back(key_text(key), std::nullopt);
    if (const auto bundle = state.open.find(key); bundle != state.open.end()) {
      row = write_row(bundle->second);
    } else if (const auto known = state.closed.find(key); known != state.closed.end()) {
      TaskBundle bundle_of_key;
      bundle_of_key.closed = known->second.tasks;
      row = write_row(bundle_of_key);
    }
  }
  state.dirty.clear();
  return changes;
}

Result<void> TaskBook::restore(const std::string& key_name, const std::string& row) {
  State& state = *state_;
  const auto key = parse_key(key_name);
  auto bundle = key ? read_row(row) : std::nullopt;
  if (!bundle || (bundle->events.empty() && bundle->closed.empty())) {
    return std::unexpected(
        Error{ErrorClass::storage,
              "the stored row \"" + cut_text(key_name, 64) +
                  "\" of an open task is unreadable: the state is damaged or of another version; "
                  "restore it from a backup or start with an empty --storage.path"});
  }
  if (const auto replaced = state.open.find(*key); replaced != state.open.end()) {
    state.open_events -= replaced->second.events.size();
    state.open.erase(replaced);
  }
  state.closed.erase(*key);
  if (bundle->events.empty()) {
    state.closed[*key].tasks = std::move(bundle->closed);
    return {};
  }
  state.newest_published = std::max(state.newest_published, bundle->events.back().at);
  state.open_events += bundle->events.size();
  bundle->open_tasks = State::new_tasks(plan_tasks(*bundle, state.times));
  state.open.emplace(*key, std::move(*bundle));
  return {};
}

std::size_t TaskBook::open_tasks() const {
  std::size_t tasks = 0;
  for (const auto& [key, bundle] : state_->open) tasks += bundle.open_tasks;
  return tasks;
}

}  // namespace exporter::provisioning
