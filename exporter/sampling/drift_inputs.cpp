#include "sampling/drift_inputs.h"

#include <utility>

namespace exporter::sampling {

namespace {

// A listing that is shorter is over before much could be gained.
constexpr std::size_t kLongListing = 10'000;

}  // namespace

// The callbacks reach into the scheduler and are called outside the lock.

void DriftInputs::listing_links(std::size_t so_far) {
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    if (!listing_) rows_asked_ = false;
    listing_ = so_far;
    wanted = so_far >= kLongListing && !rows_ && !std::exchange(rows_asked_, true);
  }
  listed_.notify_all();
  if (wanted) callbacks_.want_rows_beside();
}

bool DriftInputs::wait_for_links(const std::function<bool(std::size_t)>& enough,
                                 const std::function<void()>& waiting, const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  std::optional<std::size_t> seen;
  while (listing_ && !enough(*listing_) && !stop.stop_requested()) {
    seen = listing_;
    listed_.wait(mutex_, stop, [&]() REQUIRES(mutex_) { return listing_ != seen; });
    waiting();
  }
  return listing_ && enough(*listing_) && !stop.stop_requested();
}

void DriftInputs::listing_over() {
  {
    const MutexLock lock(mutex_);
    listing_.reset();
  }
  listed_.notify_all();
}

void DriftInputs::put_links(std::shared_ptr<const LinkInput> links) {
  bool paired = false;
  {
    const MutexLock lock(mutex_);
    links_ = std::move(links);
    listing_.reset();
    paired = make_pair();
  }
  listed_.notify_all();
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
