#include "sampling/newer_findings.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>

namespace exporter::sampling {

void keep_newer(const std::vector<storage::LedgerEntry>& found, const drift::LinkListing& links,
                SystemTime compared, drift::Comparison& comparison,
                std::vector<storage::LedgerEntry>& drifted) {
  std::map<std::string_view, const storage::LedgerEntry*> newer;
  for (const storage::LedgerEntry& entry : found) {
    // A kind of another version's is found anew.
    if (drift::to_kind(entry.kind)) {
      newer.emplace(entry.okta_user_id, &entry);
    }
  }
  for (const storage::LedgerEntry& entry : drifted) {
    newer.erase(entry.okta_user_id);
  }
  if (newer.empty()) {
    return;
  }
  const auto keep = [&](const storage::LedgerEntry& entry) {
    ++comparison.states[static_cast<std::size_t>(drift::State::drifted)];
    ++comparison.kinds[static_cast<std::size_t>(*drift::to_kind(entry.kind))];
    drifted.push_back(entry);
  };
  for (std::uint32_t link = 0; link < links.size() && !newer.empty(); ++link) {
    const auto at = newer.find(links.user_id(link));
    if (at == newer.end()) {
      continue;
    }
    const storage::LedgerEntry& entry = *at->second;
    newer.erase(at);
    if (entry.first_seen <= compared && std::ranges::binary_search(comparison.looked_at, link)) {
      continue;
    }
    drift::Standing& standing = comparison.standings[link];
    --comparison.states[static_cast<std::size_t>(drift::to_state(standing))];
    comparison.locked_out -= standing == drift::Standing::locked_out ? 1 : 0;
    standing = drift::Standing::drifted;
    keep(entry);
  }
  // Assigned since his page was read.
  for (const auto& [user, entry] : newer) {
    keep(*entry);
  }
}

}  // namespace exporter::sampling
