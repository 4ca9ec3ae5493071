// An integration that follows the changes of a ServiceNow between two comparisons; deletions are audited
// there.
#pragma once

#include <string>

#include "fakes/http_date.h"
#include "sampling/change_follower.h"
#include "unit/sampling/sampling_world.h"

namespace exporter::sampling {

class FollowedInstance : protected IntegrationInMemory {
 protected:
  // As IntegrationInMemory; `instance` outlives it.
  explicit FollowedInstance(tests::Instance& instance, LinkCheckOptions options = {.key_count = 2})
      : followed_(instance),
        check_(options, okta_, reader_, provisioner_, picture_, recent_, *store_, clock_, log_) {}

  // Looks once, so much later.
  void follow(std::chrono::milliseconds later = std::chrono::minutes(1)) {
    clock_.advance(later);
    followed_.date = fakes::http_date(clock_.now());
    SampleRun run(clock_, {});
    ASSERT_TRUE(follower_.follow(opened_, run));
  }
  // As ServiceNow writes it.
  std::string now_text() const {
    std::string text = to_iso8601(clock_.now()).substr(0, 19);
    text[10] = ' ';
    return text;
  }
  void audit_deletion(const std::string& sys_id) {
    audit_.rows.push_back(
        {"d" + std::to_string(audit_.rows.size()),
         {{"tablename", "sys_user"}, {"documentkey", sys_id}, {"sys_created_on", now_text()}}});
  }

  tests::Instance& followed_;
  tests::Instance audit_;
  tests::Connection connection_{followed_};
  tests::Connection audit_connection_{audit_};
  servicenow::TableRowLookup reader_{connection_.client};
  servicenow::TableReader rows_{audit_connection_.api};
  ProvisionerOfTest provisioner_;
  RecentUsers recent_{std::chrono::hours(1)};
  Picture picture_{session_, *store_, counters_, registry_, log_};
  LinkCheck check_;
  ChangeFollower follower_{{.key_count = 2, .rows_interval = std::chrono::minutes(1)},
                           session_,
                           check_,
                           picture_,
                           recent_,
                           connection_.client,
                           rows_,
                           *store_,
                           clock_,
                           log_};
};

}  // namespace exporter::sampling
