#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using ::testing::ElementsAre;

class PageQueries : public StoreTest {
 protected:
  LedgerEntry drifted(const std::string& user, const std::string& kind) const {
    return {.okta_user_id = user,
            .kind = kind,
            .scope = "USER",
            .external_id = "id-" + user,
            .match_key = user + "@example.com",
            .candidate_sys_id = "",
            .first_seen = {},
            .last_confirmed = {},
            .resolved = std::nullopt};
  }
  void compare(std::vector<LedgerEntry> entries) {
    clock_.advance(std::chrono::minutes(1));
    ComparisonCommit commit;
    commit.record.time = clock_.now();
    commit.drifted = std::move(entries);
    ASSERT_TRUE(store_->commit_comparison(id_, commit));
  }
  std::vector<std::string> users(const DriftQuery& query) {
    const auto page = store_->drift_page(query);
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> found;
    for (const DriftRow& row : page->rows) found.push_back(row.entry.okta_user_id);
    return found;
  }
};

TEST_F(PageQueries, FilterSortAndPageTheLedger) {
  open();
  compare({drifted("c", "record_missing"), drifted("a", "sys_id_changed")});
  compare({drifted("c", "record_missing"), drifted("a", "sys_id_changed"), drifted("b", "record_missing")});
  const std::vector<std::string> here{"production"};
  EXPECT_THAT(users({.integrations = here, .sort = DriftQuery::Sort::okta_user_id}),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(users({.integrations = here, .sort = DriftQuery::Sort::okta_user_id, .descending = true}),
              ElementsAre("c", "b", "a"));
  EXPECT_THAT(users({.integrations = here, .kind = "record_missing", .sort = DriftQuery::Sort::okta_user_id}),
              ElementsAre("b", "c"));
  EXPECT_THAT(
      users({.integrations = here, .sort = DriftQuery::Sort::first_seen, .descending = true, .limit = 1}),
      ElementsAre("b"));
  EXPECT_THAT(users({.integrations = here, .sort = DriftQuery::Sort::okta_user_id, .offset = 1, .limit = 1}),
              ElementsAre("b"));
  EXPECT_EQ(store_->drift_page({.integrations = here, .limit = 1})->total, 3U);
  EXPECT_THAT(users({.integrations = {"prod", "roduction"}}), ElementsAre())
      << "names are compared as a whole";
  const auto page = store_->drift_page({.integrations = here, .kind = "sys_id_changed"});
  ASSERT_EQ(page->rows.size(), 1U);
  EXPECT_EQ(page->rows[0].integration, "production");
  EXPECT_EQ(page->rows[0].entry.last_confirmed, clock_.now()) << "by the last comparison";
}

TEST_F(PageQueries, ShowWhatWasResolved) {
  open();
  compare({drifted("a", "record_missing"), drifted("b", "record_missing")});
  const SystemTime first = clock_.now();
  compare({drifted("b", "record_missing")});
  const std::vector<std::string> here{"production"};
  EXPECT_THAT(users({.integrations = here}), ElementsAre("b"));
  const auto resolved = store_->drift_page({.integrations = here, .resolved = true});
  ASSERT_EQ(resolved->rows.size(), 1U);
  EXPECT_EQ(resolved->rows[0].entry.okta_user_id, "a");
  EXPECT_EQ(resolved->rows[0].entry.first_seen, first);
  EXPECT_EQ(resolved->rows[0].entry.resolved, clock_.now());
}

TEST_F(PageQueries, FilterSortAndPageTheFailures) {
  open();
  LogCommit commit;
  for (int i = 0; i < 5; ++i) {
    commit.failures.push_back({.time = clock_.now() + std::chrono::seconds(i),
                               .operation = i % 2 == 0 ? "update" : "create",
                               .reason = i == 0 ? "other" : "acl_denied",
                               .text = std::to_string(i),
                               .okta_user_id = "u",
                               .verdict = ""});
  }
  ASSERT_TRUE(store_->commit_log(id_, commit));
  const auto texts = [&](const FailureQuery& query) {
    std::vector<std::string> found;
    const auto page = store_->failure_page(query);
    for (const FailureRow& row : page->rows) found.push_back(row.failure.text);
    return found;
  };
  const std::vector<std::string> here{"production"};
  EXPECT_THAT(texts({.integrations = here}), ElementsAre("4", "3", "2", "1", "0"));
  EXPECT_THAT(texts({.integrations = here, .operation = "update", .reason = "acl_denied"}),
              ElementsAre("4", "2"));
  EXPECT_THAT(texts({.integrations = here, .offset = 1, .limit = 2}), ElementsAre("3", "2"));
  EXPECT_EQ(store_->failure_page({.integrations = here, .operation = "create"})->total, 2U);
  EXPECT_EQ(store_->failure_page({.integrations = {}})->total, 0U);
}

}  // namespace
}  // namespace exporter::storage
