#include "servicenow/user_sweep.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/read_ahead.h"
#include "base/spare_text.h"
#include "base/text.h"
#include "servicenow/id_order.h"
#include "servicenow/match_key.h"

namespace exporter::servicenow {
namespace {

// A sweep that needs more pages than this for what X-Total-Count announced is going in circles.
constexpr std::uint64_t kPagesPerWindow = 20;
constexpr std::uint64_t kSparePages = 1000;
constexpr std::uint64_t kMaxPagesWithoutTotal = 100'000;

constexpr std::string_view kRemedy =
    "; the sweep needs to sort and range over sys_id: give the reader an ACL for the operation query_range "
    "on sys_user.sys_id";

Error incomplete(const std::string& message) {
  return Error{ErrorClass::incomplete, message + "; the table is read again soon", 200};
}

std::string join_query(std::initializer_list<std::string_view> parts) {
  std::string query;
  for (const std::string_view part : parts) {
    if (part.empty()) continue;
    if (!query.empty()) query += '^';
    query += part;
  }
  return query;
}

}  // namespace

class UserSweep::Pages {
 public:
  Pages(TableClient& client, SweepOptions options)
      : client_(client), options_(std::move(options)), reader_(client.table().match_fields) {
    const auto& fields = client.table().match_fields;
    const auto name = std::find(fields.begin(), fields.end(), "user_name");
    if (name != fields.end()) name_field_ = static_cast<std::size_t>(name - fields.begin());
    own_name_ = normalize_key(options_.own_name);
  }

  Result<SweepReport> run(const std::function<void(const UserRow&)>& row,
                          const std::function<void()>& on_page, std::stop_token stop) {
    // Behind the last row, whatever windows without rows came after it.
    offset_ = 0;
    window_total_ = 0;
    report_.saw_inactive = false;
    report_.saw_own_row = false;
    request_failed_ = false;
    row_ = &row;
    on_page_ = &on_page;
    ahead_.emplace(std::move(stop));
    Result<SweepReport> report = read();
    ahead_.reset();
    return report;
  }

  bool can_go_on() const { return request_failed_ && keyset() && !cursor_.empty(); }

  Result<bool> stands_firm(std::stop_token stop) {
    const auto page =
        client_.users({.query = "sys_idIN" + cursor_, .limit = 2, .offset = 0}, std::move(stop));
    if (!page && page.error().error_class == ErrorClass::permission) return false;
    if (!page) return std::unexpected(page.error());
    return page->rows.size() == 1 && page->rows.front().sys_id == cursor_;
  }

 private:
  enum class Step : std::uint8_t { more, end };
  enum class PageOrder : std::uint8_t { good, unsorted, behind_cursor };

  Result<SweepReport> read() {
    if (auto asked = ask_on(); !asked) return std::unexpected(std::move(asked.error()));
    for (;;) {
      auto answer = ahead_->take();
      (*on_page_)();
      ++pages_;
      ranged_ = asked_ranged_;
      const std::optional<std::string> foreseen = answer ? foresee(*answer) : std::optional<std::string>();
      // While the next page is on its way.
      if (foreseen) ask(*foreseen, 0);
      const auto step = judge(answer);
      if (!step) return std::unexpected(step.error());
      const bool coming = foreseen && keyset() && cursor_ == *foreseen && offset_ == 0;
      if (*step == Step::more && !coming) {
        // Whatever comes of it leads nowhere.
        if (foreseen) {
          [[maybe_unused]] const auto unwanted = ahead_->take();
        }
        if (auto asked = ask_on(); !asked) return std::unexpected(std::move(asked.error()));
      }
      // Likewise.
      if (taken_) hand_over(reader_.page());
      if (answer) read_last_.put(std::move(answer->body));
      if (*step == Step::end) break;
    }
    // Where users were created meanwhile, more rows may come than were announced at first.
    if (report_.total && *report_.total > report_.rows) report_.hidden = *report_.total - report_.rows;
    return report_;
  }

  bool keyset() const { return report_.method == SweepReport::Method::keyset; }
  std::uint64_t limit() const { return static_cast<std::uint64_t>(options_.page_size); }

  // Begins to fetch the page that the cursor and the offset lead to.
  Result<void> ask_on() {
    if (report_.requests >= max_requests()) {
      return std::unexpected(incomplete("the sweep of the users' table does not come to an end after " +
                                        std::to_string(report_.requests) + " pages"));
    }
    if (offset_ > static_cast<std::uint64_t>(std::numeric_limits<int>::max()) - limit()) {
      return std::unexpected(incomplete("the users' table has more rows than an offset can say"));
    }
    ask(keyset() ? cursor_ : std::string(), offset_);
    return {};
  }

  void ask(const std::string& behind, std::uint64_t offset) {
    asked_ranged_ = !behind.empty();
    UserQuery query;
    query.query =
        join_query({options_.query, asked_ranged_ ? "sys_id>" + behind : std::string(), "ORDERBYsys_id"});
    query.limit = options_.page_size;
    query.offset = static_cast<int>(offset);
    ++report_.requests;
    ahead_->begin([this, query](std::stop_token stop) {
      std::string memory = read_last_.take();
      return client_.fetch_users(query, std::move(stop), &memory);
    });
  }

