#include "sampling/drift_inputs.h"

#include <utility>

namespace exporter::sampling {

// The callbacks reach into the scheduler and are called outside the lock.

void DriftInputs::put_links(std::unique_ptr<LinkInput> links) {
  bool paired = false;
  {
    const MutexLock lock(mutex_);
    links_ = std::move(links);
    paired = make_pair();
  }
  paired ? callbacks_.ready() : callbacks_.want_rows();
}

void DriftInputs::put_rows(std::unique_ptr<RowInput> rows) {
  bool paired = false;
  {
    const MutexLock lock(mutex_);
    rows_ = std::move(rows);
    paired = make_pair();
  }
  paired ? callbacks_.ready() : callbacks_.want_links();
}

void DriftInputs::failed() {
  {
    const MutexLock lock(mutex_);
    links_.reset();
    rows_.reset();
  }
  callbacks_.incomplete();
}

void DriftInputs::want() const {
  callbacks_.want_links();
  callbacks_.want_rows();
}

bool DriftInputs::make_pair() {
  if (!links_ || !rows_) {
    return false;
  }
  pair_ = std::make_unique<ListingPair>(ListingPair{std::move(*links_), std::move(*rows_)});
  links_.reset();
  rows_.reset();
  return true;
}

std::unique_ptr<ListingPair> DriftInputs::take() {
  const MutexLock lock(mutex_);
  return std::move(pair_);
}

}  // namespace exporter::sampling
