#include "sampling/users_sampler.h"

#include <utility>

#include "metrics/catalogue.h"

namespace exporter::sampling {

namespace catalogue = metrics::catalogue;
using servicenow::SweepReport;

UsersSampler::UsersSampler(UsersOptions options, Session& session, servicenow::TableClient& client,
                           DriftInputs& inputs, metrics::Registry& registry, Log& log)
    : options_(std::move(options)),
      session_(session),
      client_(client),
      inputs_(inputs),
      registry_(registry),
      log_(log) {}

Result<void> UsersSampler::sample(SampleRun& run) {
  Result<void> listed = list(run);
  // Our own stop says nothing about the comparison.
  if (!listed && listed.error().error_class != ErrorClass::cancelled) {
    inputs_.failed();
  }
  return listed;
}

Result<void> UsersSampler::list(SampleRun& run) {
  const Result<Session::Opened> opened = session_.open(run.stop());
  if (!opened) {
    return std::unexpected(opened.error());
  }
  auto rows = std::make_unique<RowInput>(
      RowInput{drift::RowListing(client_.table().match_fields.size()), SweepReport{}});
  double active = 0;
  double inactive = 0;
  bool active_readable = true;
  servicenow::SweepOptions sweep = options_.sweep;
  sweep.on_page = [&run] { run.mark(); };
  Result<SweepReport> report = servicenow::sweep_users(
      client_, sweep,
      [&](const servicenow::UserRow& row) {
        rows->listing.add(row);
        active_readable = active_readable && row.active.has_value();
        (row.active.value_or(false) ? active : inactive) += 1;
      },
      run.stop());
  if (!report) {
    return std::unexpected(std::move(report.error()));
  }
  rows->listing.seal();
  rows->report = *report;

  if (report->method == SweepReport::Method::offset && method_ != report->method) {
    log_.warn(
        "ServiceNow does not let the reader query sys_id by range; the table is read by offset, which is "
        "slower: give "
        "the reader query_range on the users' table",
        {{"integration", session_.integration()}});
  }
  method_ = report->method;

  metrics::Snapshot snapshot;
  if (active_readable) {
    snapshot.push_back({&catalogue::servicenow_users, {session_.integration(), "true"}, active});
    snapshot.push_back({&catalogue::servicenow_users, {session_.integration(), "false"}, inactive});
  }
  if (report->total) {
    snapshot.push_back({&catalogue::servicenow_acl_hidden_records,
                        {session_.integration(), "reader", options_.table_label},
                        static_cast<double>(report->hidden)});
  }
  registry_.publish(session_.integration() + "/" + std::string(name()), std::move(snapshot));
  inputs_.put_rows(std::move(rows));
  return {};
}

}  // namespace exporter::sampling
