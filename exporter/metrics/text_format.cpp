#include "metrics/text_format.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace exporter::metrics {

namespace {

// Up to here every integer is a double of its own, and its digits are short.
constexpr double kLargestInteger = 9007199254740992.0;

template <class Number>
void append_digits(std::string& out, Number value) {
  char digits[32];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  out.append(std::begin(digits), end);
}

// HELP: backslash and line feed; label values: the double quote too.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

// name{label="value",…} and the space before the value; `le` is left out where it is null.
void append_series(std::string& out, const Metric& metric, std::string_view suffix, const Series& series,
                   const double* le) {
  out += metric.name;
  out += suffix;
  char separator = '{';
  for (std::size_t i = 0; i < metric.labels.size() && i < series.label_values.size(); ++i) {
    out += separator;
    out += metric.labels[i].name;
    out += "=\"";
    append_escaped(out, series.label_values[i], true);
    out += '"';
    separator = ',';
  }
  if (le != nullptr) {
    out += separator;
    out += "le=\"";
    append_number(out, *le);
    out += '"';
    separator = ',';
  }
  if (separator == ',') {
    out += '}';
  }
  out += ' ';
}

void append_histogram(std::string& out, const Metric& metric, const Series& series) {
  for (const auto& [bound, count] : series.buckets) {
    append_series(out, metric, "_bucket", series, &bound);
    append_digits(out, count);
    out += '\n';
  }
  append_series(out, metric, "_sum", series, nullptr);
  append_number(out, series.sum);
  out += '\n';
  append_series(out, metric, "_count", series, nullptr);
  append_digits(out, series.count);
  out += '\n';
}

void append_family(std::string& out, const Family& family) {
  const Metric& metric = *family.metric;
  out += "# HELP ";
  out += metric.name;
  out += ' ';
  append_escaped(out, help_of(metric), false);
  out += "\n# TYPE ";
  out += metric.name;
  out += ' ';
  out += to_string(metric.type);
  out += '\n';
  for (const Series& series : family.series) {
    if (metric.type == Type::histogram) {
      append_histogram(out, metric, series);
      continue;
    }
    append_series(out, metric, "", series, nullptr);
    append_number(out, series.value);
    out += '\n';
  }
}

void append_cell(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '|') {
      out += '\\';
    }
    out += c;
  }
}

void append_labels_cell(std::string& out, const Metric& metric) {
  if (metric.labels.empty()) {
    out += "–";
  }
  bool first = true;
  for (const Label& label : metric.labels) {
    out += first ? "`" : "; `";
    out += label.name;
    out += '`';
    std::string_view separator = ": ";
    for (const std::string_view value : label.values) {
      out += separator;
      append_cell(out, value);
      separator = ", ";
    }
    first = false;
  }
}

}  // namespace

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (value == std::floor(value) && std::abs(value) <= kLargestInteger) {
    // to_chars of the double itself would write 1e+06.
    append_digits(out, static_cast<std::int64_t>(value));
  } else {
    append_digits(out, value);
  }
}

std::string render_text(std::span<const Family> families) {
  constexpr std::size_t kTypicalSeries = 120;
  std::size_t series = 0;
  for (const Family& family : families) {
    series += 3 + family.series.size();
  }
  std::string out;
  out.reserve(series * kTypicalSeries);
  for (const Family& family : families) {
    append_family(out, family);
  }
  return out;
}

std::string render_markdown_table() {
  std::string out = "| Metric | Type | Labels (allowed values) | Meaning |\n|---|---|---|---|\n";
  for (const Metric* metric : all()) {
    out += "| `";
    out += metric->name;
    out += "` | ";
    out += to_string(metric->type);
    out += " | ";
    append_labels_cell(out, *metric);
    out += " | ";
    append_cell(out, metric->help);
    out += " |\n";
  }
  return out;
}

}  // namespace exporter::metrics
