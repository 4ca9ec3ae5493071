// Prometheus's text format 0.0.4 (docs/instrumenting/exposition_formats.md): sorted, HELP and label values
// escaped.
#pragma once

#include <span>
#include <string>

#include "metrics/registry.h"

namespace exporter::metrics {

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

std::string render_text(std::span<const Family> families);

// A number as Prometheus writes it: shortest round-trip decimal, NaN, +Inf, -Inf.
void append_number(std::string& out, double value);

// The table of the README: a Markdown row per metric of the catalogue.
std::string render_markdown_table();

}  // namespace exporter::metrics
