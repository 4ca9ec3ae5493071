// Single users looked at on both sides, between two comparisons: the app user from Okta where the stored link
// may be out of date, the row from ServiceNow as the reader and as Okta's own account; and what was found,
// taken into the picture.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drift/classify.h"
#include "drift/comparison.h"
#include "drift/direct_look.h"
#include "okta/client.h"
#include "sampling/picture.h"
#include "sampling/recent_users.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/row_lookup.h"

namespace exporter::sampling {

struct LinkCheckOptions {
  std::size_t key_count = 1;  // match pairs
  std::chrono::milliseconds grace{0};
  // So many links that turn absent between two comparisons are a comparison's to judge (drift.mass_…).
  double mass_threshold = 0.05;
  std::uint64_t mass_minimum = 10;
};

// Not thread-safe: used by the System Log's sampler only.
class LinkCheck {
 public:
  // What is known of the users that were asked for.
  struct Links {
    std::map<std::string, okta::AppUser> users;  // by Okta user id
    std::set<std::string> gone;                  // not assigned any more
    // External ids that were given or taken away since they were stored: all their holders are looked at.
    std::set<std::string> moved;
    // Somebody came, left, or has other keys: whose a stranger's row is may have another answer.
    bool rekeyed = false;
  };
  struct Checked {
    okta::AppUser user;
    drift::Look look;        // facts.has_external_id false: there was nothing to look at
    drift::Finding finding;  // with the grace
    bool as_okta = false;    // Okta's own account was asked for the row, or none is configured
  };
  struct Looked {
    std::map<std::string, Checked> users;
    bool proven = false;  // rows that the comparison knew, an inactive one among them, are still shown
    bool same_instance = false;
  };
  // A user to be looked at again, and when.
  using Again = std::vector<std::pair<std::string, SystemTime>>;

  LinkCheck(LinkCheckOptions options, okta::Client& okta, servicenow::RowLookup& reader,
            drift::ProvisionerView& provisioner, Picture& picture, RecentUsers& recent, storage::Store& store,
            const Clock& clock, Log& log);

  // The links of users as stored, or from Okta: of those who are not stored and those whose tasks have
  // succeeded since `listed`, at most `ask` of them; the others are left out. Errors: storage, cancelled.
  Result<Links> find(const Session::Opened& opened, const std::set<std::string>& users, SystemTime listed,
                     std::size_t ask, SampleRun& run);

  // Looks at them, and at the other holders of ids that moved. Errors: storage, cancelled, else the reader's.
  Result<Looked> look(const Session::Opened& opened, const Links& links, const drift::Policy& policy,
                      const std::optional<Picture::Settled>& settled, SampleRun& run);

  // Takes it into the picture that `settled` tells of. What can't be believed without a whole comparison is
  // left out: absences while the view is not proven, and many at once, which ask for a comparison. Errors:
  // storage.
  Result<Again> take_in(const Session::Opened& opened, const Picture::Settled& settled, const Links& links,
                        const Looked& looked);

  // What is called where a whole comparison is wanted.
  void on_mass(std::function<void()> want_comparison) { want_comparison_ = std::move(want_comparison); }

 private:
  Result<void> ask_as_okta(std::map<std::string, Checked>& users, SampleRun& run);
  Result<void> find_owners(const Session::Opened& opened, const std::set<std::string>& gone,
                           std::map<std::string, Checked>& users);
  bool is_mass(const Picture::Settled& settled, std::size_t absent);

  const LinkCheckOptions options_;
  okta::Client& okta_;
  servicenow::RowLookup& reader_;
  drift::ProvisionerView& provisioner_;
  Picture& picture_;
  RecentUsers& recent_;
  storage::Store& store_;
  const Clock& clock_;
  Log& log_;
  std::function<void()> want_comparison_;
  std::uint64_t counted_for_ = 0;  // Settled::number that the next two belong to
  std::size_t absent_ = 0;         // links that turned absent since
  bool held_back_ = false;
};

// The links that the filter of Store::links_where() must take: with one of the external ids, or with one of
// the keys in its match field, compared as DESIGN compares keys. Rows' keys as they are.
class RelatedLinks {
 public:
  explicit RelatedLinks(std::size_t key_count) : keys_(key_count) {}
  void add_id(const std::string& external_id) { ids_.insert(external_id); }
  void add_keys(const std::vector<std::string>& row_keys);
  bool empty() const;
  bool takes(std::string_view external_id, std::string_view keys) const;

 private:
  std::set<std::string, std::less<>> ids_;
  std::vector<std::set<std::uint64_t>> keys_;  // hashes, by field
};

}  // namespace exporter::sampling
