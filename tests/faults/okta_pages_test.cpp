// Pages that Okta, or what stands in its place, should never send: to the listing of app users and to the
// reader of the System Log.
#include <memory>
#include <optional>

#include "fakes/fake_log.h"
#include "faults/answering_server.h"
#include "faults/vendor.h"
#include "metrics/registry.h"
#include "okta/client.h"
#include "sampling/app_users_sampler.h"

namespace exporter::faults {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string next_link(const std::string& target) { return "Link: <" + target + ">; rel=\"next\"\r\n"; }

std::string user(const std::string& id, const std::string& more = "") {
  return R"({"id":")" + id + R"(","externalId":null,"status":"ACTIVE","credentials":{"userName":"a"})" +
         more + "}";
}

std::string nested(int levels) {
  const auto count = static_cast<std::size_t>(levels);
  return std::string(count, '[') + std::string(count, ']');
}

constexpr int kDeep = 10'000;
const std::string kByteOrderMark = "\xEF\xBB\xBF";

// An org whose list of app users is what the test says; the app itself is always there.
class Org {
 public:
  using Page = std::function<std::string(std::size_t number, const std::string& origin)>;

  explicit Org(Page page)
      : server_([this, page = std::move(page)](std::size_t, const std::string& head) {
          if (head.starts_with("GET /api/v1/apps/0oa1 ")) {
            return answer(200, R"({"id":"0oa1","name":"servicenow_ud","label":"ServiceNow","features":[]})");
          }
          return page(pages_++, server_.origin());
        }) {
    inputs_.connect({.ready = [] {},
                     .incomplete = [this] { ++incomplete_; },
                     .want_links = [] {},
                     .want_rows = [this] { ++listed_; }});
  }
  // Always the same page.
  explicit Org(const std::string& body, const std::string& fields = "")
      : Org([=](std::size_t, const std::string&) { return answer(200, body, fields); }) {}

  Result<void> list() {
    sampling::SampleRun run(vendor_.clock(), {});
    return sampler_.sample(run);
  }
  Result<okta::LogPage> log_page(std::string_view target = "") {
    return client_.log_page(target.empty() ? okta::Client::first_log_target("0oa1", SystemTime{}) : target,
                            {});
  }

  std::string origin() const { return server_.origin(); }
  std::size_t pages() const { return pages_; }
  std::vector<std::string> requests() const { return server_.requests(); }
  // The users of the listing; nullopt where none was handed over.
  std::optional<std::size_t> users() {
    const auto links = inputs_.waiting_links();
    return links ? std::optional(links->listing.size()) : std::nullopt;
  }
  int incomplete() const { return incomplete_; }

