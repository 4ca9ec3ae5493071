#include "drift/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/drift/small_world.h"

namespace exporter::drift {
namespace {

using okta::AppUserStatus;
using testing::HasSubstr;
using tests::count;
using tests::hex_id;
using tests::Instance;
using tests::InstanceRow;
using tests::kind_of;
using tests::kJustNow;
using tests::kJustNowText;
using tests::link;
using tests::SmallWorld;
using tests::user;

// Users u0… of whom each is well.
SmallWorld healthy(std::size_t users) {
  SmallWorld world;
  for (std::size_t i = 0; i < users; ++i) {
    const std::string name = "user" + std::to_string(i);
    world.users.push_back(link("u" + std::to_string(i), hex_id(100 + i), name, name + "@x.org"));
    world.reader.rows.push_back(user(hex_id(100 + i), name, name + "@x.org"));
  }
  return world;
}

Comparison compared(SmallWorld& world) {
  auto result = world.compare();
  EXPECT_TRUE(result) << result.error().message;
  return result ? std::move(*result) : Comparison{};
}

void expect_unverified(const Comparison& comparison, const std::string& cause, std::uint64_t users = 1) {
  std::uint64_t found = 0;
  std::string all;
  for (const auto& [text, number] : comparison.unverified) {
    if (text.find(cause) != std::string::npos) found += number;
    all += text + "; ";
  }
  EXPECT_EQ(found, users) << all;
  EXPECT_EQ(count(comparison, State::unverified), users) << all;
}

TEST(Comparison, OfAHealthyWorldFindsNothingAndAsksNothing) {
  SmallWorld world = healthy(5);
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, State::linked), 5U);
  EXPECT_TRUE(result.drifted.empty());
  EXPECT_EQ(result.requests, 0U);
  EXPECT_FALSE(result.mass_drift);
}

TEST(Comparison, MatchesByAnyPairTrimmedWithoutCaseAndCut) {
  SmallWorld world = healthy(4);
  world.users[0].keys = {" USER0 ", ""};
  world.users[1].keys = {"renamed", "User1@X.org"};
  const std::string longer = "a.name.that.is.longer.than.servicenow.keeps.it";
  world.users[2].keys = {longer, ""};
  world.reader.rows[2] = user(hex_id(102), longer.substr(0, 40));
  world.reader.rows[3] = user(hex_id(103), "", "user3@x.org");
  EXPECT_EQ(count(compared(world), State::linked), 4U);
}

TEST(Comparison, CallsHoldersOfOneIdDuplicatesButForTheOneWhoseKeyIsTheRows) {
  SmallWorld world = healthy(4);
  world.users[1].external_id = hex_id(100);
  world.users[2].external_id = hex_id(100);
  const Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "");
  EXPECT_EQ(kind_of(result, "u1"), "duplicate_link");
  EXPECT_EQ(kind_of(result, "u2"), "duplicate_link");
}

TEST(Comparison, CallsAllHoldersDuplicatesWhereNoneOrSeveralMatch) {
  SmallWorld world = healthy(4);
  world.users[1].external_id = hex_id(100);
  world.users[1].keys[1] = "user0@x.org";
  world.users[2].external_id = world.users[3].external_id = hex_id(7777);  // no such row
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, Kind::duplicate_link), 4U);
}

TEST(Comparison, CallsARowOfAnotherAppUserWrong) {
  SmallWorld world = healthy(3);
  std::swap(world.users[0].external_id, world.users[1].external_id);
  const Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "wrong_user");
  EXPECT_EQ(kind_of(result, "u1"), "wrong_user");
}

TEST(Comparison, CallsALinkWrongWhereTheUsersKeyIsOnAnotherRow) {
  SmallWorld world = healthy(3);
  world.reader.rows[0].fields["user_name"] = "stranger";
  world.reader.rows[0].fields["email"] = "stranger@x.org";
  world.reader.rows.push_back(user(hex_id(900), "USER0"));
  EXPECT_EQ(kind_of(compared(world), "u0"), "wrong_user");
}

