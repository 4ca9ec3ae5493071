#include "okta/app_users.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::okta {
namespace {

using ::testing::ElementsAre;

const std::vector<std::string> kUserNameAndMail = {"userName", "profile.email"};

constexpr const char* kProvisioned = R"({"id":"00u1","externalId":"70c14cc17d3745e8a9f98d599a68329c",
  "created":"2026-02-02T11:16:15.000Z","lastUpdated":"2026-03-02T11:16:15.000Z","scope":"USER","status":"PROVISIONED",
  "statusChanged":"2026-02-03T11:16:15.000Z","passwordChanged":null,"syncState":"ERROR","lastSync":"2026-02-02T11:16:15.000Z",
  "credentials":{"userName":"Jane@Example.com","password":{}},
  "profile":{"email":"jane@example.com","manager":null,"employeeNumber":4711,"contractor":true,"groups":["a"]},
  "_links":{"app":{"href":"https://x"},"user":{"href":"https://y"}},
  "_embedded":{"user":{"id":"no","externalId":"no","profile":{"email":"no"}}}})";

AppUser read_user(const std::string& element, const std::vector<std::string>& fields = kUserNameAndMail) {
  auto page = parse_app_users("[" + element + "]", fields);
  EXPECT_TRUE(page.has_value()) << (page ? "" : page.error().message);
  if (!page || page->users.size() != 1) {
    ADD_FAILURE() << element;
    return {};
  }
  EXPECT_EQ(page->malformed, 0u);
  return page->users.front();
}

TEST(AppUsers, KeysAndValuesAreReadHoweverTheyAreWritten) {
  const AppUser user = read_user(
      "{ \"\\u0069d\" : \"00u\\u0031\"\t, \"external\\u0049d\":\"70c1\\\\4cc1\" ,\n"
      "\"credentials\" : { \"user\\u004eame\" : \"J\\u00e4ne\\\"x\" } , "
      "\"a key that is longer than any word\":{\"\":\"\"}, \"\":1,"
      "\"profile\":{\"email\" :\"j@example.com\" }, \"status\" : \"PROVISIONED\" }");
  EXPECT_EQ(user.id, "00u1");
  EXPECT_EQ(user.external_id, "70c1\\4cc1");
  EXPECT_EQ(user.keys, (std::vector<std::string>{"J\u00e4ne\"x", "j@example.com"}));
  EXPECT_EQ(user.status, AppUserStatus::PROVISIONED);
}

TEST(AppUsers, AProvisionedUserIsRead) {
  const AppUser user = read_user(kProvisioned);
  EXPECT_EQ(user.id, "00u1");
  EXPECT_EQ(user.external_id, "70c14cc17d3745e8a9f98d599a68329c");
  EXPECT_EQ(user.status, AppUserStatus::PROVISIONED);
  EXPECT_EQ(user.sync_state, SyncState::ERROR);
  EXPECT_EQ(user.scope, Scope::USER);
  EXPECT_EQ(to_iso8601(user.changed), "2026-03-02T11:16:15.000Z");
  EXPECT_THAT(user.keys, ElementsAre("Jane@Example.com", "jane@example.com"));
}

TEST(AppUsers, MatchFieldsKeepTheirOrderAndMayRepeat) {
  EXPECT_THAT(read_user(kProvisioned, {"profile.email", "userName", "profile.email", "profile.none"}).keys,
              ElementsAre("jane@example.com", "Jane@Example.com", "jane@example.com", ""));
  EXPECT_THAT(read_user(kProvisioned, {}).keys, ElementsAre());
}

TEST(AppUsers, NumbersAndBooleansOfAProfileAreTakenAsTheyAreWritten) {
  EXPECT_THAT(read_user(kProvisioned, {"profile.employeeNumber", "profile.contractor", "profile.manager",
                                       "profile.groups", "profile.userName"})
                  .keys,
              ElementsAre("4711", "true", "", "", ""));
}

TEST(AppUsers, WithoutALinkTheExternalIdIsEmpty) {
  EXPECT_EQ(read_user(R"({"id":"00u1","externalId":null})").external_id, "");
  EXPECT_EQ(read_user(R"({"id":"00u1"})").external_id, "");
}

TEST(AppUsers, WordsThatOktaAddedSinceAreOther) {
  const AppUser user = read_user(R"({"id":"00u1","status":"FROZEN","syncState":"error","scope":null})");
  EXPECT_EQ(user.status, AppUserStatus::other);
  EXPECT_EQ(user.sync_state, SyncState::other);
  EXPECT_EQ(user.scope, Scope::other);
}

TEST(AppUsers, EveryDocumentedWordIsKnown) {
  for (std::size_t i = 0; i < std::size(kAppUserStatuses); ++i) {
    EXPECT_EQ(
        to_string(read_user("{\"id\":\"a\",\"status\":\"" + std::string(kAppUserStatuses[i]) + "\"}").status),
        kAppUserStatuses[i]);
  }
  for (std::size_t i = 0; i < std::size(kSyncStates); ++i) {
    EXPECT_EQ(
        to_string(
            read_user("{\"id\":\"a\",\"syncState\":\"" + std::string(kSyncStates[i]) + "\"}").sync_state),
        kSyncStates[i]);
  }
}

TEST(AppUsers, FieldsOfAWrongTypeAreEmpty) {
  const AppUser user = read_user(
      R"({"id":"00u1","status":5,"created":7,"lastUpdated":"never","statusChanged":{},"credentials":[],"profile":"x"})");
  EXPECT_EQ(user.status, AppUserStatus::other);
  EXPECT_EQ(user.changed, SystemTime{});
  EXPECT_THAT(user.keys, ElementsAre("", ""));
  EXPECT_THAT(read_user(R"({"id":"00u1","credentials":{"userName":{"a":1}},"profile":{"email":[1]}})").keys,
              ElementsAre("", ""));
}

