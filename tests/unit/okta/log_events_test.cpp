#include "okta/log_events.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::okta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// An event as the System Log writes a failed profile push: fields that we do not read around those that we
// do.
constexpr const char* kFailedPush = R"({
  "actor": {"id": "spr1", "type": "SystemPrincipal", "alternateId": "system@okta.com", "detailEntry": null},
  "client": {"userAgent": null, "geographicalContext": null, "ipAddress": null},
  "device": null,
  "displayMessage": "Push users profile to external application",
  "eventType": "application.provision.user.push_profile",
  "outcome": {"result": "FAILURE", "reason": "404. No Record found. Record doesn't exist or ACL restricts the record retrieval"},
  "published": "2026-11-23T21:44:30.123Z",
  "severity": "WARN",
  "debugContext": {"debugData": {"appname": "servicenow_ud", "nested": {"deep": [1, [2, [3]]]}}},
  "legacyEventType": "app.user_management.push_profile_failure",
  "transaction": {"type": "JOB", "id": "gam1", "detail": {}},
  "uuid": "78842718-6b7b-11ee-a315-470b996b30cd",
  "version": "0",
  "target": [
    {"id": "0ua1", "type": "AppUser", "alternateId": "unknown", "displayName": "x", "detailEntry": null},
    {"id": "0oa1", "type": "AppInstance", "alternateId": "ServiceNow", "detailEntry": {"id": "no", "type": "User"}},
    {"id": "00u1", "type": "User", "alternateId": "jane@example.com"}
  ]
})";

std::string event(const std::string& fields) {
  return R"({"uuid":"u","published":"2026-11-23T21:44:30Z","eventType":"t")" +
         (fields.empty() ? "" : "," + fields) + "}";
}
std::string page(const std::vector<std::string>& events) {
  std::string body = "[";
  for (const auto& text : events) body += (body.size() > 1 ? "," : "") + text;
  return body + "]";
}

ParsedLogEvents parsed(const std::string& body) {
  auto result = parse_log_events(body);
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  return result ? std::move(*result) : ParsedLogEvents{};
}

LogEvent only_event(const std::string& body) {
  auto result = parsed(body);
  EXPECT_EQ(result.events.size(), 1u);
  EXPECT_EQ(result.malformed, 0u);
  return result.events.empty() ? LogEvent{} : result.events.front();
}

ErrorClass error_of(const std::string& body) {
  auto result = parse_log_events(body);
  EXPECT_FALSE(result.has_value()) << body;
  if (result) return ErrorClass::storage;
  EXPECT_THAT(result.error().message, HasSubstr("GET /api/v1/logs"));
  return result.error().error_class;
}

TEST(LogEvents, AFailedPushKeepsWhatTellsTasksApart) {
  const LogEvent failed = only_event(page({kFailedPush}));
  EXPECT_EQ(failed.uuid, "78842718-6b7b-11ee-a315-470b996b30cd");
  EXPECT_EQ(to_iso8601(failed.published), "2026-11-23T21:44:30.123Z");
  EXPECT_EQ(failed.event_type, "application.provision.user.push_profile");
  EXPECT_EQ(failed.legacy_event_type, "app.user_management.push_profile_failure");
  EXPECT_EQ(failed.outcome_result, "FAILURE");
  EXPECT_EQ(failed.outcome_reason,
            "404. No Record found. Record doesn't exist or ACL restricts the record retrieval");
  EXPECT_EQ(failed.transaction_id, "gam1");
  EXPECT_EQ(failed.user_id, "00u1");
  EXPECT_EQ(failed.app_user_id, "0ua1");
  EXPECT_EQ(failed.group_id, "");
  EXPECT_THAT(failed.app_instance_ids, ElementsAre("0oa1"));
}

TEST(LogEvents, AnEmptyPageIsAPage) {
  EXPECT_EQ(parsed("[]").received, 0u);
  EXPECT_EQ(parsed(" [ ]\n").received, 0u);
}