TEST(Comparison, AsksAnewWhoseKeyItIsWhereTheRowChangedSinceTheListing) {
  const auto rename = [](InstanceRow& row, const std::string& name) {
    row.fields["user_name"] = name;
    row.fields["email"] = name + "@x.org";
  };
  for (const bool by_name_alone : {false, true}) {
    SmallWorld world = healthy(3);
    if (by_name_alone) world.match_fields = {"user_name"};
    rename(world.reader.rows[0], "user1");     // of another user,
    rename(world.reader.rows[2], "stranger");  // and of nobody
    world.after_sweep = [&](SmallWorld& w) {
      rename(w.reader.rows[0], "stranger");
      rename(w.reader.rows[2], "user1");
    };
    const Comparison result = compared(world);
    EXPECT_EQ(kind_of(result, "u0"), "key_mismatch");
    EXPECT_EQ(kind_of(result, "u2"), "wrong_user");
  }
}

TEST(Comparison, FindsWhereTheUsersRowIsNow) {
  SmallWorld world = healthy(3);
  world.reader.rows[0].sys_id = hex_id(900);
  const Comparison result = compared(world);
  ASSERT_EQ(kind_of(result, "u0"), "sys_id_changed");
  EXPECT_EQ(result.drifted[0].candidate_sys_id, hex_id(900));
  EXPECT_EQ(result.drifted[0].external_id, hex_id(100));
  EXPECT_EQ(result.drifted[0].match_key, "user0");
  EXPECT_EQ(result.drifted[0].scope, okta::Scope::GROUP);
}

TEST(Comparison, LetsTheFirstPairThatFindsAnyRowsDecide) {
  SmallWorld world = healthy(4);
  world.users[0].external_id = hex_id(800);
  world.reader.rows[0] = user(hex_id(900), "other0", "user0@x.org");  // only by mail
  world.users[1].external_id = hex_id(801);
  world.reader.rows[1] = user(hex_id(901), "user1", "x1@x.org");
  world.reader.rows.push_back(user(hex_id(902), "other", "user1@x.org"));
  world.reader.rows.push_back(user(hex_id(903), "other", "user1@x.org"));  // two by mail don't matter
  const Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "sys_id_changed");
  EXPECT_EQ(kind_of(result, "u1"), "sys_id_changed");
}

TEST(Comparison, CallsSeveralRowsWithTheKeyAmbiguous) {
  SmallWorld world = healthy(2);
  world.reader.rows[0].sys_id = hex_id(900);
  world.reader.rows.push_back(user(hex_id(901), "User0"));
  EXPECT_EQ(kind_of(compared(world), "u0"), "ambiguous_match");
}

TEST(Comparison, CallsARowMissingWhereNobodyHasTheKey) {
  SmallWorld world = healthy(2);
  world.reader.rows.erase(world.reader.rows.begin());
  EXPECT_EQ(kind_of(compared(world), "u0"), "record_missing");
}

TEST(Comparison, CallsAUserWithoutExternalIdNotLinkedWhereHeShouldBeProvisioned) {
  SmallWorld world = healthy(8);
  for (auto& app_user : world.users) app_user.external_id.clear();
  world.users[1].status = AppUserStatus::STAGED;
  world.users[2].status = AppUserStatus::DEPROVISIONED;
  world.users[3].status = AppUserStatus::INACTIVE;
  world.users[4].status = AppUserStatus::SUSPENDED;
  world.users[5].status = AppUserStatus::REVOKED;
  world.users[6].status = AppUserStatus::UNASSIGNED;
  world.users[7].changed = kJustNow;
  Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "not_linked");
  EXPECT_EQ(kind_of(result, "u1"), "not_linked");
  EXPECT_EQ(count(result, Kind::not_linked), 2U);
  EXPECT_EQ(count(result, State::exempt), 5U);
  expect_unverified(result, "grace");
  world.world.creates_users = false;
  result = compared(world);
  EXPECT_EQ(count(result, State::exempt), 8U) << "the app does not create users";
}