// Taken for users without a link they would be false drift.
TEST(AppUsers, ElementsThatCannotBeReadAreMalformedAndTheRestOfThePageGoesOn) {
  for (const std::string element :
       {"null", "1", "[]", "\"x\"", "{}", R"({"id":null})", R"({"id":""})", R"({"id":7})",
        R"({"externalId":"a"})", R"({"id":"00u1","externalId":5})", R"({"id":"00u1","externalId":{}})",
        R"({"id":"00u1","externalId":"\ud800"})", R"({"externalId":"a","id":"00u1","externalId":null})",
        R"({"id":"00u1","externalId":"a","externalId":"b"})", R"({"id":"00u1","id":"00u3"})",
        R"({"id":"00u1","credentials":{"userName":"a"},"credentials":{"userName":"b"}})"}) {
    auto page = parse_app_users("[" + std::string(kProvisioned) + "," + element + ",{\"id\":\"00u2\"}]",
                                kUserNameAndMail);
    ASSERT_TRUE(page.has_value()) << element;
    EXPECT_EQ(page->malformed, 1u) << element;
    EXPECT_EQ(page->users.size(), 2u) << element;
  }
}

TEST(AppUsers, APageThatIsCutAnywhereGivesNobody) {
  const std::string body = "[" + std::string(kProvisioned) + "," + kProvisioned + "]";
  for (std::size_t length = 0; length < body.size(); ++length) {
    auto page = parse_app_users(body.substr(0, length), kUserNameAndMail);
    ASSERT_FALSE(page.has_value()) << length;
    EXPECT_EQ(page.error().error_class, ErrorClass::incomplete) << length;
  }
}

TEST(AppUsers, BrokenPagesAreMalformed) {
  for (const std::string body : {R"({"errorCode":"E0000009"})", "null", "[]]", R"([{"id":"a"} {"id":"b"}])",
                                 R"([{"id":"a","externalId":nope}])", R"([{"id":"a"}]garbage)"}) {
    auto page = parse_app_users(body, kUserNameAndMail);
    ASSERT_FALSE(page.has_value()) << body;
    EXPECT_EQ(page.error().error_class, ErrorClass::malformed) << body;
  }
}

TEST(AppUsers, APageHoldsNothingOfTheOneThatWasReadBefore) {
  AppUserPageReader reader(kUserNameAndMail);
  std::string full = "[" + std::string(kProvisioned) + "," + kProvisioned + ",5]";
  ASSERT_TRUE(reader.read(full).has_value());
  EXPECT_EQ(reader.page().users.size(), 2u);
  EXPECT_EQ(reader.page().malformed, 1u);
  std::string cut = full.substr(0, full.size() - 2);
  ASSERT_FALSE(reader.read(cut).has_value());
  std::string bare = R"([{"id":"00u2","credentials":{}}])";
  ASSERT_TRUE(reader.read(bare).has_value());
  EXPECT_EQ(reader.page().malformed, 0u);
  ASSERT_EQ(reader.page().users.size(), 1u);
  const AppUser& user = reader.page().users.front();
  EXPECT_EQ(user.id, "00u2");
  EXPECT_EQ(user.external_id, "");
  EXPECT_EQ(user.status, AppUserStatus::other);
  EXPECT_EQ(user.sync_state, SyncState::other);
  EXPECT_EQ(user.scope, Scope::other);
  EXPECT_EQ(user.changed, SystemTime{});
  EXPECT_THAT(user.keys, ElementsAre("", ""));
  std::string longer = "[" + std::string(kProvisioned) + "," + kProvisioned + "," + kProvisioned + "]";
  ASSERT_TRUE(reader.read(longer).has_value());
  ASSERT_EQ(reader.page().users.size(), 3u);
  for (const AppUser& read : reader.page().users) {
    EXPECT_EQ(read.id, "00u1");
    EXPECT_THAT(read.keys, ElementsAre("Jane@Example.com", "jane@example.com"));
  }
}

TEST(AppUsers, ASingleUserIsReadLikeOneOfAList) {
  auto user = parse_app_user(std::string("\xEF\xBB\xBF ") + kProvisioned + "\n", kUserNameAndMail);
  ASSERT_TRUE(user.has_value()) << user.error().message;
  EXPECT_EQ(user->id, "00u1");
  EXPECT_THAT(user->keys, ElementsAre("Jane@Example.com", "jane@example.com"));
}

TEST(AppUsers, ASingleUserThatCannotBeReadIsAnError) {
  const std::string good = kProvisioned;
  for (const auto& [body, error_class] : std::vector<std::pair<std::string, ErrorClass>>{
           {"", ErrorClass::incomplete},
           {" \n", ErrorClass::incomplete},
           {"{", ErrorClass::incomplete},
           {good.substr(0, good.size() - 1), ErrorClass::incomplete},
           {good.substr(0, good.size() / 2), ErrorClass::incomplete},
           {"[" + good + "]", ErrorClass::malformed},
           {good + "," + good, ErrorClass::malformed},
           {good + "]", ErrorClass::malformed},
           {"{}", ErrorClass::malformed},
           {R"({"id":1})", ErrorClass::malformed},
           {R"({"id":"a","externalId":1})", ErrorClass::malformed},
           {"null", ErrorClass::malformed}}) {
    auto user = parse_app_user(body, kUserNameAndMail);
    ASSERT_FALSE(user.has_value()) << body;
    EXPECT_EQ(user.error().error_class, error_class) << body;
  }
}

}  // namespace
}  // namespace exporter::okta
