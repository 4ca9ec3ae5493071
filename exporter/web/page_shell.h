// What all pages for people share: heading, links to each other, how times and ages are written.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace exporter::web {

enum class Page : std::uint8_t { overview, drift, failures, config, runbook };

// <header> with the title and the links, that of `current` marked. All pages lie in one folder, so the links
// have no slash and need no rewriting under a prefix. `note` is HTML below the title.
std::string page_header(std::string_view title, Page current, std::string_view note = {});

// "12 s", "3 min", "5 h", "2 d": one unit is enough to see whether something is stale.
std::string rough(std::chrono::milliseconds age);

// <time> with the age as text and the full time for machines and as a hint.
std::string time_element(SystemTime time, SystemTime now);

}  // namespace exporter::web
