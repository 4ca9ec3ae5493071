// A Log that keeps its lines.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"

namespace exporter::fakes {

// Thread-safe.
class FakeLog final : public Log {
 public:
  struct Line {
    LogLevel level;
    std::string message;
    std::vector<std::pair<std::string, std::string>> fields;

    // The first field of that name; empty when there is none.
    std::string field(std::string_view key) const {
      const auto found =
          std::ranges::find(fields, key, [](const auto& field) { return std::string_view(field.first); });
      return found == fields.end() ? std::string() : found->second;
    }
  };

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    Line line{.level = level, .message = std::string(message), .fields = {}};
    for (const LogField& field : fields) {
      line.fields.emplace_back(field.key, field.value);
    }
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }

  std::vector<Line> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  std::size_t count(LogLevel level) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(lines_, level, &Line::level));
  }

  // Everything as one text, one line each: to look for what must never be logged.
  std::string text() const {
    std::string all;
    for (const Line& line : lines()) {
      all += line.message;
      for (const auto& [key, value] : line.fields) {
        all += " " + key + "=" + value;
      }
      all += "\n";
    }
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Line> lines_;  // guarded by mutex_
};

}  // namespace exporter::fakes
