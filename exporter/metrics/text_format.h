// Prometheus's text format 0.0.4 (docs/instrumenting/exposition_formats.md) and OpenMetrics 1.0
// (docs/specs/om/open_metrics_spec.md): sorted, HELP and label values escaped.
#pragma once

#include <span>
#include <string>

#include "metrics/registry.h"

namespace exporter::metrics {

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

inline constexpr std::string_view kOpenMetricsContentType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";
// The same content under the number of the draft, for clients that know only that one.
inline constexpr std::string_view kOpenMetricsDraftContentType =
    "application/openmetrics-text; version=0.0.1; charset=utf-8";
inline constexpr std::string_view kOpenMetricsEnd = "# EOF\n";

std::string render_text(std::span<const Family> families);

// Without kOpenMetricsEnd, so that an exposition can be put together from parts. `created`: with the _created
// lines of the series that know it.
std::string render_openmetrics(std::span<const Family> families, bool created);

// A number as Prometheus writes it: shortest round-trip decimal, NaN, +Inf, -Inf.
void append_number(std::string& out, double value);

// The table of the README: a Markdown row per metric of the catalogue.
std::string render_markdown_table();

}  // namespace exporter::metrics
