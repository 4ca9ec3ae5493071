// The whole users' table, page by page, with proof of what was not shown.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "servicenow/table_client.h"

namespace exporter::servicenow {

struct SweepOptions {
  int page_size = 1000;
  std::string query;     // users.query of the configuration, joined by ^
  std::string own_name;  // the reader's user_name; empty where unknown (API key)
};

struct SweepReport {
  enum class Method : std::uint8_t { keyset, offset };
  Method method = Method::keyset;
  std::uint64_t rows = 0;
  // X-Total-Count of the first page; nullopt where the header never came, and then hidden is unknown too (0
  // is no proof).
  std::optional<std::uint64_t> total;
  std::uint64_t hidden = 0;  // rows that matched and were not shown: ACLs run after the limit
  std::uint64_t requests = 0;
  bool saw_inactive = false;  // the reader's view of inactive rows is proven
  bool saw_own_row = false;   // needs user_name among the match fields
};

// Keyset pages `sys_id>last^ORDERBYsys_id`; a short or empty page is not the end while X-Total-Count says
// more (servicenow.md 8.2); where the range query is refused (403) or ignored (first id <= cursor), offset
// with ORDERBYsys_id. Once a range query was honoured, the next page is asked for before the one that came is
// read; a page that turns out to be broken costs one request in vain. Not thread-safe; must not outlive the
// client.
class UserSweep {
 public:
  UserSweep(TableClient& client, SweepOptions options);
  ~UserSweep();
  UserSweep(const UserSweep&) = delete;
  UserSweep& operator=(const UserSweep&) = delete;

  // Calls `row` for every row, only after its page was read to its end, and `on_page` after every answer. An
  // error means that the listing is not complete and that what `row` got is worth nothing, unless it
  // can_go_on(): class permission where neither way is allowed, incomplete where pages contradict each other
  // (a repeated row, a row without sys_id, a total that shrinks below what was read).
  Result<SweepReport> run(const std::function<void(const UserRow&)>& row,
                          const std::function<void()>& on_page, std::stop_token stop);

  // After an error: a request between keyset pages failed in a way that passes. run() may be called once more
  // then; it goes on behind the last row that was read. What the report says of the reader's view is then of
  // the last run alone.
  bool can_go_on() const;
  // Before it goes on: whether the row that it stands at is still shown. Where it is not, the table may be
  // another one (a clone) or the reader's view may have changed, and the rows so far are worth nothing.
  // Errors: of the request.
  Result<bool> stands_firm(std::stop_token stop);

 private:
  class Pages;
  std::unique_ptr<Pages> pages_;
};

// A sweep in one go.
Result<SweepReport> sweep_users(TableClient& client, const SweepOptions& options,
                                const std::function<void(const UserRow&)>& row, std::stop_token stop);

}  // namespace exporter::servicenow