TEST(Comparison, ComparesWhetherUsersAreActive) {
  SmallWorld world = healthy(7);
  const auto set = [&](std::size_t i, AppUserStatus status, const char* active) {
    world.users[i].status = status;
    world.reader.rows[i].fields["active"] = active;
  };
  set(0, AppUserStatus::ACTIVE, "false");
  set(1, AppUserStatus::DEPROVISIONED, "true");
  set(2, AppUserStatus::INACTIVE, "true");
  set(3, AppUserStatus::SUSPENDED, "true");
  set(4, AppUserStatus::SUSPENDED, "false");
  set(5, AppUserStatus::DEPROVISIONED, "false");
  set(6, AppUserStatus::PENDING, "false");
  Comparison result = compared(world);
  for (const std::string id : {"u0", "u1", "u2"}) EXPECT_EQ(kind_of(result, id), "active_mismatch") << id;
  EXPECT_EQ(count(result, State::linked), 4U);
  world.world.deactivates_users = false;
  result = compared(world);
  EXPECT_EQ(count(result, Kind::active_mismatch), 1U);
}

TEST(Comparison, ClaimsNoActiveMismatchWhereTheFieldMayNotBeRead) {
  SmallWorld world = healthy(1);
  world.reader.rows[0].fields["active"] = "false";
  world.reader.rows[0].unreadable = {"active", "locked_out"};
  EXPECT_EQ(count(compared(world), State::linked), 1U);
}

TEST(Comparison, CallsARenameNobodyElsesKeyMismatch) {
  SmallWorld world = healthy(2);
  world.reader.rows[0].fields["user_name"] = "maiden";
  world.reader.rows[0].fields["email"] = "maiden@x.org";
  EXPECT_EQ(kind_of(compared(world), "u0"), "key_mismatch");
}

TEST(Comparison, CountsLockedOutUsersWhoAreOtherwiseWell) {
  SmallWorld world = healthy(4);
  world.reader.rows[0].fields["locked_out"] = "true";
  world.reader.rows[1].fields["locked_out"] = "true";
  world.users[1].status = AppUserStatus::SUSPENDED;
  world.reader.rows[2].fields["locked_out"] = "true";
  world.reader.rows[2].fields["active"] = "false";
  EXPECT_EQ(compared(world).locked_out, 1U);
}

TEST(Comparison, WaitsForTheGraceOfEitherSide) {
  SmallWorld world = healthy(4);
  world.users[0].changed = kJustNow;
  world.users[0].external_id = hex_id(7000);
  world.reader.rows[1].fields["active"] = "false";
  world.reader.rows[1].fields["sys_updated_on"] = kJustNowText;
  world.reader.rows[2].sys_id = hex_id(902);  // re-created just now
  world.reader.rows[2].fields["sys_updated_on"] = kJustNowText;
  world.reader.rows[3].fields["sys_updated_on"] = kJustNowText;  // and well
  const Comparison result = compared(world);
  expect_unverified(result, "grace", 3);
  EXPECT_EQ(count(result, State::linked), 1U);
}

// --- what may not be seen ---

TEST(Comparison, LeavesALinkUnverifiedWhoseRowTheReaderIsNotShown) {
  SmallWorld world = healthy(3);
  world.reader.rows[0].hidden = true;
  expect_unverified(compared(world), "hidden from the reader");
}

TEST(Comparison, LetsTheProvisionerDecideWhatTheReaderIsNotShown) {
  SmallWorld world = healthy(4);
  world.hide_from_provisioner({hex_id(101)});
  world.reader.rows[0].hidden = true;
  world.reader.rows[1].hidden = true;
  world.reader.rows[2].hidden = true;
  world.as_provisioner->rows[2].filtered = true;
  const Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "") << "the provisioner sees the row and its key";
  EXPECT_EQ(kind_of(result, "u1"), "hidden_by_acl");
  EXPECT_EQ(kind_of(result, "u2"), "hidden_by_acl") << "filtered out of its query";
  EXPECT_EQ(count(result, State::linked), 2U);
}

