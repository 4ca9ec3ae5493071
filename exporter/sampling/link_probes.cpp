#include "sampling/link_probes.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;
using servicenow::Presence;

namespace {

constexpr std::uint32_t kRotation = 24 * 3600;  // in which the comparison's rotation comes round
constexpr std::size_t kMaxFirst = 1000;

std::uint32_t epoch_seconds(SystemTime time) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

}  // namespace

LinkProbes::LinkProbes(servicenow::RowLookup& lookup, std::string integration, std::string account,
                       metrics::Registry& registry, const Clock& clock)
    : lookup_(lookup),
      integration_(std::move(integration)),
      account_(std::move(account)),
      registry_(registry),
      clock_(clock) {}

Result<std::vector<servicenow::IdLookup>> LinkProbes::by_sys_id(std::span<const std::string> ids,
                                                                std::stop_token stop) {
  auto answers = lookup_.by_sys_id(ids, std::move(stop));
  if (!answers) {
    return answers;
  }
  std::vector<Entry> looked;
  std::vector<drift::PackedId> gone;
  const std::uint32_t now = epoch_seconds(clock_.now());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Presence presence = (*answers)[i].presence;
    if (!drift::is_hex_id(ids[i]) || presence == Presence::undecided) {
      continue;
    }
    if (presence == Presence::absent) {
      gone.push_back(drift::pack_id(ids[i]));
    } else {
      looked.push_back({.id = drift::pack_id(ids[i]), .looked = now, .hidden = presence == Presence::hidden});
    }
  }
  remember(std::move(looked), gone);
  return answers;
}

void LinkProbes::remember(std::vector<Entry> looked, const std::vector<drift::PackedId>& gone) {
  const auto by_id = [](const Entry& a, const Entry& b) { return a.id < b.id; };
  std::sort(looked.begin(), looked.end(), by_id);
  const std::uint32_t now = epoch_seconds(clock_.now());
  std::vector<drift::PackedId> removed = gone;
  std::sort(removed.begin(), removed.end());

  const MutexLock lock(mutex_);
  std::vector<Entry> merged;
  merged.reserve(entries_.size() + looked.size());
  // Of equal ids std::merge gives the first range's first: the newest look.
  std::merge(looked.begin(), looked.end(), entries_.begin(), entries_.end(), std::back_inserter(merged),
             by_id);
  merged.erase(
      std::unique(merged.begin(), merged.end(), [](const Entry& a, const Entry& b) { return a.id == b.id; }),
      merged.end());
  std::erase_if(merged, [&](const Entry& entry) {
    return entry.looked + kRotation < now || std::binary_search(removed.begin(), removed.end(), entry.id);
  });
  std::erase_if(first_, [&](const drift::PackedId& id) {
    return std::binary_search(looked.begin(), looked.end(), Entry{.id = id}, by_id) ||
           std::binary_search(removed.begin(), removed.end(), id);
  });
  entries_ = std::move(merged);
  publish();
}

void LinkProbes::publish() {
  const auto hidden = std::ranges::count_if(entries_, &Entry::hidden);
  registry_.set(catalogue::servicenow_acl_probed_links, {integration_, account_},
                static_cast<double>(entries_.size()));
  registry_.set(catalogue::servicenow_acl_hidden_links, {integration_, account_},
                static_cast<double>(hidden));
}

void LinkProbes::look_first(std::span<const std::string> ids) {
  const MutexLock lock(mutex_);
  for (const std::string& text : ids) {
    if (!drift::is_hex_id(text)) continue;
    const drift::PackedId id = drift::pack_id(text);
    std::erase(first_, id);
    first_.push_back(id);
  }
  while (first_.size() > kMaxFirst) {
    first_.pop_front();
  }
}

std::vector<std::string> LinkProbes::due(std::size_t limit) const {
  std::vector<std::string> ids;
  std::vector<drift::PackedId> first;
  std::vector<Entry> entries;
  {
    const MutexLock lock(mutex_);
    for (auto id = first_.rbegin(); id != first_.rend() && ids.size() < limit; ++id) {
      ids.push_back(drift::hex_text(*id));
    }
    first.assign(first_.begin(), first_.end());
    entries = entries_;
  }
  std::sort(first.begin(), first.end());
  std::erase_if(entries,
                [&](const Entry& entry) { return std::binary_search(first.begin(), first.end(), entry.id); });
  const std::size_t count = std::min(limit - ids.size(), entries.size());
  std::partial_sort(
      entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(count), entries.end(),
      [](const Entry& a, const Entry& b) { return a.hidden != b.hidden ? a.hidden : a.looked < b.looked; });
  for (std::size_t i = 0; i < count; ++i) {
    ids.push_back(drift::hex_text(entries[i].id));
  }
  return ids;
}

}  // namespace exporter::sampling
