// /failures: the failed tasks one by one, as a page, as JSON and as CSV.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/error.h"
#include "storage/store.h"
#include "web/people_options.h"
#include "web/server.h"

namespace exporter::web {

using ReadFailures = std::function<Result<storage::FailurePage>(const storage::FailureQuery&)>;

// Reads the storage: meant for the worker ("slow"). Answers only those who may see people. `clock` outlives
// the handler. A query that makes no sense is a 400 which says why.
//
//   integration, operation, reason         filters
//   sort, order=asc|desc                   by a column
//   page, limit                            pages from 1; at most 1,000 rows of HTML, 100,000 of the others
//   format=html|json|csv
Handler make_failures_handler(PeopleOptions options, ReadFailures read, const Clock& clock);

}  // namespace exporter::web
