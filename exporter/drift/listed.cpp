#include "drift/listed.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/side_by_side.h"
#include "base/text.h"

namespace exporter::drift {
namespace {

// Links go on to rows that lie all over the listing: so many links ahead a row is fetched from memory.
constexpr std::size_t kLookAhead = 16;

}  // namespace

Listed::Listed(const LinkListing& links, const RowListing& rows, const LinksById& by_id, const Policy& policy,
               SystemTime grace_begins)
    : links_(links),
      rows_(rows),
      by_id_(by_id),
      grace_begins_(grace_begins),
      marks_(links.size()),
      rows_by_key_(links.key_count()),
      links_by_key_(links.key_count()) {
  // In the order of the links, whose texts lie one after the other.
  std::array<std::vector<std::uint32_t>, 2> unmatched;
  in_halves(links.size(), [&](std::size_t from, std::size_t to, std::size_t half) {
    for (std::size_t link = from; link < to; ++link) {
      prefetch_keys(std::min(link + kLookAhead, to - 1));
      if (!links.has_external_id(link)) continue;
      marks_[link] = compare_keys(link);
      if ((marks_[link] & kMatches) != 0 || is_exempt(links.status(link), true, policy)) continue;
      unmatched.at(half).push_back(static_cast<std::uint32_t>(link));
    }
  });
  for (const std::uint32_t link : by_id.shared()) marks_[link] |= kShared;
  for (const std::vector<std::uint32_t>& half : unmatched) {
    for (const std::uint32_t link : half) search_keys(link);
  }
  rows_by_key_.find(rows.size(), [&](std::uint32_t row, std::size_t field) {
    return KeyHashes{.whole = rows.key_hash(row, field), .cut = 0};
  });
  links_by_key_.find(links.size(), [&](std::uint32_t link, std::size_t field) {
    // Its row's hash was read once, this one is put together from texts.
    const std::size_t later = std::min<std::size_t>(link + kLookAhead, links.size() - 1);
    if ((marks_[later] & kSameKey) != 0) prefetch_keys(later);
    if ((marks_[link] & kSameKey) == 0) return hash_link_key(links, link, field);
    return KeyHashes{.whole = rows.key_hash(by_id.row_of(link), field), .cut = 0};
  });
}

void Listed::prefetch_keys(std::size_t link) const {
  if (const std::uint32_t row = by_id_.row_of(link); row != kNone) rows_.prefetch_keys(row);
}

std::uint8_t Listed::compare_keys(std::size_t link) const {
  const std::uint32_t row = by_id_.row_of(link);
  if (row == kNone) return 0;
  if (links_.key_count() != 1) return keys_match(links_, link, rows_, row) ? kMatches : 0;
  const KeyHashes key = hash_link_key(links_, link, 0);
  if (!is_stored_as(key, rows_.key_hash(row, 0))) return 0;
  return key.cut == 0 ? kMatches | kSameKey : kMatches;
}

// What is to be found out about a link that leads to no row whose key agrees.
void Listed::search_keys(std::uint32_t link) {
  const std::uint32_t row = by_id_.row_of(link);
  for (std::size_t field = 0; field < links_.key_count(); ++field) {
    const KeyHashes hashes = hash_link_key(links_, link, field);
    rows_by_key_.want(link, field, hashes.whole, row);
    rows_by_key_.want(link, field, hashes.cut, row);
    if (row != kNone) links_by_key_.want(link, field, rows_.key_hash(row, field), link);
  }
}

void Listed::prefetch(std::uint32_t link) const {
  const std::size_t later = std::min<std::size_t>(link + kLookAhead, links_.size() - 1);
  if (const std::uint32_t row = by_id_.row_of(later); row != kNone) rows_.prefetch_state(row);
}

bool Listed::in_grace(std::uint32_t row) const {
  const auto updated = rows_.updated(row);
  return updated && *updated > grace_begins_;
}

Facts Listed::facts(std::uint32_t link) const {
  Facts facts;
  facts.status = links_.status(link);
  facts.changed_in_grace = links_.changed(link) > grace_begins_;
  facts.has_external_id = links_.has_external_id(link);
  if (!facts.has_external_id) return facts;

  const std::uint32_t row = by_id_.row_of(link);
  facts.presence = row == kNone ? RowPresence::absent : RowPresence::present;
  facts.matching_holders = (marks_[link] & kMatches) != 0 ? 1 : 0;
  if ((marks_[link] & kShared) != 0) {
    const auto holders = by_id_.holders(link);
    facts.holders = static_cast<std::uint32_t>(holders.size());
    facts.matching_holders = static_cast<std::uint32_t>(
        std::count_if(holders.begin(), holders.end(),
                      [this](std::uint32_t holder) { return (marks_[holder] & kMatches) != 0; }));
  }
  if (row != kNone) {
    facts.row_matches = (marks_[link] & kMatches) != 0;
    facts.row_keys_unreadable = rows_.keys_unreadable(row);
    facts.row_in_grace = in_grace(row);
    facts.active = rows_.active(row);
    if (facts.row_matches) return facts;
    const auto owners = links_by_key_.hits(link);
    facts.row_key_is_anothers =
        std::any_of(owners.begin(), owners.end(), [](const KeySearch::Hit& hit) { return hit.count > 0; });
  }

  // As DirectLook decides it from texts: of an absent row the first pair that finds any, else any pair.
  const auto hits = rows_by_key_.hits(link);
  const bool ordered = facts.presence == RowPresence::absent;
  bool has_key = false;
  bool in_doubt = false;
  for (std::size_t field = 0; field < hits.size(); ++field) {
    const std::string text = links_.key(link, field);
    const std::string_view key = trim(text);
    if (key.empty()) continue;
    has_key = true;
    if (!servicenow::is_queryable_key(key)) {
      facts.elsewhere_cause = Cause::key_not_queryable;
      in_doubt = true;
      if (ordered) break;
      continue;
    }
    if (hits[field].count == 0) continue;
    facts.elsewhere = hits[field].count == 1 || !ordered ? Elsewhere::one : Elsewhere::several;
    if (ordered && hits[field].count == 1) facts.candidate_in_grace = in_grace(hits[field].first);
    return facts;
  }
  if (!has_key) facts.elsewhere_cause = Cause::no_key;
  facts.elsewhere = has_key && !in_doubt ? Elsewhere::none : Elsewhere::unknown;
  return facts;
}

std::string Listed::candidate_sys_id(std::uint32_t link) const {
  for (const KeySearch::Hit& hit : rows_by_key_.hits(link)) {
    if (hit.count > 0) return hit.count == 1 ? rows_.id_text(hit.first) : std::string();
  }
  return {};
}

bool Listed::resolves(std::uint32_t link) const {
  if (by_id_.row_of(link) != kNone) return true;
  const auto hits = rows_by_key_.hits(link);
  return std::any_of(hits.begin(), hits.end(), [](const KeySearch::Hit& hit) { return hit.count > 0; });
}

}  // namespace exporter::drift