  // The last row of an answer behind which the sweep will go on, told without reading all of it: so the next
  // page is on its way meanwhile. Only where no good page could end the sweep or lead elsewhere, so that no
  // request is in vain; whether the page is good, and this its last row, is judged all the same.
  std::optional<std::string> foresee(const TableClient::UserBody& answer) const {
    constexpr std::string_view kName = "\"sys_id\"";
    if (!ranged_ || !range_honoured_ || report_.requests >= max_requests()) return std::nullopt;
    if (!answer.total_count || *answer.total_count <= offset_ + limit()) return std::nullopt;
    const std::string_view body = answer.body;
    const std::size_t name = body.rfind(kName);
    if (name == std::string_view::npos) return std::nullopt;
    const std::size_t begin = body.find('"', name + kName.size());
    if (begin == std::string_view::npos) return std::nullopt;
    const std::size_t end = body.find('"', begin + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view id = body.substr(begin + 1, end - begin - 1);
    return is_queryable_sys_id(id) ? std::optional<std::string>(id) : std::nullopt;
  }

  // Whether the page counts, and whether and where the sweep goes on.
  Result<Step> judge(Result<TableClient::UserBody>& answer) {
    taken_ = false;
    const auto give_up = [this](Error error) {
      // Also a stop, which may be the sample's timeout.
      request_failed_ = is_passing(error.error_class) || error.error_class == ErrorClass::cancelled;
      return refused(std::move(error), ranged_);
    };
    if (!answer) return give_up(std::move(answer.error()));
    if (auto read = client_.read_users(*answer, reader_); !read) return give_up(std::move(read.error()));
    const UserPage& page = reader_.page();
    if (auto fault = contradiction(page)) return std::unexpected(std::move(*fault));

    switch (order_of(page)) {
      case PageOrder::good:
        break;
      case PageOrder::behind_cursor:
        if (ranged_) return fall_back();
        // Sorted in itself but beginning with what was read already: the table moved under the offset.
        return std::unexpected(
            incomplete("rows of the users' table came twice: it changed while it was read by offset"));
      case PageOrder::unsorted:
        if (ranged_) return fall_back();
        return unsorted(page);
    }
    if (ranged_ && !page.rows.empty()) range_honoured_ = true;
    take(page);
    return advance(page);
  }

  std::uint64_t max_requests() const {
    if (!report_.total) return kMaxPagesWithoutTotal;
    return (*report_.total / limit() + 1) * kPagesPerWindow + kSparePages;
  }

  Result<Step> refused(Error error, bool ranged) {
    if (error.error_class != ErrorClass::permission || error.http_status != 403)
      return std::unexpected(std::move(error));
    if (ranged) return fall_back();
    error.message += kRemedy;
    return std::unexpected(std::move(error));
  }

  // What a good instance never answers, whatever was asked.
  std::optional<Error> contradiction(const UserPage& page) {
    if (page.malformed > 0) {
      return incomplete("a page of the users' table holds " + std::to_string(page.malformed) +
                        " rows without (or with two) sys_ids or keys");
    }
    if (page.rows.size() > limit())
      return incomplete("a page of the users' table holds more rows than were asked for");
    if (pages_ == 1) report_.total = page.total_count;
    if (report_.total.has_value() != page.total_count.has_value()) {
      return incomplete("X-Total-Count came with some pages of the users' table and not with others");
    }
    if (!page.total_count) return std::nullopt;
    if (!page.rows.empty() && *page.total_count < offset_ + page.rows.size()) {
      return incomplete("X-Total-Count is smaller than the rows that were read");
    }
    // By offset a deleted row moves all behind it: one of them is then never seen.
    if (offset_ > 0 && *page.total_count < window_total_) {
      return incomplete("the users' table shrank while it was read by offset");
    }
    window_total_ = *page.total_count;
    return std::nullopt;
  }

  PageOrder order_of(const UserPage& page) {
    IdOrder order = order_;
    if (in_order(order, cursor_, page)) {
      order_ = order;
      return PageOrder::good;
    }
    IdOrder alone;
    return in_order(alone, {}, page) ? PageOrder::behind_cursor : PageOrder::unsorted;
  }

  static bool in_order(IdOrder& order, std::string_view previous, const UserPage& page) {
    for (const UserRow& row : page.rows) {
      if (!previous.empty() && !order.follows(previous, row.sys_id)) return false;
      previous = row.sys_id;
    }
    return true;
  }

  // The range predicate was refused or dropped (servicenow.md 0.4). What was read without it stands: its
  // windows are those of the offset way.
  Result<Step> fall_back() {
    if (range_honoured_) {
      return std::unexpected(
          incomplete("the range query on sys_id was honoured at first and then refused or ignored"));
    }
    report_.method = SweepReport::Method::offset;
    offset_ = first_ranged_offset_;
    window_total_ = report_.total.value_or(0);
    return Step::more;
  }

  // The sorting was dropped. That does no harm where one page is the whole table.
  Result<Step> unsorted(const UserPage& page) {
    if (pages_ == 1 && page.total_count && *page.total_count == page.rows.size()) {
      std::vector<std::string_view> ids;
      for (const UserRow& row : page.rows) ids.push_back(row.sys_id);
      std::sort(ids.begin(), ids.end());
      if (std::adjacent_find(ids.begin(), ids.end()) != ids.end()) {
        return std::unexpected(incomplete("a page of the users' table holds the same row twice"));
      }
      take(page);
      return Step::end;
    }
    return std::unexpected(
        Error{ErrorClass::permission,
              "ServiceNow ignored ORDERBYsys_id, so pages of the users' table would miss rows" +
                  std::string(kRemedy),
              200});
  }

  void take(const UserPage& page) {
    taken_ = true;
    report_.rows += page.rows.size();
    if (!page.rows.empty()) last_id_ = page.rows.back().sys_id;
  }

  void hand_over(const UserPage& page) {
    for (const UserRow& row : page.rows) {
      if (row.active == false) report_.saw_inactive = true;
      if (!report_.saw_own_row && name_field_ && !own_name_.empty() &&
          row.keys[*name_field_].size() >= own_name_.size() &&  // so of nearly all rows nothing more is asked
          equals_ignore_case(trim(row.keys[*name_field_]), own_name_)) {
        report_.saw_own_row = true;
      }
      (*row_)(row);
    }
  }

  Result<Step> advance(const UserPage& page) {
    const bool got_rows = !page.rows.empty();
    // Every row from here to the end of the table was shown.
    const bool all_shown = page.total_count && offset_ + page.rows.size() == *page.total_count;
    const bool window_reaches_end = page.total_count && *page.total_count <= offset_ + limit();
    if (all_shown) return Step::end;

    if (!keyset()) {
      if (page.total_count ? window_reaches_end : !got_rows) return Step::end;
      offset_ += limit();
      cursor_ = got_rows ? last_id_ : cursor_;
      return Step::more;
    }
    if (got_rows) {
      if (!is_queryable_sys_id(last_id_)) {
        return std::unexpected(
            incomplete("a row of the users' table has a sys_id that may not stand in a query"));
      }
      if (cursor_.empty()) first_ranged_offset_ = offset_ + limit();
      cursor_ = last_id_;
      offset_ = 0;
      return Step::more;
    }
    // An empty page: ACLs run after the limit, so this window may be hidden and the next one not
    // (servicenow.md 8.2). Without the header there is no telling, and an empty page is the end.
    if (!page.total_count || window_reaches_end) return Step::end;
    offset_ += limit();
    return Step::more;
  }

  TableClient& client_;
  const SweepOptions options_;
  const std::function<void(const UserRow&)>* row_ = nullptr;  // of the run
  const std::function<void()>* on_page_ = nullptr;            // likewise
  SweepReport report_;
  std::optional<std::size_t> name_field_;
  std::string own_name_;
  IdOrder order_;
  std::string cursor_;  // the last row that was shown; in the offset way only to check the order
  std::string last_id_;
  std::uint64_t offset_ = 0;
  std::uint64_t first_ranged_offset_ = 0;  // where the offset way goes on when the first range query fails
  std::uint64_t window_total_ = 0;         // X-Total-Count of the window before this one
  bool range_honoured_ = false;
  std::uint64_t pages_ = 0;    // that were answered
  bool asked_ranged_ = false;  // the page that was asked for last
  bool ranged_ = false;        // the page that was answered last
  bool taken_ = false;         // the page that was judged last counts
  bool request_failed_ = false;
  UserPageReader reader_;
  SpareText read_last_;
  std::optional<ReadAhead<TableClient::UserBody>> ahead_;  // of the run
};

UserSweep::UserSweep(TableClient& client, SweepOptions options)
    : pages_(std::make_unique<Pages>(client, std::move(options))) {}

UserSweep::~UserSweep() = default;

Result<SweepReport> UserSweep::run(const std::function<void(const UserRow&)>& row,
                                   const std::function<void()>& on_page, std::stop_token stop) {
  return pages_->run(row, on_page, std::move(stop));
}

bool UserSweep::can_go_on() const { return pages_->can_go_on(); }

Result<bool> UserSweep::stands_firm(std::stop_token stop) { return pages_->stands_firm(std::move(stop)); }

Result<SweepReport> sweep_users(TableClient& client, const SweepOptions& options,
                                const std::function<void(const UserRow&)>& row, std::stop_token stop) {
  if (options.page_size <= 0)
    return std::unexpected(Error{ErrorClass::malformed, "the page size must be positive"});
  return UserSweep(client, options).run(row, [] {}, std::move(stop));
}

}  // namespace exporter::servicenow
