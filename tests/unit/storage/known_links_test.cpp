#include "unit/storage/store_fixture.h"

namespace exporter::storage {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

class KnownLinks : public StoreTest {
 protected:
  static KnownLink link(std::string user, std::string external_id, std::vector<std::string> keys) {
    return {.okta_user_id = std::move(user),
            .external_id = std::move(external_id),
            .keys = std::move(keys),
            .status = "PROVISIONED",
            .scope = "GROUP"};
  }
};

TEST_F(KnownLinks, AreFoundByUserAndByExternalIdAfterARestart) {
  open();
  ASSERT_TRUE(store_->remember_links(
      id_, {.after = {},
            .upto = {},
            .links = {link("00u1", "a", {"ann", ""}), link("00u2", "b", {"bob", "b@x"})}}));
  open();
  const auto found = store_->known_links(id_, {"00u2", "00u3"});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].external_id, "b");
  EXPECT_THAT((*found)[0].keys, ElementsAre("bob", "b@x"));
  EXPECT_EQ((*found)[0].scope, "GROUP");
  const auto holders = store_->known_holders(id_, {"a"});
  ASSERT_TRUE(holders);
  EXPECT_THAT(*holders, ElementsAre(Field(&KnownLink::okta_user_id, "00u1")));
}

TEST_F(KnownLinks, ARangeTouchesOnlyItsOwnUsers) {
  open();
  ASSERT_TRUE(store_->remember_links(
      id_, {.after = {}, .upto = {}, .links = {link("00u1", "a", {"x"}), link("00u5", "b", {"y"})}}));
  ASSERT_TRUE(
      store_->remember_links(id_, {.after = "00u1", .upto = "00u4", .links = {link("00u3", "c", {"z"})}}));
  const auto all = store_->known_links(id_, {"00u1", "00u3", "00u5"});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 3U);
}

TEST_F(KnownLinks, AKeyWithALineBreakDoesNotMoveTheNextOne) {
  open();
  ASSERT_TRUE(store_->remember_links(
      id_, {.after = {}, .upto = {}, .links = {link("00u1", "a", {"an\nn", "ann@x"})}}));
  const auto found = store_->known_links(id_, {"00u1"});
  ASSERT_TRUE(found);
  EXPECT_THAT((*found)[0].keys, ElementsAre("", "ann@x"));
}

TEST_F(KnownLinks, AnotherFingerprintForgetsThem) {
  open();
  ASSERT_TRUE(store_->remember_links(id_, {.after = {}, .upto = {}, .links = {link("00u1", "a", {"x"})}}));
  const IntegrationState other = open_integration(
      "production",
      {.okta_host = "acme.okta.com", .app_id = "0oa2", .servicenow_host = "acme.service-now.com"});
  EXPECT_THAT(store_->known_links(other.id, {"00u1"}).value(), IsEmpty());
}

}  // namespace
}  // namespace exporter::storage
