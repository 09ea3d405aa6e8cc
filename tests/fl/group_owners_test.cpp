#include "fl/group_owners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "fl/owner_count.h"
#include "fl/secure/fixed_point.h"
#include "tests/fl/modality_sites.h"
#include "tests/support/refusal.h"

// Groups of parameters that not every site owns: averaged over their owners only, and not at all where these are too few.
namespace consilium::fl {
namespace {

using test::ModalitySites;
using test::moved;
using test::stems_and_trunk;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const std::vector<float>& values(const ModelState& model, const std::string& name) { return find_tensor(model, name)->values; }

struct PlainTerm {
  static constexpr bool kInFloat = false;  // is the mean written down before it is added?
  double operator()(float value, std::int64_t cases) const { return static_cast<double>(cases) * static_cast<double>(value); }
};

/// As it is masked: multiples of 2^-24, so that sums are exact whatever their order.
struct MaskedTerm {
  static constexpr bool kInFloat = true;
  FixedPoint code = fixed_point_of(SecureAggregationSettings{});
  double operator()(float value, std::int64_t cases) const { return code.decode(static_cast<std::uint64_t>(code.encode(static_cast<double>(value))) * static_cast<std::uint64_t>(cases)); }
};

/// After one round every tensor is bit for bit the base plus the mean over its owners; `closed`: tensors that stay as they are.
template <typename Term>
void expect_round(const ModalitySites& sites, const ModelState& before, const ModelState& after, std::int64_t round, const std::vector<std::string>& closed, Term term) {
  for (const NamedTensor& tensor : before.tensors) {
    const bool is_closed = std::find(closed.begin(), closed.end(), tensor.name) != closed.end();
    std::vector<double> steps = sites.owners_mean(tensor, round, term);
    if (Term::kInFloat)
      for (double& step : steps) step = static_cast<float>(step);
    const std::vector<float> expected = is_closed ? tensor.values : moved(tensor.values, steps);
    EXPECT_EQ(values(after, tensor.name), expected) << tensor.name << " in round " << round;
  }
}

TEST(ModalityGroups, ASiteThatLacksAModalityChangesNoParameterOfItsStemBitForBit) {
  ModalitySites sites;
  const TemporaryFolder folder;
  const ModelState after = sites.run(sites.settings(1), folder.path()).state.global;
  expect_round(sites, stems_and_trunk(), after, 0, {}, PlainTerm{});
}

TEST(ModalityGroups, ASiteThatLacksAModalityChangesNoParameterOfItsStemUnderSecureAggregationEither) {
  ModalitySites sites;
  FederationSettings settings = sites.settings(1);
  settings.protection.secure_aggregation.emplace();
  const TemporaryFolder folder;
  expect_round(sites, stems_and_trunk(), sites.run(settings, folder.path()).state.global, 0, {}, MaskedTerm{});
}

TEST(ModalityGroups, AStemThatNobodyOwnsStaysAsItIsBitForBit) {
  for (const bool hidden : {false, true}) {
    ModalitySites sites;
    sites.trainers[3] = {"zug", {{"trunk", 7}, {"stem.ct", 2}, {"anchors.lesion", 7}}};  // the only PET scanner is gone
    FederationSettings settings = sites.settings(2);
    if (hidden) settings.protection.secure_aggregation.emplace();
    for (const AggregationRule rule : {AggregationRule::kFedAvg, AggregationRule::kFedAdam, AggregationRule::kFedAvgM}) {
      settings.aggregation.rule = rule;
      const TemporaryFolder folder;
      const ModelState after = sites.run(settings, folder.path()).state.global;
      EXPECT_EQ(values(after, "pet.weight"), values(stems_and_trunk(), "pet.weight"));
      EXPECT_NE(values(after, "mr.weight"), values(stems_and_trunk(), "mr.weight"));
    }
  }
}

TEST(GroupOwners, InAPlainFederationAGroupOfTooFewOwnersIsNotAveraged) {
  for (const bool obeys : {true, false}) {
    ModalitySites sites;
    for (auto& trainer : sites.trainers) trainer.obeys = obeys;
    FederationSettings settings = sites.settings(1);
    settings.protection.groups = GroupOwners{.least_owners = 3};
    const TemporaryFolder folder;
    const FinishedRun run = sites.run(settings, folder.path());
    expect_round(sites, stems_and_trunk(), run.state.global, 0, {"mr.weight", "pet.weight"}, PlainTerm{});
    EXPECT_THAT(run.state.reports[0].sums, ElementsAre(Pair("owners.anchors.lesion", 4), Pair("owners.stem.ct", 3), Pair("owners.stem.mr", 2), Pair("owners.stem.pet", 1)));
  }
}

TEST(GroupOwners, ThePlanSaysHowManyOwnersWereCountedAndWhatFollows) {
  ModalitySites sites;
  FederationSettings settings = sites.settings(2);
  settings.protection.groups = GroupOwners{.least_owners = 2};
  const TemporaryFolder folder;
  const FinishedRun run = sites.run(settings, folder.path());
  const auto& plans = sites.trainers[0].plans;
  ASSERT_EQ(plans.size(), 2U);
  EXPECT_EQ(plans[0].protection.groups->sites, 4);
  EXPECT_TRUE(plans[0].protection.groups->owners.empty());
  const GroupOwners& told = *plans[1].protection.groups;
  EXPECT_THAT(told.owners, ElementsAre(Pair("anchors.lesion", 4), Pair("stem.ct", 3), Pair("stem.mr", 2), Pair("stem.pet", 1)));
  EXPECT_EQ(use_of(told, "stem.mr", true), GroupUse::kShared);
  EXPECT_EQ(use_of(told, "stem.pet", true), GroupUse::kPersonal);
  EXPECT_EQ(use_of(told, "trunk", true), GroupUse::kShared);
  GroupOwners freezing = told;
  freezing.below = TooFewOwners::kFreeze;
  EXPECT_EQ(use_of(freezing, "stem.pet", true), GroupUse::kFrozen);
  EXPECT_EQ(values(run.state.global, "pet.weight"), values(stems_and_trunk(), "pet.weight"));
}

/// The first sum counts, and what was counted decides what the second one holds: a sum over one PET scanner is never made.
TEST(GroupOwners, UnderSecureAggregationTheFirstSumCountsAndTheNextHoldsWhatHasEnoughOwners) {
  for (const bool obeys : {true, false}) {
    ModalitySites sites;
    for (auto& trainer : sites.trainers) trainer.obeys = obeys;
    FederationSettings settings = sites.settings(1);
    settings.protection.secure_aggregation.emplace();
    settings.protection.groups = GroupOwners{.least_owners = 3};
    const TemporaryFolder one, two;
    const FinishedRun first = sites.run(settings, one.path());
    expect_round(sites, stems_and_trunk(), first.state.global, 0, {"anchors.lesion", "ct.weight", "mr.weight", "pet.weight"}, MaskedTerm{});
    settings.rounds = 2;
    const FinishedRun second = sites.run(settings, two.path());
    expect_round(sites, first.state.global, second.state.global, 1, {"mr.weight", "pet.weight"}, MaskedTerm{});
    const auto& sums = second.state.reports[1].sums;
    EXPECT_EQ(sums.at("owners.stem.mr"), 2);
    EXPECT_EQ(sums.at("cases.stem.ct"), 11);
    EXPECT_FALSE(sums.contains("cases.stem.mr")) << "nor does the sum tell the cases of a group of too few owners";
  }
}

TEST(GroupOwners, UnderEncryptionToo) {
  ModalitySites sites;
  FederationSettings settings = sites.settings(2);
  settings.protection.encryption.emplace();
  settings.protection.groups = GroupOwners{.least_owners = 3};
  const TemporaryFolder folder;
  const FinishedRun run = sites.run(settings, folder.path());
  for (const char* name : {"mr.weight", "pet.weight"}) EXPECT_EQ(values(run.state.global, name), values(stems_and_trunk(), name)) << name;
  EXPECT_NE(values(run.state.global, "ct.weight"), values(stems_and_trunk(), "ct.weight"));
  EXPECT_EQ(run.state.reports[0].sums.at("owners.stem.pet"), 1);
  EXPECT_EQ(run.state.reports[0].sums.at("cases.stem.ct"), 0);
  EXPECT_EQ(run.state.reports[1].sums.at("cases.stem.ct"), 11);
  EXPECT_EQ(run.state.reports[1].sums.at("cases.stem.mr"), 0);
}

TEST(GroupOwners, WhoIsMissingMayHaveBeenAnOwner) {
  const GroupOwners groups{.least_owners = 3, .sites = 6, .owners = {{"stem.ct", 5}, {"stem.mr", 3}}};
  EXPECT_TRUE(may_be_summed(groups, "stem.ct", 6));
  EXPECT_TRUE(may_be_summed(groups, "stem.ct", 4));
  EXPECT_FALSE(may_be_summed(groups, "stem.ct", 3));
  EXPECT_TRUE(may_be_summed(groups, "stem.mr", 6));
  EXPECT_FALSE(may_be_summed(groups, "stem.mr", 5));
  EXPECT_FALSE(may_be_summed(groups, "stem.pet", 6)) << "nobody has counted it";
  EXPECT_TRUE(may_be_summed(groups, "trunk", 3)) << "everybody's";
}

TEST(GroupOwners, ASiteThatWasLateInOneRoundStaysAnOwner) {
  const GroupOwners groups{};
  std::vector<RoundReport> reports(3);
  reports[0].sums = {{"owners.stem.ct", 3}, {"loss", 1}};
  reports[1].sums = {{"owners.stem.ct", 2}, {"owners.stem.mr", 1}};
  EXPECT_THAT(counted_owners(groups, stems_and_trunk(), reports), ElementsAre(Pair("stem.ct", 3), Pair("stem.mr", 1)));
}

TEST(GroupOwners, SettingsAreReadAndWrittenAndRefusedByTheirKey) {
  const auto read = [](const char* text) {
    ProtectionSettings settings;
    const Json json = parse_json(text, "protection");
    SettingsReader reader(json, "protection");
    read_protection_settings(reader, settings);
    reader.finish();
    return settings;
  };
  const ProtectionSettings settings = read(R"({"groups": {"least_owners": 4, "below": "freeze", "conditional": ["stem.*"]}})");
  EXPECT_EQ(settings.groups->below, TooFewOwners::kFreeze);
  EXPECT_EQ(read(to_json(settings).dump().c_str()), settings);
  ProtectionSettings plan = settings;
  plan.groups->sites = 5;
  plan.groups->owners = {{"stem.ct", 5}};
  EXPECT_EQ(read(to_json(plan).dump().c_str()), plan) << "as it travels in a plan";
  EXPECT_THAT(protections_of(settings), ElementsAre("groups"));
  const auto refused = [&](const char* text) { return consilium::test::refusal(ErrorCode::kUsage, [&] { read(text); }); };
  EXPECT_THAT(refused(R"({"groups": {"least_owners": 1}})"), HasSubstr("protection.groups.least_owners: expected 2 or more"));
  EXPECT_THAT(refused(R"({"groups": {"below": "guess"}})"), HasSubstr("below"));
  EXPECT_THAT(refused(R"({"groups": {"conditional": []}})"), HasSubstr("conditional"));
  EXPECT_THAT(refused(R"({"groups": {"sites": 3, "owners": {"stem.ct": 4}}})"), HasSubstr("owners.stem.ct: expected 0 to the number of sites"));
}

TEST(GroupOwners, WhatCannotBeHadIsRefusedWithTheReason) {
  const auto words = [](const std::function<void(FederationSettings&)>& change) {
    FederationSettings settings = ModalitySites().settings();
    settings.protection.groups.emplace();
    change(settings);
    return consilium::test::refusal(ErrorCode::kUsage, [&] { validate(settings); });
  };
  EXPECT_THAT(words([](auto& s) { s.protection.groups->least_owners = 5; }), HasSubstr("more than the 4 sites that there are"));
  EXPECT_THAT(words([](auto& s) { s.protection.groups->sites = 4; }), HasSubstr("counted, not set"));
  EXPECT_THAT(words([](auto& s) { s.aggregation.rule = AggregationRule::kScaffold; }), HasSubstr("scaffold does not go with a least number of owners"));
  EXPECT_THAT(words([](auto& s) { s.protection.privacy = ClientPrivacy{.noise_multiplier = 1}; }), HasSubstr("numbers of owners are told as they are"));
  const auto some_sites = [](FederationSettings& s) {
    s.protection.secure_aggregation.emplace();
    s.policy.selection.rule = SelectionRule::kRandom;
    s.policy.selection.sites = s.quorum = 3;
  };
  EXPECT_THAT(words(some_sites), HasSubstr("every round has to ask all of them"));
  const auto in_groups = [](FederationSettings& s) {
    s.sites = std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    s.quorum = 9;
    s.aggregation.rule = AggregationRule::kMedian;
    s.protection.secure_aggregation.emplace().group_size = 3;
  };
  EXPECT_THAT(words(in_groups), HasSubstr("in one of several sums"));
}

}  // namespace
}  // namespace consilium::fl
