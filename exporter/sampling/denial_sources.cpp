#include "sampling/denial_sources.h"

#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

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
