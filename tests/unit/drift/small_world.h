// A population on both sides, read through the real sweep and the real lookups from ServiceNows in memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "drift/comparison.h"
#include "drift/row_collection.h"
#include "servicenow/user_sweep.h"
#include "unit/servicenow/instance.h"

namespace exporter::tests {

inline const SystemTime kNow =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + std::chrono::hours(12);
inline const SystemTime kLongAgo = kNow - std::chrono::hours(24 * 30);
inline const SystemTime kJustNow = kNow - std::chrono::minutes(5);
inline constexpr const char* kJustNowText = "2026-11-23 11:55:00";

inline okta::AppUser link(std::string id, std::string external_id, std::string name, std::string email = "") {
  okta::AppUser user;
  user.id = std::move(id);
  user.external_id = std::move(external_id);
  user.status = okta::AppUserStatus::PROVISIONED;
  user.sync_state = okta::SyncState::SYNCHRONIZED;
  user.scope = okta::Scope::GROUP;
  user.changed = kLongAgo;
  user.keys = {std::move(name), std::move(email)};
  return user;
}

// What Okta's account sees, and may ask.
class Provisioner final : public drift::ProvisionerView {
 public:
  servicenow::RowLookup* lookup() override { return lookup_; }
  bool spend_request() override { return budget > 0 && budget-- > 0; }
  void use(servicenow::RowLookup* lookup) { lookup_ = lookup; }
  int budget = 1'000'000;

 private:
  servicenow::RowLookup* lookup_ = nullptr;
};

struct SmallWorld {
  std::vector<std::string> match_fields = {"user_name", "email"};  // in the order of the users' keys
  std::vector<okta::AppUser> users;
  Instance reader;
  // Set: the provisioner is configured, and this is its view.
  std::optional<Instance> as_provisioner;
  // Where the reader's direct looks go, if not to where the sweep went.
  Instance* looks_at = nullptr;
  drift::World world{.now = kNow, .reader_sees_inactive = true};
  drift::ComparisonOptions options;
  Provisioner provisioner;
  drift::ProvisionerMemory memory;
  // The rows are looked up by the links, not swept.
  bool looks_up = false;
  std::function<void(SmallWorld&)> after_sweep;

  SmallWorld() { options.mass_threshold = 2; }

  // The provisioner sees the same rows, but those that the ids name are hidden from it by ACL.
  void hide_from_provisioner(const std::vector<std::string>& ids) {
    as_provisioner.emplace();
    as_provisioner->rows = reader.rows;
    for (InstanceRow& row : as_provisioner->rows) {
      row.hidden = std::find(ids.begin(), ids.end(), row.sys_id) != ids.end();
      row.filtered = false;
    }
  }

  Result<drift::Comparison> compare() {
    drift::LinkListing links(match_fields.size());
    for (const okta::AppUser& user : users) links.add(user);
    drift::RowListing rows(match_fields.size());
    Connection connection(reader, match_fields);
    if (looks_up) {
      servicenow::TableRowLookup lookup(connection.client);
      const auto collected = drift::RowCollector(links, lookup, rows).run([] {}, {});
      if (!collected) return std::unexpected(collected.error());
      world.hidden_rows = collected->hidden;
      if (after_sweep) after_sweep(*this);
      return compare(links, rows);
    }
    const auto swept = servicenow::sweep_users(connection.client, {},
                                               [&](const servicenow::UserRow& row) { rows.add(row); }, {});
    if (!swept) return std::unexpected(swept.error());
    world.hidden_rows = swept->hidden;
    rows.seal();
    if (after_sweep) after_sweep(*this);
    return compare(links, rows);
  }

 private:
  Result<drift::Comparison> compare(const drift::LinkListing& links, const drift::RowListing& rows) {
    Connection looking(looks_at != nullptr ? *looks_at : reader, match_fields);
    servicenow::TableRowLookup reader_lookup(looking.client);
    if (!as_provisioner) {
      provisioner.use(nullptr);
      return drift::compare(links, rows, world, options, reader_lookup, provisioner, memory, {});
    }
    Connection other(*as_provisioner, match_fields);
    servicenow::TableRowLookup provisioner_lookup(other.client,
                                                  [this] { return provisioner.spend_request(); });
    provisioner.use(&provisioner_lookup);
    auto result = drift::compare(links, rows, world, options, reader_lookup, provisioner, memory, {});
    provisioner.use(nullptr);
    return result;
  }
};

inline std::uint64_t count(const drift::Comparison& comparison, drift::State state) {
  return comparison.states[static_cast<std::size_t>(state)];
}
inline std::uint64_t count(const drift::Comparison& comparison, drift::Kind kind) {
  return comparison.kinds[static_cast<std::size_t>(kind)];
}

// What became of a user: a kind's name or "" where he is not drifted.
inline std::string kind_of(const drift::Comparison& comparison, const std::string& okta_user_id) {
  for (const drift::Entry& entry : comparison.drifted) {
    if (entry.okta_user_id == okta_user_id) return std::string(to_string(entry.kind));
  }
  return "";
}

}  // namespace exporter::tests
