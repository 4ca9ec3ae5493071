// The stored counters of one integration as scrapes see them: raised only by what is committed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "metrics/registry.h"
#include "storage/store.h"

namespace exporter::sampling {

// Thread-safe.
class CounterBook {
 public:
  // `tables`: the allow-list of the label `table`.
  CounterBook(std::string integration, std::vector<std::string> tables, metrics::Registry& registry);

  // Starts from what is stored; every series that is possible is there from now on, with 0 where nothing was
  // counted.
  void restore(const storage::Counters& stored);
  // Adds increments whose transaction is committed, and publishes.
  void committed(const storage::Counters& increments);

 private:
  void publish() REQUIRES(mutex_);

  const std::string integration_;
  const std::vector<std::string> tables_;
  metrics::Registry& registry_;
  Mutex mutex_;
  storage::Counters values_ GUARDED_BY(mutex_);
};

// The key of a counter series: label values after `integration`.
storage::CounterKey counter_key(const metrics::Metric& metric,
                                std::initializer_list<std::string_view> labels);

}  // namespace exporter::sampling
