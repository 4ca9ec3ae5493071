// GET /api/v1/logs: an array of LogEvent.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "okta/records.h"

namespace exporter::okta {

struct ParsedLogEvents {
  std::vector<LogEvent> events;  // in the order of the page
  std::size_t received = 0;      // elements of the page
  std::size_t malformed = 0;     // of these: no object, or without a readable uuid, published or eventType
};

// Fields may come in any order, be null, absent or of a wrong type; of a repeated field the last one counts.
// Errors: incomplete (cut off), malformed (no array, broken JSON); then no event of the page is given.
Result<ParsedLogEvents> parse_log_events(std::string body);

}  // namespace exporter::okta
