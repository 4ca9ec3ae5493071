#include "okta/client.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_clock.h"
#include "fakes/fake_transport.h"
#include "fakes/no_signer.h"
#include "fakes/recording_observer.h"

namespace exporter::okta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOrg = "https://example.okta.com";
constexpr const char* kNextLog = "<https://example.okta.com/api/v1/logs?limit=1000&after=2>; rel=\"next\"";

class OktaClient : public ::testing::Test {
 protected:
  std::vector<std::string> asked() const {
    std::vector<std::string> urls;
    for (const auto& request : transport.requests()) urls.push_back(request.url);
    return urls;
  }
  static std::string app(const std::string& id, const std::string& name, const std::string& label) {
    return "{\"id\":\"" + id + "\",\"name\":\"" + name + "\",\"label\":\"" + label +
           "\",\"status\":\"ACTIVE\",\"features\":[\"PUSH_NEW_USERS\",null,\"PUSH_USER_DEACTIVATION\"]}";
  }

  fakes::FakeTransport transport;
  fakes::FakeClock clock;
  fakes::RecordingObserver observer;
  fakes::NoSigner signer;
  net::ApiClient api{net::ApiClientOptions{.api = net::Api::okta, .base_url = kOrg, .max_attempts = 1},
                     transport, signer, clock, observer};
  Client client{api, {"userName"}};
};

TEST_F(OktaClient, TheFirstLogRequestPollsAndFilters) {
  const std::string target = Client::first_log_target("0oa1abcd", *parse_iso8601("2026-11-23T21:44:30.123Z"));
  EXPECT_EQ(
      target,
      "/api/v1/"
      "logs?since=2026-11-23T21%3A44%3A30.123Z&sortOrder=ASCENDING&limit=1000&filter=%28eventType%20sw%20"
      "%22application.provision.%22%20or%20eventType%20sw%20%22application.integration.%22%20or%20eventType%"
      "20eq"
      "%20%22app.user_management.push_new_user_success%22%29%20and%20target.id%20eq%20%220oa1abcd%22");
  EXPECT_THAT(target, Not(HasSubstr("until")));
}

TEST_F(OktaClient, AnAppIdThatIsNoneNeverEntersAFilter) {
  for (const char* id : {"", "0oa1\" or target.id pr", "0oa1/../x", "0oa 1"}) {
    EXPECT_THROW(Client::log_filter(id), std::invalid_argument) << id;
    EXPECT_THROW(Client::first_app_users_target(id, 500), std::invalid_argument) << id;
  }
}

TEST_F(OktaClient, ALogPageBringsEventsTheNextLinkAndTheServersDate) {
  transport.json(200, R"([{"uuid":"u","published":"2026-11-23T21:44:30Z","eventType":"t"},{}])",
                 {{"Link", "<https://example.okta.com/api/v1/logs?limit=1000>; rel=\"self\""},
                  {"Link", kNextLog},
                  {"Date", "Mon, 23 Nov 2026 21:45:00 GMT"}});
  auto page = client.log_page(Client::first_log_target("0oa1", SystemTime{}), {});
  ASSERT_TRUE(page.has_value()) << page.error().message;
  EXPECT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->received, 2u);
  EXPECT_EQ(page->malformed, 1u);
  EXPECT_EQ(page->next_url, "https://example.okta.com/api/v1/logs?limit=1000&after=2");
  ASSERT_TRUE(page->server_date.has_value());
  EXPECT_EQ(to_iso8601(*page->server_date), "2026-11-23T21:45:00.000Z");
}

TEST_F(OktaClient, ALogPageWithoutANextLinkOrWithAForeignOneIsMalformed) {
  transport.json(200, "[]");
  transport.json(200, "[]", {{"Link", "<https://evil.example/api/v1/logs?after=2>; rel=\"next\""}});
  for (int i = 0; i < 2; ++i) {
    auto page = client.log_page("/api/v1/logs?limit=1000", {});
    ASSERT_FALSE(page.has_value());
    EXPECT_EQ(page.error().error_class, ErrorClass::malformed);
  }
}

