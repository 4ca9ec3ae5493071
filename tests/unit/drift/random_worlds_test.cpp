// Thousands of small random worlds against an oracle that is written from DESIGN section 5 alone, with maps
// of strings and with all rows in view. Whatever the accounts are not shown, the engine must never say a kind
// that is not true.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "unit/drift/small_world.h"

namespace exporter::drift {
namespace {

using okta::AppUser;
using okta::AppUserStatus;
using tests::hex_id;
using tests::Instance;
using tests::InstanceRow;
using tests::kJustNow;
using tests::kJustNowText;
using tests::kLongAgo;
using tests::SmallWorld;

std::string plain(std::string text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  text = text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

bool same(const std::string& okta, const std::string& row) {
  const std::string a = plain(okta);
  const std::string b = plain(row);
  if (a.empty() || b.empty()) return false;
  return a == b || (a.size() > 40 && plain(a.substr(0, 40)) == b);  // the worlds' names are ASCII
}

class Oracle {
 public:
  explicit Oracle(const SmallWorld& world) : world_(world) {
    for (const InstanceRow& row : world.reader.rows) rows_[row.sys_id] = &row;
    for (const AppUser& user : world.users) {
      if (!user.external_id.empty()) ++holders_[user.external_id];
    }
  }

  struct Truth {
    std::string what;       // "linked", "exempt" or a kind
    bool in_grace = false;  // then a kind is not to be said
    std::string candidate;
  };

  // asks_all: the provisioner's cap allows to ask for every link.
  Truth of(const AppUser& user, bool asks_all = true) const {
    Truth truth;
    asks_all_ = asks_all;
    truth.what = kind(user, truth);
    truth.in_grace = truth.in_grace || user.changed > tests::kNow - std::chrono::minutes(15);
    return truth;
  }

  const InstanceRow* row_of(const AppUser& user) const {
    const auto row = rows_.find(user.external_id);
    return row == rows_.end() ? nullptr : row->second;
  }
  bool hidden_from_provisioner(const std::string& sys_id) const {
    if (!world_.as_provisioner) return false;
    for (const InstanceRow& row : world_.as_provisioner->rows) {
      if (row.sys_id == sys_id) return row.hidden || row.filtered;
    }
    return false;
  }

 private:
  static std::string field(const InstanceRow& row, std::size_t pair) {
    return row.fields.at(pair == 0 ? "user_name" : "email");
  }
  bool matches(const AppUser& user, const InstanceRow& row) const {
    return same(user.keys[0], field(row, 0)) ||
           (world_.match_fields.size() > 1 && same(user.keys[1], field(row, 1)));
  }
  static bool fresh(const InstanceRow& row) { return row.fields.at("sys_updated_on") == kJustNowText; }

  std::string kind(const AppUser& user, Truth& truth) const {
    const auto status = user.status;
    const bool off = status == AppUserStatus::DEPROVISIONED || status == AppUserStatus::INACTIVE ||
                     status == AppUserStatus::SUSPENDED || status == AppUserStatus::REVOKED;
    if (user.external_id.empty()) {
      if (!world_.world.creates_users || off || status == AppUserStatus::UNASSIGNED) return "exempt";
      return "not_linked";
    }
    if (off && !world_.world.reader_sees_inactive) return "exempt";
    const InstanceRow* const row = row_of(user);
    if (row != nullptr && fresh(*row)) truth.in_grace = true;
    if (holders_.at(user.external_id) > 1) {
      int matching = 0;
      for (const AppUser& other : world_.users) {
        if (row != nullptr && other.external_id == user.external_id && matches(other, *row)) ++matching;
      }
      if (row == nullptr || matching != 1 || !matches(user, *row)) return "duplicate_link";
    }
    if (row == nullptr) {
      for (std::size_t pair = 0; pair < world_.match_fields.size(); ++pair) {
        std::vector<const InstanceRow*> found;
        for (const InstanceRow& other : world_.reader.rows) {
          if (same(user.keys[pair], field(other, pair))) found.push_back(&other);
        }
        if (found.size() > 1) return "ambiguous_match";
        if (found.size() == 1) {
          truth.candidate = found[0]->sys_id;
          if (fresh(*found[0])) truth.in_grace = true;
          return "sys_id_changed";
        }
      }
      return "record_missing";
    }
    if (!matches(user, *row)) {
      for (const AppUser& other : world_.users) {
        if (&other != &user && matches(other, *row)) return "wrong_user";
      }
      for (const InstanceRow& other : world_.reader.rows) {
        if (&other != row && matches(user, other)) return "wrong_user";
      }
    }
    if (asks_all_ && hidden_from_provisioner(row->sys_id)) return "hidden_by_acl";
    // A row that the reader is not shown is read as the provisioner, who may read all fields.
    const bool readable =
        row->hidden || row->filtered ||
        std::find(row->unreadable.begin(), row->unreadable.end(), "active") == row->unreadable.end();
    const bool active = row->fields.at("active") == "true";
    const bool working = status == AppUserStatus::ACTIVE || status == AppUserStatus::PROVISIONED;
    if (readable && working && !active) return "active_mismatch";
    if (readable && active && world_.world.deactivates_users &&
        (status == AppUserStatus::DEPROVISIONED || status == AppUserStatus::INACTIVE)) {
      return "active_mismatch";
    }
    return matches(user, *row) ? "linked" : "key_mismatch";
  }

  const SmallWorld& world_;
  std::map<std::string, const InstanceRow*> rows_;
  std::map<std::string, int> holders_;
  mutable bool asks_all_ = true;
};

enum class Clarity { everything_shown, much_hidden };

class WorldMaker {
 public:
  explicit WorldMaker(std::uint32_t seed) : random_(seed) {}

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::size_t below(std::size_t bound) { return random_() % bound; }

  // `seed` decides apart from all else by what the two sides are matched: a third of the worlds by the user
  // name alone, as they are by default.
  static void choose_match(SmallWorld& world, std::uint32_t seed) {
    if (seed % 3 == 0) world.match_fields = {"user_name"};
  }

  void make(SmallWorld& world, Clarity clarity) {
    const bool hides = clarity == Clarity::much_hidden;
    world.world.creates_users = chance(85);
    world.world.deactivates_users = chance(70);
    world.world.reader_sees_inactive = !hides || chance(70);
    const std::size_t people = 1 + below(14);
    const unsigned trouble = std::array{0U, 10U, 40U}[below(3)];
    for (std::size_t i = 0, count = below(people + 3); i < count; ++i) {
      InstanceRow row =
          tests::user(odd_id(i), name(below(people), trouble), mail(below(people), trouble), chance(80));
      row.fields["user_name"] = row.fields["user_name"].substr(0, 40);
      if (chance(8)) row.fields["sys_updated_on"] = kJustNowText;
      if (hides && chance(20)) row.hidden = true;
      // A query rule keeps inactive users from readers that are not proven to see them.
      if (!world.world.reader_sees_inactive && row.fields["active"] == "false" && chance(70))
        row.filtered = true;
      if (hides && chance(6))
        row.unreadable = {std::array{"user_name", "email", "active", "locked_out"}[below(4)]};
      world.reader.rows.push_back(row);
    }
    for (std::size_t i = 0; i < people; ++i) {
      AppUser user = tests::link("u" + std::to_string(i), "", name(i, trouble), mail(i, trouble));
      user.status = chance(70) ? AppUserStatus::PROVISIONED
                               : std::array{AppUserStatus::ACTIVE,   AppUserStatus::DEPROVISIONED,
                                            AppUserStatus::INACTIVE, AppUserStatus::SUSPENDED,
                                            AppUserStatus::REVOKED,  AppUserStatus::UNASSIGNED,
                                            AppUserStatus::STAGED}[below(7)];
      user.changed = chance(10) ? kJustNow : kLongAgo;
      user.external_id = external_id(world, user, i, trouble);
      world.users.push_back(std::move(user));
    }
    if (chance(40)) {
      world.hide_from_provisioner({});
      for (InstanceRow& row : world.as_provisioner->rows) {
        row.unreadable.clear();
        row.hidden = chance(12);
        row.filtered = !row.hidden && chance(6);
      }
      if (hides && chance(25)) world.provisioner.budget = static_cast<int>(below(4));
    }
  }

 private:
  static std::string odd_id(std::size_t i) {
    return i % 5 == 4 ? "Odd_id." + std::to_string(i) : hex_id(100 + i);
  }
  std::string name(std::size_t person, unsigned trouble) {
    if (chance(trouble / 5)) return "";
    if (chance(trouble / 8)) return "bad^name" + std::to_string(person);
    std::string result =
        (person % 4 == 3 ? "a.name.much.longer.than.forty.characters.of." : "N") + std::to_string(person);
    if (person % 4 == 3) result.insert(3, std::to_string(person));
    if (chance(20)) result = plain(result);
    if (chance(trouble / 3)) result = "renamed" + std::to_string(below(30));
    return result;
  }
  std::string mail(std::size_t person, unsigned trouble) {
    if (chance(30)) return "";
    if (chance(trouble / 3)) person = below(10);
    return "M" + std::to_string(person) + "@x.org";
  }
  std::string external_id(const SmallWorld& world, const AppUser& user, std::size_t i, unsigned trouble) {
    if (chance(trouble / 2)) return "";
    if (chance(trouble / 4))
      return std::array<std::string, 3>{"a^b", "x,y=z", std::string(40, 'f')}[below(3)];
    if (chance(trouble / 2)) return hex_id(7000 + below(20));
    if (!world.reader.rows.empty() && chance(trouble))
      return world.reader.rows[below(world.reader.rows.size())].sys_id;
    for (const InstanceRow& row : world.reader.rows) {
      if (same(user.keys[0], row.fields.at("user_name"))) return row.sys_id;
    }
    return hex_id(8000 + i);
  }

  std::mt19937 random_;
};

// What the engine said of each user: "linked", "exempt", "unverified" are told apart by their sums only.
struct Tally {
  std::uint64_t worlds = 0;
  std::uint64_t drifted = 0;
  std::uint64_t unverified = 0;
  std::set<std::string> kinds;
};

std::string describe(const Comparison& comparison) {
  std::string text;
  for (const auto& [cause, users] : comparison.unverified) text += std::to_string(users) + " " + cause + "\n";
  return text;
}

void check_world(std::uint32_t seed, Clarity clarity, Tally& tally) {
  WorldMaker maker(seed);
  SmallWorld world;
  WorldMaker::choose_match(world, seed);
  maker.make(world, clarity);
  if (clarity == Clarity::everything_shown && maker.chance(30)) {
    world.options.confirm_sample = 1 + maker.below(3);
    world.options.random_seed = seed;
  }
  const Oracle oracle(world);
  const bool capped = world.provisioner.budget < 1000;
  // A second round with the memory of the first must be as true.
  for (int round = 0; round < 2; ++round) {
    const auto result = world.compare();
    if (!result) {
      // The one thing that may be said instead: no row shows a key.
      ASSERT_EQ(result.error().error_class, ErrorClass::permission) << seed << ": " << result.error().message;
      return;
    }
    ++tally.worlds;
    std::uint64_t sum = 0;
    for (const std::uint64_t users : result->states) sum += users;
    ASSERT_EQ(sum, world.users.size()) << seed;
    ASSERT_EQ(result->drifted.size(), tests::count(*result, State::drifted)) << seed;
    for (const AppUser& user : world.users) {
      const Oracle::Truth truth = oracle.of(user);
      const std::string said = tests::kind_of(*result, user.id);
      const std::string where =
          "world " + std::to_string(seed) + " round " + std::to_string(round) + " user " + user.id;
      if (said.empty()) continue;
      ++tally.drifted;
      tally.kinds.insert(said);
      const InstanceRow* const row = oracle.row_of(user);
      // Whose row it is can't be known of a row that neither account is shown; that it is hidden is true all
      // the same.
      const bool hidden_anyway = said == "hidden_by_acl" && row != nullptr &&
                                 (row->hidden || row->filtered) &&
                                 oracle.hidden_from_provisioner(row->sys_id);
      // Nor when it changed; only what Okta says of the user's own change counts then.
      ASSERT_FALSE(hidden_anyway ? user.changed == kJustNow : truth.in_grace) << where << " said " << said;
      // Beyond the cap nobody knows which rows are hidden, and what comes after hidden_by_acl is said.
      const bool beyond_cap = capped && said == oracle.of(user, false).what;
      if (!hidden_anyway && !beyond_cap) {
        ASSERT_EQ(said, truth.what) << where;
      }
    }
    for (const Entry& entry : result->drifted) {
      if (entry.kind != Kind::sys_id_changed) continue;
      for (const AppUser& user : world.users) {
        if (user.id == entry.okta_user_id && !entry.candidate_sys_id.empty()) {
          ASSERT_EQ(entry.candidate_sys_id, oracle.of(user).candidate) << seed;
        }
      }
    }
    std::uint64_t exempt = 0;
    std::uint64_t well = 0;
    std::uint64_t may_be_unverified = 0;
    for (const AppUser& user : world.users) {
      const Oracle::Truth truth = oracle.of(user);
      if (truth.what == "exempt") {
        ++exempt;
        continue;
      }
      const bool odd_key = user.keys[0].find('^') != std::string::npos ||
                           (user.keys[0].empty() && (world.match_fields.size() == 1 || user.keys[1].empty()));
      if (truth.what == "linked") {
        ++well;
      } else if (truth.in_grace || odd_key) {
        ++may_be_unverified;
      } else if (clarity == Clarity::everything_shown) {
        ASSERT_EQ(tests::kind_of(*result, user.id), truth.what)
            << describe(*result) << "not found in world " << seed << " " << user.id;
      }
    }
    ASSERT_EQ(tests::count(*result, State::exempt), exempt) << seed;
    tally.unverified += tests::count(*result, State::unverified);
    if (clarity == Clarity::everything_shown) {
      ASSERT_EQ(tests::count(*result, State::linked), well) << seed;
      ASSERT_LE(tests::count(*result, State::unverified), may_be_unverified) << seed;
    } else {
      // Whoever is called well is well, but for what only the provisioner's view could tell.
      std::uint64_t could_be_well = 0;
      for (const AppUser& user : world.users) {
        const Oracle::Truth truth = oracle.of(user);
        if (truth.what == "linked" || truth.what == "hidden_by_acl") ++could_be_well;
      }
      ASSERT_LE(tests::count(*result, State::linked), could_be_well) << seed;
    }
  }
}

TEST(RandomWorlds, AreToldExactlyWhereEverythingIsShown) {
  Tally tally;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    check_world(seed, Clarity::everything_shown, tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(tally.kinds.size(), kKindCount) << "the worlds show every kind";
  EXPECT_GT(tally.drifted, 5000U);
}

// Sweep and lookup, each with its own requests, of the same world.
void check_strategies(std::uint32_t seed, Clarity clarity, Tally& tally) {
  std::array<std::vector<std::string>, 2> said;
  std::array<std::array<std::uint64_t, 4>, 2> states{};
  for (const bool looks_up : {false, true}) {
    WorldMaker maker(seed);
    SmallWorld world;
    WorldMaker::choose_match(world, seed);
    maker.make(world, clarity);
    world.looks_up = looks_up;
    const auto result = world.compare();
    // Whether no row shows a key depends on which rows are read; what is said of users must not.
    if (!result) {
      ASSERT_EQ(result.error().error_class, ErrorClass::permission) << seed << ": " << result.error().message;
      return;
    }
    ++tally.worlds;
    for (const AppUser& user : world.users) {
      said[looks_up ? 1 : 0].push_back(tests::kind_of(*result, user.id));
      tally.kinds.insert(said[looks_up ? 1 : 0].back());
    }
    states[looks_up ? 1 : 0] = result->states;
  }
  ASSERT_EQ(said[0], said[1]) << "world " << seed;
  ASSERT_EQ(states[0], states[1]) << "world " << seed;
}

TEST(RandomWorlds, AreToldTheSameBySweepAndByLookup) {
  Tally tally;
  for (std::uint32_t seed = 0; seed < 1500; ++seed) {
    check_strategies(seed, Clarity::everything_shown, tally);
    check_strategies(200'000 + seed, Clarity::much_hidden, tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(tally.kinds.size(), kKindCount + 1) << "every kind, and users who are not drifted";
  EXPECT_GT(tally.worlds, 5000U);
}

TEST(RandomWorlds, NeverMakeTheEngineSayAFalseKindWhateverIsHidden) {
  Tally tally;
  for (std::uint32_t seed = 0; seed < 5000; ++seed) {
    check_world(100'000 + seed, Clarity::much_hidden, tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(tally.kinds.size(), kKindCount);
  EXPECT_GT(tally.drifted, 5000U);
  EXPECT_GT(tally.unverified, 1000U);
}

}  // namespace
}  // namespace exporter::drift
