#include "servicenow/transaction_log.h"

#include <gtest/gtest.h>

#include "servicenow/own_requests.h"

namespace exporter::servicenow {
namespace {

TextRow row(std::string url, std::string code = "403") {
  return {{"sys_id", "0123456789abcdef0123456789abcdef"},
          {"sys_created_on", "2026-11-23 12:00:01"},
          {"sys_created_by", "okta.integration"},
          {"type", "rest"},
          {"url", std::move(url)},
          {"http_response_code", std::move(code)}};
}

std::string target(const TextRow& text) {
  const auto transaction = parse_transaction(text);
  if (!transaction) return "none";
  const Target found = target_of(*transaction);
  return found.table + "|" + std::string(found.operation);
}

TEST(TransactionLog, ARowIsReadInUtcWithItsCode) {
  const auto transaction = parse_transaction(row("/api/now/table/sys_user/abc"));
  ASSERT_TRUE(transaction);
  EXPECT_EQ(to_iso8601(transaction->created), "2026-11-23T12:00:01.000Z");
  EXPECT_EQ(transaction->status, 403);
  EXPECT_TRUE(transaction->rest);
  EXPECT_FALSE(transaction->own);
}

TEST(TransactionLog, WithoutIdTimeOrUrlARowIsNone) {
  for (const char* column : {"sys_id", "sys_created_on", "url"}) {
    TextRow text = row("/api/now/table/sys_user");
    text[column] = "";
    EXPECT_FALSE(parse_transaction(text)) << column;
  }
}

TEST(TransactionLog, TheTableComesFromTheUrlInAnyVersionOfTheApi) {
  EXPECT_EQ(target(row("/api/now/table/sys_user/abc")), "sys_user|unknown");
  EXPECT_EQ(target(row("/api/now/v2/table/sys_user_group/abc?sysparm_fields=name")),
            "sys_user_group|unknown");
  EXPECT_EQ(target(row("https://example.service-now.com/api/now/v1/table/sys_user/abc")), "sys_user|unknown");
  EXPECT_EQ(target(row("/api/now/stats/sys_user?sysparm_count=true")), "sys_user|read");
}

TEST(TransactionLog, AListWithParametersIsAReadAndABareTableMayBeACreate) {
  EXPECT_EQ(target(row("/api/now/table/sys_user?sysparm_query=user_name=a&sysparm_limit=1")),
            "sys_user|read");
  EXPECT_EQ(target(row("/api/now/table/sys_user")), "sys_user|unknown");
  EXPECT_EQ(target(row("/api/now/table/sys_user?sysparm_fields=sys_id")), "sys_user|unknown");
}

TEST(TransactionLog, WhereThereIsAMethodItDecides) {
  TextRow text = row("/api/now/table/sys_user");
  text["http_method"] = "post";
  EXPECT_EQ(target(text), "sys_user|create");
  EXPECT_EQ(target(row("PATCH /api/now/table/sys_user/abc")), "sys_user|write");
  EXPECT_EQ(target(row("PUT /api/now/table/sys_user/abc")), "sys_user|write");
  EXPECT_EQ(target(row("DELETE /api/now/table/sys_user/abc")), "sys_user|delete");
  EXPECT_EQ(target(row("GET /api/now/table/sys_user/abc")), "sys_user|read");
}

TEST(TransactionLog, ACallThatNamesNoTableIsAnExecution) {
  EXPECT_EQ(target(row("/api/now/v1/batch")), "other|execute");
  EXPECT_EQ(target(row("/api/x_acme/provision/user")), "other|execute");
  EXPECT_EQ(target(row("/api/now/table/")), "other|execute");
}

TEST(TransactionLog, OurOwnRequestsAreKnownByTheirUserAgentOrTheirUrl) {
  TextRow text = row("/api/now/table/sys_user/abc");
  text["user_agent"] = std::string(kOwnUserAgent) + "1.0.0";
  EXPECT_TRUE(parse_transaction(text)->own);
  EXPECT_TRUE(
      parse_transaction(row("/api/now/v2/table/sys_user" + std::string(kOwnParameters) + "&sysparm"))->own);
  EXPECT_TRUE(parse_transaction(row("/api/now/stats/sys_user" + std::string(kOwnCountParameters)))->own);
  text["user_agent"] = "Okta";
  EXPECT_FALSE(parse_transaction(text)->own);
}

TEST(TransactionLog, CodesFallIntoTheClosedSet) {
  EXPECT_EQ(code_label(201), "2xx");
  EXPECT_EQ(code_label(304), "3xx");
  EXPECT_EQ(code_label(403), "403");
  EXPECT_EQ(code_label(409), "other_4xx");
  EXPECT_EQ(code_label(503), "5xx");
  EXPECT_EQ(code_label(0), "");
  EXPECT_EQ(code_label(600), "");
  EXPECT_FALSE(parse_transaction(row("/api/now/table/sys_user", ""))->status);
  EXPECT_FALSE(parse_transaction(row("/api/now/table/sys_user", "4xx"))->status);
}

TEST(TransactionLog, TheQueryIsBoundedByTimeAndHoldsNoUnprovenColumn) {
  const std::string query = transaction_query("okta", *parse_iso8601("2026-11-23T12:00:01Z"));
  EXPECT_EQ(query,
            "sys_created_by=okta^sys_created_on>=2026-11-23 12:00:01^ORDERBYsys_created_on^ORDERBYsys_id");
}

TEST(TextRows, AnAnswerIsReadToItsEndOrNotAtAll) {
  const auto rows = parse_text_rows(R"({"result":[{"a":"1","role":{"link":"x","value":"r"},"n":null}]})");
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0], (TextRow{{"a", "1"}, {"role", "r"}, {"n", ""}}));
  EXPECT_EQ(parse_text_rows(R"({"result":[{"a":"1"})").error().error_class, ErrorClass::incomplete);
  EXPECT_EQ(parse_text_rows(R"({"result":[],"error":{"message":"m"}})").error().error_class,
            ErrorClass::incomplete);
  EXPECT_EQ(parse_text_rows(R"({"unexpected":true})").error().error_class, ErrorClass::malformed);
  EXPECT_EQ(parse_text_rows(R"({"result":[1]})").error().error_class, ErrorClass::malformed);
}

}  // namespace
}  // namespace exporter::servicenow