TEST(Comparison, FindsRowsThatOnlyTheProvisionerIsNotShown) {
  SmallWorld world = healthy(6);
  world.reader.rows[2].fields["active"] = "false";
  std::swap(world.users[3].external_id, world.users[4].external_id);
  world.hide_from_provisioner({hex_id(100), hex_id(102), hex_id(103)});
  world.as_provisioner->rows[1].filtered = true;
  const Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "hidden_by_acl");
  EXPECT_EQ(kind_of(result, "u1"), "hidden_by_acl") << "filtered out of its query";
  EXPECT_EQ(kind_of(result, "u2"), "hidden_by_acl") << "comes before active_mismatch";
  EXPECT_EQ(kind_of(result, "u3"), "wrong_user") << "comes before hidden_by_acl";
  EXPECT_EQ(world.memory.hidden.size(), 3U);
}

TEST(Comparison, DoesNotCallARowHiddenThatOneAnswerLost) {
  SmallWorld world = healthy(6);
  world.hide_from_provisioner({});
  world.reader.rows[1].hidden = true;
  Instance& provisioner = *world.as_provisioner;
  // Every other answer loses two rows: the first about the row that the reader is not shown, the first of the
  // round.
  provisioner.before = [&](const std::string&) {
    for (const std::size_t row : {1U, 3U})
      provisioner.rows[row].hidden = provisioner.requests.size() % 2 == 1;
    return std::nullopt;
  };
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, Kind::hidden_by_acl), 0U);
  EXPECT_EQ(count(result, State::linked), 6U);
  EXPECT_TRUE(world.memory.hidden.empty());
  EXPECT_EQ(provisioner.requests.size(), 4U);
}

TEST(Comparison, DoesNotCallADeletedRowHidden) {
  SmallWorld world = healthy(3);
  world.hide_from_provisioner({});
  world.after_sweep = [](SmallWorld& w) {
    w.reader.rows.erase(w.reader.rows.begin());
    w.as_provisioner->rows.erase(w.as_provisioner->rows.begin());
  };
  EXPECT_EQ(count(compared(world), Kind::hidden_by_acl), 0U);
}

TEST(Comparison, GoesRoundTheLinksAsTheProvisionerWithinItsCap) {
  SmallWorld world = healthy(700);  // 4 requests
  world.hide_from_provisioner({hex_id(100), hex_id(100 + 650)});
  world.provisioner.budget = 2;
  Comparison result = compared(world);
  EXPECT_LE(world.as_provisioner->requests.size(), 2U);
  for (int round = 0; round < 20; ++round) {
    world.provisioner.budget = 10;
    world.options.rotation_requests = 10;
    result = compared(world);
    EXPECT_GE(world.provisioner.budget, 0);
  }
  EXPECT_EQ(count(result, Kind::hidden_by_acl), 2U);
  world.as_provisioner->rows[0].hidden = false;
  world.provisioner.budget = 1;
  result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "") << "known cases are asked first";
  EXPECT_EQ(kind_of(result, "u650"), "hidden_by_acl") << "the last look stands";
}

TEST(Comparison, NeitherClaimsNorTakesBackWhileTheProvisionerCannotLogIn) {
  SmallWorld world = healthy(3);
  world.hide_from_provisioner({hex_id(100)});
  EXPECT_EQ(count(compared(world), Kind::hidden_by_acl), 1U);
  world.as_provisioner->before = [](const std::string&) {
    return std::optional(
        net::HttpResponse{401,
                          {{"Content-Type", "application/json"}},
                          R"({"error":{"message":"User is not authenticated","detail":""}})"});
  };
  expect_unverified(compared(world), "provisioner could not be asked");
  // Where the ledger knows him, he stays what he was.
  world.world.open_kinds = [](const std::vector<std::string>& users) {
    EXPECT_EQ(users, std::vector<std::string>{"u0"});
    return Result<std::map<std::string, Kind>>({{"u0", Kind::hidden_by_acl}});
  };
  EXPECT_EQ(kind_of(compared(world), "u0"), "hidden_by_acl");
}

