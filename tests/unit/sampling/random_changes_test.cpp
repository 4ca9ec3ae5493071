// Random worlds that change at random after a comparison: what single looks make of it is what a whole
// comparison of the new world says, or what was said before, and never anything else.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "unit/drift/small_world.h"
#include "unit/sampling/followed_instance.h"

namespace exporter::sampling {
namespace {

using namespace std::chrono_literals;
using okta::AppUser;
using okta::AppUserStatus;
using tests::hex_id;
using tests::InstanceRow;
using tests::SmallWorld;

constexpr std::size_t kPeople = 24;
constexpr std::size_t kSteady = 4;  // linked users whom nothing happens to, and an inactive row

// Made before what refers to it.
class HasSmallWorld {
 protected:
  SmallWorld world_;
};

// A world, and an integration that follows it.
class Followed : HasSmallWorld, FollowedInstance {
 public:
  explicit Followed(std::uint32_t seed)
      : FollowedInstance(world_.reader, {.key_count = 2, .mass_minimum = 1'000'000}), random_(seed) {
    clock_.advance(std::chrono::duration_cast<std::chrono::milliseconds>(tests::kNow - clock_.now()));
    world_.options.grace = 0ms;
    world_.options.mass_minimum = 1'000'000;
    for (std::size_t i = 0; i < kPeople; ++i) {
      world_.reader.rows.push_back(tests::user(hex_id(100 + i), name(i), mail(i)));
      world_.users.push_back(tests::link("00u" + std::to_string(100 + i), hex_id(100 + i), name(i), mail(i)));
    }
    world_.reader.rows.push_back(tests::user(hex_id(1), "left.long.ago", "", false));
    okta_transport_.handle([this](const net::HttpRequest& request) { return app_user(request.url); });
  }

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  // Something happens to a row or to a user, as both sides would tell of it.
  void change() {
    const bool row = chance(55) && world_.reader.rows.size() > kSteady + 1;
    row ? change_row() : change_user();
  }

  drift::Comparison compare() {
    world_.world.now = clock_.now();
    auto result = world_.compare();
    EXPECT_TRUE(result) << result.error().message;
    return result.value_or(drift::Comparison());
  }

  void compared() {
    const drift::Comparison found = compare();
    storage::ComparisonCommit commit;
    commit.record.time = clock_.now();
    for (std::size_t i = 0; i < found.states.size(); ++i) {
      commit.record.states[std::string(drift::kStates[i])] = found.states[i];
    }
    for (std::size_t i = 0; i < found.kinds.size(); ++i) {
      commit.record.kinds[std::string(drift::kKinds[i])] = found.kinds[i];
    }
    for (const drift::Entry& entry : found.drifted) {
      commit.drifted.push_back({.okta_user_id = entry.okta_user_id,
                                .kind = std::string(to_string(entry.kind)),
                                .scope = "GROUP",
                                .external_id = entry.external_id,
                                .match_key = entry.match_key,
                                .candidate_sys_id = entry.candidate_sys_id,
                                .first_seen = clock_.now(),
                                .last_confirmed = clock_.now(),
                                .resolved = std::nullopt});
    }
    ASSERT_TRUE(picture_.replace(opened_, clock_.now(), [&](const auto&) { return std::move(commit); }));
    storage::LinkRange range;
    for (std::size_t i = 0; i < world_.users.size(); ++i) {
      const AppUser& user = world_.users[i];
      range.links.push_back({.okta_user_id = user.id,
                             .external_id = user.external_id,
                             .keys = user.keys,
                             .status = std::string(to_string(user.status)),
                             .scope = "GROUP",
                             .changed = user.changed,
                             .state = std::string(to_string(found.standings[i]))});
    }
    std::ranges::sort(range.links, {}, &storage::KnownLink::okta_user_id);
    ASSERT_TRUE(store_->remember_links(opened_.id, range));
    picture_.settle(
        {.policy = {.creates_users = true, .deactivates_users = true, .reader_sees_inactive = true},
         .listed = clock_.now(),
         .began = clock_.now(),
         .compared = clock_.now(),
         .links = world_.users.size(),
         .linked_rows = {hex_id(100), hex_id(101), hex_id(102)},
         .inactive_rows = {hex_id(1)}});
  }

  using FollowedInstance::follow;

  // By user: a kind, or "" where he is not drifted.
  std::map<std::string, std::string> said() {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < kPeople; ++i) ids.push_back("00u" + std::to_string(100 + i));
    return store_->open_kinds(opened_.id, ids).value();
  }
  storage::ComparisonRecord record() { return store_->last_comparison(opened_.id)->value(); }
  const std::vector<AppUser>& users() const { return world_.users; }

 private:
  static std::string name(std::size_t i) {
    return (i % 7 == 6 ? "a.name.much.longer.than.forty.characters.of." : "n") + std::to_string(100 + i);
  }
  static std::string mail(std::size_t i) { return "m" + std::to_string(100 + i) + "@x.org"; }

