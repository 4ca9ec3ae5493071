#include "base/log.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/clock.h"

namespace exporter {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warn", "error"};

struct Rune {
  std::uint32_t code = 0;
  std::size_t size = 1;
  bool valid = false;
};

// The code point at the front of a non-empty text. Overlong forms, surrogates and cut sequences are not valid
// and one byte long, so that no byte is lost.
Rune next_rune(std::string_view text) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {.code = lead, .size = 1, .valid = true};
  if (lead >= 0xC2 && lead <= 0xDF && tail(1))
    return {.code = ((lead & 0x1FU) << 6) | (byte(1) & 0x3FU), .size = 2, .valid = true};
  if ((lead & 0xF0U) == 0xE0U && tail(1) && tail(2)) {
    const std::uint32_t code = ((lead & 0x0FU) << 12) | ((byte(1) & 0x3FU) << 6) | (byte(2) & 0x3FU);
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) return {.code = code, .size = 3, .valid = true};
  }
  if (lead >= 0xF0 && lead <= 0xF4 && tail(1) && tail(2) && tail(3)) {
    const std::uint32_t code =
        ((lead & 0x07U) << 18) | ((byte(1) & 0x3FU) << 12) | ((byte(2) & 0x3FU) << 6) | (byte(3) & 0x3FU);
    if (code >= 0x10000 && code <= 0x10FFFF) return {.code = code, .size = 4, .valid = true};
  }
  return {.code = lead, .size = 1, .valid = false};
}

// Would break a line, steer a terminal, or show other text than is there (bidirectional and zero-width
// controls).
bool is_unprintable(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

// Separates words for a reader, though it is not ASCII.
bool is_wide_space(std::uint32_t code) {
  return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[(value >> shift) & 0xFU];
}

// Between quotes, as both logfmt's and JSON's readers understand it; they differ only in what is no UTF-8.
void append_quoted(std::string& out, std::string_view text, LogFormat format) {
  out += '"';
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    if (!rune.valid) {
      if (format == LogFormat::json) {
        out += "\\ufffd";
      } else {
        out += "\\x";
        append_hex(out, rune.code, 2);
      }
    } else if (rune.code == '"' || rune.code == '\\') {
      out += '\\';
      out += text.front();
    } else if (rune.code == '\n') {
      out += "\\n";
    } else if (rune.code == '\r') {
      out += "\\r";
    } else if (rune.code == '\t') {
      out += "\\t";
    } else if (is_unprintable(rune.code)) {
      out += "\\u";
      append_hex(out, rune.code, 4);
    } else {
      out += text.substr(0, rune.size);
    }
    text.remove_prefix(rune.size);
  }
  out += '"';
}

// The rule of Go's slog.TextHandler: a backslash alone needs no quotes.
bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  while (!text.empty()) {
    const Rune rune = next_rune(text);
    if (!rune.valid || rune.code == ' ' || rune.code == '=' || rune.code == '"' ||
        is_unprintable(rune.code) || is_wide_space(rune.code)) {
      return true;
    }
    text.remove_prefix(rune.size);
  }
  return false;
}

void append_pair(std::string& out, LogFormat format, std::string_view key, std::string_view value) {
  if (format == LogFormat::json) {
    out += out.empty() ? '{' : ',';
    append_quoted(out, key, format);
    out += ':';
    append_quoted(out, value, format);
    return;
  }
  if (!out.empty()) out += ' ';
  if (needs_quotes(key)) {
    append_quoted(out, key, format);
  } else {
    out += key;
  }
  out += '=';
  if (needs_quotes(value)) {
    append_quoted(out, value, format);
  } else {
    out += value;
  }
}

class StderrLog final : public Log {
 public:
  StderrLog(LogLevel level, LogFormat format) : level_(level), format_(format) {
    // The line is already whole; spdlog's part is the lock, the write and the flush.
    sink_.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  }

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override {
    if (level < level_) return;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const std::string line = format_log_line(format_, to_iso8601(now), level, message, fields);
    sink_.log(spdlog::details::log_msg({}, spdlog::level::info, {line.data(), line.size()}));
  }

 private:
  const LogLevel level_;
  const LogFormat format_;
  spdlog::sinks::stderr_sink_mt sink_;
};

}  // namespace

std::unique_ptr<Log> make_log(LogLevel level, LogFormat format) {
  return std::make_unique<StderrLog>(level, format);
}

std::string format_log_line(LogFormat format, std::string_view time, LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields) {
  std::string line;
  line.reserve(64 + message.size() + (32 * fields.size()));
  append_pair(line, format, "time", time);
  append_pair(line, format, "level", kLevelNames[static_cast<std::size_t>(level)]);
  append_pair(line, format, "msg", message);
  for (const LogField& field : fields) append_pair(line, format, field.key, field.value);
  if (format == LogFormat::json) line += '}';
  return line;
}

}  // namespace exporter