TEST_F(OktaClient, ACutLogPageIsIncomplete) {
  transport.json(200, R"([{"uuid":"u","published":"2026-11-23T21:44:30Z","eventType":"t"})",
                 {{"Link", kNextLog}});
  auto page = client.log_page("/api/v1/logs?limit=1000", {});
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().error_class, ErrorClass::incomplete);
}

TEST_F(OktaClient, ARefusedCursorIsExpiredAndARefusedFirstRequestIsNot) {
  const std::string cursor = std::string(kOrg) + "/api/v1/logs?after=1";
  for (const auto& [status, target, error_class] : std::vector<std::tuple<int, std::string, ErrorClass>>{
           {400, cursor, ErrorClass::cursor_expired},
           {404, cursor, ErrorClass::cursor_expired},
           {410, cursor, ErrorClass::cursor_expired},
           {403, cursor, ErrorClass::permission},
           {401, cursor, ErrorClass::authentication},
           {429, cursor, ErrorClass::rate_limited},
           {400, "/api/v1/logs?since=x", ErrorClass::http_4xx},
           {403, "/api/v1/logs?since=x", ErrorClass::permission}}) {
    transport.json(status, R"({"errorCode":"E0000053"})");
    auto page = client.log_page(target, {});
    ASSERT_FALSE(page.has_value());
    EXPECT_EQ(page.error().error_class, error_class) << status << " " << target;
    EXPECT_EQ(page.error().http_status, status);
  }
}

TEST_F(OktaClient, AppUserPagesEndWithoutANextLink) {
  transport.json(200, R"([{"id":"00u1"},{"externalId":"x"}])",
                 {{"Link", "<https://example.okta.com/api/v1/apps/0oa1/users?after=a>; rel=\"next\""}});
  transport.json(200, "[]");
  auto page = client.app_users_page(Client::first_app_users_target("0oa1", 9000), {});
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->users.size(), 1u);
  EXPECT_EQ(page->malformed, 1u);
  auto last = client.app_users_page(page->next_url, {});
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->next_url, "");
  EXPECT_THAT(asked(), ElementsAre(std::string(kOrg) + "/api/v1/apps/0oa1/users?limit=500",
                                   std::string(kOrg) + "/api/v1/apps/0oa1/users?after=a"));
}

TEST_F(OktaClient, AnAppUserPageThatLeadsToItselfEndsTheListingWithAnError) {
  const std::string self = std::string(kOrg) + "/api/v1/apps/0oa1/users?after=a";
  transport.json(200, "[]", {{"Link", "<" + self + ">; rel=\"next\""}});
  auto page = client.app_users_page(self, {});
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().error_class, ErrorClass::malformed);
}

TEST_F(OktaClient, ASingleAppUserIsReadAndAnUnassignedOneIsA404) {
  transport.json(200, R"({"id":"00u1","externalId":"x","credentials":{"userName":"jane"}})");
  transport.json(404, R"({"errorCode":"E0000007"})");
  auto user = client.app_user("0oa1", "00u1", {});
  ASSERT_TRUE(user.has_value());
  EXPECT_THAT(user->keys, ElementsAre("jane"));
  auto gone = client.app_user("0oa1", "00u2", {});
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().error_class, ErrorClass::http_4xx);
  EXPECT_EQ(gone.error().http_status, 404);
  auto odd = client.app_user("0oa1", "../../users", {});
  ASSERT_FALSE(odd.has_value());
  EXPECT_EQ(odd.error().error_class, ErrorClass::malformed);
  EXPECT_EQ(asked().size(), 2u);
}

TEST_F(OktaClient, AnAppIsResolvedByItsId) {
  transport.json(200, app("0oa1", "servicenow_ud", "ServiceNow"));
  auto found = client.resolve_app({.id = "0oa1", .name = "", .label = ""}, {});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->name, "servicenow_ud");
  EXPECT_EQ(found->label, "ServiceNow");
  EXPECT_EQ(found->status, "ACTIVE");
  EXPECT_THAT(found->features, ElementsAre("PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"));
  EXPECT_THAT(asked(), ElementsAre(std::string(kOrg) + "/api/v1/apps/0oa1"));
}