TEST(LogEvents, AByteOrderMarkIsNoJunk) {
  EXPECT_EQ(only_event("\xEF\xBB\xBF" + page({kFailedPush})).uuid, "78842718-6b7b-11ee-a315-470b996b30cd");
}

TEST(LogEvents, TheOrderOfFieldsDoesNotMatter) {
  const LogEvent read = only_event(
      R"([{"target":[{"type":"User","id":"00u1"}],"outcome":{"reason":"r","result":"FAILURE"},"eventType":"t",)"
      R"("transaction":{"id":"x"},"published":"2026-11-23 21:44:30.5","uuid":"u"}])");
  EXPECT_EQ(read.user_id, "00u1");
  EXPECT_EQ(read.outcome_reason, "r");
  EXPECT_EQ(read.transaction_id, "x");
}

TEST(LogEvents, NullsAndWrongTypesLeaveAFieldEmpty) {
  for (
      const std::string fields :
      {R"("outcome":null,"transaction":null,"target":null,"legacyEventType":null)",
       R"("outcome":{"result":null,"reason":null},"transaction":{"id":null},"target":[])",
       R"("outcome":"FAILURE","transaction":"x","target":"y","legacyEventType":{"a":1})",
       R"("outcome":["FAILURE"],"transaction":[{"id":"x"}],"target":{"id":"00u1","type":"User"},"legacyEventType":7)",
       R"("outcome":{"result":1,"reason":["a"]},"transaction":{"id":{"id":"x"}},"target":[null,1,"00u1",[],{}])",
       R"("target":[{"id":null,"type":"User"},{"id":"00u1","type":null},{"id":5,"type":"User"},{"type":"User"}])"}) {
    const LogEvent read = only_event(page({event(fields)}));
    EXPECT_EQ(read.outcome_result, "") << fields;
    EXPECT_EQ(read.outcome_reason, "") << fields;
    EXPECT_EQ(read.transaction_id, "") << fields;
    EXPECT_EQ(read.user_id, "") << fields;
    EXPECT_EQ(read.legacy_event_type, "") << fields;
    EXPECT_THAT(read.app_instance_ids, IsEmpty()) << fields;
  }
}

TEST(LogEvents, ElementsWithoutTheirIdentityAreMalformedAndTheRestOfThePageGoesOn) {
  const std::vector<std::string> bad = {
      "null",
      "7",
      "\"text\"",
      "[]",
      "{}",
      R"({"published":"2026-11-23T21:44:30Z","eventType":"t"})",
      R"({"uuid":"u","eventType":"t"})",
      R"({"uuid":"u","published":"2026-11-23T21:44:30Z"})",
      R"({"uuid":null,"published":"2026-11-23T21:44:30Z","eventType":"t"})",
      R"({"uuid":5,"published":"2026-11-23T21:44:30Z","eventType":"t"})",
      R"({"uuid":"","published":"2026-11-23T21:44:30Z","eventType":"t"})",
      R"({"uuid":"u","published":1764000000,"eventType":"t"})",
      R"({"uuid":"u","published":"yesterday","eventType":"t"})",
      R"({"uuid":"u","published":"2026-11-23T21:44:30Z","eventType":["t"]})",
      R"({"uuid":"\ud800","published":"2026-11-23T21:44:30Z","eventType":"t"})",
  };
  for (const auto& element : bad) {
    const auto result = parsed(page({kFailedPush, element, event("")}));
    EXPECT_EQ(result.received, 3u) << element;
    EXPECT_EQ(result.malformed, 1u) << element;
    ASSERT_EQ(result.events.size(), 2u) << element;
    EXPECT_EQ(result.events[1].uuid, "u") << element;
  }
}

TEST(LogEvents, OfARepeatedFieldTheLastOneCounts) {
  const LogEvent read = only_event(page({event(
      R"("uuid":"second","target":[{"id":"00u1","type":"User"}],"target":[{"id":"00u2","type":"User"}],)"
      R"("outcome":{"result":"FAILURE","reason":"a"},"outcome":{"result":"SUCCESS"})")}));
  EXPECT_EQ(read.uuid, "second");
  EXPECT_EQ(read.user_id, "00u2");
  EXPECT_EQ(read.outcome_result, "SUCCESS");
  EXPECT_EQ(read.outcome_reason, "");
}

