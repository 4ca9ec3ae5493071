#include "sampling/denial_sources.h"

#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

DenialSource okta_task_source(const Result<void>& system_log) {
  if (system_log) {
    return {.source = "okta_task", .available = true, .why = {}, .remedy = {}};
  }
  const bool refused = system_log.error().error_class == ErrorClass::permission;
  return {.source = "okta_task",
          .available = false,
          .why = "Okta's System Log could not be read: " + system_log.error().message,
          .remedy = refused ? "give the token's account the read-only role, or the service app okta.logs.read"
                            : "mend what the error names; it is asked again by itself"};
}

DenialSource no_account_to_probe_as() {
  return {.source = "probe",
          .available = false,
          .why = "the exporter does not ask as Okta's own account",
          .remedy =
              "configure servicenow.provisioner with its credentials, and "
              "acl.provisioner_requests_per_hour above 0"};
}

void DenialSources::set(DenialSource source) {
  registry_.set(metrics::catalogue::servicenow_acl_denial_source_available, {integration_, source.source},
                source.available ? 1 : 0);
  bool changed = false;
  {
    const MutexLock lock(mutex_);
    const auto [entry, added] = sources_.try_emplace(source.source, source);
    changed = added || entry->second.available != source.available || entry->second.why != source.why;
    entry->second = source;
  }
  if (!changed) {
    return;
  }
  if (source.available) {
    log_.info("a source of ACL denials is available",
              {{"integration", integration_}, {"source", source.source}});
  } else {
    log_.info("a source of ACL denials is not available; the others go on", {{"integration", integration_},
                                                                             {"source", source.source},
                                                                             {"why", source.why},
                                                                             {"remedy", source.remedy}});
  }
}

std::vector<DenialSource> DenialSources::list() const {
  const MutexLock lock(mutex_);
  std::vector<DenialSource> list;
  list.reserve(sources_.size());
  for (const auto& [name, source] : sources_) {
    list.push_back(source);
  }
  return list;
}

}  // namespace exporter::sampling
