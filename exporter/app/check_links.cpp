#include "app/check_links.h"

#include <string_view>
#include <utility>

#include "app/check_answer.h"
#include "app/check_table_rights.h"
#include "servicenow/row_lookup.h"

namespace exporter::app {

namespace {

constexpr std::size_t kMaxNamed = 5;

std::string some(const std::vector<std::string>& ids) {
  std::string text = std::to_string(ids.size()) + " (";
  for (std::size_t i = 0; i < ids.size() && i < kMaxNamed; ++i) text += (i == 0 ? "" : ", ") + ids[i];
  return text + (ids.size() > kMaxNamed ? ", …)" : ")");
}

CheckLine judge_links(std::string check, std::string_view account, const std::vector<std::string>& links,
                      const std::vector<servicenow::IdLookup>& found, const config::Integration& config) {
  std::size_t present = 0;
  std::vector<std::string> absent;
  std::vector<std::string> hidden;
  for (std::size_t i = 0; i < found.size(); ++i) {
    switch (found[i].presence) {
      case servicenow::Presence::present:
        ++present;
        break;
      case servicenow::Presence::absent:
        absent.push_back(links[i]);
        break;
      case servicenow::Presence::hidden:
        hidden.push_back(links[i]);
        break;
      case servicenow::Presence::undecided:
        break;
    }
  }
  CheckLine line = ok(std::move(check), "the " + std::string(account) + " sees " + std::to_string(present) +
                                            " of " + std::to_string(found.size()) + " sampled links");
  if (!hidden.empty()) {
    line.verdict = Verdict::failed;
    line.message += "; hidden by ACL: " + some(hidden);
    line.next = read_advice(account, config.servicenow.users);
  }
  if (!absent.empty()) {
    if (line.verdict == Verdict::ok) line.verdict = Verdict::warning;
    line.message += "; no such record: " + some(absent);
    line.next += std::string(line.next.empty() ? "" : " ") +
                 "Run the exporter and look at /drift: it tells what became of them, and what to do.";
  }
  const double share = static_cast<double>(absent.size()) / static_cast<double>(found.size());
  if (absent.size() >= kMaxNamed && share >= config.drift.mass_threshold) {
    line.verdict = Verdict::failed;
    line.next =
        "So many at once mean that the instance was cloned over, migrated or restored: see "
        "/runbook#sys_id_changed, and repair one user before all.";
  }
  if (present == 0 && hidden.empty()) {
    line.verdict = Verdict::failed;
    line.next =
        "None of the external IDs is a sys_id of this instance: check servicenow.url; after a clone or a "
        "restore of the instance see /runbook#sys_id_changed.";
  }
  return line;
}

CheckLine links_line(const std::string& account, bool works, servicenow::TableClient& client,
                     const std::vector<std::string>& links, const config::Integration& config) {
  const std::string check = "links_" + account;
  if (!works) return skipped(check, "the " + account + " could not be asked");
  servicenow::TableRowLookup lookup(client);
  const auto found = lookup.by_sys_id(links, {});
  if (!found) return failed(check, found.error().message, advice(found.error(), "credentials"));
  return judge_links(check, account, links, *found, config);
}

}  // namespace

void check_links(const config::Integration& config, const Integration::Probes& probes,
                 const std::vector<std::string>& links, const ServiceNowFindings& servicenow,
                 std::vector<CheckLine>& lines) {
  if (links.empty()) {
    lines.push_back(skipped("links", "no link was found in Okta to look up"));
    return;
  }
  lines.push_back(links_line("reader", servicenow.reader_works, probes.reader, links, config));
  if (probes.provisioner == nullptr) return;
  lines.push_back(
      links_line("provisioner", servicenow.provisioner_works, *probes.provisioner, links, config));
}

}  // namespace exporter::app