TEST(Comparison, TakesBackWhatIsRefutedThoughNothingElseIsKnown) {
  SmallWorld world = healthy(3);
  world.reader.rows[0].hidden = true;  // there, and not shown
  world.world.open_kinds = [](const std::vector<std::string>& users) {
    std::map<std::string, Kind> open;
    for (const std::string& user : users) open[user] = Kind::record_missing;
    return Result<std::map<std::string, Kind>>(std::move(open));
  };
  EXPECT_EQ(count(compared(world), Kind::record_missing), 0U);
}

TEST(Comparison, BelievesAnAbsenceOnlyIfTheProvisionerDoesNotCountTheRowEither) {
  SmallWorld world = healthy(4);
  world.hide_from_provisioner({hex_id(101)});
  // A query rule hides rows from the reader, in the count too.
  world.reader.rows[0].filtered = true;
  world.reader.rows[1].filtered = true;
  world.reader.rows.erase(world.reader.rows.begin() + 2);
  world.as_provisioner->rows.erase(world.as_provisioner->rows.begin() + 2);
  Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u0"), "");
  EXPECT_EQ(kind_of(result, "u1"), "hidden_by_acl");
  EXPECT_EQ(kind_of(result, "u2"), "record_missing");
  world.provisioner.budget = 0;
  world.memory = {};
  result = compared(world);
  expect_unverified(result, "provisioner could not be asked", 3);
}

TEST(Comparison, BelievesNoAbsenceWhereTheReaderIsNotProvenToSeeInactiveUsers) {
  SmallWorld world = healthy(5);
  world.world.reader_sees_inactive = false;
  world.reader.rows.erase(world.reader.rows.begin());
  world.users[1].status = AppUserStatus::SUSPENDED;
  world.users[2].status = AppUserStatus::DEPROVISIONED;
  world.users[3].external_id = "no^id";
  const Comparison result = compared(world);
  expect_unverified(result, "not proven", 2);
  EXPECT_EQ(count(result, State::exempt), 2U);
  EXPECT_EQ(count(result, State::linked), 1U);
}

TEST(Comparison, DoesNotSayNobodyHasTheKeyWhereSomebodyMayBeHidden) {
  SmallWorld world = healthy(3);
  world.users[0].external_id = hex_id(7000);
  world.reader.rows[0].hidden = true;  // the row with u0's key
  world.reader.rows[1].fields["user_name"] = "maiden";
  world.reader.rows[1].fields["email"] = "maiden@x.org";
  world.reader.rows.push_back(user(hex_id(901), "user1"));
  world.reader.rows.back().hidden = true;
  expect_unverified(compared(world), "may have this key", 2);
}

TEST(Comparison, DoesNotSayExactlyOneWhereASecondRowIsHidden) {
  SmallWorld world = healthy(2);
  world.reader.rows[0].sys_id = hex_id(900);
  world.reader.rows.push_back(user(hex_id(901), "user0"));
  world.reader.rows.back().hidden = true;
  expect_unverified(compared(world), "may have this key");
}

TEST(Comparison, SaysNothingOfKeysThatMayNotBeRead) {
  SmallWorld world = healthy(2);
  world.reader.rows[0].fields["email"] = "other@x.org";
  world.reader.rows[0].unreadable = {"user_name"};
  expect_unverified(compared(world), "may not read a match field");
}

TEST(Comparison, FailsWhereNoRowShowsAnyKey) {
  SmallWorld world = healthy(3);
  for (auto& row : world.reader.rows) row.unreadable = {"user_name", "email"};
  const auto result = world.compare();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::permission);
  EXPECT_THAT(result.error().message, HasSubstr("servicenow.match"));
}

