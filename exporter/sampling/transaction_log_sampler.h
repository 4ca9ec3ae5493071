// ServiceNow's own record of what it refused: servicenow_acl_denials_total,
// servicenow_rest_transactions_total.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sampling/denial_sources.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/table_reader.h"
#include "servicenow/transaction_log.h"
#include "servicenow/transaction_log_look.h"

namespace exporter::sampling {

struct TransactionLogOptions {
  std::chrono::milliseconds interval{60'000};
  bool required = false;            // transaction_log: on; a log that can't be read then fails the sample
  std::string user_name;            // Okta's account; empty where the configuration does not tell it
  std::vector<std::string> tables;  // the allow-list of the label `table`
};

// Looks at start and once a day whether the reader may read syslog_transaction and whether it has
// http_response_code, which goes into a query only after that. Counts from the server's time of the first
// look on. Reads the provisioner's rows since the newest one less a minute, drops those it has counted, and
// commits each page with the cursor and the counters in one transaction. Where more than five pages wait it
// counts by the Aggregate API instead and reads only the rows with 403.
class TransactionLogSampler final : public Sampler {
 public:
  TransactionLogSampler(TransactionLogOptions options, Session& session, servicenow::TableReader& reader,
                        storage::Store& store, CounterBook& counters, DenialSources& sources,
                        metrics::Registry& registry, const Clock& clock, Log& log);

  std::string_view name() const override { return "transaction_log"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

  // What scrapes saw before a restart.
  Result<void> restore(const Session::Opened& opened);

 private:
  Result<void> unavailable(servicenow::TransactionLogMissing missing);
  Result<void> load(const Session::Opened& opened);
  Result<void> poll(const Session::Opened& opened, SampleRun& run);
  Result<void> count_groups(const Session::Opened& opened, SystemTime since, SystemTime until,
                            SampleRun& run);
  void book(const servicenow::Transaction& transaction, bool with_code, storage::TransactionCommit& commit);
  Result<void> commit(const Session::Opened& opened, storage::TransactionCommit& commit);
  void unknown_value(const metrics::Metric& metric, const std::string& label);
  void publish();

  const TransactionLogOptions options_;
  Session& session_;
  servicenow::TableReader& reader_;
  storage::Store& store_;
  CounterBook& counters_;
  DenialSources& sources_;
  metrics::Registry& registry_;
  const Clock& clock_;
  Log& log_;

  std::optional<SteadyTime> looked_;
  bool available_ = false;
  // In step with the storage; dropped when a commit fails, and read again from it.
  std::optional<storage::TransactionCursor> cursor_;
  std::unordered_map<std::string, storage::SeenTransaction> seen_;
  bool loaded_ = false;
};

}  // namespace exporter::sampling
