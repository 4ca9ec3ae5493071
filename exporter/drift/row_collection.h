// The rows that a comparison needs, looked up link by link instead of swept: only query_match is needed, and
// only as many requests as there are links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "drift/listing.h"
#include "servicenow/row_lookup.h"

namespace exporter::drift {

struct RowCollection {
  std::uint64_t hidden = 0;   // links and keys whose rows were not all shown
  bool saw_inactive = false;  // a row that is not active was shown
};

// Refers to what it was given. Not thread-safe.
class RowCollector {
 public:
  RowCollector(const LinkListing& links, servicenow::RowLookup& reader, RowListing& rows);

  // Adds to `rows`, and seals it: the row of every link, and, of the links whose row is not there or not
  // theirs, every row with one of their keys. For the links, that listing answers what a whole sweep would.
  // `on_group` is called after each group of lookups. Errors: the reader's lookups by sys_id, and by key all
  // but a refusal: the direct look says what a refused column leaves unknown. After an error that passes it
  // may be called again, and goes on with the group that failed.
  Result<RowCollection> run(const std::function<void()>& on_group, std::stop_token stop);

  // Before it goes on: whether the row that was shown last is still shown. Where it is not, the table may be
  // another one (a clone) or the reader's view may have changed, and the rows so far are worth nothing. True
  // where no row was shown yet. Errors: of the request.
  Result<bool> stands_firm(std::stop_token stop);

 private:
  Result<void> collect_by_id();
  void take(std::uint32_t link, const std::string& id, servicenow::IdLookup answer);
  Result<void> collect_by_key();
  void saw(const servicenow::UserRow& row);
  void add_others();

  const LinkListing& links_;
  servicenow::RowLookup& reader_;
  RowListing& rows_;
  std::function<void()> on_group_;
  std::stop_token stop_;
  RowCollection collection_;
  std::vector<std::uint32_t> by_id_;    // links with an external id, sorted by it
  std::size_t next_by_id_ = 0;          // in by_id_
  std::vector<std::uint32_t> seeking_;  // links whose keys are to be found elsewhere
  std::size_t field_ = 0;               // of the keys that are sought
  std::size_t next_seeking_ = 0;        // in seeking_
  std::vector<servicenow::UserRow> others_;
  std::string last_id_;
  std::string last_shown_;  // sys_id
};

}  // namespace exporter::drift