TEST(Comparison, LeavesKeysUnknownThatTheReaderMayNotQuery) {
  SmallWorld world = healthy(2);
  world.reader.rows.erase(world.reader.rows.begin());
  world.reader.before = [](const std::string& query) -> std::optional<net::HttpResponse> {
    if (query.starts_with("user_nameIN")) return Instance::refusal();
    return std::nullopt;
  };
  expect_unverified(compared(world), "may not query by it");
}

// --- listings that lie ---

TEST(Comparison, IsNotFooledByAListingThatMissesRows) {
  SmallWorld world = healthy(10);
  const auto all = world.reader.rows;
  world.reader.rows.erase(world.reader.rows.begin(), world.reader.rows.begin() + 5);
  world.after_sweep = [&](SmallWorld& w) { w.reader.rows = all; };
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, State::linked), 10U);
}

TEST(Comparison, FailsWhereAnotherInstanceAnswersTheDirectLooks) {
  SmallWorld world = healthy(10);
  world.reader.rows.erase(world.reader.rows.begin());
  Instance other;
  other.rows = {user(hex_id(5), "someone")};
  world.looks_at = &other;
  const auto result = world.compare();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::incomplete);
}

TEST(Comparison, FailsWhereTheInstanceDropsTheLookupsPredicate) {
  for (const bool returns_nothing : {false, true}) {
    SmallWorld world = healthy(10);
    world.reader.rows.erase(world.reader.rows.begin());
    world.reader.match = Instance::QueryAcl::drop;
    world.reader.invalid_query_returns_no_rows = returns_nothing;
    const auto result = world.compare();
    ASSERT_FALSE(result) << returns_nothing;
    EXPECT_EQ(result.error().error_class, ErrorClass::incomplete);
  }
}

TEST(Comparison, DoesNotBelieveAKeyQueryThatFindsNotEvenKnownKeys) {
  SmallWorld world = healthy(3);
  world.reader.rows.erase(world.reader.rows.begin());
  world.reader.before = [](const std::string& query) -> std::optional<net::HttpResponse> {
    if (!query.starts_with("user_nameIN")) return std::nullopt;
    return net::HttpResponse{
        200, {{"Content-Type", "application/json"}, {"X-Total-Count", "0"}}, R"({"result":[]})"};
  };
  expect_unverified(compared(world), "may have this key");
}

TEST(Comparison, IsUnverifiedWithoutTotals) {
  SmallWorld world = healthy(3);
  world.reader.rows.erase(world.reader.rows.begin());
  world.reader.send_total = false;
  expect_unverified(compared(world), "did not decide");
}

TEST(Comparison, SaysNothingOfIdsThatAreNotThisInstances) {
  SmallWorld world;
  for (std::size_t i = 0; i < 20; ++i) {
    world.users.push_back(link("u" + std::to_string(i), hex_id(100 + i), "user" + std::to_string(i)));
    world.reader.rows.push_back(user(hex_id(5000 + i), "somebody" + std::to_string(i)));
  }
  world.users.push_back(link("new", "", "new"));
  Comparison result = compared(world);
  expect_unverified(result, "no sys_ids of this instance", 20);
  EXPECT_EQ(count(result, Kind::not_linked), 1U);
  world.users.erase(world.users.begin());
  result = compared(world);
  EXPECT_EQ(count(result, Kind::record_missing), 19U) << "19 are too few for the rule";
}

// --- masses ---

SmallWorld clone(std::size_t users, std::size_t moved) {
  SmallWorld world = healthy(users);
  for (std::size_t i = 0; i < moved; ++i) world.reader.rows[i].sys_id = hex_id(90'000 + i);
  world.options.mass_threshold = 0.05;
  return world;
}

TEST(Comparison, CallsACloneAMassDrift) {
  SmallWorld world = clone(100, 60);
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, Kind::sys_id_changed), 60U);
  EXPECT_TRUE(result.mass_drift);
  EXPECT_FALSE(result.mass_absence);
}

