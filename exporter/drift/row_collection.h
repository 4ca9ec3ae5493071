// The rows that a comparison needs, looked up link by link instead of swept: only query_match is needed, and
// only as many requests as there are links.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "base/error.h"
#include "drift/listing.h"
#include "servicenow/row_lookup.h"

namespace exporter::drift {

struct RowCollection {
  std::uint64_t hidden = 0;   // links and keys whose rows were not all shown
  bool saw_inactive = false;  // a row that is not active was shown
};

// Adds to `rows`, and seals it: the row of every link, and, of the links whose row is not there or not
// theirs, every row with one of their keys. For the links, that listing answers what a whole sweep would.
// `on_group` is called after each group of lookups. Errors: the reader's lookups by sys_id, and by key all
// but a refusal: the direct look says what a refused column leaves unknown.
Result<RowCollection> collect_rows(const LinkListing& links, servicenow::RowLookup& reader, RowListing& rows,
                                   const std::function<void()>& on_group, std::stop_token stop);

}  // namespace exporter::drift
