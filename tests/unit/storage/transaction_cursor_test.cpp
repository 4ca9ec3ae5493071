#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

const CounterKey kDenials{.metric = "servicenow_acl_denials_total", .labels = "sys_user|write"};

class TransactionCursorTest : public StoreTest {
 protected:
  void SetUp() override { open(); }

  TransactionCommit commit(const std::vector<std::string>& sys_ids) {
    TransactionCommit made{.cursor = {.user_name = "okta.integration",
                                      .counted_from = clock_.now() - minutes(9),
                                      .newest = clock_.now(),
                                      .complete_until = clock_.now()},
                           .seen = {},
                           .forget_before = clock_.now() - minutes(1),
                           .increments = {{kDenials, static_cast<double>(sys_ids.size())}}};
    for (const std::string& sys_id : sys_ids) {
      made.seen.push_back({.sys_id = sys_id, .created = clock_.now(), .code = "403"});
    }
    return made;
  }
  std::vector<std::string> seen() {
    std::vector<std::string> ids;
    const auto rows = store_->seen_transactions(id_);
    for (const SeenTransaction& row : *rows) ids.push_back(row.sys_id);
    return ids;
  }
};

TEST_F(TransactionCursorTest, CursorSeenRowsAndCountersOutliveACrashTogether) {
  EXPECT_FALSE(store_->transaction_cursor(id_)->has_value());
  ASSERT_TRUE(store_->commit_transactions(id_, commit({"a", "b"})));
  crash();
  const auto cursor = *store_->transaction_cursor(id_);
  ASSERT_TRUE(cursor);
  EXPECT_EQ(cursor->user_name, "okta.integration");
  EXPECT_EQ(cursor->newest, clock_.now());
  EXPECT_EQ(cursor->counted_from, clock_.now() - minutes(9));
  EXPECT_EQ(cursor->complete_until, clock_.now());
  EXPECT_THAT(seen(), ElementsAre("a", "b"));
  EXPECT_EQ(store_->seen_transactions(id_)->at(0).code, "403");
  EXPECT_EQ(counter(kDenials.metric, kDenials.labels), 2);
}

TEST_F(TransactionCursorTest, WhatCanNotComeAgainIsForgotten) {
  ASSERT_TRUE(store_->commit_transactions(id_, commit({"a"})));
  clock_.advance(minutes(2));
  ASSERT_TRUE(store_->commit_transactions(id_, commit({"b"})));
  EXPECT_THAT(seen(), ElementsAre("b"));
  EXPECT_EQ(counter(kDenials.metric, kDenials.labels), 2);
}

TEST_F(TransactionCursorTest, AccessIsStoredByKindWithItsCounters) {
  const CounterKey changes{.metric = "servicenow_access_changes_total", .labels = "roles"};
  EXPECT_THAT(*store_->access_state(id_), IsEmpty());
  ASSERT_TRUE(store_->commit_access(id_, {{"roles", "admin"}, {"instance", "x"}}, {}));
  ASSERT_TRUE(store_->commit_access(id_, {{"roles", "itil"}}, {{changes, 1}}));
  crash();
  EXPECT_THAT(*store_->access_state(id_), ElementsAre(Pair("instance", "x"), Pair("roles", "itil")));
  EXPECT_EQ(counter(changes.metric, changes.labels), 1);
}

TEST_F(TransactionCursorTest, AnotherInstanceStartsAfresh) {
  ASSERT_TRUE(store_->commit_transactions(id_, commit({"a"})));
  ASSERT_TRUE(store_->commit_access(id_, {{"roles", "admin"}}, {}));
  Fingerprint other = kHere;
  other.servicenow_host = "other.service-now.com";
  id_ = open_integration("production", other).id;
  EXPECT_FALSE(store_->transaction_cursor(id_)->has_value());
  EXPECT_THAT(seen(), IsEmpty());
  EXPECT_THAT(*store_->access_state(id_), IsEmpty());
}

}  // namespace
}  // namespace exporter::storage
