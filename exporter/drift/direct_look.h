// Candidates of drift, looked at one by one as the reader and, where its row is not shown, as the
// provisioner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "drift/classify.h"
#include "drift/key_search.h"
#include "drift/links_by_id.h"
#include "drift/listing.h"
#include "servicenow/row_lookup.h"

namespace exporter::drift {

struct Look {
  Facts facts;
  std::string candidate_sys_id;    // where the key is now, if the row is absent and exactly one other has it
  std::optional<bool> locked_out;  // of the row
  std::vector<std::string> row_keys;  // of a row that is there and whose keys are not the user's
  // The external id or a key of the user belongs to this instance.
  bool resolves = false;
  // The reader was not shown the row; the provisioner's answer says that it is there.
  bool by_provisioner = false;
};

// Refers to what it was given. Not thread-safe.
class DirectLook {
 public:
  struct World {
    const LinkListing& links;
    const RowListing& rows;
    const LinksById& by_id;
    const KeySearch& listed;         // rows that the listing holds under the candidates' keys, asked by link
    const KeySearch& listed_owners;  // links under the keys of the candidates' rows, asked by link
    bool reader_sees_inactive;
    SystemTime grace_begins;  // what changed later is in the grace
    servicenow::RowLookup& reader;
    servicenow::RowLookup* provisioner;  // may be null
  };
  explicit DirectLook(const World& world) : world_(world) {}

  // One Look per link, in order; the links must have external ids. Errors: the reader's (but a refused query
  // by key only leaves the keys unknown), the provisioner's cancelled, incomplete where rows of the listing
  // are not found.
  Result<std::vector<Look>> look(std::span<const std::uint32_t> links, std::stop_token stop);

 private:
  struct Subject;
  Result<void> ask_for_rows(std::vector<Subject>& subjects, std::stop_token stop);
  Result<void> ask_provisioner(std::vector<Subject>& subjects, std::stop_token stop);
  Result<void> ask_for_keys(std::vector<Subject>& subjects, std::stop_token stop);
  Result<void> ask_for_key(std::size_t field, std::vector<Subject>& subjects, std::stop_token stop);
  void judge_row(Subject& subject) const;
  bool is_listed_search(const Subject& subject) const;
  void find_owners(std::vector<Subject>& subjects) const;

  World world_;
  std::vector<servicenow::UserRow> controls_;  // rows of the listing that direct looks must find too
};

}  // namespace exporter::drift
