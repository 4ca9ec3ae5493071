// The log: one line per event, logfmt or JSON, on stderr. Passed by reference; there is no global logger.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace exporter {

enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { logfmt, json };

struct LogField {
  std::string_view key;
  std::string value;
};

// Thread-safe. Values are escaped; a caller never puts a secret into one, and a user's name or id only at
// debug.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) = 0;

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }
};

// Writes to stderr.
std::unique_ptr<Log> make_log(LogLevel level, LogFormat format);

// One line without its end, as make_log's log writes it: time=… level=… msg=… key=value….
std::string format_log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields);

}  // namespace exporter
