// Where the two listings wait for each other. A comparison is worth something only when both were read in one
// go.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "drift/listing.h"
#include "servicenow/user_sweep.h"

namespace exporter::sampling {

// Okta's time, of its answer's Date, at a moment of ours: it goes on whatever the machine's clock does.
struct ServerTime {
  SystemTime time;
  SteadyTime at;
  SystemTime now(const Clock& clock) const {
    return time + std::chrono::duration_cast<SystemTime::duration>(clock.steady_now() - at);
  }
};
struct LinkInput {
  drift::LinkListing listing;
  std::vector<std::string> features;  // of the app, read with the listing
  // When its first page was asked for: a listing that was interrupted counts as of its beginning. Without
  // both, the machine's clock is all there is.
  std::optional<ServerTime> begun = std::nullopt;
  std::optional<ServerTime> ended = std::nullopt;
};
struct RowInput {
  drift::RowListing listing;
  servicenow::SweepReport report;
  // Where the rows were looked up for links: those. Null where the whole table was swept.
  std::shared_ptr<const LinkInput> looked_up_for = nullptr;
  SystemTime began = {};
  // sys_ids of inactive rows that were shown beside the listing.
  std::vector<std::string> inactive_rows = {};
};
struct ListingPair {
  std::shared_ptr<const LinkInput> links;
  RowInput rows;
};

// Thread-safe. The second success of a round hands the pair to the comparison. A success whose other side has
// not run yet asks for that side at once, so that a recovery does not wait for the next interval. A failure
// of either side spoils the round: what the other has is of no use by the time this one succeeds.
class DriftInputs {
 public:
  // How long a listing that broke off, or that waits for the other side, is of use.
  static constexpr std::chrono::milliseconds keep_for(std::chrono::milliseconds interval) {
    return std::max<std::chrono::milliseconds>(interval, std::chrono::minutes(15));
  }

  // Whether a listing that broke off with this error may go on there: what passes, and a stop, which may be
  // the sample's timeout. Refused credentials, say, are a clone's first sign.
  static bool can_go_on_after(const Error& error) {
    return is_passing(error.error_class) || error.error_class == ErrorClass::cancelled;
  }

  struct Callbacks {
    std::function<void()> ready;       // a pair can be taken
    std::function<void()> incomplete;  // this round gave no pair
    std::function<void()> want_links;
    std::function<void()> want_rows;
    std::function<void()> want_rows_beside = [] {};  // while the links are still being listed
  };

  // Once, before the first sample.
  void connect(Callbacks callbacks) { callbacks_ = std::move(callbacks); }

  // How many links a listing that goes on has by now, after each of its pages. Of a long one the rows are
  // asked for before it ends, unless they wait already.
  void listing_links(std::size_t so_far);
  void listing_over();  // whatever came of it; put_links() is as good
  void put_links(std::shared_ptr<const LinkInput> links);
  void put_rows(std::unique_ptr<RowInput> rows);
  void failed();
  // This side broke off in its middle and will go on there: the round gives no pair yet, and what the other
  // side has is kept for it.
  void interrupted() const { callbacks_.incomplete(); }
  // Asks for both sides.
  void want() const;
  void want_links() const { callbacks_.want_links(); }

  // The links that wait for their rows; null where none do.
  std::shared_ptr<const LinkInput> waiting_links();

  // Waits while links are being listed, and calls `waiting` after each page. True as soon as so many are
  // listed that they are `enough`; false when the listing is over, whatever came of it, when there is none,
  // and at a stop.
  bool wait_for_links(const std::function<bool(std::size_t)>& enough, const std::function<void()>& waiting,
                      const std::stop_token& stop);

  // The pair, once; the memory goes with it.
  std::unique_ptr<ListingPair> take();

 private:
  bool make_pair() REQUIRES(mutex_);

  Callbacks callbacks_;
  Mutex mutex_;
  std::condition_variable_any listed_;
  std::optional<std::size_t> listing_ GUARDED_BY(mutex_);  // links so far; absent where no listing goes on
  bool rows_asked_ GUARDED_BY(mutex_) = false;             // beside this listing
  std::shared_ptr<const LinkInput> links_ GUARDED_BY(mutex_);
  std::unique_ptr<RowInput> rows_ GUARDED_BY(mutex_);
  std::unique_ptr<ListingPair> pair_ GUARDED_BY(mutex_);
};

}  // namespace exporter::sampling
