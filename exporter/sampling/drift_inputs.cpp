#include "sampling/drift_inputs.h"

#include <utility>

namespace exporter::sampling {

// The callbacks reach into the scheduler and are called outside the lock.

void DriftInputs::put_links(std::shared_ptr<const LinkInput> links) {
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
  // Rows that were looked up answer for their own links only, whatever was listed since.
  std::shared_ptr<const LinkInput> links = rows_->looked_up_for ? rows_->looked_up_for : links_;
  pair_ = std::make_unique<ListingPair>(ListingPair{std::move(links), std::move(*rows_)});
  links_.reset();
  rows_.reset();
  return true;
}

std::shared_ptr<const LinkInput> DriftInputs::waiting_links() {
  const MutexLock lock(mutex_);
  return links_;
}

std::unique_ptr<ListingPair> DriftInputs::take() {
  const MutexLock lock(mutex_);
  return std::move(pair_);
}

}  // namespace exporter::sampling
