// Direct looks at single rows: what a listing can't prove, and what the ambiguous 404 refuses to say.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "servicenow/table_client.h"

namespace exporter::servicenow {

// A group of ids of the usual 32 characters that is one request: 7,000 bytes of percent-encoded query hold
// 199 of them.
inline constexpr std::size_t kIdsPerRequest = 199;

// A list query by sys_id answers X-Total-Count 0 for absent and 1 with no row for hidden (servicenow.md 0.3).
enum class Presence : std::uint8_t { present, absent, hidden, undecided };

struct IdLookup {
  Presence presence = Presence::undecided;
  std::optional<UserRow> row;  // where present
};

struct KeyLookup {
  std::vector<UserRow> rows;  // whose key equals, compared trimmed, without case, and cut as ServiceNow cuts
  bool hidden_rows = false;   // some row of the answer was not shown: "nobody has this key" is not proven
};

// Thread-safe.
class RowLookup {
 public:
  virtual ~RowLookup() = default;
  // One result per id, in order. Ids that may not stand in a query are answered absent without asking. An
  // error tells nothing about any of the ids.
  virtual Result<std::vector<IdLookup>> by_sys_id(std::span<const std::string> ids, std::stop_token stop) = 0;
  // One result per value, in order; `field` indexes UsersTable::match_fields. Values that may not stand in a
  // query get an empty result with hidden_rows set.
  virtual Result<std::vector<KeyLookup>> by_key(std::size_t field, std::span<const std::string> values,
                                                std::stop_token stop) = 0;
  // Requests sent since construction.
  virtual std::uint64_t requests() const { return 0; }
};

// As by_sys_id(), with a second question for what the first answer hides: an answer that lost rows on its way
// looks like one whose rows this account is not shown. Hidden is what neither answer shows; undecided, where
// the second question fails. Costs requests only where something is hidden.
Result<std::vector<IdLookup>> by_sys_id_confirmed(RowLookup& lookup, std::span<const std::string> ids,
                                                  const std::stop_token& stop);

// As `sys_idIN…` and `<field>IN…` list queries of at most 200 values and 7 kB of percent-encoded query, which
// need only query_match. Groups that mix absent and hidden are split until each id is decided; what one
// half's X-Total-Count says about the other half is not asked again. A row that was not asked for means that
// the instance dropped the predicate: class incomplete. X-Total-Count missing: present or undecided.
class TableRowLookup final : public RowLookup {
 public:
  // `before_request` is asked before every single request and has spent one when it says true; false ends the
  // lookup with class rate_limited. It must be thread-safe where the lookup is shared. Empty: no cap.
  explicit TableRowLookup(TableClient& client, std::function<bool()> before_request = {})
      : client_(client), before_request_(std::move(before_request)) {}
  Result<std::vector<IdLookup>> by_sys_id(std::span<const std::string> ids, std::stop_token stop) override;
  Result<std::vector<KeyLookup>> by_key(std::size_t field, std::span<const std::string> values,
                                        std::stop_token stop) override;
  std::uint64_t requests() const override { return requests_.load(std::memory_order_relaxed); }

 private:
  Result<UserPage> ask(const UserQuery& query, std::stop_token stop);

  TableClient& client_;
  std::function<bool()> before_request_;
  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace exporter::servicenow
