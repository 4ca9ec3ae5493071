#include "servicenow/row_lookup.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "net/url.h"
#include "servicenow/match_key.h"
#include "servicenow/query_groups.h"

namespace exporter::servicenow {
namespace {

using Asker = std::function<Result<UserPage>(const UserQuery&)>;

constexpr int kKeyRows = 1000;

Error incomplete_lookup(std::string message) {
  return Error{ErrorClass::incomplete, std::move(message), 200};
}

// What no honest answer to an IN query holds.
std::optional<Error> contradiction(const UserPage& page) {
  if (page.malformed > 0)
    return incomplete_lookup("a looked-up row came without (or with two) sys_ids or keys");
  if (page.total_count && *page.total_count < page.rows.size()) {
    return incomplete_lookup("X-Total-Count is smaller than the rows of a lookup");
  }
  std::vector<std::string_view> ids;
  for (const UserRow& row : page.rows) ids.push_back(row.sys_id);
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) != ids.end())
    return incomplete_lookup("a lookup answered the same row twice");
  return std::nullopt;
}

// One group of ids that differ without case, and what became of each.
class IdGroup {
 public:
  IdGroup(std::span<const std::string> ids, const Asker& ask, std::vector<IdLookup>& results)
      : ids_(ids), ask_(ask), results_(results) {}

  // `group`: indices into ids, sorted by lower-case id.
  Result<void> decide(std::vector<std::size_t> group) {
    const auto hidden = look(group);
    if (!hidden) return std::unexpected(hidden.error());
    return settle(std::move(group), *hidden);
  }

 private:
  // Asks for the group, removes from it what was shown, and says how many of the rest exist; nullopt where
  // unknown.
  Result<std::optional<std::uint64_t>> look(std::vector<std::size_t>& group) {
    std::vector<std::string_view> values;
    for (const std::size_t index : group) values.push_back(ids_[index]);
    UserQuery query;
    query.query = in_query("sys_id", values);
    query.limit = static_cast<int>(group.size());
    auto page = ask_(query);
    if (!page) return std::unexpected(std::move(page.error()));
    if (auto fault = contradiction(*page)) return std::unexpected(std::move(*fault));
    if (page->total_count && *page->total_count > group.size()) {
      return std::unexpected(incomplete_lookup("a lookup of " + std::to_string(group.size()) +
                                               " sys_ids matches " + std::to_string(*page->total_count) +
                                               " rows: the instance ignored the query"));
    }
    const std::size_t shown = page->rows.size();
    for (UserRow& row : page->rows) {
      // Without case: a database that compares so finds the row for the id in either spelling, and so does
      // Okta's push.
      const std::string id = to_lower(row.sys_id);
      const auto asked = std::lower_bound(
          group.begin(), group.end(), id,
          [&](std::size_t index, const std::string& key) { return to_lower(ids_[index]) < key; });
      if (asked == group.end() || to_lower(ids_[*asked]) != id) {
        return std::unexpected(incomplete_lookup("a lookup by sys_id answered a row that was not asked for"));
      }
      results_[*asked] = {Presence::present, std::move(row)};
    }
    std::erase_if(group, [&](std::size_t index) { return results_[index].presence == Presence::present; });
    if (!page->total_count) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(*page->total_count - shown);
  }

  // `rest` was not shown, and `hidden` of it exist.
  Result<void> settle(std::vector<std::size_t> rest, std::optional<std::uint64_t> hidden) {
    if (!hidden || rest.empty()) return {};  // undecided is what they are until somebody decides
    if (*hidden > rest.size())
      return std::unexpected(incomplete_lookup("rows changed while they were looked up"));
    if (*hidden == 0 || *hidden == rest.size()) {
      const Presence presence = *hidden == 0 ? Presence::absent : Presence::hidden;
      for (const std::size_t index : rest) results_[index] = {presence, std::nullopt};
      return {};
    }
    const auto middle = rest.begin() + static_cast<std::ptrdiff_t>(rest.size() / 2);
    std::vector<std::size_t> first(rest.begin(), middle);
    std::vector<std::size_t> second(middle, rest.end());
    const std::size_t asked = first.size();
    const auto hidden_first = look(first);
    if (!hidden_first) return std::unexpected(hidden_first.error());
    if (!*hidden_first) return {};
    // A row that is shown now and was hidden a moment ago counts as one of the hidden.
    const std::uint64_t exist = **hidden_first + (asked - first.size());
    if (exist > *hidden) return std::unexpected(incomplete_lookup("rows changed while they were looked up"));
    if (auto done = settle(std::move(first), *hidden_first); !done) return done;
    return settle(std::move(second), *hidden - exist);
  }

  std::span<const std::string> ids_;
  const Asker& ask_;
  std::vector<IdLookup>& results_;
};

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

