#include "provisioning/classifier.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "unit/provisioning/known_texts.h"

namespace exporter::provisioning {
namespace {

using ::testing::HasSubstr;

class ClassifierTest : public ::testing::Test {
 protected:
  static Classifier make(const std::vector<ConfiguredRule>& rules = {}) {
    auto made = Classifier::make(rules);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    return std::move(*made);
  }
  Classification classify(std::string_view text, Operation operation = Operation::update) const {
    return built_in.classify(text, "", "", operation);
  }
  void expect(const KnownText& known, const std::string& text) const {
    const Classification found = classify(text);
    EXPECT_EQ(to_string(found.reason), to_string(known.reason)) << text;
    EXPECT_TRUE(found.matched) << text;
    ASSERT_EQ(found.denial.has_value(), known.reason == Reason::acl_denied) << text;
    if (!found.denial) return;
    EXPECT_EQ(found.denial->table, known.table.empty() ? "sys_user" : known.table) << text;
    EXPECT_EQ(to_string(found.denial->operation), to_string(known.operation)) << text;
  }

  Classifier built_in = make();
};

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

std::string spread(std::string_view text) {
  std::string result = " \t";
  for (char c : text) result += c == ' ' ? "  \n" : std::string(1, c);
  return result + "\r\n ";
}

// As on the task list; names that look like a cause must not be taken for one.
constexpr std::string_view kTaskTexts[] = {
    "Automatic provisioning of user Jane Doe to app ServiceNow UD failed: ",
    "Automatic profile push of user Jane Doe to app ServiceNow UD failed: ",
    "Automatic profile push of user Duplicate Entry to app License Limit Exceeded failed: ",
};
constexpr std::string_view kOperationPrefixes[] = {
    "Error while creating user jane: ",
    "Error while creating jane :",
    "Error while trying to push profile update for jane@example.com: ",
    "Error while trying to push profile update for 'jane': ",
    "Error while verifying if user jane exists: ",
    "Error while deactivating user: ",
    "Error while reactivating user: ",
    "Error pushing password: ",
    "Errors during execution: Error executing pushUserProfile: ",
};

TEST_F(ClassifierTest, KnowsEveryTextInEveryLayerOfWrapping) {
  for (const KnownText& known : kConnectorTexts) {
    expect(known, std::string(known.text));
    for (const auto prefix : kOperationPrefixes) {
      expect(known, std::string(prefix) + std::string(known.text));
      for (const auto task : kTaskTexts)
        expect(known, std::string(task) + std::string(prefix) + std::string(known.text));
    }
    for (const auto task : kTaskTexts) expect(known, std::string(task) + std::string(known.text));
  }
}

TEST_F(ClassifierTest, KnowsOktasSentences) {
  for (const KnownText& known : kSentences) {
    expect(known, std::string(known.text));
    for (const auto task : kTaskTexts) expect(known, std::string(task) + std::string(known.text));
  }
}

TEST_F(ClassifierTest, CaseAndSpacingDoNotMatter) {
  for (const KnownText& known : kConnectorTexts) {
    expect(known, upper(known.text));
    expect(known, to_lower(known.text));
    expect(known, spread(known.text));
    expect(known, std::string(kTaskTexts[0]) + upper(spread(known.text)));
  }
}

TEST_F(ClassifierTest, ATextThatIsCutAt255CharactersIsStillKnown) {
  std::size_t cut = 0;
  for (const KnownText& known : kConnectorTexts) {
    for (const auto task : kTaskTexts) {
      const std::string text =
          std::string(task) + "Error while creating user jane: " + std::string(known.text);
      if (text.size() <= 255) continue;
      ++cut;
      EXPECT_EQ(to_string(classify(text.substr(0, 255)).reason), to_string(known.reason))
          << text.substr(0, 255);
    }
  }
  EXPECT_GT(cut, 20u);
}

TEST_F(ClassifierTest, ACutTextIsKnownFromWhereItsCauseBegins) {
  struct {
    std::string_view whole;
    std::string_view shortest;
    Reason reason;
  } const cases[] = {
      {"Errors during execution: Error executing pushUserProfile: 404. No Record found. Record doesn't exist "
       "or ACL "
       "restricts the record retrieval. Error Code: null",
       "Errors during execution: Error executing pushUserProfile: 404", Reason::record_not_found_or_hidden},
      {"403. Operation Failed. ACL Exception Insert Failed due to security constraints", "403",
       Reason::acl_denied},
      {"Operation Failed. ACL Exception Insert Failed due to security constraints",
       "Operation Failed. ACL Except", Reason::acl_denied},
      {"Operation Failed. Operation against file 'sys_user' was aborted by Business Rule 'x^1'. Business "
       "Rule Stack:x",
       "Operation Failed. Operation against", Reason::business_rule},
      {"Data Policy Exception: The following fields are mandatory: Company", "Data Policy",
       Reason::data_policy},
      {"User Not Authenticated. Required to provide Auth information", "User Not Aut",
       Reason::authentication},
      {"No user returned for user 70c14cc17d3745e8a9f98d599a68329c", "No user returned",
       Reason::record_not_found_or_hidden},
      {"Unique Key violation detected by database (Duplicate entry 'x' for key 'y')", "Unique Key vi",
       Reason::duplicate},
      {"Matching user not found.", "Matching user", Reason::no_match},
      {"Multiple users found by userName. Expected 0 or 1 results", "Multiple users",
       Reason::ambiguous_match},
      {"Conflict. Errors reported by remote server: taken", "Conflict", Reason::duplicate},
      {"Linked group is missing in X", "Linked group", Reason::record_not_found_or_hidden},
  };
  for (const auto& [whole, shortest, reason] : cases) {
    ASSERT_TRUE(whole.starts_with(shortest)) << whole;
    for (std::size_t length = shortest.size(); length <= whole.size(); ++length) {
      EXPECT_EQ(to_string(classify(whole.substr(0, length)).reason), to_string(reason))
          << whole.substr(0, length);
    }
  }
}

TEST_F(ClassifierTest, ACutInTheMiddleOfASentenceNeverMakesUpACause) {
  for (const KnownText& known : kConnectorTexts) {
    // What may be known: the whole text's reason, or what the sentences before the cut say by themselves.
    std::vector<Reason> allowed = {known.reason, Reason::other};
    for (std::size_t at = 0; (at = known.text.find_first_of(".:{", at)) != std::string_view::npos; ++at) {
      allowed.push_back(classify(known.text.substr(0, at)).reason);
    }
    for (std::size_t length = 0; length < known.text.size(); ++length) {
      const Reason reason = classify(known.text.substr(0, length)).reason;
      EXPECT_TRUE(std::find(allowed.begin(), allowed.end(), reason) != allowed.end())
          << known.text.substr(0, length) << ": " << to_string(reason);
    }
  }
}

TEST_F(ClassifierTest, ADenialThatIsCutKeepsWhatIsLeft) {
  const auto cut = classify("403. Operation Failed. ACL Exception Upd", Operation::group_membership);
  ASSERT_TRUE(cut.denial.has_value());
  EXPECT_EQ(cut.denial->table, "sys_user_grmember");
  EXPECT_EQ(to_string(cut.denial->operation), "write");
  const auto undecided = classify("403. Operation Failed. ACL Exception ", Operation::create);
  ASSERT_TRUE(undecided.denial.has_value());
  EXPECT_EQ(to_string(undecided.denial->operation), "unknown");
  // A table's name that was cut in the middle is no table's name.
  const auto table =
      classify("403. Insufficient rights to query records. No permission to read table 'sys_user_gr");
  ASSERT_TRUE(table.denial.has_value());
  EXPECT_EQ(table.denial->table, "sys_user");
  EXPECT_EQ(to_string(table.denial->operation), "read");
}

TEST_F(ClassifierTest, ADenialWithoutATableIsAboutTheOperationsTarget) {
  struct {
    Operation operation;
    std::string_view table;
  } const cases[] = {
      {Operation::create, "sys_user"},           {Operation::update, "sys_user"},
      {Operation::deactivate, "sys_user"},       {Operation::password, "sys_user"},
      {Operation::verify, "sys_user"},           {Operation::import, "sys_user"},
      {Operation::group_push, "sys_user_group"}, {Operation::group_membership, "sys_user_grmember"},
      {Operation::connection, "other"},          {Operation::other, "other"},
  };
  for (const auto& [operation, table] : cases) {
    const auto found =
        classify("403. Operation Failed. ACL Exception Insert Failed due to security constraints", operation);
    ASSERT_TRUE(found.denial.has_value());
    EXPECT_EQ(found.denial->table, table);
    EXPECT_EQ(to_string(found.denial->operation), "create");
  }
}

TEST_F(ClassifierTest, WithoutATextTheTypesTellTheReason) {
  struct {
    std::string_view type;
    std::string_view legacy;
    Reason reason;
  } const cases[] = {
      {"application.provision.user.push", "app.api.error.user.not_found", Reason::record_not_found_or_hidden},
      {"application.provision.user.push", "app.api.error.user.not_found_or_deleted",
       Reason::record_not_found_or_hidden},
      {"application.provision.group.verify_exists", "app.api.error.group.not_found",
       Reason::record_not_found_or_hidden},
      {"application.provision.group.verify_exists", "", Reason::record_not_found_or_hidden},
      {"application.provision.group.verify_exists", "app.api.error.check_group_exists", Reason::other},
      {"application.provision.user.verify_exists", "app.api.error.user.more_than_one_with_same_id",
       Reason::ambiguous_match},
      {"application.provision.group.verify_exists", "app.api.error.group.more_than_one_with_same_id",
       Reason::ambiguous_match},
      {"application.provision.group.add", "app.api.error.upsert_group_duplicate", Reason::duplicate},
      {"application.provision.group.update", "app.api.error.group_name_long_length", Reason::validation},
      {"application.integration.rate_limit_exceeded", "app.api.error.rate.limit.exceeded",
       Reason::rate_limited},
      {"application.integration.rate_limit_exceeded", "", Reason::rate_limited},
      {"application.integration.authentication_failure", "", Reason::authentication},
      {"application.integration.authentication_failure", "app.auth_error.INVALID_CREDENTIALS",
       Reason::authentication},
      {"", "app.api.error.auth", Reason::authentication},
      {"", "app.api.error.oauth.get.token", Reason::authentication},
      {"", "app.api.error.oauth.refresh.token", Reason::authentication},
      {"", "app.api.error.api.validation", Reason::authentication},
      {"", "app.servicenow.api.error.validation", Reason::authentication},
      {"", "app.servicenow_app2.api.validation.failure", Reason::authentication},
      {"", "app.servicenow_app2.api.error.binding.user", Reason::authentication},
      {"application.integration.api_query", "", Reason::remote_error},
      {"application.integration.general_failure", "app.api.error.generic", Reason::other},
      {"application.provision.user.push_profile", "app.user_management.provision_user.user_inactive",
       Reason::other},
      {"application.provision.user.push_profile", "app.servicenow.api.error.push.profile.update",
       Reason::other},
  };
  for (const auto& [type, legacy, reason] : cases) {
    EXPECT_EQ(to_string(built_in.classify("", type, legacy, Operation::update).reason), to_string(reason))
        << type << legacy;
    EXPECT_EQ(to_string(built_in.classify(" \n", type, upper(legacy), Operation::update).reason),
              to_string(reason))
        << legacy;
    // A sentence that names no cause leaves it to the types as well, and so does an unknown one.
    EXPECT_EQ(to_string(built_in.classify("API error: X1", type, legacy, Operation::update).reason),
              to_string(reason));
    EXPECT_EQ(to_string(built_in.classify("Something new", type, legacy, Operation::update).reason),
              to_string(reason));
  }
}

TEST_F(ClassifierTest, ATextThatNoRuleKnowsIsOtherAndSaysSo) {
  for (const char* text :
       {"Something new", "Der Datensatz fehlt", "12345. x", "4041. x", "200. OK", "failed:"}) {
    const auto found = classify(text);
    EXPECT_EQ(to_string(found.reason), "other") << text;
    EXPECT_FALSE(found.matched) << text;
    EXPECT_FALSE(found.denial.has_value()) << text;
  }
}

TEST_F(ClassifierTest, OnlyTheWordsOfTheTaskTextAreLeftOfAVeryShortCut) {
  EXPECT_EQ(to_string(classify("Automatic provisioning of user Jane Doe to app Serv").reason), "other");
  EXPECT_EQ(
      to_string(classify("Automatic provisioning of user Jane Doe to app ServiceNow UD failed: ").reason),
      "other");
}

TEST_F(ClassifierTest, ConfiguredRulesGoFirst) {
  const auto configured = make({{"no record found", Reason::license},
                                {"^ORA-[0-9]+|x{3}", Reason::remote_error},
                                {"company policy", Reason::acl_denied}});
  const auto reason = [&](std::string_view text) {
    return to_string(configured.classify(text, "", "", Operation::create).reason);
  };
  EXPECT_EQ(reason("404. No Record found. Record doesn't exist"), "license");
  EXPECT_EQ(reason("404. NO  RECORD \n FOUND"), "license");
  EXPECT_EQ(reason("ora-12345: broken"), "remote_error");
  EXPECT_EQ(reason("axxxb"), "remote_error");
  EXPECT_EQ(reason("License Limit Exceeded."), "license");
  EXPECT_EQ(reason("Matching user not found."), "no_match");
  const auto denied = configured.classify("Company Policy", "", "", Operation::group_push);
  ASSERT_TRUE(denied.denial.has_value());
  EXPECT_EQ(denied.denial->table, "sys_user_group");
  EXPECT_TRUE(denied.matched);
}

TEST_F(ClassifierTest, AnExpressionThatDoesNotCompileIsNamed) {
  auto made = Classifier::make({{"fine", Reason::other}, {"broken(", Reason::license}});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().error_class, ErrorClass::malformed);
  EXPECT_THAT(made.error().message, HasSubstr("classification[1].match"));
  EXPECT_THAT(made.error().message, HasSubstr("broken("));
}

TEST_F(ClassifierTest, LongAndOddTextsAreNoTrouble) {
  EXPECT_EQ(to_string(classify(std::string(1'000'000, 'x')).reason), "other");
  EXPECT_EQ(to_string(classify(std::string("\0\xFF\x80 404", 7)).reason), "other");
  EXPECT_EQ(to_string(classify("\\\\\\\"'\\u0027").reason), "other");
}

TEST(Specificity, OrdersEveryReasonAndOtherIsTheLeast) {
  std::vector<int> seen;
  for (std::size_t i = 0; i < std::size(kReasons); ++i) seen.push_back(specificity(static_cast<Reason>(i)));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(specificity(Reason::other), seen.front());
  EXPECT_GT(specificity(Reason::business_rule), specificity(Reason::acl_denied));
  EXPECT_GT(specificity(Reason::data_policy), specificity(Reason::acl_denied));
  EXPECT_GT(specificity(Reason::record_not_found_or_hidden), specificity(Reason::rate_limited));
}

TEST_F(ClassifierTest, QueryAclsAndScopesInTheWordsOfTheLogNameTableAndOperation) {
  const struct {
    std::string_view text;
    std::string_view table;
    AclOperation operation;
  } cases[] = {
      {"Part of the query on sys_user_group has been ignored because of insufficient access for "
       "'query_range' "
       "operation on sys_user_group.name.",
       "sys_user_group", AclOperation::query_range},
      {"Part of the query on sys_user_group has been ignored because of read security rules on "
       "sys_user_group.name.",
       "sys_user_group", AclOperation::read},
      {"Attempt to query against sys_user_grmember.user refused because of query ACLs on that field.",
       "sys_user_grmember", AclOperation::query_match},
      {"Security restricted: Write operation against 'sys_user_group' from scope 'x_acme' has been refused "
       "due to "
       "the table's cross-scope access policy",
       "sys_user_group", AclOperation::write},
  };
  for (const auto& known : cases) {
    const Classification found = classify(known.text);
    ASSERT_TRUE(found.denial) << known.text;
    EXPECT_EQ(found.denial->table, known.table) << known.text;
    EXPECT_EQ(to_string(found.denial->operation), to_string(known.operation)) << known.text;
  }
}

TEST_F(ClassifierTest, A403InUnknownWordsIsARefusalOfAnUnknownOperationOnTheTaskTarget) {
  const Classification found =
      classify("403. Zugriff verweigert. Die Regel verbietet es", Operation::group_push);
  ASSERT_TRUE(found.denial);
  EXPECT_EQ(found.denial->table, "sys_user_group");
  EXPECT_EQ(found.denial->operation, AclOperation::unknown);
}

}  // namespace
}  // namespace exporter::provisioning
