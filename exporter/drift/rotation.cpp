#include "drift/rotation.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace exporter::drift {
namespace {

using servicenow::kIdsPerRequest;
using servicenow::Presence;

class Rotation {
 public:
  Rotation(const LinkListing& links, servicenow::RowLookup& provisioner, servicenow::RowLookup& reader,
           std::uint64_t max_requests, std::stop_token stop)
      : links_(links),
        provisioner_(provisioner),
        reader_(reader),
        requests_before_(provisioner.requests()),
        max_requests_(max_requests),
        stop_(std::move(stop)) {}

  bool may_ask() const {
    // Lookups that don't count their requests are taken to send one a group.
    const std::uint64_t counted = provisioner_.requests() - requests_before_;
    return !over_ && std::max(counted, groups_) < max_requests_;
  }

  // Asks for one group; afterwards over() tells whether it was answered. What was hidden in an earlier look
  // is known, and one more answer that says so is enough.
  enum class Before : std::uint8_t { known, unknown };
  Result<void> ask(std::span<const std::uint32_t> group, Before before) {
    ++groups_;
    std::vector<std::string> ids;
    for (const std::uint32_t link : group) ids.push_back(links_.external_id(link));
    auto answers = before == Before::known ? provisioner_.by_sys_id(ids, stop_)
                                           : servicenow::by_sys_id_confirmed(provisioner_, ids, stop_);
    if (!answers) {
      over_ = true;
      if (answers.error().error_class == ErrorClass::cancelled)
        return std::unexpected(std::move(answers.error()));
      silent_ = answers.error().error_class != ErrorClass::rate_limited;
      return {};
    }
    std::vector<std::uint32_t> filtered;
    std::vector<std::string> filtered_ids;
    for (std::size_t i = 0; i < group.size(); ++i) {
      const PackedId& id = links_.packed_external_id(group[i]);
      switch ((*answers)[i].presence) {
        case Presence::present:
          shown_.push_back(id);
          break;
        case Presence::hidden:
          hidden_.push_back(id);
          break;
        case Presence::absent:
          filtered.push_back(group[i]);
          filtered_ids.push_back(ids[i]);
          break;
        case Presence::undecided:
          break;  // the last look stands
      }
    }
    if (filtered.empty()) return {};
    // Deleted since the sweep, or filtered out of this account's query: the reader knows.
    auto seen = reader_.by_sys_id(filtered_ids, stop_);
    if (!seen) {
      if (seen.error().error_class == ErrorClass::cancelled) return std::unexpected(std::move(seen.error()));
      return {};
    }
    for (std::size_t i = 0; i < filtered.size(); ++i) {
      const bool there = (*seen)[i].presence == Presence::present || (*seen)[i].presence == Presence::hidden;
      (there ? hidden_ : shown_).push_back(links_.packed_external_id(filtered[i]));
    }
    return {};
  }

  bool over() const { return over_; }
  bool silent() const { return silent_; }

  // The memory with what was found out since.
  std::vector<PackedId> merged(const std::vector<PackedId>& before) {
    std::sort(shown_.begin(), shown_.end());
    std::vector<PackedId> result = hidden_;
    for (const PackedId& id : before) {
      if (!std::binary_search(shown_.begin(), shown_.end(), id)) result.push_back(id);
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

 private:
  const LinkListing& links_;
  servicenow::RowLookup& provisioner_;
  servicenow::RowLookup& reader_;
  std::uint64_t requests_before_;
  std::uint64_t max_requests_;
  std::stop_token stop_;
  std::uint64_t groups_ = 0;
  bool over_ = false;
  bool silent_ = false;
  std::vector<PackedId> shown_;
  std::vector<PackedId> hidden_;
};

}  // namespace

Result<RotationReport> ask_in_rotation(const LinkListing& links, std::span<const std::uint32_t> eligible,
                                       servicenow::RowLookup& provisioner, servicenow::RowLookup& reader,
                                       std::uint64_t max_requests, ProvisionerMemory& memory,
                                       std::stop_token stop) {
  const auto id_of = [&](std::uint32_t link) -> const PackedId& { return links.packed_external_id(link); };
  const auto before = [&](std::uint32_t link, const PackedId& id) { return id_of(link) < id; };

  // Known cases first: who repaired the ACL wants to see it.
  std::vector<std::uint32_t> known;
  std::vector<PackedId> still_eligible;
  for (const PackedId& id : memory.hidden) {
    const auto at = std::lower_bound(eligible.begin(), eligible.end(), id, before);
    if (at == eligible.end() || id_of(*at) != id) continue;
    known.push_back(*at);
    still_eligible.push_back(id);
  }
  memory.hidden = std::move(still_eligible);

  Rotation rotation(links, provisioner, reader, max_requests, std::move(stop));
  for (std::size_t begin = 0; begin < known.size() && rotation.may_ask(); begin += kIdsPerRequest) {
    const auto group = std::span(known).subspan(begin, std::min(kIdsPerRequest, known.size() - begin));
    if (auto done = rotation.ask(group, Rotation::Before::known); !done)
      return std::unexpected(std::move(done.error()));
  }

  const auto start = static_cast<std::size_t>(
      std::lower_bound(eligible.begin(), eligible.end(), memory.next, before) - eligible.begin());
  std::size_t asked = 0;
  while (asked < eligible.size() && rotation.may_ask()) {
    std::vector<std::uint32_t> group;
    std::size_t passed = 0;
    while (asked + passed < eligible.size() && group.size() < kIdsPerRequest) {
      const std::uint32_t link = eligible[(start + asked + passed) % eligible.size()];
      if (!std::binary_search(memory.hidden.begin(), memory.hidden.end(), id_of(link))) group.push_back(link);
      ++passed;
    }
    if (!group.empty()) {
      if (auto done = rotation.ask(group, Rotation::Before::unknown); !done)
        return std::unexpected(std::move(done.error()));
      if (rotation.over()) break;
    }
    asked += passed;
  }
  if (!eligible.empty()) memory.next = id_of(eligible[(start + asked) % eligible.size()]);
  memory.hidden = rotation.merged(memory.hidden);
  return RotationReport{rotation.silent()};
}

}  // namespace exporter::drift
