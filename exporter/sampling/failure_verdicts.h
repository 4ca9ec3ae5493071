// The ambiguous 404, decided: is the record of a failed user gone, re-created or hidden?
// okta_provisioning_failure_verdicts_total and the verdicts of /failures.
#pragma once

#include <string>
#include <vector>

#include "drift/classify.h"
#include "drift/comparison.h"
#include "okta/client.h"
#include "sampling/last_view.h"
#include "sampling/link_probes.h"
#include "sampling/recent_users.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/row_lookup.h"

namespace exporter::sampling {

// Failed users are looked at by the links of the last listing, all in one look: at most four requests for one
// of them, a dozen for 250 (DESIGN 9). Okta is asked again only for whom the listing does not have, or whose
// tasks have succeeded since. Not thread-safe: the System Log's sampler owns it.
class FailureVerdicts {
 public:
  // `key_count`: the number of match pairs. `probes`: of the accounts that look; they outlive this.
  FailureVerdicts(std::size_t key_count, Session& session, okta::Client& okta, servicenow::RowLookup& reader,
                  drift::ProvisionerView& provisioner, std::vector<LinkProbes*> probes, LastView& view,
                  RecentUsers& recent, storage::Store& store, CounterBook& counters, const Clock& clock,
                  Log& log);

  // Looks at everybody whose failure has no verdict yet, and stores verdicts and counts in one transaction.
  // Waits for the first comparison, because only then it is known whether the reader sees inactive rows. What
  // cannot be looked at now stays open for the next sample, for an hour; then it is `unverified`. Errors:
  // storage, cancelled.
  Result<void> settle(const Session::Opened& opened, SampleRun& run);

 private:
  struct Subjects;
  Result<void> gather(const Session::Opened& opened, const LastView::View& view, Subjects& subjects,
                      SampleRun& run);
  Result<void> look(const Session::Opened& opened, const LastView::View& view, Subjects& subjects,
                    SampleRun& run);
  Result<void> ask_as_okta(const Subjects& subjects, const std::vector<std::string>& users,
                           std::vector<drift::Facts>& facts, SampleRun& run);
  Result<void> commit(const Session::Opened& opened, const std::vector<storage::OpenVerdict>& open,
                      const Subjects& subjects);

  const std::size_t key_count_;
  Session& session_;
  okta::Client& okta_;
  servicenow::RowLookup& reader_;
  drift::ProvisionerView& provisioner_;
  const std::vector<LinkProbes*> probes_;
  LastView& view_;
  RecentUsers& recent_;
  storage::Store& store_;
  CounterBook& counters_;
  const Clock& clock_;
  Log& log_;
  bool failing_ = false;  // said once
};

}  // namespace exporter::sampling
