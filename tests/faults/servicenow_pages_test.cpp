// Pages that ServiceNow, or what stands in its place, should never send: to the sweep of the users' table.
#include <optional>

#include "faults/answering_server.h"
#include "faults/vendor.h"
#include "servicenow/row_lookup.h"
#include "servicenow/table_client.h"
#include "servicenow/table_reader.h"
#include "servicenow/user_sweep.h"

namespace exporter::faults {
namespace {

using testing::HasSubstr;

std::string id(int number) {
  std::string text = std::to_string(number);
  return std::string(32 - text.size(), '0') + text;
}

std::string row(const std::string& sys_id, const std::string& more = "") {
  return R"({"sys_id":")" + sys_id + R"(","user_name":"jane","active":"true")" + more + "}";
}

std::string page(const std::string& rows, int total) {
  return answer(200, "{\"result\":[" + rows + "]}", "X-Total-Count: " + std::to_string(total) + "\r\n");
}

std::string deep(int levels) {
  const auto count = static_cast<std::size_t>(levels);
  return std::string(count, '[') + std::string(count, ']');
}

constexpr int kLevels = 10'000;

class Table {
 public:
  explicit Table(std::vector<std::string> answers) : server_(std::move(answers)) {}

  Result<servicenow::SweepReport> sweep() {
    rows_ = 0;
    return servicenow::sweep_users(client_, {.page_size = 2, .query = {}, .own_name = {}},
                                   [this](const auto&) { ++rows_; }, {});
  }
  servicenow::TableReader reader() { return servicenow::TableReader(vendor_.client()); }
  Result<std::vector<servicenow::IdLookup>> look_up(const std::vector<std::string>& ids) {
    return servicenow::TableRowLookup(client_).by_sys_id(ids, {});
  }

  std::size_t asked() const { return server_.asked(); }
  std::string name() const { return "sys_user at " + server_.authority(); }
  std::size_t rows() const { return rows_; }

