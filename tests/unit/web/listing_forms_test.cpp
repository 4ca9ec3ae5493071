#include "web/listing_forms.h"

#include <gtest/gtest.h>

namespace exporter::web {
namespace {

TEST(ListingAsJson, EscapesAndTellsNullFromEmpty) {
  const Listing listing{.columns = {"a", "b", "c"},
                        .total = 7,
                        .rows = {{"x\"\\\n\x01", std::nullopt, ""}, {"ع", "\xff<\xe2\x82", "z"}}};
  EXPECT_EQ(to_json(listing, "2026-11-25T00:00:00.000Z"),
            "{\"generated\":\"2026-11-25T00:00:00.000Z\",\"total\":7,\"items\":["
            "\n{\"a\":\"x\\\"\\\\\\n\\u0001\",\"b\":null,\"c\":\"\"},"
            "\n{\"a\":\"ع\",\"b\":\"\xef\xbf\xbd<\xef\xbf\xbd\xef\xbf\xbd\",\"c\":\"z\"}]}\n");
  EXPECT_EQ(to_json({.columns = {"a"}, .total = 0, .rows = {}}, "t"),
            "{\"generated\":\"t\",\"total\":0,\"items\":[]}\n");
}

TEST(ListingAsCsv, QuotesAndDisarmsFormulas) {
  const Listing listing{.columns = {"a", "b"},
                        .total = 1,
                        .rows = {{"plain", "with, comma"},
                                 {"a \"quote\"", "two\nlines"},
                                 {"=cmd|' /C calc'!A0", "+1"},
                                 {"-1", "@SUM(A1)"},
                                 {"\t=1", std::nullopt}}};
  EXPECT_EQ(to_csv(listing),
            "a,b\r\n"
            "plain,\"with, comma\"\r\n"
            "\"a \"\"quote\"\"\",\"two\nlines\"\r\n"
            "\"'=cmd|' /C calc'!A0\",\"'+1\"\r\n"
            "\"'-1\",\"'@SUM(A1)\"\r\n"
            "\"'\t=1\",\r\n");
}

}  // namespace
}  // namespace exporter::web
