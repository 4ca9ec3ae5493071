// GET /api/v1/apps/{appId}/group-push/mappings, an array of GroupPushMapping.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "okta/records.h"

namespace exporter::okta {

struct ParsedGroupPushMappings {
  std::vector<GroupPushMapping> mappings;  // in the order of the page
  std::size_t malformed = 0;               // elements without an id or a status
};

// Errors: incomplete (cut off), malformed (no array, broken JSON); then no mapping of the page is given.
Result<ParsedGroupPushMappings> parse_group_push_mappings(std::string body);

}  // namespace exporter::okta
