#include "app/check_unverified.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "app/check_answer.h"
#include "drift/direct_look.h"
#include "servicenow/row_lookup.h"

namespace exporter::app {

namespace {

drift::Policy policy_of(const std::vector<std::string>& features, bool reader_sees_inactive) {
  const auto has = [&](std::string_view feature) {
    return std::ranges::find(features, feature) != features.end();
  };
  return {.creates_users = has("PUSH_NEW_USERS"),
          .deactivates_users = has("PUSH_USER_DEACTIVATION"),
          .reader_sees_inactive = reader_sees_inactive};
}

Result<std::vector<drift::Look>> look_at(const std::vector<okta::AppUser>& users, const drift::Policy& policy,
                                         const config::Integration& config, const Integration::Probes& probes,
                                         bool provisioner_works, SystemTime now) {
  const std::size_t key_count = config.servicenow.match.size();
  drift::LinkListing links(key_count);
  std::vector<std::uint32_t> asked;
  for (const okta::AppUser& user : users) {
    if (!user.external_id.empty() && !drift::is_exempt(user.status, true, policy)) {
      asked.push_back(static_cast<std::uint32_t>(links.size()));
    }
    links.add(user);
  }
  const drift::RowListing no_rows(key_count);
  const drift::LinksById by_id(links, no_rows);
  const drift::KeySearch nothing_listed(key_count);
  servicenow::TableRowLookup reader(probes.reader);
  std::optional<servicenow::TableRowLookup> provisioner;
  if (provisioner_works) provisioner.emplace(*probes.provisioner);
  drift::DirectLook direct({.links = links,
                            .rows = no_rows,
                            .by_id = by_id,
                            .listed = nothing_listed,
                            .listed_owners = nothing_listed,
                            .reader_sees_inactive = policy.reader_sees_inactive,
                            .grace_begins = now - config.drift.grace,
                            .reader = reader,
                            .provisioner = provisioner ? &*provisioner : nullptr});
  return direct.look(asked, {});
}

}  // namespace

std::vector<CauseLine> check_unverified(const config::Integration& config, const Integration::Probes& probes,
                                        const OktaFindings& okta, const ServiceNowFindings& servicenow,
                                        SystemTime now, std::vector<CheckLine>& lines) {
  if (!servicenow.reader_works || okta.sample.empty()) {
    lines.push_back(skipped("unverified", "no user could be looked at on both sides"));
    return {};
  }
  const drift::Policy policy = policy_of(okta.features, servicenow.reader_sees_inactive);
  const auto looks = look_at(okta.sample, policy, config, probes, servicenow.provisioner_works, now);
  if (!looks) {
    lines.push_back(failed("unverified", looks.error().message, advice(looks.error(), "credentials")));
    return {};
  }
  std::map<std::string, std::size_t> by_cause;
  std::size_t users = 0;
  for (const drift::Look& look : *looks) {
    const drift::Finding finding = drift::classify(look.facts, policy);
    if (finding.state != drift::State::unverified) continue;
    ++by_cause[std::string(to_string(finding.cause))];
    ++users;
  }
  const std::string of = " of " + std::to_string(okta.sample.size()) + " sampled users";
  lines.push_back(
      users == 0
          ? ok("unverified", "each" + of + " can be verified")
          : warning(
                "unverified", std::to_string(users) + of + " can't be verified: see the causes below",
                "They count as unverified and never as drifted; mend the causes, or be content with that."));
  std::vector<CauseLine> causes;
  for (const auto& [cause, count] : by_cause) causes.push_back({cause, count});
  return causes;
}

}  // namespace exporter::app
