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

// HELP of text 0.0.4: backslash and line feed; everything else: the double quote too.
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

// Text 0.0.4 and OpenMetrics differ in little; where they do, `openmetrics` tells them apart.
struct Format {
  bool openmetrics = false;
  bool created = false;
};

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kInfo = "_info";

// A gauge that is always 1 and is all labels.
bool is_info(const Metric& metric) { return metric.type == Type::gauge && metric.name.ends_with(kInfo); }

// OpenMetrics names a family without the suffix that its samples carry.
std::string_view family_name(const Metric& metric, Format format) {
  std::string_view name = metric.name;
  if (!format.openmetrics) return name;
  if (metric.type == Type::counter && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  if (is_info(metric)) name.remove_suffix(kInfo.size());
  return name;
}

// The bounds of buckets are numbers in their canonical form there: 1.0, not 1.
void append_bound(std::string& out, double bound, Format format) {
  const std::size_t begin = out.size();
  append_number(out, bound);
  if (format.openmetrics && std::isfinite(bound) &&
      std::string_view(out).substr(begin).find_first_of(".e") == std::string_view::npos) {
    out += ".0";
  }
}

// name{label="value",…} and the space before the value; `le` is left out where it is null.
void append_series(std::string& out, const Metric& metric, std::string_view name, std::string_view suffix,
                   const Series& series, const double* le, Format format) {
  out += name;
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
    append_bound(out, *le, format);
    out += '"';
    separator = ',';
  }
  if (separator == ',') {
    out += '}';
  }
  out += ' ';
}

void append_histogram(std::string& out, const Metric& metric, const Series& series, Format format) {
  for (const auto& [bound, count] : series.buckets) {
    append_series(out, metric, metric.name, "_bucket", series, &bound, format);
    append_digits(out, count);
    out += '\n';
  }
  append_series(out, metric, metric.name, "_sum", series, nullptr, format);
  append_number(out, series.sum);
  out += '\n';
  append_series(out, metric, metric.name, "_count", series, nullptr, format);
  append_digits(out, series.count);
  out += '\n';
}

void append_line(std::string& out, std::string_view word, std::string_view name, std::string_view text) {
  out.append("# ").append(word).append(" ").append(name).append(" ").append(text).append("\n");
}

void append_help(std::string& out, const Metric& metric, std::string_view name, Format format) {
  std::string help;
  append_escaped(help, help_of(metric), format.openmetrics);
  append_line(out, "HELP", name, help);
}

void append_family(std::string& out, const Family& family, Format format) {
  const Metric& metric = *family.metric;
  const std::string_view name = family_name(metric, format);
  if (format.openmetrics) {
    append_line(out, "TYPE", name, is_info(metric) ? "info" : to_string(metric.type));
    if (!metric.unit.empty()) append_line(out, "UNIT", name, metric.unit);
    append_help(out, metric, name, format);
  } else {
    append_help(out, metric, name, format);
    append_line(out, "TYPE", name, to_string(metric.type));
  }
  for (const Series& series : family.series) {
    if (metric.type == Type::histogram) {
      append_histogram(out, metric, series, format);
    } else {
      append_series(out, metric, metric.name, "", series, nullptr, format);
      append_number(out, series.value);
      out += '\n';
    }
    if (format.created && series.created) {
      append_series(out, metric, name, "_created", series, nullptr, format);
      append_number(out, to_seconds(*series.created));
      out += '\n';
    }
  }
}

std::string render(std::span<const Family> families, Format format) {
  constexpr std::size_t kTypicalSeries = 120;
  std::size_t series = 0;
  for (const Family& family : families) {
    series += 3 + family.series.size();
  }
  std::string out;
  out.reserve(series * kTypicalSeries);
  for (const Family& family : families) {
    append_family(out, family, format);
  }
  return out;
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

std::string render_text(std::span<const Family> families) { return render(families, {}); }

std::string render_openmetrics(std::span<const Family> families, bool created) {
  return render(families, {.openmetrics = true, .created = created});
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
