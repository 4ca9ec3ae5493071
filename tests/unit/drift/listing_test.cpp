#include "drift/listing.h"

#include <gtest/gtest.h>

#include "unit/servicenow/instance.h"

namespace exporter::drift {
namespace {

using tests::hex_id;

okta::AppUser app_user(std::string id, std::string external_id, std::vector<std::string> keys) {
  okta::AppUser user;
  user.id = std::move(id);
  user.external_id = std::move(external_id);
  user.keys = std::move(keys);
  user.changed = SystemTime(std::chrono::seconds(1'700'000'000));
  return user;
}

servicenow::UserRow row(std::string id, std::string name) {
  servicenow::UserRow result;
  result.sys_id = std::move(id);
  result.keys = {std::move(name), ""};
  return result;
}

TEST(PackedId, KeepsHexIdsAsTheyAre) {
  const std::string id = "005d500b536073005e0addeeff7b12f4";
  EXPECT_EQ(hex_text(pack_id(id)), id);
  EXPECT_LT(pack_id(hex_id(5)), pack_id(hex_id(6)));
  EXPECT_NE(pack_id("005D500B536073005E0ADDEEFF7B12F4"), pack_id(id)) << "ids are case-significant";
  EXPECT_NE(pack_id("glean_user_role"), pack_id("glean_user_rolf"));
  EXPECT_NE(pack_id("a"), pack_id(std::string("a\0", 2)));
}

TEST(PackedId, TellsHexDigitsFromAllOtherCharacters) {
  const std::string id = "0123456789abcdef0123456789abcdef";
  for (std::size_t place = 0; place < id.size(); ++place) {
    for (int c = 0; c < 256; ++c) {
      std::string other = id;
      other[place] = static_cast<char>(c);
      const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      ASSERT_EQ(is_hex_id(other), hex) << c << " at " << place;
      if (hex) {
        ASSERT_EQ(hex_text(pack_id(other)), other);
      }
    }
  }
  EXPECT_FALSE(is_hex_id(id.substr(1)));
  EXPECT_FALSE(is_hex_id(id + "0"));
}

TEST(KeyHash, IsZeroOnlyForTheEmptyKey) {
  EXPECT_EQ(hash_key(""), 0U);
  EXPECT_EQ(hash_key(normalize_key("  ")), 0U);
  EXPECT_NE(hash_key("a"), 0U);
  EXPECT_EQ(hash_key(normalize_key(" Anna ")), hash_key("anna"));
}

TEST(KeyHash, OfAKeyAsItIsWrittenIsThatOfTheNormalizedOne) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t length = 1; length < 20; ++length) {
      std::string key(length, 'x');
      key[length / 2] = static_cast<char>(c);
      key += "Yz";
      ASSERT_EQ(hash_raw_key(key), hash_key(normalize_key(key))) << c << " in " << length;
    }
  }
  EXPECT_EQ(hash_raw_key(std::string(300, 'K')), hash_key(std::string(300, 'k')));
  EXPECT_EQ(hash_raw_key(" \t "), 0U);
}

TEST(LinkListing, GivesBackWhatWasAdded) {
  LinkListing links(3);
  links.add(app_user("00u1", hex_id(7), {"Anna@x.org", "Anna@x.org", "E1"}));
  links.add(app_user("00u2", "odd^id", {"bob", "", "bob"}));
  links.add(app_user("00u3", "", {}));
  links.add(app_user(std::string(300, 'u'), std::string(1000, 'x'), {std::string(200'000, 'k'), "z"}));
  EXPECT_EQ(links.size(), 4U);
  EXPECT_EQ(links.user_id(0), "00u1");
  EXPECT_EQ(links.external_id(0), hex_id(7));
  EXPECT_EQ(links.key(0, 0), "Anna@x.org");
  EXPECT_EQ(links.key(0, 1), "Anna@x.org");
  EXPECT_EQ(links.key(0, 2), "E1");
  EXPECT_EQ(links.changed(0), SystemTime(std::chrono::seconds(1'700'000'000)));
  EXPECT_EQ(links.external_id(1), "odd^id");
  EXPECT_EQ(links.key(1, 1), "");
  EXPECT_EQ(links.key(1, 2), "bob");
  EXPECT_EQ(links.external_id(2), "");
  EXPECT_FALSE(links.has_external_id(2));
  EXPECT_FALSE(links.has_hex_external_id(2));
  EXPECT_TRUE(links.has_hex_external_id(0));
  EXPECT_FALSE(links.has_hex_external_id(1));
  EXPECT_EQ(links.key(2, 0), "");
  EXPECT_EQ(links.user_id(3), std::string(300, 'u'));
  EXPECT_EQ(links.external_id(3), std::string(1000, 'x'));
  EXPECT_EQ(links.key(3, 0).size(), 200'000U);
  EXPECT_EQ(links.key(3, 1), "z");
}

TEST(LinkListing, OrdersUserIdsByTheirBytesWhetherPackedOrNot) {
  LinkListing links(1);
  const std::vector<std::string> ids{"00u1gjh63g214q0Hq0g4",
                                     "00u1gjh63g214q0Hq0g5",
                                     "00u1gjh63g214q0hq0g4",
                                     "00u9gjh63g214q0Hq0g4",
                                     "zzzzzzzzzzzzzzzzzzzz",
                                     "ZZZZZZZZZZZZZZZZZZZZ",
                                     "00000000000000000000",
                                     "00u1gjh63g214q0Hq0g4x",
                                     "00u1gjh63g214q0Hq0g",
                                     "00u1gjh63g-14q0Hq0g4",
                                     "a",
                                     "00u1gjh63g"};
  for (const std::string& id : ids) links.add(app_user(id, "not hex", {"key"}));
  for (std::size_t a = 0; a < ids.size(); ++a) {
    EXPECT_EQ(links.user_id(a), ids[a]);
    EXPECT_EQ(links.external_id(a), "not hex");
    for (std::size_t b = 0; b < ids.size(); ++b) {
      EXPECT_EQ(links.user_id_before(a, b), ids[a] < ids[b]) << ids[a] << " and " << ids[b];
    }
  }
}

TEST(LinkListing, TellsWhetherAUserIsNamedTwice) {
  for (const std::size_t users : {std::size_t{20}, std::size_t{20'000}}) {  // the second on two threads
    for (const std::string twice : {"00u1gjh63g214q0Hq0g4", "not to be packed", ""}) {
      LinkListing links(1);
      for (std::size_t i = 0; i < users; ++i) {
        std::string id = std::to_string(i);
        if (i % 2 == 0) id.insert(0, 20 - id.size(), '0');
        links.add(app_user(id, hex_id(i), {"key"}));
        if (!twice.empty() && i == 7) links.add(app_user(twice, hex_id(i), {"key"}));
      }
      EXPECT_FALSE(links.names_a_user_twice()) << users;
      if (!twice.empty()) {
        links.add(app_user(twice, "", {}));
        EXPECT_TRUE(links.names_a_user_twice()) << twice << " among " << users;
      }
    }
  }
}

TEST(RowListing, SortsByIdWhenItIsSealed) {
  RowListing rows(2);
  rows.add(row(hex_id(9), "nine"));
  rows.add(row("odd_id", "odd"));
  servicenow::UserRow full = row(hex_id(3), "three");
  full.active = false;
  full.locked_out = true;
  full.updated = SystemTime(std::chrono::seconds(1'700'000'000));
  full.unreadable_keys = 2;
  rows.add(full);
  rows.seal();
  ASSERT_EQ(rows.size(), 3U);
  for (std::size_t i = 1; i < 3; ++i) EXPECT_LT(rows.id(i - 1), rows.id(i));
  for (std::size_t i = 0; i < 3; ++i) {
    if (rows.id(i) == pack_id(hex_id(3))) {
      EXPECT_EQ(rows.key_hash(i, 0), hash_key("three"));
      EXPECT_EQ(rows.key_hash(i, 1), 0U);
      EXPECT_EQ(rows.active(i), false);
      EXPECT_EQ(rows.locked_out(i), true);
      EXPECT_EQ(rows.updated(i), full.updated);
      EXPECT_TRUE(rows.keys_unreadable(i));
      EXPECT_EQ(rows.id_text(i), hex_id(3));
    } else {
      EXPECT_FALSE(rows.active(i));
      EXPECT_FALSE(rows.updated(i));
    }
    if (rows.id(i) == pack_id("odd_id")) {
      EXPECT_EQ(rows.id_text(i), "");
    }
  }
  EXPECT_FALSE(rows.repeated());
  EXPECT_TRUE(rows.any_key());
}

TEST(RowListing, NoticesARepeatedId) {
  RowListing rows(2);
  rows.add(row(hex_id(3), ""));
  rows.add(row(hex_id(1), ""));
  rows.add(row(hex_id(3), ""));
  rows.seal();
  EXPECT_TRUE(rows.repeated());
  EXPECT_FALSE(rows.any_key());
}

TEST(Listings, Of100000AnswerForTheirMemory) {
  constexpr std::size_t kUsers = 100'000;
  LinkListing links(2);
  RowListing rows(2);
  for (std::size_t i = 0; i < kUsers; ++i) {
    const std::string name = "first.last" + std::to_string(i) + "@example.com";  // 26 to 31 characters
    links.add(app_user("00u" + hex_id(i).substr(15), hex_id(i * 7919), {name, name}));
    rows.add(row(hex_id(i * 7919), name));
  }
  rows.seal();
  EXPECT_LE(links.memory_bytes(), kUsers * 67);
  EXPECT_LE(rows.memory_bytes(), kUsers * 37 + 200'000);
}

}  // namespace
}  // namespace exporter::drift