TEST(Comparison, NeedsBothTheShareAndTheNumberForAMassDrift) {
  SmallWorld nine = clone(20, 9);
  EXPECT_FALSE(compared(nine).mass_drift);
  SmallWorld ten = clone(200, 10);
  EXPECT_TRUE(compared(ten).mass_drift) << "exactly 5 %";
  SmallWorld diluted = clone(201, 10);
  EXPECT_FALSE(compared(diluted).mass_drift);
}

TEST(Comparison, DoesNotCallUnlinkedOrInactiveUsersAMassDrift) {
  SmallWorld world = healthy(100);
  world.options.mass_threshold = 0.05;
  for (std::size_t i = 0; i < 40; ++i) world.users[i].external_id.clear();
  for (std::size_t i = 40; i < 80; ++i) world.reader.rows[i].fields["active"] = "false";
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, State::drifted), 80U);
  EXPECT_FALSE(result.mass_drift);
}

TEST(Comparison, WithholdsAMassOfAbsentLinksUntilASecondComparisonAgrees) {
  SmallWorld world = healthy(100);
  world.options.mass_threshold = 0.05;
  world.reader.rows.erase(world.reader.rows.begin(), world.reader.rows.begin() + 20);
  Comparison result = compared(world);
  expect_unverified(result, "waiting for a second comparison", 20);
  EXPECT_TRUE(result.mass_absence);
  EXPECT_FALSE(result.mass_drift);
  world.world.mass_absence_seen_before = result.mass_absence;
  result = compared(world);
  EXPECT_EQ(count(result, Kind::record_missing), 20U);
  EXPECT_TRUE(result.mass_drift);
  EXPECT_TRUE(result.mass_absence) << "so that a third comparison does not withhold it again";
}

TEST(Comparison, WithholdsNothingBelowTheMassMinimum) {
  SmallWorld world = healthy(20);
  world.options.mass_threshold = 0.05;
  world.reader.rows.erase(world.reader.rows.begin(), world.reader.rows.begin() + 9);
  EXPECT_EQ(count(compared(world), Kind::record_missing), 9U);
}

TEST(Comparison, ConfirmsASampleOfManyCandidates) {
  SmallWorld world = clone(800, 600);
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, Kind::sys_id_changed), 600U);
  EXPECT_LE(result.requests, 6U) << "500 of 600";
  for (const Entry& entry : result.drifted) {
    EXPECT_EQ(entry.candidate_sys_id, hex_id(90'000 + std::stoul(entry.match_key.substr(4))));
  }
}

TEST(Comparison, PublishesNoneWhereTheSampleDoesNotHold) {
  SmallWorld world = healthy(800);
  const auto all = world.reader.rows;
  world.reader.rows.erase(world.reader.rows.begin(), world.reader.rows.begin() + 600);
  world.after_sweep = [&](SmallWorld& w) { w.reader.rows = all; };
  const auto result = world.compare();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::incomplete);
}

TEST(Comparison, LooksAtEachOfManyCandidatesWhereRowsAreHidden) {
  SmallWorld world = healthy(1000);
  for (std::size_t i = 0; i < 700; ++i) {
    if (i % 100 == 0) continue;
    world.reader.rows[i].hidden = true;
  }
  for (std::size_t i = 0; i < 700; i += 100) world.reader.rows[i].sys_id = hex_id(90'000 + i);
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, Kind::sys_id_changed), 7U);
  expect_unverified(result, "hidden from the reader", 693);
}

TEST(Comparison, ClaimsNothingOfWhatItCouldNotLookAt) {
  SmallWorld world = clone(100, 60);
  world.options.confirm_sample = 10;
  world.options.confirm_all = 20;
  world.hide_from_provisioner({});
  world.provisioner.budget = 0;
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, State::drifted), 0U);
  EXPECT_EQ(count(result, State::unverified), 60U);
}

// --- bad input ---

