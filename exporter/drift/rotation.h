// Which rows Okta's own account is not shown, as far as its cap of requests lets us ask: some links each
// comparison.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>

#include "base/error.h"
#include "drift/comparison.h"
#include "drift/listing.h"

namespace exporter::drift {

struct RotationReport {
  // The provisioner's lookup failed by more than its cap: what the memory holds may be out of date.
  bool silent = false;
};

// `eligible`: links whose row the reader sees, sorted by external id. Asks for those that were hidden at the
// last look, then for the others from where it stopped, until all were asked once, the cap is reached or
// max_requests were sent. Rows that are filtered out of the provisioner's query count as hidden when the
// reader finds them. Updates `memory`, and forgets what is no longer eligible. Errors: cancelled only.
Result<RotationReport> ask_in_rotation(const LinkListing& links, std::span<const std::uint32_t> eligible,
                                       servicenow::RowLookup& provisioner, servicenow::RowLookup& reader,
                                       std::uint64_t max_requests, ProvisionerMemory& memory,
                                       std::stop_token stop);

}  // namespace exporter::drift
