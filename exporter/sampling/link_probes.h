// Which links one account was asked for, and which of their rows were not shown to it: the one place that
// publishes servicenow_acl_probed_links and servicenow_acl_hidden_links.
//
// Every look by sys_id passes through here, whoever asks: the verdict on a failed task first, then the
// comparison's rotation (drift/rotation.h), which goes round all links, and the probe of each interval, which
// looks at failed users whose look was not to be had, again at what was hidden, and at what was looked at
// longest ago. All of them spend from the one ProvisionerCap where they ask as Okta's account.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "drift/listing.h"
#include "metrics/registry.h"
#include "servicenow/row_lookup.h"

namespace exporter::sampling {

// Thread-safe. 24 bytes per link that was looked at within a day. What a look left undecided, and a row that
// is absent or filtered out of the account's queries, is in neither number.
class LinkProbes final : public servicenow::RowLookup {
 public:
  LinkProbes(servicenow::RowLookup& lookup, std::string integration, std::string account,
             metrics::Registry& registry, const Clock& clock);

  Result<std::vector<servicenow::IdLookup>> by_sys_id(std::span<const std::string> ids,
                                                      std::stop_token stop) override;
  Result<std::vector<servicenow::KeyLookup>> by_key(std::size_t field, std::span<const std::string> values,
                                                    std::stop_token stop) override {
    return lookup_.by_key(field, values, std::move(stop));
  }
  std::uint64_t requests() const override { return lookup_.requests(); }

  // Links of users whose push has just failed: due before all others until a look has decided them. The
  // newest 1,000 of them are kept; what may not stand in a query is left out.
  void look_first(std::span<const std::string> ids) EXCLUDES(mutex_);

  // At most `limit` ids to look at: failed users' first, then hidden ones, then those with the oldest look.
  std::vector<std::string> due(std::size_t limit) const EXCLUDES(mutex_);

 private:
  struct Entry {
    drift::PackedId id;
    std::uint32_t looked = 0;  // seconds since the epoch
    bool hidden = false;
  };
  void remember(std::vector<Entry> looked, const std::vector<drift::PackedId>& gone) EXCLUDES(mutex_);
  void publish() REQUIRES(mutex_);

  servicenow::RowLookup& lookup_;
  const std::string integration_;
  const std::string account_;
  metrics::Registry& registry_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::vector<Entry> entries_ GUARDED_BY(mutex_);         // sorted by id
  std::deque<drift::PackedId> first_ GUARDED_BY(mutex_);  // the newest last
};

}  // namespace exporter::sampling