 private:
  AnsweringServer server_;
  Vendor vendor_{server_.origin(), {.api = net::Api::servicenow}};
  servicenow::TableClient client_{vendor_.client(), {.table = "sys_user", .match_fields = {"user_name"}}};
  std::size_t rows_ = 0;
};

void expect_no_sweep(const std::string& body, ErrorClass error_class, const std::string& says) {
  Table table({answer(200, body, "X-Total-Count: 1\r\n")});
  const auto swept = table.sweep();
  expect_error(swept, error_class, says);
  if (!swept) {
    EXPECT_THAT(swept.error().message,
                testing::AnyOf(HasSubstr(table.name()), HasSubstr("page of the users' table")));
  }
  EXPECT_EQ(table.asked(), 1U);
  EXPECT_EQ(table.rows(), 0U) << "no row of a page that was not read to its end";
}

// Links are never followed: offsets and cursors are our own (servicenow.md 1.4).
TEST(ServiceNowPageFault, ALinkToAnotherHost) {
  AnsweringServer other({page("", 0)});
  Table table(
      {answer(200, "{\"result\":[" + row(id(1)) + "," + row(id(2)) + "]}",
              "X-Total-Count: 3\r\nLink: <" + other.origin() + "/api/now/table/sys_user>;rel=\"next\"\r\n"),
       page(row(id(3)), 1)});
  const auto swept = table.sweep();
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(swept->rows, 3U);
  EXPECT_EQ(other.connections(), 0U);
}

TEST(ServiceNowPageFault, ThePageBeforeOnceMore) {
  const std::string first = page(row(id(1)) + "," + row(id(2)), 4);
  // Ignored ranges send the sweep to offsets; the same rows there are a table that moves, or a proxy that
  // caches.
  Table table({first});
  const auto swept = table.sweep();
  expect_error(swept, ErrorClass::incomplete, "came twice");
  EXPECT_LE(table.asked(), 4U);
}

TEST(ServiceNowPageFault, HtmlWith200) {
  Table table({answer(200, "<html>Instance Hibernating page</html>", "", "text/html")});
  const auto swept = table.sweep();
  expect_error(swept, ErrorClass::not_json, "servicenow table_list at ");
  EXPECT_THAT(swept.error().message, HasSubstr("hibernating"));
  EXPECT_EQ(table.asked(), 1U);
}

TEST(ServiceNowPageFault, HtmlThatCallsItselfJson) {
  expect_no_sweep("<html></html>", ErrorClass::malformed, "no object with a \"result\" array");
}

TEST(ServiceNowPageFault, AnEmptyBodyWith200) {
  expect_no_sweep("", ErrorClass::incomplete, "cut off or broken");
}

TEST(ServiceNowPageFault, A204) {
  Table table({"HTTP/1.1 204 No Content\r\n\r\n"});
  expect_error(table.sweep(), ErrorClass::not_json, "servicenow table_list at ");
  EXPECT_EQ(table.asked(), 1U);
}

TEST(ServiceNowPageFault, AByteOrderMark) {
  Table table({answer(200, "\xEF\xBB\xBF{\"result\":[" + row(id(1)) + "]}", "X-Total-Count: 1\r\n")});
  const auto swept = table.sweep();
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(table.rows(), 1U);
}

TEST(ServiceNowPageFault, AResultAndAnError) {
  const std::string error =
      R"("error":{"message":"Transaction cancelled: maximum execution time exceeded","detail":null},"status":"failure")";
  for (const std::string& body : {"{\"result\":[" + row(id(1)) + "]," + error + "}",
                                  "{" + error + ",\"result\":[" + row(id(1)) + "]}"}) {
    expect_no_sweep(body, ErrorClass::incomplete, "Transaction cancelled: maximum execution time exceeded");
  }
}

TEST(ServiceNowPageFault, TwoResults) {
  expect_no_sweep("{\"result\":[" + row(id(1)) + "],\"result\":[]}", ErrorClass::malformed, "\"result\"");
}

TEST(ServiceNowPageFault, TenThousandLevels) {
  for (const std::string& body :
       {"{\"result\":[" + row(id(1), ",\"x\":" + deep(kLevels)) + "]}", "{\"result\":" + deep(kLevels) + "}",
        "{\"x\":" + deep(kLevels) + ",\"result\":[]}", deep(kLevels),
        "{\"result\":" + std::string(kLevels, '[')}) {
    Table table({answer(200, body, "X-Total-Count: 1\r\n")});
    const auto swept = table.sweep();
    ASSERT_FALSE(swept);
    EXPECT_THAT(swept.error().error_class, testing::AnyOf(ErrorClass::incomplete, ErrorClass::malformed));
    expect_useful(swept.error(), "");
    EXPECT_EQ(table.rows(), 0U);
  }
}

TEST(ServiceNowPageFault, AKeyThatComesTwiceWithTwoValues) {
  for (const std::string& more : {",\"sys_id\":\"" + id(2) + "\"", std::string(",\"user_name\":\"joe\"")}) {
    expect_no_sweep("{\"result\":[" + row(id(1), more) + "]}", ErrorClass::incomplete,
                    "1 rows without (or with two)");
  }
}

TEST(ServiceNowPageFault, InvalidUtf8) {
  for (const std::string bytes : {"\xFF", "\xC3", "\xED\xA0\x80", "\xC0\x80"}) {
    expect_no_sweep("{\"result\":[" + row(id(1), ",\"x\":\"" + bytes + "\"") + "]}", ErrorClass::incomplete,
                    "cut off or broken");
  }
}

// A column of another type is what it is written as; an id is compared as text and never taken for another
// one.
TEST(ServiceNowPageFault, NumbersWhereStringsBelong) {
  Table table(
      {answer(200, R"({"result":[{"sys_id":17,"user_name":4.5,"active":1}]})", "X-Total-Count: 1\r\n")});
  const auto swept = table.sweep();
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(table.rows(), 1U);
  expect_no_sweep(R"({"result":[17]})", ErrorClass::incomplete, "1 rows without");
}

TEST(ServiceNowPageFault, AnErrorEnvelopeThatIsNone) {
  for (const std::string& body :
       {std::string(), std::string("<html></html>"), deep(kLevels), std::string("\xFF\xFE"),
        std::string(R"({"error":17})"), "{\"error\":" + std::string(kLevels, '{')}) {
    Table table({answer(403, body)});
    expect_error(table.sweep(), ErrorClass::permission, "servicenow table_list at ");
  }
}

// The same answers to what looks rows up one by one, and to the small tables.
TEST(ServiceNowPageFault, TheLookupAndTheSmallTablesAreNoLessStrict) {
  for (const std::string& body :
       {std::string(), std::string("<html></html>"), std::string("[]"), std::string("{\"result\":{}}"),
        R"({"result":[{"sys_id":")" + id(1), deep(kLevels), "{\"result\":[" + row(id(1)) + "],\"error\":{}}",
        "{\"result\":[" + row(id(1), ",\"x\":\"\xFF\"") + "]}"}) {
    Table looked({answer(200, body, "X-Total-Count: 1\r\n")});
    const auto found = looked.look_up({id(1)});
    ASSERT_FALSE(found) << body;
    EXPECT_THAT(found.error().error_class, testing::AnyOf(ErrorClass::incomplete, ErrorClass::malformed))
        << body;
    expect_useful(found.error(), looked.name());
    Table read({answer(200, body, "X-Total-Count: 1\r\n")});
    const auto listed = read.reader().list({.table = "sys_user", .fields = "sys_id"}, {});
    ASSERT_FALSE(listed) << body;
    EXPECT_THAT(listed.error().error_class, testing::AnyOf(ErrorClass::incomplete, ErrorClass::malformed))
        << body;
    expect_useful(listed.error(), read.name());
  }
}

}  // namespace
}  // namespace exporter::faults
