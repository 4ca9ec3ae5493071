// What reading can prove about permissions, as the reader and as Okta's own account:
// servicenow_acl_permission_granted, servicenow_acl_hidden_fields, and a look at some links. Gauges only: a
// probe moves no counter. Create, write and delete can't be probed without writing, so they are never tried.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "provisioning/classifier.h"
#include "sampling/denial_sources.h"
#include "sampling/link_probes.h"
#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/table_reader.h"

namespace exporter::sampling {

struct ProbedAccount {
  std::string name;  // the label `account`
  servicenow::TableReader* reader;
  std::function<bool()> spend;  // asked before each request; false: no more of them now
  LinkProbes* links;
};

struct AclProbeOptions {
  std::chrono::milliseconds interval{15 * 60'000};
  std::vector<std::string> tables;  // to probe; also the label's allow-list
  std::string users_table = "sys_user";
  // No reason to probe as Okta's account: its credentials or its requests are not configured.
  bool provisioner = true;
};

// An interval costs each account one read per table, and the two kinds of query on one table in turn, so that
// a lock-out shows within one interval and the hourly cap lasts: 20 requests an hour with three tables, and
// four for links. The comparison's rotation takes half of the cap (app/sampler_options.cpp); whoever finds it
// spent stops, and keeps what it knew.
class AclProbeSampler final : public Sampler {
 public:
  AclProbeSampler(AclProbeOptions options, std::vector<ProbedAccount> accounts, Session& session,
                  const provisioning::Classifier& classifier, DenialSources& sources,
                  metrics::Registry& registry, Log& log);

  std::string_view name() const override { return "acl_probe"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // account, table, operation
  struct Refused;

  Result<void> probe(const ProbedAccount& account, SampleRun& run);
  Result<void> probe_read(const ProbedAccount& account, const std::string& table, SampleRun& run);
  Result<void> probe_queries(const ProbedAccount& account, const std::string& table, SampleRun& run);
  Result<void> probe_links(const ProbedAccount& account, SampleRun& run);
  // 1, 0, or unknown, of what a list query answered.
  void note(const ProbedAccount& account, const std::string& table, std::string_view operation,
            std::optional<bool> granted);
  // Whether an error is a refusal by ACL; errors that are no refusal at all go up.
  Result<bool> denied(const Error& error);
  void forget(const std::string& account);
  void publish();

  const AclProbeOptions options_;
  const std::vector<ProbedAccount> accounts_;
  Session& session_;
  const provisioning::Classifier& classifier_;
  DenialSources& sources_;
  metrics::Registry& registry_;
  Log& log_;
  std::map<Key, bool> granted_;
  std::map<std::pair<std::string, std::string>, std::size_t> hidden_fields_;
  std::map<std::pair<std::string, std::string>, std::string>
      known_ids_;               // a record that the account was shown
  std::set<std::string> told_;  // texts that no rule knows and that are in the log already
  std::size_t turn_ = 0;
};

}  // namespace exporter::sampling
