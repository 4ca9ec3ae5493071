#include "app/check_servicenow.h"

#include "app/check_answer.h"
#include "app/check_table_rights.h"

namespace exporter::app {

namespace {

void check_reader(const config::UsersConfig& users, servicenow::TableClient& reader, const Clock& clock,
                  ServiceNowFindings& found, std::vector<CheckLine>& lines) {
  const SteadyTime begin = clock.steady_now();
  // Without an order, which a reader that looks users up need not be allowed.
  const Result<servicenow::UserPage> page = reader.users({.query = "", .limit = 1}, {});
  found.request_time = clock.steady_now() - begin;
  const bool answers = check_first_answer("servicenow_reader", "ServiceNow (reader)", "servicenow.reader",
                                          page ? nullptr : &page.error(), lines);
  if (page) {
    found.reader_works = true;
    found.total_users = page->total_count;
    found.reader_sees_inactive = check_table_rights("reader", users, *page, reader, lines);
    return;
  }
  const std::string why = "the reader could not list " + users.table;
  lines.push_back(answers
                      ? failed("servicenow_reader_list", page.error().message, read_advice("reader", users))
                      : skipped("servicenow_reader_list", why));
  lines.push_back(skipped("servicenow_reader_range", why));
  lines.push_back(skipped("servicenow_reader_inactive", why));
}

void check_provisioner(const config::UsersConfig& users, servicenow::TableClient* provisioner,
                       ServiceNowFindings& found, std::vector<CheckLine>& lines) {
  if (provisioner == nullptr) {
    lines.push_back(warning(
        "servicenow_provisioner",
        "no provisioner is configured: what Okta's own account may see can't be told, and hidden records "
        "can't be told from missing ones",
        "Give servicenow.provisioner the account that Okta uses; the exporter only reads as it."));
    return;
  }
  const Result<servicenow::UserPage> page = provisioner->users({.query = "", .limit = 1}, {});
  if (!check_first_answer("servicenow_provisioner", "ServiceNow (provisioner)", "servicenow.provisioner",
                          page ? nullptr : &page.error(), lines)) {
    lines.push_back(skipped("servicenow_provisioner_list", "the provisioner could not be asked"));
    return;
  }
  if (!page) {
    lines.push_back(
        failed("servicenow_provisioner_list", page.error().message, read_advice("provisioner", users)));
    return;
  }
  found.provisioner_works = true;
  check_table_rights("provisioner", users, *page, *provisioner, lines);
}

}  // namespace

ServiceNowFindings check_servicenow(const config::ServiceNowConfig& config, const Integration::Probes& probes,
                                    const Clock& clock, std::vector<CheckLine>& lines) {
  ServiceNowFindings found;
  check_reader(config.users, probes.reader, clock, found, lines);
  check_provisioner(config.users, probes.provisioner, found, lines);
  return found;
}

}  // namespace exporter::app
