#include "provisioning/task_rows.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <tuple>

namespace exporter::provisioning {
namespace {

constexpr std::int64_t kVersion = 1;

auto fields(const TaskEvent& event) {
  // At the same moment an operation's own event goes before one that attaches, so that there is something to
  // attach to.
  return std::tie(event.at, event.operation.attaches, event.operation.operation, event.role, event.reason,
                  event.text);
}

class Writer {
 public:
  void number(std::int64_t value) { row_ += std::to_string(value) + ' '; }
  void time(SystemTime value) { number(value.time_since_epoch().count()); }
  template <class Enum>
  void word(Enum value) {
    number(static_cast<std::int64_t>(value));
  }
  void text(std::string_view value) {
    row_ += std::to_string(value.size()) + ':';
    row_ += value;
  }
  std::string take() { return std::move(row_); }

 private:
  std::string row_;
};

// Once a field is unreadable, all that follow are.
class Reader {
 public:
  explicit Reader(std::string_view row) : rest_(row) {}

  std::int64_t number() { return digits(' '); }
  SystemTime time() { return SystemTime(std::chrono::milliseconds(number())); }
  bool flag() {
    const std::int64_t value = number();
    good_ = good_ && (value == 0 || value == 1);
    return value == 1;
  }
  template <class Enum>
  Enum word(std::size_t count) {
    const std::int64_t value = number();
    good_ = good_ && value >= 0 && static_cast<std::size_t>(value) < count;
    return good_ ? static_cast<Enum>(value) : Enum{};
  }
  // A number of things that are still to come and take at least a byte each.
  std::size_t count() {
    const std::int64_t value = number();
    good_ = good_ && value >= 0 && static_cast<std::size_t>(value) <= rest_.size();
    return good_ ? static_cast<std::size_t>(value) : 0;
  }
  std::string text() {
    const std::int64_t size = digits(':');
    good_ = good_ && size >= 0 && static_cast<std::size_t>(size) <= rest_.size();
    if (!good_) return {};
    std::string value(rest_.substr(0, static_cast<std::size_t>(size)));
    rest_.remove_prefix(value.size());
    return value;
  }
  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::int64_t digits(char end) {
    const std::size_t size = rest_.find(end);
    good_ = good_ && size != std::string_view::npos;
    if (!good_) return 0;
    std::int64_t value = 0;
    const char* const last = std::next(rest_.begin(), static_cast<std::ptrdiff_t>(size));
    const auto [stop, error] = std::from_chars(rest_.begin(), last, value);
    good_ = error == std::errc() && stop == last;
    if (!good_) return 0;
    rest_.remove_prefix(size + 1);
    return value;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

bool operator==(const TaskEvent& a, const TaskEvent& b) { return fields(a) == fields(b); }

bool before(const TaskEvent& a, const TaskEvent& b) { return fields(a) < fields(b); }

std::string write_row(const TaskBundle& bundle) {
  Writer row;
  row.number(kVersion);
  row.text(bundle.user_id);
  row.number(static_cast<std::int64_t>(bundle.closed.size()));
  for (const ClosedTask& task : bundle.closed) {
    row.word(task.operation);
    row.number(task.failed ? 1 : 0);
    row.time(task.first);
    row.time(task.last);
  }
  row.number(static_cast<std::int64_t>(bundle.events.size()));
  for (const TaskEvent& event : bundle.events) {
    row.time(event.at);
    row.word(event.role);
    row.word(event.operation.operation);
    row.number(event.operation.attaches ? 1 : 0);
    row.word(event.reason);
    row.text(event.text);
  }
  return row.take();
}

std::optional<TaskBundle> read_row(std::string_view text) {
  Reader row(text);
  if (row.number() != kVersion) return std::nullopt;
  TaskBundle bundle;
  bundle.user_id = row.text();
  for (std::size_t left = row.count(); left > 0 && row.good(); --left) {
    ClosedTask& task = bundle.closed.emplace_back();
    task.operation = row.word<Operation>(std::size(kOperations));
    task.failed = row.flag();
    task.first = row.time();
    task.last = row.time();
  }
  for (std::size_t left = row.count(); left > 0 && row.good(); --left) {
    TaskEvent& event = bundle.events.emplace_back();
    event.at = row.time();
    event.role = row.word<EventRole>(static_cast<std::size_t>(EventRole::attempt) + 1);
    event.operation.operation = row.word<Operation>(std::size(kOperations));
    event.operation.attaches = row.flag();
    event.reason = row.word<Reason>(std::size(kReasons));
    event.text = row.text();
  }
  if (!row.good() || !row.at_end()) return std::nullopt;
  std::sort(bundle.events.begin(), bundle.events.end(), before);
  return bundle;
}

}  // namespace exporter::provisioning
