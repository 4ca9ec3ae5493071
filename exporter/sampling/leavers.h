// Who has left the app and may still work in ServiceNow: okta_external_id_former_users.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "drift/listing.h"
#include "drift/vocabulary.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/row_lookup.h"

namespace exporter::sampling {

// Keeps the links of each complete listing in the storage, so that those of users who are no longer in it can
// be looked up once a day for 30 days. Not thread-safe: the comparison's sampler owns it.
class Leavers {
 public:
  Leavers(std::chrono::milliseconds grace, Session& session, servicenow::RowLookup& reader,
          storage::Store& store, const Clock& clock, Log& log);

  // `standings`: by link. `deactivates_users`: PUSH_USER_DEACTIVATION is on; without it nobody expects
  // ServiceNow to hear of a leaver, and none are kept. Errors: storage.
  Result<void> remember(const Session::Opened& opened, const drift::LinkListing& links,
                        const std::vector<drift::Standing>& standings, bool deactivates_users,
                        SampleRun& run);

  // Looks up those whose turn it is. A row that only may be hidden or inactive is believed gone only where
  // the reader is proven to see inactive rows. Errors: storage, cancelled; a lookup that fails is logged and
  // tried again after the next comparison.
  Result<void> look(const Session::Opened& opened, bool reader_sees_inactive, SampleRun& run);

  // By state: active, inactive, gone; as last found.
  Result<std::map<std::string, std::uint64_t>> count(const Session::Opened& opened);

 private:
  const std::chrono::milliseconds grace_;
  Session& session_;
  servicenow::RowLookup& reader_;
  storage::Store& store_;
  const Clock& clock_;
  Log& log_;
};

}  // namespace exporter::sampling