// One distinct key and the spellings under which a database that minds case, or has cut it, may hold it.
class AskedKey {
 public:
  explicit AskedKey(std::string normalized) : normalized_(std::move(normalized)), cut_(cut_key(normalized_)) {
    add_spelling(normalized_);
    if (!cut_.empty()) add_spelling(cut_);
  }
  void add_as_written(std::string_view text) {
    text = trim(text);
    add_spelling(text);
    // The cut falls at the same byte: lower-casing ASCII moves nothing.
    if (!cut_.empty()) add_spelling(trim(text.substr(0, cut_.size())));
  }
  bool is(std::string_view normalized_row_key) const {
    return normalized_row_key == normalized_ || (!cut_.empty() && normalized_row_key == cut_);
  }
  // Whether a database could take one row for this key and for another one.
  bool may_share_rows() const { return !cut_.empty() || !is_ascii(normalized_); }
  const std::string& normalized() const { return normalized_; }
  const std::vector<std::string>& spellings() const { return spellings_; }

  KeyLookup answer;

 private:
  void add_spelling(std::string_view text) {
    if (std::find(spellings_.begin(), spellings_.end(), text) == spellings_.end())
      spellings_.emplace_back(text);
  }

  std::string normalized_;
  std::string cut_;
  std::vector<std::string> spellings_;
};

class KeyGroup {
 public:
  KeyGroup(std::size_t field, const std::string& column, const Asker& ask)
      : field_(field), column_(column), ask_(ask) {}

  Result<void> decide(std::span<AskedKey> keys) {
    const auto seen = look(keys);
    if (!seen) return std::unexpected(seen.error());
    return settle(keys, *seen);
  }

 private:
  struct Seen {
    std::optional<std::uint64_t> hidden;  // rows of the answer that were not shown; nullopt where unknown
    bool whole = false;                   // the answer was within the limit
  };

  Result<Seen> look(std::span<AskedKey> keys) {
    std::vector<std::string_view> values;
    for (AskedKey& key : keys) {
      key.answer.rows.clear();
      values.insert(values.end(), key.spellings().begin(), key.spellings().end());
    }
    UserQuery query;
    query.query = in_query(column_, values);
    query.limit = kKeyRows;
    auto page = ask_(query);
    if (!page) return std::unexpected(std::move(page.error()));
    if (auto fault = contradiction(*page)) return std::unexpected(std::move(*fault));
    std::uint64_t unseen = 0;
    for (const UserRow& row : page->rows) {
      if ((row.unreadable_keys >> field_ & 1U) != 0) {
        ++unseen;  // found by a key that we may not read: as good as hidden
        continue;
      }
      const std::string key = normalize_key(row.keys[field_]);
      bool asked = false;
      for (AskedKey& candidate : keys) {
        if (!candidate.is(key)) continue;
        candidate.answer.rows.push_back(row);
        asked = true;
      }
      if (asked) continue;
      // Databases also take é for e; such a row is nobody's, but no sign of a dropped predicate.
      const bool may_be_collation =
          !is_ascii(key) || std::any_of(keys.begin(), keys.end(), [](const AskedKey& candidate) {
            return !is_ascii(candidate.normalized());
          });
      if (!may_be_collation) {
        return std::unexpected(
            incomplete_lookup("a lookup by " + column_ + " answered a row that was not asked for"));
      }
    }
    if (!page->total_count) return Seen{};
    return Seen{*page->total_count - page->rows.size() + unseen,
                *page->total_count <= static_cast<std::uint64_t>(kKeyRows)};
  }

  Result<void> settle(std::span<AskedKey> keys, Seen seen) {
    if (seen.hidden && *seen.hidden == 0) return {};
    // Without the header nobody can say that there is no more; splitting would not help.
    if (!seen.hidden || keys.size() == 1) {
      for (AskedKey& key : keys) key.answer.hidden_rows = true;
      return {};
    }
    const auto first = keys.first(keys.size() / 2);
    const auto second = keys.subspan(keys.size() / 2);
    const auto seen_first = look(first);
    if (!seen_first) return std::unexpected(seen_first.error());
    if (auto done = settle(first, *seen_first); !done) return done;
    // What is not hidden in one half is hidden in the other, unless a row could count in both.
    const bool adds_up =
        seen.whole && seen_first->hidden && *seen_first->hidden <= *seen.hidden &&
        std::none_of(keys.begin(), keys.end(), [](const AskedKey& key) { return key.may_share_rows(); });
    if (!adds_up) return decide(second);
    return settle(second, Seen{*seen.hidden - *seen_first->hidden, true});
  }

  std::size_t field_;
  const std::string& column_;
  const Asker& ask_;
};

}  // namespace

