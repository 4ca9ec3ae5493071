// /drift and /failures: the drifted users and the failed tasks one by one, as a page, as JSON and as CSV.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "storage/store.h"
#include "web/server.h"

namespace exporter::web {

// What of a person is shown: nothing; ids of Okta and of ServiceNow; also match keys, and texts as they are.
enum class ShowUsers : std::uint8_t { never, ids, names };

struct PeopleOptions {
  ShowUsers show_users = ShowUsers::ids;
  // Under which others reach the exporter, without a slash at the end; runbook links of JSON and CSV begin
  // with it. Empty: they are relative to the page.
  std::string external_url;
  // The integrations that are configured now; thread-safe.
  std::function<std::vector<std::string>()> integrations;
};

using ReadDrift = std::function<Result<storage::DriftPage>(const storage::DriftQuery&)>;
using ReadFailures = std::function<Result<storage::FailurePage>(const storage::FailureQuery&)>;

// Both read the storage: meant for the worker ("slow"). Both answer only those who may see people. `clock`
// outlives the handler. A query that makes no sense is a 400 which says why.
//
//   integration, kind, operation, reason   filters
//   state=open|resolved                    of drift
//   sort, order=asc|desc                   by a column
//   page, limit                            pages from 1; at most 1,000 rows of HTML, 100,000 of the others
//   format=html|json|csv
Handler make_drift_handler(PeopleOptions options, ReadDrift read, const Clock& clock);
Handler make_failures_handler(PeopleOptions options, ReadFailures read, const Clock& clock);

// A failure's text as ShowUsers::ids shows it: without mail addresses and without the names that Okta's own
// phrases quote.
std::string without_names(const std::string& text);

}  // namespace exporter::web
