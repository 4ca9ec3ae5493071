#include "servicenow/table_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/servicenow/instance.h"

namespace exporter::servicenow {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::Connection;
using tests::hex_id;
using tests::Instance;
using tests::user;

net::HttpResponse json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json;charset=UTF-8"}}, std::move(body)};
}

TEST(TableClient, AsksForWhatItNeedsAndNothingElse) {
  Instance instance;
  instance.rows = {user(hex_id(1), "anna", "a@example.com")};
  Connection connection(instance);
  const auto page = connection.client.users({"active=true^ORDERBYsys_id", 500, 1000}, {});
  ASSERT_TRUE(page);
  ASSERT_EQ(instance.requests.size(), 1U);
  EXPECT_EQ(instance.requests[0].target,
            "/api/now/v2/table/sys_user?sysparm_suppress_pagination_header=true"
            "&sysparm_exclude_reference_link=true&sysparm_display_value=false"
            "&sysparm_query=active%3Dtrue%5EORDERBYsys_id&sysparm_fields=sys_id%2Cuser_name"
            "%2Cemail%2Cactive%2Clocked_out%2Csys_updated_on&sysparm_limit=500&sysparm_offset=1000");
}

TEST(TableClient, ReadsTheTotalLeniently) {
  for (const auto& [header, total] :
       std::vector<std::pair<std::string, std::optional<std::uint64_t>>>{{"626", 626},
                                                                         {" 626 ", 626},
                                                                         {"", std::nullopt},
                                                                         {"many", std::nullopt},
                                                                         {"-1", std::nullopt},
                                                                         {"6x", std::nullopt}}) {
    Instance instance;
    instance.before = [&, h = header](const std::string&) {
      auto response = json(200, R"({"result":[]})");
      response.headers.add("x-total-count", h);
      return std::optional(response);
    };
    Connection connection(instance);
    const auto page = connection.client.users({}, {});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->total_count, total) << header;
  }
}

TEST(TableClient, ReportsARefusalInServiceNowsOwnWords) {
  Instance instance;
  instance.before = [](const std::string&) { return std::optional(Instance::refusal()); };
  Connection connection(instance);
  const auto page = connection.client.users({}, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().error_class, ErrorClass::permission);
  EXPECT_EQ(page.error().http_status, 403);
  EXPECT_THAT(page.error().message, HasSubstr("Insufficient rights to query records"));
}

TEST(TableClient, ReportsATransactionThatWasCancelledMidway) {
  Instance instance;
  instance.before = [](const std::string&) {
    return std::optional(
        json(200, R"({"result":[{"sys_id":"a"}],"error":{"message":"Transaction cancelled: maximum )"
                  R"(execution time exceeded","detail":""},"status":"failure"})"));
  };
  Connection connection(instance);
  const auto page = connection.client.users({}, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().error_class, ErrorClass::incomplete);
  EXPECT_EQ(page.error().http_status, 200);
  EXPECT_THAT(page.error().message, HasSubstr("maximum execution time exceeded"));
}

TEST(TableClient, ReportsAHibernatingInstance) {
  Instance instance;
  instance.before = [](const std::string&) {
    return std::optional(net::HttpResponse{200,
                                           {{"Content-Type", "text/html;charset=UTF-8"}},
                                           "<html><title>Instance Hibernating page</title></html>"});
  };
  Connection connection(instance);
  const auto page = connection.client.users({}, {});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().error_class, ErrorClass::not_json);
}

}  // namespace
}  // namespace exporter::servicenow