Result<std::vector<IdLookup>> by_sys_id_confirmed(RowLookup& lookup, std::span<const std::string> ids,
                                                  const std::stop_token& stop) {
  auto answers = lookup.by_sys_id(ids, stop);
  if (!answers) return answers;
  std::vector<std::size_t> hidden;
  std::vector<std::string> hidden_ids;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if ((*answers)[i].presence != Presence::hidden) continue;
    hidden.push_back(i);
    hidden_ids.push_back(ids[i]);
  }
  if (hidden.empty()) return answers;
  auto again = lookup.by_sys_id(hidden_ids, stop);
  if (!again && again.error().error_class == ErrorClass::cancelled) return again;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    (*answers)[hidden[i]] = again ? std::move((*again)[i]) : IdLookup{};
  }
  return answers;
}

Result<UserPage> TableRowLookup::ask(const UserQuery& query, std::stop_token stop) {
  if (before_request_ && !before_request_()) {
    return std::unexpected(Error{ErrorClass::rate_limited, "the cap on requests of this account is reached"});
  }
  requests_.fetch_add(1, std::memory_order_relaxed);
  return client_.users(query, std::move(stop));
}

Result<std::vector<IdLookup>> TableRowLookup::by_sys_id(std::span<const std::string> ids,
                                                        std::stop_token stop) {
  std::vector<IdLookup> results(ids.size());
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (is_queryable_sys_id(ids[i])) {
      left.push_back(i);
    } else {
      results[i].presence = Presence::absent;
    }
  }
  std::sort(left.begin(), left.end(), [&](std::size_t a, std::size_t b) {
    const std::string lower_a = to_lower(ids[a]);
    const std::string lower_b = to_lower(ids[b]);
    return lower_a != lower_b ? lower_a < lower_b : ids[a] < ids[b];
  });
  const Asker asker = [&](const UserQuery& query) { return ask(query, stop); };
  // Ids that differ only by case must not share a group: counting would not know which of them a row is.
  while (!left.empty()) {
    std::vector<std::size_t> now;
    std::vector<std::size_t> later;
    std::vector<std::pair<std::size_t, std::size_t>> copies;  // of an id that is asked already
    for (const std::size_t index : left) {
      if (now.empty() || !equals_ignore_case(ids[now.back()], ids[index])) {
        now.push_back(index);
      } else if (ids[now.back()] == ids[index]) {
        copies.emplace_back(now.back(), index);
      } else {
        later.push_back(index);
      }
    }
    std::vector<QueryCost> costs;
    for (const std::size_t index : now) costs.push_back({1, ids[index].size()});
    std::size_t begin = 0;
    for (const std::size_t end : group_ends("sys_id", costs)) {
      IdGroup group(ids, asker, results);
      auto done = group.decide(
          {now.begin() + static_cast<std::ptrdiff_t>(begin), now.begin() + static_cast<std::ptrdiff_t>(end)});
      if (!done) return std::unexpected(std::move(done.error()));
      begin = end;
    }
    for (const auto& [original, copy] : copies) results[copy] = results[original];
    left = std::move(later);
  }
  return results;
}

Result<std::vector<KeyLookup>> TableRowLookup::by_key(std::size_t field, std::span<const std::string> values,
                                                      std::stop_token stop) {
  std::vector<KeyLookup> results(values.size());
  std::vector<std::pair<std::string, std::size_t>> wanted;  // normalized, index
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_queryable_key(trim(values[i]))) {
      wanted.emplace_back(normalize_key(values[i]), i);
    } else {
      results[i].hidden_rows = true;
    }
  }
  std::sort(wanted.begin(), wanted.end());
  std::vector<AskedKey> keys;
  std::vector<std::size_t> key_of(wanted.size());
  std::vector<QueryCost> costs;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (keys.empty() || keys.back().normalized() != wanted[i].first) keys.emplace_back(wanted[i].first);
    keys.back().add_as_written(values[wanted[i].second]);
    key_of[i] = keys.size() - 1;
  }
  for (const AskedKey& key : keys) {
    QueryCost cost{key.spellings().size(), 0};
    for (const std::string& spelling : key.spellings()) cost.bytes += net::percent_encode(spelling).size();
    costs.push_back(cost);
  }
  const std::string& column = client_.table().match_fields.at(field);
  const Asker asker = [&](const UserQuery& query) { return ask(query, stop); };
  std::size_t begin = 0;
  for (const std::size_t end : group_ends(column, costs)) {
    KeyGroup group(field, column, asker);
    auto done = group.decide(std::span(keys).subspan(begin, end - begin));
    if (!done) return std::unexpected(std::move(done.error()));
    begin = end;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) results[wanted[i].second] = keys[key_of[i]].answer;
  return results;
}

}  // namespace exporter::servicenow
