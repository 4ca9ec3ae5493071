// The ambiguous 404, decided: is the record of a failed user gone, re-created or hidden?
// okta_provisioning_failure_verdicts_total and the verdicts of /failures.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sampling/last_view.h"
#include "sampling/link_check.h"
#include "sampling/link_probes.h"
#include "sampling/picture.h"
#include "sampling/sampler.h"
#include "sampling/session.h"

namespace exporter::sampling {

// Failed users are looked at by the links of the last listing, all in one look: at most four requests for one
// of them, a dozen for 250 (DESIGN 9). Okta is asked again only for whom the listing does not have, or whose
// tasks have succeeded since. Not thread-safe: the System Log's sampler owns it.
class FailureVerdicts {
 public:
  // `probes`: of the accounts that look; they outlive this, as `check` does.
  FailureVerdicts(Session& session, LinkCheck& check, Picture& picture, std::vector<LinkProbes*> probes,
                  LastView& view, storage::Store& store, CounterBook& counters, const Clock& clock, Log& log);

  // Looks at everybody whose failure has no verdict yet, and stores verdicts and counts in one transaction.
  // Waits for the first comparison, because only then it is known whether the reader sees inactive rows. What
  // cannot be looked at now stays open for the next sample, for an hour; then it is `unverified`. Errors:
  // storage, cancelled.
  // What was found goes into the picture too; the answer is who should be looked at again.
  Result<LinkCheck::Again> settle(const Session::Opened& opened, SampleRun& run);

 private:
  using Verdicts = std::map<std::string, std::string_view>;  // by user id

  Result<LinkCheck::Again> look(const Session::Opened& opened, const LastView::View& view,
                                const std::set<std::string>& waiting, Verdicts& verdicts, SampleRun& run);
  Result<void> commit(const Session::Opened& opened, const std::vector<storage::OpenVerdict>& open,
                      const Verdicts& verdicts);

  Session& session_;
  LinkCheck& check_;
  Picture& picture_;
  const std::vector<LinkProbes*> probes_;
  LastView& view_;
  storage::Store& store_;
  CounterBook& counters_;
  const Clock& clock_;
  Log& log_;
  bool failing_ = false;  // said once
};

}  // namespace exporter::sampling