TEST(LogEvents, TargetsAreFoundByTypeAndTheFirstOfATypeIsTheSubject) {
  const LogEvent read = only_event(page({event(
      R"("target":[{"id":"a1","type":"AppInstance"},{"id":"00u1","type":"User"},{"id":"00u2","type":"User"},)"
      R"({"id":"00g1","type":"UserGroup"},{"id":"AG1","type":"AppGroup"},{"id":"a2","type":"AppInstance"},)"
      R"({"id":"x","type":"user"},{"id":"y","type":"Policy"}])")}));
  EXPECT_EQ(read.user_id, "00u1");
  EXPECT_EQ(read.group_id, "AG1");
  EXPECT_THAT(read.app_instance_ids, ElementsAre("a1", "a2"));
}

TEST(LogEvents, EscapesAndOtherScriptsAreRead) {
  EXPECT_EQ(
      only_event(page({event(R"("outcome":{"reason":"\"a\"\n\u00e9 \ud83d\ude00 ü"})")})).outcome_reason,
      "\"a\"\n\xC3\xA9 \xF0\x9F\x98\x80 \xC3\xBC");
  EXPECT_EQ(only_event(R"([{"\u0075uid":"u","published":"2026-11-23T21:44:30Z","eventType":"t"}])").uuid,
            "u");
}

TEST(LogEvents, ABrokenEscapeSpoilsItsFieldOnly) {
  const LogEvent read = only_event(page({event(R"("outcome":{"reason":"a\ud800b","result":"FAILURE"})")}));
  EXPECT_EQ(read.outcome_reason, "");
  EXPECT_EQ(read.outcome_result, "FAILURE");
}

TEST(LogEvents, DeepNestingInAFieldThatNobodyReadsIsSkipped) {
  const std::string deep(50'000, '[');
  const std::string closed(50'000, ']');
  EXPECT_EQ(only_event(page({event("\"debugContext\":" + deep + closed + ",\"transaction\":{\"id\":\"x\"}")}))
                .transaction_id,
            "x");
}

// simdjson reports a cut only after it has yielded the rows before it: none of them may be used.
TEST(LogEvents, APageThatIsCutAnywhereGivesNothing) {
  const std::string body = page({kFailedPush, event(""), kFailedPush});
  for (std::size_t length = 0; length < body.size(); ++length) {
    auto result = parse_log_events(body.substr(0, length));
    ASSERT_FALSE(result.has_value()) << length;
    EXPECT_EQ(result.error().error_class, ErrorClass::incomplete) << length << ": " << result.error().message;
  }
}

TEST(LogEvents, ACutInsideAMultiByteCharacterIsACut) {
  EXPECT_EQ(error_of("[{\"uuid\":\"\xC3"), ErrorClass::incomplete);
}

TEST(LogEvents, WhatIsNoArrayIsMalformed) {
  for (const std::string body :
       {R"({"errorCode":"E0000047"})", "null", "\"text\"", "7", "<html></html>", "]", "}"}) {
    EXPECT_EQ(error_of(body), ErrorClass::malformed) << body;
  }
}

TEST(LogEvents, BrokenJsonIsMalformed) {
  const std::string good = page({kFailedPush});
  for (const std::string& body :
       {good + "]", good + good, good + "x", good + ",", page({event("")}) + "{}", std::string("[1 2]"),
        std::string(R"([{"uuid" "u"}])"), std::string(R"([{"uuid":nope}])"), std::string(R"([{uuid:"u"}])"),
        std::string("[\"\xFF\"]")}) {
    EXPECT_EQ(error_of(body), ErrorClass::malformed) << body;
  }
}

TEST(LogEvents, ABodyWithoutSpareRoomIsReadToo) {
  std::string body = page({kFailedPush});
  body.shrink_to_fit();
  EXPECT_EQ(only_event(body).user_id, "00u1");
}

}  // namespace
}  // namespace exporter::okta
