// What changed shortly before denials began: roles of Okta's account, ACL rules on the configured tables, the
// instance's build and name. servicenow_access_changes_total{kind}, and one log line per change.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sampling/sampler.h"
#include "sampling/session.h"
#include "servicenow/table_reader.h"

namespace exporter::sampling {

struct AccessChangesOptions {
  std::chrono::milliseconds interval{15 * 60'000};
  std::string user_name;  // Okta's account; empty where the configuration does not tell it: then no roles
  std::vector<std::string> tables;
};

// As the reader, where it may read sys_user_has_role, sys_security_acl and sys_properties; what it may not
// read is left out, and the log says so once. The last look is stored with the counters in one transaction,
// so that a restart neither loses a change nor counts it twice; the first look of a new state counts nothing.
// A look that is not shown every row tells nothing.
class AccessChangesSampler final : public Sampler {
 public:
  AccessChangesSampler(AccessChangesOptions options, Session& session, servicenow::TableReader& reader,
                       storage::Store& store, CounterBook& counters, Log& log);

  std::string_view name() const override { return "access_changes"; }
  std::chrono::milliseconds interval() const override { return options_.interval; }
  Result<void> sample(SampleRun& run) override;
  void succeeded(SystemTime at) override { session_.remember_success(name(), at); }

 private:
  using Facts = std::map<std::string, std::string>;  // what, how it is
  // nullopt: the reader may not see it.
  Result<std::optional<Facts>> roles(std::stop_token stop);
  Result<std::optional<Facts>> acl_rules(std::stop_token stop);
  Result<std::optional<Facts>> instance(std::stop_token stop);
  Result<std::optional<servicenow::TextPage>> read(const std::string& kind, servicenow::TextQuery query,
                                                   std::stop_token stop);
  double report(const std::string& kind, const Facts& before, const Facts& now) const;

  const AccessChangesOptions options_;
  Session& session_;
  servicenow::TableReader& reader_;
  storage::Store& store_;
  CounterBook& counters_;
  Log& log_;
  std::set<std::string> unreadable_;  // kinds of which the log has said so
};

}  // namespace exporter::sampling