TEST(Comparison, GivesEveryOddExternalIdAKindAndPutsNoneIntoAQuery) {
  SmallWorld world = healthy(12);
  const std::vector<std::string> odd = {
      "a^b", "a=b", "a,b",          "'", "\"", "\xC3\xBC", std::string(1000, 'x'),
      " ",   "a b", "javascript:1", "%", "\n"};
  for (std::size_t i = 0; i < odd.size(); ++i) world.users[i].external_id = odd[i];
  const Comparison result = compared(world);
  EXPECT_EQ(count(result, Kind::sys_id_changed), 12U);
  for (const auto& request : world.reader.requests) {
    for (const std::string& id : odd) {
      if (id.size() > 1 && id != "a b") {
        EXPECT_EQ(request.query.find(id), std::string::npos) << id;
      }
    }
  }
}

TEST(Comparison, LeavesKeysUnverifiedThatMayNotEnterAQueryUnlessAnEarlierPairDecides) {
  SmallWorld world = healthy(4);
  for (auto& app_user : world.users) app_user.external_id = hex_id(std::stoul(app_user.id.substr(1)) + 7000);
  world.users[0].keys = {"a^b", "user0@x.org"};
  world.users[1].keys = {"user1", "a,b"};
  world.users[2].keys = {"", ""};
  world.users[3].keys = {"javascript:gs.x()", ""};
  const Comparison result = compared(world);
  EXPECT_EQ(kind_of(result, "u1"), "sys_id_changed");
  EXPECT_EQ(count(result, State::unverified), 3U);
  for (const auto& request : world.reader.requests) {
    EXPECT_EQ(request.query.find("a^b"), std::string::npos);
    EXPECT_EQ(request.query.find("javascript"), std::string::npos);
  }
}

TEST(Comparison, FindsARowWhoseIdDiffersOnlyByCase) {
  SmallWorld world = healthy(2);
  world.users[0].external_id = "000000000000000000000000000000AB";
  world.reader.rows[0].sys_id = "000000000000000000000000000000ab";
  EXPECT_EQ(count(compared(world), State::linked), 2U);
}

TEST(Comparison, RefusesListingsThatDoNotFit) {
  LinkListing links(1);
  RowListing rows(2);
  SmallWorld world;
  tests::Connection connection(world.reader);
  servicenow::TableRowLookup lookup(connection.client);
  EXPECT_FALSE(compare(links, rows, world.world, {}, lookup, world.provisioner, world.memory, {}));
}

TEST(Comparison, PassesTheReadersFailureOn) {
  SmallWorld world = healthy(3);
  world.reader.rows.erase(world.reader.rows.begin());
  world.after_sweep = [](SmallWorld& w) {
    w.reader.before = [](const std::string&) {
      return std::optional(net::HttpResponse{503, {{"Content-Type", "application/json"}}, "{}"});
    };
  };
  const auto result = world.compare();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error_class, ErrorClass::http_5xx);
}

TEST(Comparison, OfNobodyIsEmpty) {
  SmallWorld world;
  const Comparison result = compared(world);
  EXPECT_EQ(result.states, (std::array<std::uint64_t, 4>{}));
}

TEST(Comparison, AUserWhoseTaskHasJustSucceededIsNotDriftedYet) {
  SmallWorld world;
  world.users = {link("00u1", hex_id(1), "ann"), link("00u2", hex_id(2), "bob")};
  world.reader.rows = {user(hex_id(7), "ann"), user(hex_id(8), "bob")};
  world.world.recent_users = {"00u2"};
  const auto comparison = world.compare();
  ASSERT_TRUE(comparison);
  EXPECT_EQ(kind_of(*comparison, "00u1"), "sys_id_changed");
  EXPECT_EQ(kind_of(*comparison, "00u2"), "");
  EXPECT_EQ(count(*comparison, State::unverified), 1U);
  EXPECT_EQ(comparison->unverified.begin()->first, "changed within the grace");
}

}  // namespace
}  // namespace exporter::drift
