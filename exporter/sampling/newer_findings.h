// What single looks found while the two sides were being listed. It is newer than the listings, so a
// comparison of these must not take it back: the drift would end, and be found anew by the next comparison.
#pragma once

#include <vector>

#include "base/clock.h"
#include "drift/comparison.h"
#include "drift/listing.h"
#include "storage/store.h"

namespace exporter::sampling {

// `found`: drift that was found since the listings began and is open. Users whom the comparison takes for
// something else by the listings alone, or does not know, become drifted in its counts, and are added to
// `drifted`. Whom it looked at directly after that finding (which it began to do at `compared`) it knows
// better.
void keep_newer(const std::vector<storage::LedgerEntry>& found, const drift::LinkListing& links,
                SystemTime compared, drift::Comparison& comparison,
                std::vector<storage::LedgerEntry>& drifted);

}  // namespace exporter::sampling
