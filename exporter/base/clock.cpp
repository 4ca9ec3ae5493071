#include "base/clock.h"

#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

namespace exporter {
namespace {

using namespace std::chrono;

// Reads fixed-width fields from the front of a text; after the first mismatch everything fails.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  template <std::size_t kCount>
  int digits() {
    if (text_.size() < kCount) ok_ = false;
    if (!ok_) return 0;
    int value = 0;
    bool all = true;
    for (std::size_t i = 0; i < kCount; ++i) {
      const auto digit = static_cast<unsigned char>(text_[i] - '0');
      all = all && digit < 10;
      value = value * 10 + digit;
    }
    ok_ = all;
    text_.remove_prefix(kCount);
    return all ? value : 0;
  }

  void literal(char expected) {
    if (!accept(expected)) ok_ = false;
  }

  void literal(std::string_view expected) {
    if (!text_.starts_with(expected)) ok_ = false;
    if (ok_) text_.remove_prefix(expected.size());
  }

  // The index of the word that comes next, 0 when none does.
  template <std::size_t N>
  std::size_t one_of(const std::array<std::string_view, N>& words) {
    for (std::size_t i = 0; ok_ && i < N; ++i) {
      if (text_.starts_with(words[i])) {
        text_.remove_prefix(words[i].size());
        return i;
      }
    }
    ok_ = false;
    return 0;
  }

  bool accept(char c) {
    if (!ok_ || text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  // ".123456" as milliseconds, cut; 0 when there is no fraction.
  int fraction() {
    if (!accept('.')) return 0;
    int value = 0;
    std::size_t count = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      if (count < 3) value = value * 10 + (text_.front() - '0');
      ++count;
      text_.remove_prefix(1);
    }
    if (count == 0) ok_ = false;
    for (; count < 3; ++count) value *= 10;
    return value;
  }

  [[nodiscard]] bool done() const { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// A leap second (…:60) is the first moment of the next minute.
std::optional<SystemTime> make_time(int y, int mo, int d, int h, int mi, int s, int ms) {
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return SystemTime{sys_days{date} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms}};
}

void append_padded(std::string& out, unsigned value, std::size_t width) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

struct DurationUnit {
  std::string_view name;
  std::int64_t milliseconds;
  bool only_exact;  // written only when nothing remains: 90d reads better than 12w6d
};

constexpr std::int64_t kDay = 24LL * 60 * 60 * 1000;
constexpr std::array<DurationUnit, 7> kUnits{{
    {.name = "y", .milliseconds = 365 * kDay, .only_exact = true},
    {.name = "w", .milliseconds = 7 * kDay, .only_exact = true},
    {.name = "d", .milliseconds = kDay, .only_exact = false},
    {.name = "h", .milliseconds = 60LL * 60 * 1000, .only_exact = false},
    {.name = "m", .milliseconds = 60LL * 1000, .only_exact = false},
    {.name = "s", .milliseconds = 1000, .only_exact = false},
    {.name = "ms", .milliseconds = 1, .only_exact = false},
}};

}  // namespace

SystemTime RealClock::now() const { return floor<milliseconds>(system_clock::now()); }

SteadyTime RealClock::steady_now() const { return steady_clock::now(); }

bool RealClock::sleep_until(SteadyTime deadline, std::stop_token stop) const {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_until(lock, stop, deadline, [] { return false; });
  return !stop.stop_requested();
}

double to_seconds(SystemTime time) { return static_cast<double>(time.time_since_epoch().count()) / 1000.0; }

double to_seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string to_iso8601(SystemTime time) {
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time - midnight};
  std::string text;
  text.reserve(24);
  if (const int y = static_cast<int>(date.year()); y < 0) {
    text += '-';
    append_padded(text, static_cast<unsigned>(-y), 4);
  } else {
    append_padded(text, static_cast<unsigned>(y), 4);
  }
  text += '-';
  append_padded(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  append_padded(text, static_cast<unsigned>(date.day()), 2);
  text += 'T';
  append_padded(text, static_cast<unsigned>(clock.hours().count()), 2);
  text += ':';
  append_padded(text, static_cast<unsigned>(clock.minutes().count()), 2);
  text += ':';
  append_padded(text, static_cast<unsigned>(clock.seconds().count()), 2);
  text += '.';
  append_padded(text, static_cast<unsigned>(clock.subseconds().count()), 3);
  text += 'Z';
  return text;
}

std::optional<SystemTime> parse_iso8601(std::string_view text) {
  FieldReader in(text);
  const int y = in.digits<4>();
  in.literal('-');
  const int mo = in.digits<2>();
  in.literal('-');
  const int d = in.digits<2>();
  if (!in.accept('T')) in.literal(' ');
  const int h = in.digits<2>();
  in.literal(':');
  const int mi = in.digits<2>();
  in.literal(':');
  const int s = in.digits<2>();
  const int ms = in.fraction();
  in.accept('Z');
  if (!in.done()) return std::nullopt;
  return make_time(y, mo, d, h, mi, s, ms);
}

std::optional<SystemTime> parse_http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  FieldReader in(text);
  in.one_of(kDays);  // not compared with the date: a wrong name says nothing about the time
  in.literal(", ");
  const int d = in.digits<2>();
  in.literal(" ");
  const int mo = static_cast<int>(in.one_of(kMonths)) + 1;
  in.literal(" ");
  const int y = in.digits<4>();
  in.literal(" ");
  const int h = in.digits<2>();
  in.literal(':');
  const int mi = in.digits<2>();
  in.literal(':');
  const int s = in.digits<2>();
  in.literal(" GMT");
  if (!in.done()) return std::nullopt;
  return make_time(y, mo, d, h, mi, s, 0);
}

std::optional<milliseconds> parse_prometheus_duration(std::string_view text) {
  if (text == "0") return milliseconds{0};
  if (text.empty()) return std::nullopt;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // units go from the largest to the smallest, each at most once
  while (!text.empty()) {
    std::int64_t count = 0;
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::size_t letters = 0;
    while (letters < text.size() && (text[letters] < '0' || text[letters] > '9')) ++letters;
    const std::string_view name = text.substr(0, letters);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    const std::int64_t factor = kUnits[next_unit++].milliseconds;
    if (count > (kMax - total) / factor) return std::nullopt;
    total += count * factor;
    text.remove_prefix(letters);
  }
  return milliseconds{total};
}

std::string to_prometheus_duration(milliseconds duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string text;
  if (rest < 0) {
    text += '-';
    rest = -rest;
  }
  for (const DurationUnit& unit : kUnits) {
    if (unit.only_exact && rest % unit.milliseconds != 0) continue;
    if (rest < unit.milliseconds) continue;
    text += std::to_string(rest / unit.milliseconds);
    text += unit.name;
    rest %= unit.milliseconds;
  }
  return text;
}

}  // namespace exporter
