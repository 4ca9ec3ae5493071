#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drift/vocabulary.h"
#include "fakes/fake_clock.h"
#include "web/config_page.h"
#include "web/drift_page.h"
#include "web/failures_page.h"
#include "web/remedies.h"

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kEvil = "<script>alert(\"x\")</script>";

class PeoplePages : public ::testing::Test {
 protected:
  PeoplePages() {
    drift_.total = 250;
    drift_.rows.push_back({.integration = "production",
                           .entry = {.okta_user_id = "00u1",
                                     .kind = "sys_id_changed",
                                     .scope = "GROUP",
                                     .external_id = kEvil,
                                     .match_key = "ada@example.com",
                                     .candidate_sys_id = "=cmd",
                                     .first_seen = clock_.now() - 3h,
                                     .last_confirmed = clock_.now() - 10s,
                                     .resolved = std::nullopt}});
    failures_.total = 1;
    failures_.rows.push_back(
        {.integration = "production",
         .failure = {.time = clock_.now() - 1min,
                     .operation = "update",
                     .reason = "record_not_found_or_hidden",
                     .text = "Automatic profile push of user Ada Lovelace to app ServiceNow failed for "
                             "ada@example.com.",
                     .okta_user_id = "00u1",
                     .verdict = "record_missing"}});
  }

  WebResponse drift(const std::string& query, ShowUsers show = ShowUsers::ids, bool may_see = true) {
    const PeopleOptions options{.show_users = show, .external_url = external_url_, .integrations = [] {
                                  return std::vector<std::string>{"production", "test"};
                                }};
    const Handler handler = make_drift_handler(
        options,
        [this](const storage::DriftQuery& asked) -> Result<storage::DriftPage> {
          drift_query_ = asked;
          if (storage_fails_) return std::unexpected(Error{ErrorClass::storage, "disk"});
          return drift_;
        },
        clock_);
    return handler({.query = query, .may_see_people = may_see});
  }
  WebResponse failures(const std::string& query, ShowUsers show = ShowUsers::ids) {
    const PeopleOptions options{.show_users = show, .external_url = {}, .integrations = [] {
                                  return std::vector<std::string>{"production"};
                                }};
    const Handler handler = make_failures_handler(
        options,
        [this](const storage::FailureQuery& asked) -> Result<storage::FailurePage> {
          failure_query_ = asked;
          return failures_;
        },
        clock_);
    return handler({.query = query, .may_see_people = true});
  }

  fakes::FakeClock clock_;
  std::string external_url_;
  bool storage_fails_ = false;
  storage::DriftPage drift_;
  storage::FailurePage failures_;
  storage::DriftQuery drift_query_;
  storage::FailureQuery failure_query_;
};

TEST_F(PeoplePages, AreForThoseWhoMaySeePeople) {
  EXPECT_EQ(drift("", ShowUsers::ids, false).status, 403);
  EXPECT_EQ(drift("format=json", ShowUsers::ids, false).status, 403);
  EXPECT_EQ(drift("").status, 200);
}

TEST_F(PeoplePages, AskTheStorageForOnePageOnly) {
  drift("integration=test&kind=wrong_user&state=resolved&sort=resolved&order=desc&page=3");
  EXPECT_THAT(drift_query_.integrations, ElementsAre("test"));
  EXPECT_EQ(drift_query_.kind, "wrong_user");
  EXPECT_TRUE(drift_query_.resolved);
  EXPECT_EQ(drift_query_.sort, storage::DriftQuery::Sort::resolved);
  EXPECT_TRUE(drift_query_.descending);
  EXPECT_EQ(drift_query_.offset, 200U);
  EXPECT_EQ(drift_query_.limit, 100U);
  drift("");
  EXPECT_THAT(drift_query_.integrations, ElementsAre("production", "test"));
  drift("integration=gone");
  EXPECT_THAT(drift_query_.integrations, IsEmpty()) << "one that is not configured has no page";
  failures("operation=update&reason=other");
  EXPECT_EQ(failure_query_.operation, "update");
  EXPECT_EQ(failure_query_.reason, "other");
  EXPECT_TRUE(failure_query_.descending) << "the newest first";
}

TEST_F(PeoplePages, EscapeEverythingThatIsNotOurs) {
  const std::string page = *drift("", ShowUsers::names).body;
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(&quot;x&quot;)"));
  EXPECT_THAT(page, HasSubstr("3 h ago"));
  EXPECT_THAT(page, HasSubstr("Page 1 of 3"));
  EXPECT_THAT(page, HasSubstr("href=\"runbook#sys_id_changed\""));
  EXPECT_THAT(*drift("integration=%22%3E%3Cscript%3E").body, Not(HasSubstr("<script")));
}

