#include "sampling/access_changes_sampler.h"

#include <gmock/gmock.h>

#include "metrics/catalogue.h"
#include "unit/sampling/access_world.h"

namespace exporter::sampling {
namespace {

std::string role(const std::string& name, const std::string& user = "okta") {
  return R"({"sys_id":")" + name + R"(","user.user_name":")" + user + R"(","role.name":")" + name +
         R"(","role":"id"})";
}

std::string rule(const std::string& name, const std::string& version, const std::string& active = "true") {
  return R"({"sys_id":"r1","name":")" + name + R"(","operation":"write","active":")" + active +
         R"(","sys_updated_on":"2026-01-02 03:04:05","sys_mod_count":")" + version + "\"}";
}

std::string property(const std::string& name, const std::string& value) {
  return R"({"sys_id":")" + name + R"(","name":")" + name + R"(","value":")" + value + "\"}";
}

class AccessChangesSamplerTest : public AccessWorld {
 protected:
  AccessChangesSamplerTest() {
    tables_["sys_user_has_role"].rows = {role("itil"), role("user_admin")};
    tables_["sys_security_acl"].rows = {rule("sys_user.email", "1")};
    tables_["sys_properties"].rows = {property("instance_name", "acme"), property("glide.war", "b1")};
  }

  Result<void> sample() {
    SampleRun run(clock_, {});
    return sampler_.sample(run);
  }
  double changes(const std::string& kind) { return counter("servicenow_access_changes_total", kind); }

  AccessChangesSampler sampler_{AccessChangesOptions{.user_name = "okta", .tables = {"sys_user"}},
                                session_,
                                table_reader_,
                                *store_,
                                counters_,
                                log_};
};

TEST_F(AccessChangesSamplerTest, TheFirstLookAndAnUnchangedOneCountNothing) {
  ASSERT_TRUE(sample());
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("roles") + changes("acl_rules") + changes("instance"), 0);
  EXPECT_EQ(said("access changed"), 0U) << log_.text();
}

TEST_F(AccessChangesSamplerTest, EachChangeIsCountedOnceAndNamed) {
  ASSERT_TRUE(sample());
  tables_["sys_user_has_role"].rows = {role("itil"), role("snc_read_only")};
  tables_["sys_security_acl"].rows = {rule("sys_user.email", "2", "false")};
  tables_["sys_properties"].rows = {property("instance_name", "acmetest"), property("glide.war", "b2")};
  ASSERT_TRUE(sample());
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("roles"), 2) << "one is gone, one is new";
  EXPECT_EQ(changes("acl_rules"), 1);
  EXPECT_EQ(changes("instance"), 2);
  EXPECT_EQ(said("access changed"), 5U) << log_.text();
  for (const char* named : {"user_admin", "snc_read_only", "write on sys_user.email", "acmetest"}) {
    EXPECT_THAT(log_.text(), testing::HasSubstr(named));
  }
}

TEST_F(AccessChangesSamplerTest, ATableThatMayNotBeReadIsSaidOnceAndTheOthersGoOn) {
  tables_["sys_security_acl"] = {.rows = {}, .status = 403, .message = "User Not Authorized"};
  ASSERT_TRUE(sample());
  ASSERT_TRUE(sample());
  EXPECT_EQ(said("changes of this kind are not seen"), 1U) << log_.text();
  tables_["sys_user_has_role"].rows.push_back(role("admin"));
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("roles"), 1);
}

TEST_F(AccessChangesSamplerTest, RowsThatAreNotShownAreNoRolesThatAreGone) {
  ASSERT_TRUE(sample());
  tables_["sys_user_has_role"] = {.rows = {role("itil")}, .hidden = 1};
  ASSERT_TRUE(sample());
  tables_["sys_user_has_role"] = {.rows = {role("itil"), role("user_admin")}};
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("roles"), 0);
}

TEST_F(AccessChangesSamplerTest, ADroppedConditionTellsNothing) {
  ASSERT_TRUE(sample());
  tables_["sys_user_has_role"].rows = {role("itil"), role("user_admin"), role("admin", "somebody.else")};
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("roles"), 0);
  tables_["sys_security_acl"].rows.push_back(rule("incident", "1"));
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("acl_rules"), 0) << "a rule on another table is none of ours";
}

TEST_F(AccessChangesSamplerTest, PropertiesThatAreFilteredOutAreNoChange) {
  ASSERT_TRUE(sample());
  tables_["sys_properties"] = {};
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("instance"), 0);
}

TEST_F(AccessChangesSamplerTest, AnOutageFailsTheSampleAndLosesNoChange) {
  ASSERT_TRUE(sample());
  tables_["sys_user_has_role"].rows.push_back(role("admin"));
  tables_["sys_properties"].status = 503;
  EXPECT_FALSE(sample());
  tables_["sys_properties"].status = 200;
  ASSERT_TRUE(sample());
  EXPECT_EQ(changes("roles"), 1);
}

}  // namespace
}  // namespace exporter::sampling
