#include "drift/row_collection.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "drift/links_by_id.h"

namespace exporter::drift {
namespace {

using servicenow::IdLookup;
using servicenow::KeyLookup;
using servicenow::Presence;
using servicenow::UserRow;

// Looked up at a time, so that a million rows are never in memory as text, and progress is seen.
constexpr std::size_t kGroup = 2 * servicenow::kIdsPerRequest;

bool contains(const RowListing& rows, const PackedId& id) {
  std::size_t low = 0;
  std::size_t high = rows.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (rows.id(middle) < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < rows.size() && rows.id(low) == id;
}

}  // namespace

RowCollector::RowCollector(const LinkListing& links, servicenow::RowLookup& reader, RowListing& rows)
    : links_(links), reader_(reader), rows_(rows) {
  const RowListing nothing(links.key_count());
  const LinksById by_id(links, nothing);
  by_id_.assign(by_id.sorted().begin(), by_id.sorted().end());
}

Result<RowCollection> RowCollector::run(const std::function<void()>& on_group, std::stop_token stop) {
  on_group_ = on_group;
  stop_ = std::move(stop);
  if (auto done = collect_by_id(); !done) return std::unexpected(std::move(done.error()));
  rows_.seal();
  for (; field_ < links_.key_count(); ++field_, next_seeking_ = 0) {
    if (auto done = collect_by_key(); !done) return std::unexpected(std::move(done.error()));
  }
  add_others();
  return collection_;
}

Result<bool> RowCollector::stands_firm(std::stop_token stop) {
  if (last_shown_.empty()) return true;
  const std::vector<std::string> ids{last_shown_};
  const auto answers = reader_.by_sys_id(ids, std::move(stop));
  if (!answers) return std::unexpected(answers.error());
  return answers->front().presence == Presence::present;
}

Result<void> RowCollector::collect_by_id() {
  while (next_by_id_ < by_id_.size()) {
    const auto group = std::span(by_id_).subspan(next_by_id_, std::min(kGroup, by_id_.size() - next_by_id_));
    std::vector<std::string> ids;
    ids.reserve(group.size());
    for (const std::uint32_t link : group) ids.push_back(links_.external_id(link));
    auto answers = reader_.by_sys_id(ids, stop_);
    if (!answers) return std::unexpected(std::move(answers.error()));
    for (std::size_t i = 0; i < group.size(); ++i) take(group[i], ids[i], std::move((*answers)[i]));
    next_by_id_ += group.size();
    on_group_();
  }
  return {};
}

void RowCollector::take(std::uint32_t link, const std::string& id, IdLookup answer) {
  if (answer.presence == Presence::hidden) ++collection_.hidden;
  if (answer.row) {
    saw(*answer.row);
    if (!keys_match(links_, link, *answer.row)) seeking_.push_back(link);
    // The holders of one id come one after the other; an id in another spelling is not the link's in any
    // listing.
    if (answer.row->sys_id != id) {
      others_.push_back(std::move(*answer.row));
    } else if (id != last_id_) {
      rows_.add(*answer.row);
    }
    last_id_ = id;
  } else {
    seeking_.push_back(link);
  }
}

Result<void> RowCollector::collect_by_key() {
  while (next_seeking_ < seeking_.size()) {
    const auto group =
        std::span(seeking_).subspan(next_seeking_, std::min(kGroup, seeking_.size() - next_seeking_));
    std::vector<std::string> values;
    for (const std::uint32_t link : group) {
      const std::string text = links_.key(link, field_);
      const std::string_view key = trim(text);
      if (servicenow::is_queryable_key(key)) values.emplace_back(key);
    }
    if (!values.empty()) {
      auto answers = reader_.by_key(field_, values, stop_);
      if (!answers && answers.error().error_class == ErrorClass::permission) return {};
      if (!answers) return std::unexpected(std::move(answers.error()));
      for (KeyLookup& answer : *answers) {
        if (answer.hidden_rows) ++collection_.hidden;
        for (UserRow& row : answer.rows) {
          saw(row);
          others_.push_back(std::move(row));
        }
      }
      on_group_();
    }
    next_seeking_ += group.size();
  }
  return {};
}

void RowCollector::saw(const UserRow& row) {
  collection_.saw_inactive = collection_.saw_inactive || row.active == false;
  last_shown_ = row.sys_id;
}

// Rows that were found by something else than their own id, each once.
void RowCollector::add_others() {
  std::ranges::sort(others_, {}, &UserRow::sys_id);
  const auto repeated = std::ranges::unique(others_, {}, &UserRow::sys_id);
  others_.erase(repeated.begin(), repeated.end());
  std::erase_if(others_, [&](const UserRow& row) { return contains(rows_, pack_id(row.sys_id)); });
  for (const UserRow& row : others_) rows_.add(row);
  rows_.seal();
}

}  // namespace exporter::drift
