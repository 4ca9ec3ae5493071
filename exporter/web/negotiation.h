// What a client accepts, by its q-values (RFC 9110, 12.5).
#pragma once

#include <cstdint>
#include <string_view>

namespace exporter::web {

// Whether gzip is welcome, at least as much as the plain body. `accept_encoding` is the field's value,
// several fields joined by commas; empty is no.
bool accepts_gzip(std::string_view accept_encoding);

// openmetrics_draft: the same content, named by the version 0.0.1 that the client asked for.
enum class ExpositionFormat : std::uint8_t { text, openmetrics, openmetrics_draft };

// The format that `accept` weighs most; of equals the one named first. Text 0.0.4 where nothing that we have
// is named: a scrape is never refused for its Accept (docs/instrumenting/content_negotiation.md).
ExpositionFormat exposition_format(std::string_view accept);

}  // namespace exporter::web