 private:
  std::atomic<std::size_t> pages_ = 0;
  AnsweringServer server_;
  Vendor vendor_{server_.origin()};
  okta::Client client_{vendor_.client(), {"userName"}};
  fakes::FakeLog log_;
  metrics::Registry registry_{vendor_.clock()};
  sampling::SampleBook book_{registry_, log_};
  sampling::CounterBook counters_{"production", {"sys_user"}, registry_};
  std::unique_ptr<storage::Store> store_ =
      std::move(storage::open_store({.path = ":memory:"}, vendor_.clock(), log_)).value();
  sampling::Session session_{{.integration = "production",
                              .app = {.id = "0oa1", .name = {}, .label = {}},
                              .okta_host = "example.okta.com",
                              .servicenow_host = "example.service-now.com",
                              .tier = "production"},
                             client_,
                             *store_,
                             counters_,
                             book_,
                             registry_,
                             log_};
  int incomplete_ = 0;
  int listed_ = 0;
  sampling::DriftInputs inputs_;
  sampling::AppUsersSampler sampler_{{}, session_, client_, inputs_, registry_, log_};
};

// The listing fails like this after so many pages, and nothing of it is used.
void expect_no_listing(Org& org, ErrorClass error_class, const std::string& says, std::size_t pages) {
  const auto listed = org.list();
  expect_error(listed, error_class, says);
  EXPECT_EQ(org.pages(), pages);
  EXPECT_EQ(org.users(), std::nullopt);
  EXPECT_EQ(org.incomplete(), 1) << "the comparison knows";
}

TEST(OktaPageFault, ANextLinkToAnotherHost) {
  AnsweringServer other({answer(200, "[]")});
  Org org([&](std::size_t, const std::string&) {
    return answer(200, "[" + user("00u1") + "]",
                  next_link(other.origin() + "/api/v1/apps/0oa1/users?after=1"));
  });
  expect_no_listing(org, ErrorClass::malformed, "sent a Link header that leads to another origin", 1);
  EXPECT_EQ(other.connections(), 0U);
}

TEST(OktaPageFault, ANextLinkToTheSameHostInTheClearOrOnAnotherPort) {
  for (const std::string origin : {"https://127.0.0.1", "http://127.0.0.1:1", "http://user@127.0.0.1"}) {
    Org org("[]", next_link(origin + "/x"));
    const auto listed = org.list();
    ASSERT_FALSE(listed) << origin;
    EXPECT_EQ(listed.error().error_class, ErrorClass::malformed) << origin;
    EXPECT_EQ(org.pages(), 1U) << origin;
  }
}

TEST(OktaPageFault, ANextLinkToItself) {
  Org org([](std::size_t, const std::string& origin) {
    return answer(200, "[]", next_link(origin + "/api/v1/apps/0oa1/users?limit=500"));
  });
  // The first page is asked for by its path, so it is recognised when it comes a second time.
  const auto listed = org.list();
  ASSERT_FALSE(listed);
  expect_useful(listed.error(), "Okta");
  EXPECT_LE(org.pages(), 2U);
  EXPECT_EQ(org.users(), std::nullopt);
}

TEST(OktaPageFault, NextLinksInALoop) {
  Org org([](std::size_t number, const std::string& origin) {
    return answer(200, "[" + user("00u" + std::to_string(number)) + "]",
                  next_link(origin + "/api/v1/apps/0oa1/users?after=" + std::to_string(number % 3)));
  });
  // The fourth page leads to the second.
  expect_no_listing(org, ErrorClass::incomplete,
                    "Okta's list of app users links a page that was read already", 4);
}

TEST(OktaPageFault, ARelativeNextLink) {
  Org org([](std::size_t number, const std::string&) {
    return answer(200, "[" + user("00u" + std::to_string(number)) + "]",
                  number == 0 ? next_link("/api/v1/apps/0oa1/users?after=1") : "");
  });
  const auto listed = org.list();
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(org.users(), 2U);
  EXPECT_THAT(org.requests().back(), testing::StartsWith("GET /api/v1/apps/0oa1/users?after=1 HTTP/1.1\r\n"));
}

TEST(OktaPageFault, HtmlWith200) {
  Org org(
      [](std::size_t, const std::string&) { return answer(200, "<html>Sign in</html>", "", "text/html"); });
  expect_no_listing(org, ErrorClass::not_json, "okta app_users at 127.0.0.1", 1);
}

TEST(OktaPageFault, HtmlThatCallsItselfJson) {
  Org org("<html>Sign in</html>");
  expect_no_listing(org, ErrorClass::malformed, "GET /api/v1/apps/{appId}/users", 1);
}

TEST(OktaPageFault, AnEmptyBodyWith200) {
  Org org("");
  expect_no_listing(org, ErrorClass::incomplete, "GET /api/v1/apps/{appId}/users", 1);
}

TEST(OktaPageFault, A204) {
  Org org([](std::size_t, const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  expect_no_listing(org, ErrorClass::not_json, "okta app_users at 127.0.0.1", 1);
}

TEST(OktaPageFault, AByteOrderMark) {
  Org org(kByteOrderMark + "[" + user("00u1") + "]");
  const auto listed = org.list();
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(org.users(), 1U);
}

TEST(OktaPageFault, AnErrorBesideTheList) {
  Org org(R"({"result":[],"error":{"message":"Transaction cancelled"}})");
  expect_no_listing(org, ErrorClass::malformed, "GET /api/v1/apps/{appId}/users", 1);
}

TEST(OktaPageFault, TenThousandLevelsInAFieldThatNobodyReads) {
  Org org("[" + user("00u1", ",\"profile\":{\"x\":" + nested(kDeep) + "}") + "," + user("00u2") + "]");
  const auto listed = org.list();
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(org.users(), 2U);
}

TEST(OktaPageFault, TenThousandLevelsInsteadOfAUser) {
  Org org(nested(kDeep));
  expect_no_listing(org, ErrorClass::incomplete, "entries without an id", 1);
}

TEST(OktaPageFault, TenThousandLevelsThatAreNeverClosed) {
  Org org(std::string(kDeep, '['));
  expect_no_listing(org, ErrorClass::incomplete, "GET /api/v1/apps/{appId}/users", 1);
}

// Whichever of the two were taken, it could be the wrong one, and the user drifted by our doing.
TEST(OktaPageFault, AKeyThatComesTwiceWithTwoValues) {
  for (const std::string more : {R"(,"externalId":"0123456789abcdef0123456789abcdef")", R"(,"id":"00u2")",
                                 R"(,"credentials":{"userName":"b"})",
                                 R"(,"profile":{"x":1},"credentials":{"userName":"a","userName":"b"})"}) {
    Org org("[" + user("00u1", more) + "]");
    expect_no_listing(org, ErrorClass::incomplete, "Okta's list of app users held 1 entries", 1);
  }
}

TEST(OktaPageFault, AKeyThatComesTwiceWithOneValue) {
  Org org("[" + user("00u1", R"(,"id":"00u1","externalId":null,"credentials":{"userName":"a"})") + "]");
  const auto listed = org.list();
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(org.users(), 1U);
}

TEST(OktaPageFault, InvalidUtf8) {
  for (const std::string bytes : {"\xFF", "\xC3", "\xED\xA0\x80", "\xC0\x80"}) {
    Org org("[" + user("00u1", ",\"profile\":{\"x\":\"" + bytes + "\"}") + "]");
    expect_no_listing(org, ErrorClass::malformed, "GET /api/v1/apps/{appId}/users", 1);
  }
}

TEST(OktaPageFault, NumbersWhereStringsBelong) {
  Org without_id("[{\"id\":1}]");
  expect_no_listing(without_id, ErrorClass::incomplete, "entries without an id", 1);
  Org with_a_number(R"([{"id":"00u1","externalId":17,"status":1}])");
  expect_no_listing(with_a_number, ErrorClass::incomplete, "entries without an id", 1);
}

TEST(OktaLogFault, ANextLinkToAnotherHost) {
  AnsweringServer other({answer(200, "[]")});
  Org org("[]", next_link(other.origin() + "/api/v1/logs?after=1"));
  expect_error(org.log_page(), ErrorClass::malformed, "sent a Link header that leads to another origin");
  EXPECT_EQ(other.connections(), 0U);
}

// A stored position that somebody has tampered with, or that belongs to another org.
TEST(OktaLogFault, AStoredPositionOnAnotherHost) {
  AnsweringServer other({answer(200, "[]")});
  Org org("[]");
  expect_error(org.log_page(other.origin() + "/api/v1/logs?after=1"), ErrorClass::malformed,
               other.authority());
  EXPECT_EQ(other.connections(), 0U);
  EXPECT_EQ(org.pages(), 0U);
}

TEST(OktaLogFault, ARelativeNextLink) {
  Org org("[]", next_link("/api/v1/logs?after=1"));
  const auto page = org.log_page();
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->next_url, org.origin() + "/api/v1/logs?after=1");
}

TEST(OktaLogFault, HtmlAnEmptyBodyAndNoContent) {
  Org html([](std::size_t, const std::string&) { return answer(200, "<html></html>", "", "text/html"); });
  expect_error(html.log_page(), ErrorClass::not_json, "okta logs at 127.0.0.1");
  Org empty("", next_link("/api/v1/logs?after=1"));
  expect_error(empty.log_page(), ErrorClass::incomplete, "GET /api/v1/logs");
  Org no_content([](std::size_t, const std::string&) { return "HTTP/1.1 204 No Content\r\n\r\n"; });
  expect_error(no_content.log_page(), ErrorClass::not_json, "okta logs at 127.0.0.1");
}

TEST(OktaLogFault, BrokenJson) {
  const std::string fields = next_link("/api/v1/logs?after=1");
  Org deep(nested(kDeep), fields);
  const auto page = deep.log_page();
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->malformed, 1U) << "an event that is none";
  Org utf8("[{\"uuid\":\"\xFF\"}]", fields);
  expect_error(utf8.log_page(), ErrorClass::malformed, "GET /api/v1/logs");
  Org numbers(R"([{"uuid":1,"published":2,"eventType":3}])", fields);
  EXPECT_EQ(numbers.log_page()->malformed, 1U);
  Org marked(kByteOrderMark + "[]", fields);
  EXPECT_TRUE(marked.log_page());
}

}  // namespace
}  // namespace exporter::faults
