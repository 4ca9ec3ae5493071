#include "drift/links_by_id.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/servicenow/instance.h"

namespace exporter::drift {
namespace {

using tests::hex_id;

void add_link(LinkListing& links, const std::string& external_id) {
  okta::AppUser user;
  user.id = "u" + std::to_string(links.size());
  user.external_id = external_id;
  user.keys = {"key"};
  links.add(user);
}

void add_row(RowListing& rows, const std::string& sys_id) {
  servicenow::UserRow row;
  row.sys_id = sys_id;
  row.keys = {"key"};
  rows.add(row);
}

std::vector<std::string> sorted_ids(const LinkListing& links, const LinksById& by_id) {
  std::vector<std::string> ids;
  for (const std::uint32_t link : by_id.sorted()) ids.push_back(links.external_id(link));
  return ids;
}

TEST(LinksById, SortsIdsThatBeginAlike) {
  LinkListing links(1);
  // All with the same eight leading digits, and in the wrong order.
  const std::vector<std::string> ids{hex_id(9), hex_id(2), hex_id(7), hex_id(2), hex_id(1)};
  for (const std::string& id : ids) add_link(links, id);
  RowListing rows(1);
  for (const unsigned id : {1U, 7U, 8U}) add_row(rows, hex_id(id));
  rows.seal();
  const LinksById by_id(links, rows);
  EXPECT_EQ(sorted_ids(links, by_id),
            (std::vector<std::string>{hex_id(1), hex_id(2), hex_id(2), hex_id(7), hex_id(9)}));
  EXPECT_EQ(by_id.row_of(0), kNone);
  EXPECT_EQ(rows.id_text(by_id.row_of(2)), hex_id(7));
  EXPECT_EQ(rows.id_text(by_id.row_of(4)), hex_id(1));
  EXPECT_EQ(std::ranges::count(by_id.holders(3), 1U), 1) << "of the same id";
}

TEST(LinksById, NamesEachLinkOnceThatSharesItsId) {
  LinkListing links(1);
  const std::string low = "0" + std::string(31, '3');
  const std::string high = "f" + std::string(31, '3');
  for (const std::string& id :
       {high, low, std::string(), high, hex_id(1), low, high, std::string("odd id")}) {
    add_link(links, id);
  }
  const RowListing no_rows(1);
  const LinksById by_id(links, no_rows);
  std::vector<std::uint32_t> shared(by_id.shared().begin(), by_id.shared().end());
  std::ranges::sort(shared);
  EXPECT_EQ(shared, (std::vector<std::uint32_t>{0, 1, 3, 5, 6}));
  EXPECT_EQ(by_id.sorted().size(), 7U) << "all but the one without an id";
}

// As many as are sorted and merged on two threads.
TEST(LinksById, FindsTheRowOfEachOfManyLinks) {
  constexpr std::uint32_t kLinks = 20'000;
  LinkListing links(1);
  RowListing rows(1);
  const auto id_of = [](std::uint32_t i) { return hex_text({i * 0x9E3779B97F4A7C15U, i}); };
  for (std::uint32_t i = 0; i < kLinks; ++i) {
    add_link(links, id_of(i));
    if (i % 3 != 0) add_row(rows, id_of(i));
  }
  rows.seal();
  const LinksById by_id(links, rows);
  for (std::uint32_t i = 0; i < kLinks; ++i) {
    const std::uint32_t row = by_id.row_of(i);
    ASSERT_EQ(row != kNone, i % 3 != 0) << i;
    if (row != kNone) {
      ASSERT_EQ(rows.id_text(row), id_of(i));
    }
  }
  EXPECT_TRUE(by_id.shared().empty());
  EXPECT_TRUE(std::ranges::is_sorted(sorted_ids(links, by_id)));
  const std::set<std::uint32_t> all(by_id.sorted().begin(), by_id.sorted().end());
  EXPECT_EQ(all.size(), kLinks);
}

}  // namespace
}  // namespace exporter::drift