TEST_F(OktaClient, AnAppIdThatOktaDoesNotKnowNamesTheKeyToSet) {
  transport.json(404, R"({"errorCode":"E0000007"})");
  transport.json(200, app("0oa2", "servicenow_ud", "ServiceNow"));
  auto missing = client.resolve_app({.id = "0oa1", .name = "", .label = ""}, {});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().error_class, ErrorClass::http_4xx);
  EXPECT_THAT(missing.error().message, HasSubstr("okta.app.id"));
  EXPECT_FALSE(client.resolve_app({.id = "0oa1", .name = "", .label = ""}, {}).has_value());
  auto odd = client.resolve_app({.id = "https://x", .name = "", .label = ""}, {});
  ASSERT_FALSE(odd.has_value());
  EXPECT_THAT(odd.error().message, HasSubstr("okta.app.id"));
}

TEST_F(OktaClient, AnAppIsResolvedByNameAndLabelOverAllPages) {
  transport.json(
      200,
      "[" + app("0oa1", "servicenow_ud", "Other") + "," + app("0oa2", "servicenow_ud", "servicenow") + "]",
      {{"Link", "<https://example.okta.com/api/v1/apps?after=a>; rel=\"next\""}});
  transport.json(200, "[" + app("0oa3", "servicenow_ud", "ServiceNow") + "]");
  auto found = client.resolve_app({.id = "", .name = "servicenow_ud", .label = "ServiceNow"}, {});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->id, "0oa3");
  EXPECT_THAT(asked(),
              ElementsAre(std::string(kOrg) + "/api/v1/apps?limit=200&filter=name%20eq%20%22servicenow_ud%22",
                          std::string(kOrg) + "/api/v1/apps?after=a"));
}

TEST_F(OktaClient, ALabelThatNobodyHasExactlyIsComparedWithoutCase) {
  transport.json(200, "[" + app("0oa1", "servicenow_ud", "SERVICENOW") + "]");
  auto found = client.resolve_app({.id = "", .name = "", .label = "ServiceNow"}, {});
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->id, "0oa1");
  EXPECT_THAT(asked(), ElementsAre(std::string(kOrg) + "/api/v1/apps?limit=200&q=ServiceNow"));
}

TEST_F(OktaClient, NoneOrSeveralAppsAreAnErrorThatNamesTheKeyToSet) {
  const std::string two =
      "[" + app("0oa1", "servicenow_ud", "A") + "," + app("0oa2", "servicenow_ud", "B") + "]";
  transport.json(200, two);
  auto several = client.resolve_app({.id = "", .name = "servicenow_ud", .label = ""}, {});
  ASSERT_FALSE(several.has_value());
  EXPECT_EQ(several.error().error_class, ErrorClass::malformed);
  EXPECT_THAT(several.error().message, HasSubstr("2 apps"));
  EXPECT_THAT(several.error().message, HasSubstr("okta.app.label"));
  transport.json(200, two);
  auto none = client.resolve_app({.id = "", .name = "servicenow_ud", .label = "C"}, {});
  ASSERT_FALSE(none.has_value());
  EXPECT_THAT(none.error().message, HasSubstr("no app"));
  EXPECT_THAT(none.error().message, HasSubstr("okta.app.id"));
  EXPECT_FALSE(client.resolve_app({}, {}).has_value());
  EXPECT_FALSE(client.resolve_app({.id = "", .name = "Service Now\"", .label = ""}, {}).has_value());
  EXPECT_EQ(asked().size(), 2u);
}

TEST_F(OktaClient, AListOfAppsThatIsCutOrLacksIdsResolvesNothing) {
  transport.json(200, "[" + app("0oa1", "servicenow_ud", "A"));
  transport.json(200, "[" + app("0oa1", "servicenow_ud", "A") + ",{}]");
  transport.json(200, R"({"errorCode":"x"})");
  for (const auto error_class : {ErrorClass::incomplete, ErrorClass::malformed, ErrorClass::malformed}) {
    auto found = client.resolve_app({.id = "", .name = "servicenow_ud", .label = "A"}, {});
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().error_class, error_class);
  }
}

}  // namespace
}  // namespace exporter::okta
