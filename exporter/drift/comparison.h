// Links against rows: which link leads to the right, visible row, and what is wrong with the others.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "drift/listing.h"
#include "drift/vocabulary.h"
#include "servicenow/row_lookup.h"

namespace exporter::drift {

struct ComparisonOptions {
  std::chrono::milliseconds grace{15 * 60'000};
  double mass_threshold = 0.05;
  std::uint64_t mass_minimum = 10;
  std::uint64_t confirm_sample = 500;  // above that many candidates a random sample of so many is confirmed
  // Where a sample can't stand for all, because rows are hidden, up to so many candidates are all looked at.
  std::uint64_t confirm_all = 20'000;
  std::uint64_t random_seed = 0;
  // How many requests one comparison may send as the provisioner to go round the links; its hourly cap comes
  // on top.
  std::uint64_t rotation_requests = 40;
};

// What the comparison must know beside the two listings.
struct World {
  SystemTime now;
  bool creates_users = true;      // feature PUSH_NEW_USERS
  bool deactivates_users = true;  // feature PUSH_USER_DEACTIVATION
  bool reader_sees_inactive =
      false;  // proven in this run: the sweep returned an inactive row and the reader's own
  std::uint64_t hidden_rows = 0;  // rows that the reader's sweep was not shown
  // Okta user ids, sorted, whose provisioning task changed something within the grace.
  std::vector<std::string> recent_users = {};
  // Comparison::mass_absence of the last comparison.
  bool mass_absence_seen_before = false;
  // The kind under which each of these Okta user ids is drifted since an earlier comparison; users who are
  // not are left out. A user about whom this comparison can't tell anything stays what he was. Null: nobody
  // was.
  std::function<Result<std::map<std::string, Kind>>(const std::vector<std::string>&)> open_kinds = {};
};

// One user that is not well. Holds what /drift and the ledger need.
struct Entry {
  std::string okta_user_id;
  Kind kind = Kind::record_missing;
  okta::Scope scope = okta::Scope::other;
  std::string external_id;
  std::string match_key;         // the first match field as Okta wrote it
  std::string candidate_sys_id;  // sys_id_changed: where the user's row is now; else empty
};

// What Okta's own account may see, as far as its hourly cap of requests let us ask. Kept between comparisons,
// because a large population is looked at in rotation. Not thread-safe: the comparison owns it while it runs.
class ProvisionerView {
 public:
  virtual ~ProvisionerView() = default;
  // Null where the provisioner's credentials are not configured. The lookup itself asks spend_request()
  // before every HTTP request (TableRowLookup's before_request) and ends with class rate_limited when it says
  // no; compare() never asks.
  virtual servicenow::RowLookup* lookup() = 0;
  // Whether one more request as the provisioner is allowed now; each call that says true has spent it.
  virtual bool spend_request() = 0;
};

struct Comparison {
  std::array<std::uint64_t, 4> states{};          // by State; the sum is every app user
  std::array<std::uint64_t, kKindCount> kinds{};  // by Kind; the sum is states[drifted]
  std::vector<Entry> drifted;                     // one per drifted user
  std::vector<Standing> standings;                // by link of the listing
  std::vector<std::uint32_t> looked_at;  // sorted: links of the listing whose rows were looked at directly
  std::map<std::string, std::uint64_t> unverified;  // cause in words → users, for the log and `check`
  std::uint64_t locked_out = 0;                     // linked and active, but locked_out in ServiceNow
  bool mass_drift = false;
  // So many links are absent, and so few of them have their key elsewhere, that one comparison alone is not
  // believed. Set whether they were withheld or, after mass_absence_seen_before, published: give it to the
  // next comparison either way.
  bool mass_absence = false;
  std::uint64_t requests = 0;  // sent to look at rows directly, as both accounts
};

// What the rotation over the links as the provisioner has found so far.
struct ProvisionerMemory {
  std::vector<PackedId> hidden;  // sorted; rows that the provisioner's last look did not show
  PackedId next{};               // where the rotation goes on
};

// Compares two complete listings (rows sealed) and confirms every candidate by a direct look before it is
// believed. An error means that nothing can be said, and the last result stays: what the reader's lookup
// answers; permission where no row shows any match field; incomplete where the listing and direct looks
// contradict each other, or where a lookup does not even find rows that the listing holds (another instance,
// a dropped query). Errors of the provisioner's lookup are no errors of the comparison, cancelled excepted:
// what they leave open is unverified.
Result<Comparison> compare(const LinkListing& links, const RowListing& rows, const World& world,
                           const ComparisonOptions& options, servicenow::RowLookup& reader,
                           ProvisionerView& provisioner, ProvisionerMemory& memory, std::stop_token stop);

}  // namespace exporter::drift
