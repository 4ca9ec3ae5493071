#include "app/check_denial_sources.h"

#include <string>
#include <utility>

#include "app/check_answer.h"
#include "servicenow/table_reader.h"
#include "servicenow/transaction_log_look.h"

namespace exporter::app {

namespace {

SourceLine row(const sampling::DenialSource& source) {
  return {.source = source.source, .available = source.available, .why = source.why, .remedy = source.remedy};
}

SourceLine transaction_log_row(const config::ServiceNowConfig& config, net::ApiClient& reader_api,
                               bool reader_works, SystemTime now) {
  SourceLine line{.source = "transaction_log", .available = false, .why = {}, .remedy = {}};
  if (config.acl.transaction_log == config::TransactionLog::off) {
    line.why = "the configuration switches it off";
    line.remedy = "servicenow.acl.transaction_log: auto";
    return line;
  }
  const auto missing = [&line](const servicenow::TransactionLogMissing& what) {
    line.why = what.why;
    line.remedy = what.remedy;
    return line;
  };
  const auto& account = config.provisioner;
  if (const auto none = servicenow::account_name_missing(account ? config::user_name(*account) : "")) {
    return missing(*none);
  }
  if (!reader_works) {
    line.available = std::nullopt;
    line.why = "the reader could not be asked";
    return line;
  }
  servicenow::TableReader reader(reader_api);
  const auto looked = servicenow::look_for_transaction_log(reader, now, {});
  if (!looked) {
    line.available = std::nullopt;
    line.why = looked.error().message;
    line.remedy = advice(looked.error(), "credentials");
    return line;
  }
  if (*looked) return missing(**looked);
  line.available = true;
  return line;
}

SourceLine probe_row(bool configured, bool works) {
  if (!configured) return row(sampling::no_account_to_probe_as());
  return {.source = "probe",
          .available = works,
          .why = works ? "" : "ServiceNow does not answer Okta's account as it should: see above",
          .remedy = {}};
}

}  // namespace

std::vector<SourceLine> check_denial_sources(const config::ServiceNowConfig& config,
                                             const Integration::Probes& probes,
                                             const std::optional<sampling::DenialSource>& okta_task,
                                             const ServiceNowFindings& servicenow, SystemTime now,
                                             std::vector<CheckLine>& lines) {
  lines.push_back(ok(
      "acl_writes",
      "create, write and delete are not probed: that would take writing, and the exporter only reads; their "
      "refusals come from Okta's failure texts and the transaction log"));
  return {okta_task ? row(*okta_task)
                    : SourceLine{.source = "okta_task",
                                 .available = std::nullopt,
                                 .why = "the app is not known",
                                 .remedy = {}},
          transaction_log_row(config, probes.reader_api, servicenow.reader_works, now),
          probe_row(probes.provisioner != nullptr, servicenow.provisioner_works)};
}

}  // namespace exporter::app