  void change_row() {
    auto& rows = world_.reader.rows;
    std::size_t at = kSteady + below(rows.size() - kSteady);
    if (rows[at].sys_id == hex_id(1)) return;
    InstanceRow& row = rows[at];
    row.fields["sys_updated_on"] = now_text();
    switch (below(6)) {
      case 0:
        row.fields["active"] = row.fields["active"] == "true" ? "false" : "true";
        break;
      case 1:
        row.fields["user_name"] = name(kSteady + below(kPeople)).substr(0, 40);
        row.fields["email"] = chance(50) ? "" : mail(kSteady + below(kPeople));
        break;
      case 2:
        audit_deletion(row.sys_id);
        rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      case 3:
        audit_deletion(row.sys_id);
        row.sys_id = hex_id(5000 + next_id_++);
        break;
      case 4: {
        InstanceRow copy = row;
        copy.sys_id = hex_id(5000 + next_id_++);
        rows.push_back(std::move(copy));
        break;
      }
      default:
        row.fields["user_name"] = "renamed" + std::to_string(below(5));
    }
  }

  void change_user() {
    if (world_.users.size() <= kSteady) return;
    const std::size_t at = kSteady + below(world_.users.size() - kSteady);
    AppUser& user = world_.users[at];
    switch (below(6)) {
      case 0:
        user.external_id = "";
        break;
      case 1:
        user.external_id = hex_id(100 + kSteady + below(kPeople));
        break;
      case 2:
        user.external_id = "a^b,c=" + std::to_string(below(2));
        break;
      case 3:
        user.keys = {name(kSteady + below(kPeople)), ""};
        break;
      case 4:
        user.status = std::array{AppUserStatus::PROVISIONED, AppUserStatus::DEPROVISIONED,
                                 AppUserStatus::SUSPENDED}[below(3)];
        break;
      default:
        for (const InstanceRow& row : world_.reader.rows) {
          if (row.fields.at("user_name") == user.keys[0]) user.external_id = row.sys_id;
        }
    }
    recent_.touched(user.id, clock_.now() + 1s);
    follower_.named(user.id);
    if (chance(15)) world_.users.erase(world_.users.begin() + static_cast<std::ptrdiff_t>(at));
  }

  net::HttpResponse app_user(const std::string& url) const {
    for (const AppUser& user : world_.users) {
      if (!url.ends_with("/" + user.id)) continue;
      const auto text = [](const std::string& value) {
        return value.empty() ? std::string("null") : tests::json_string(value);
      };
      return {200,
              {{"Content-Type", "application/json"}},
              R"({"id":")" + user.id + R"(","externalId":)" + text(user.external_id) + R"(,"status":")" +
                  std::string(to_string(user.status)) + R"(","scope":"GROUP","syncState":"SYNCHRONIZED",)" +
                  R"("created":"2026-01-01T00:00:00.000Z","credentials":{"userName":)" + text(user.keys[0]) +
                  R"(},"profile":{"email":)" + text(user.keys[1]) + "}}"};
    }
    return {404, {{"Content-Type", "application/json"}}, R"({"errorCode":"E0000007"})"};
  }

  std::mt19937 random_;
  std::uint64_t next_id_ = 0;
};

TEST(RandomChanges, AreToldAsAWholeComparisonTellsThemOrNotAtAll) {
  std::size_t changed = 0;
  std::size_t right = 0;
  std::set<std::string> kinds;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    Followed followed(seed);
    for (std::size_t i = followed.below(6); i > 0; --i) followed.change();
    followed.compared();
    const auto before = followed.said();
    followed.follow();
    for (std::size_t i = 1 + followed.below(5); i > 0; --i) followed.change();
    // Okta is asked for a few users a sample.
    for (int i = 0; i < 4; ++i) followed.follow();
    const auto said = followed.said();
    std::map<std::string, std::string> true_kinds;
    const drift::Comparison fresh = followed.compare();
    for (const drift::Entry& entry : fresh.drifted) {
      true_kinds[entry.okta_user_id] = std::string(to_string(entry.kind));
    }
    const auto of = [](const auto& map, const std::string& user) {
      const auto found = map.find(user);
      return found == map.end() ? std::string() : found->second;
    };
    for (std::size_t i = 0; i < kPeople; ++i) {
      const std::string user = "00u" + std::to_string(100 + i);
      const std::string now = of(said, user);
      if (of(true_kinds, user) != of(before, user)) {
        ++changed;
        right += now == of(true_kinds, user) ? 1 : 0;
      }
      if (now == of(before, user)) continue;
      kinds.insert(now);
      ASSERT_EQ(now, of(true_kinds, user))
          << "world " << seed << " user " << user << " was " << of(before, user);
    }
    const storage::ComparisonRecord record = followed.record();
    std::uint64_t drifted = 0;
    for (const auto& [kind, users] : record.kinds) drifted += users;
    ASSERT_EQ(drifted, said.size()) << seed;
    ASSERT_EQ(record.states.at("drifted"), said.size()) << seed;
  }
  EXPECT_GT(changed, 300U);
  EXPECT_GT(static_cast<double>(right), 0.9 * static_cast<double>(changed)) << right << " of " << changed;
  EXPECT_GE(kinds.size(), 8U);
}

}  // namespace
}  // namespace exporter::sampling