TEST_F(PeoplePages, ShowOfAPersonWhatTheFlagAllows) {
  const std::string never = *drift("format=json", ShowUsers::never).body;
  EXPECT_THAT(never, HasSubstr("\"okta_user_id\":null,\"external_id\":null,\"candidate_sys_id\":null,"
                               "\"match_key\":null"));
  const std::string ids = *drift("format=json", ShowUsers::ids).body;
  EXPECT_THAT(ids, HasSubstr("\"okta_user_id\":\"00u1\""));
  EXPECT_THAT(ids, HasSubstr("\"match_key\":null"));
  EXPECT_THAT(*drift("format=json", ShowUsers::names).body, HasSubstr("\"match_key\":\"ada@example.com\""));
  for (const char* form : {"", "format=csv", "format=json"}) {
    EXPECT_THAT(*drift(form, ShowUsers::never).body, Not(HasSubstr("00u1"))) << form;
    EXPECT_THAT(*drift(form, ShowUsers::ids).body, Not(HasSubstr("ada@"))) << form;
    EXPECT_THAT(*failures(form, ShowUsers::never).body, Not(HasSubstr("Lovelace"))) << form;
    EXPECT_THAT(*failures(form, ShowUsers::ids).body, Not(HasSubstr("Lovelace"))) << form;
    EXPECT_THAT(*failures(form, ShowUsers::ids).body, Not(HasSubstr("ada@"))) << form;
    EXPECT_THAT(*failures(form, ShowUsers::names).body, HasSubstr("Ada Lovelace")) << form;
  }
}

TEST_F(PeoplePages, AreJsonAndCsvOnRequest) {
  external_url_ = "https://mon.example.com/exporter";
  const WebResponse json = drift("format=json&limit=1");
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_THAT(*json.body, HasSubstr("\"total\":250,"));
  EXPECT_THAT(*json.body,
              HasSubstr("\"runbook\":\"https://mon.example.com/exporter/runbook#sys_id_changed\""));
  std::map<std::string, std::string> headers(json.headers.begin(), json.headers.end());
  EXPECT_EQ(headers["Link"], "<drift?sort=first_seen&order=asc&page=2&limit=1&format=json>; rel=\"next\"");
  EXPECT_EQ(headers["Cache-Control"], "no-store");
  const WebResponse csv = drift("format=csv");
  EXPECT_THAT(*csv.body,
              HasSubstr("integration,kind,scope,okta_user_id,external_id,candidate_sys_id,match_key,"
                        "first_seen,last_confirmed,remedy,runbook\r\n"));
  EXPECT_THAT(*csv.body, HasSubstr("\"'=cmd\""));
  EXPECT_THAT(*failures("format=csv").body,
              HasSubstr("integration,time,operation,reason,text,okta_user_id,verdict\r\n"));
}

TEST_F(PeoplePages, SayHowLongARepairTook) {
  drift_.rows[0].entry.resolved = clock_.now() - 1h;
  const std::string page = *drift("state=resolved").body;
  EXPECT_THAT(page, HasSubstr("data-label=\"Took\">2 h</td>"));
  EXPECT_THAT(*drift("state=resolved&format=json").body, HasSubstr("\"resolved\":\"2"));
}

TEST_F(PeoplePages, SayWhatIsWrongWithAQuery) {
  for (const char* query : {"state=closed", "page=x", "a=%zz", "sort=shoe_size"}) {
    const WebResponse response = drift(query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(*response.body, HasSubstr("400 Bad Request: ")) << query;
  }
  storage_fails_ = true;
  EXPECT_EQ(drift("").status, 500);
}

TEST(Remedies, HaveASentenceAndAnAnchorForEveryKind) {
  const std::string page = *make_runbook_handler()({}).body;
  for (const std::string_view kind : drift::kKinds) {
    EXPECT_THAT(remedy(kind, "USER"), Not(HasSubstr("does not know"))) << kind;
    EXPECT_THAT(page, HasSubstr("<h2 id=\"" + std::string(kind) + "\">")) << kind;
  }
  EXPECT_THAT(remedy("sys_id_changed", "GROUP"), HasSubstr("never take the group off the app"));
  EXPECT_THAT(remedy("sys_id_changed", "USER"), Not(HasSubstr("group")));
  EXPECT_THAT(remedy("hidden_by_acl", "GROUP"), HasSubstr("Change no assignment"));
}

TEST(ConfigPage, IsForThoseWhoMaySeePeopleAndEscapes) {
  const Handler handler =
      make_config_handler([] { return std::make_shared<const std::string>("name: <b>\n"); });
  EXPECT_EQ(handler({}).status, 403);
  EXPECT_THAT(*handler({.may_see_people = true}).body, HasSubstr("name: &lt;b&gt;\n"));
  const WebResponse yaml = handler({.query = "format=yaml", .may_see_people = true});
  EXPECT_EQ(yaml.content_type, "application/yaml");
  EXPECT_EQ(*yaml.body, "name: <b>\n");
}

}  // namespace
}  // namespace exporter::web
