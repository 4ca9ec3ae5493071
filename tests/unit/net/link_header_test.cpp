#include "net/link_header.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace exporter::net {
namespace {

const Url kOrigin = parse_url("https://a.okta.com/api/v1/logs?limit=20").value();

struct Row {
  std::vector<std::string> fields;
  std::optional<std::string> next;
};

HttpHeaders links(const std::vector<std::string>& fields) {
  HttpHeaders headers;
  headers.add("Content-Type", "application/json");
  for (const std::string& field : fields) {
    headers.add("link", field);
  }
  return headers;
}

TEST(NextLink, IsFoundInEveryFormThatServersWrite) {
  const std::string next = "https://a.okta.com/api/v1/logs?after=1_2,3;4&limit=20";
  const std::string target = "<" + next + ">";
  const Row table[] = {
      {{}, std::nullopt},
      {{""}, std::nullopt},
      {{" , ,, "}, std::nullopt},
      // Okta repeats the field.
      {{"<https://a.okta.com/api/v1/logs?limit=20>; rel=\"self\"", target + "; rel=\"next\""}, next},
      // ServiceNow joins by comma.
      {{"<https://a.okta.com/x?o=0>;rel=\"first\"," + target +
        ";rel=\"next\",<https://a.okta.com/x?o=9>;rel=\"last\""},
       next},
      {{"<https://a.okta.com/x>;rel=\"first\",<https://a.okta.com/y>;rel=\"prev\""}, std::nullopt},
      {{target + "; rel=next"}, next},
      {{target + "; REL=\"NeXt\""}, next},
      {{target + " ; rel = \"next\" "}, next},
      {{target + "; rel=\"last next\""}, next},
      {{target + "; title=\"a, b; rel=\\\"self\\\" <x>\"; rel=\"next\""}, next},
      {{target + "; title=rel; rel=\"next\""}, next},
      {{target + "; crossorigin; rel=\"next\""}, next},
      {{target + ";rel=\"next\";"}, next},
      // Only the first rel counts, and a longer word is another relation.
      {{target + "; rel=\"self\"; rel=\"next\""}, std::nullopt},
      {{target + "; rel=\"next-archive\""}, std::nullopt},
      {{target + "; title=\"next\""}, std::nullopt},
      {{target}, std::nullopt},
      // The link of another page.
      {{target + "; rel=\"next\"; anchor=\"/other\""}, std::nullopt},
      // The first of several.
      {{target + "; rel=next", "<https://a.okta.com/other>; rel=next"}, next},
      {{"<https://A.OKTA.com:443/x?y#z>; rel=next"}, "https://a.okta.com/x?y"},
      {{"</api/v1/logs?after=7>; rel=next"}, "https://a.okta.com/api/v1/logs?after=7"},
      {{"<?after=a:b>; rel=next"}, "https://a.okta.com/api/v1/logs?after=a:b"},
      {{"<users?after=7>; rel=next"}, "https://a.okta.com/api/v1/users?after=7"},
      {{"<//a.okta.com/x>; rel=next"}, "https://a.okta.com/x"},
      // Not the next page's: nothing to refuse.
      {{"<https://evil.test/>; rel=\"self\""}, std::nullopt},
  };
  for (const Row& row : table) {
    const Result<std::optional<std::string>> found = next_link(links(row.fields), kOrigin);
    const std::string what = row.fields.empty() ? "no field" : row.fields.front();
    ASSERT_TRUE(found) << what << ": " << found.error().message;
    EXPECT_EQ(*found, row.next) << what;
  }
}

TEST(NextLink, IsAnErrorWhenItLeavesTheOrigin) {
  for (const char* target :
       {"https://evil.test/api", "http://a.okta.com/api", "https://a.okta.com:444/api", "//evil.test/api",
        "https://a.okta.com.evil.test/", "https://a.okta.com@evil.test/", "ftp://a.okta.com/",
        "https://a.okta.com/a b"}) {
    const auto found = next_link(links({"<" + std::string(target) + ">; rel=\"next\""}), kOrigin);
    ASSERT_FALSE(found) << target;
    EXPECT_EQ(found.error().error_class, ErrorClass::malformed) << target;
    EXPECT_EQ(found.error().message.find("evil"), std::string::npos) << target;
  }
}

// "No next link" would end a listing early, and a short listing looks like drift.
TEST(NextLink, IsAnErrorWhenTheFieldCannotBeRead) {
  for (const char* field : {"https://a.okta.com/x; rel=next", "<https://a.okta.com/x; rel=next",
                            "<https://a.okta.com/x>; rel=\"next", "<https://a.okta.com/x> rel=next",
                            "<https://a.okta.com/x>; rel=\"next\" x", "next"}) {
    const auto found = next_link(links({field}), kOrigin);
    ASSERT_FALSE(found) << field;
    EXPECT_EQ(found.error().error_class, ErrorClass::malformed) << field;
  }
}

TEST(NextLink, IsBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += "<https://a.okta.com/x>; rel=self,";
  }
  EXPECT_FALSE(next_link(links({many}), kOrigin));
  EXPECT_FALSE(
      next_link(links({"<https://a.okta.com/" + std::string(10'000, 'x') + ">; rel=next"}), kOrigin));
}

}  // namespace
}  // namespace exporter::net
