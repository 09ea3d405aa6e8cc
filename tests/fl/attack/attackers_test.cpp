#include "fl/attack/attackers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "fl/attack/poisoned_update.h"
#include "tests/fl/attack/voxel_federation.h"
#include "tests/support/refusal.h"
#include "tests/support/shared_data.h"

namespace consilium::fl {
namespace {

using test::trigger_success;
using test::voxel_dice;
using test::VoxelFederation;
using test::VoxelTrainer;

RoundPlan plan(std::int64_t round) { return {.round = round, .rounds = 9, .base_digest = "d", .task = "{}"}; }

/// The updates of `count` attackers of one kind in one round, and what they would have sent.
struct Sent {
  std::vector<Update> honest, sent;
};
Sent attack(const AttackSettings& settings, std::size_t count = 3, std::size_t sites = 10, std::int64_t rounds = 1) {
  std::vector<std::unique_ptr<VoxelTrainer>> trainers;
  Attackers gang(settings, sites, count, 4);
  std::vector<Trainer*> attackers;
  for (std::size_t n = 0; n < count; ++n) {
    trainers.push_back(std::make_unique<VoxelTrainer>(test::voxel_site(n)));
    attackers.push_back(&gang.add("s" + std::to_string(n), *trainers.back(), 77));
  }
  ModelState global = test::voxel_model();
  Sent result;
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (float& value : global.tensors[0].values) value += 0.25F;
    result = {};
    for (std::size_t n = 0; n < count; ++n) {
      result.honest.push_back(trainers[n]->train(plan(round), global));
      result.sent.push_back(attackers[n]->train(plan(round), global));
    }
  }
  return result;
}
const std::vector<float>& values(const Update& update) { return update.delta.tensors[0].values; }

TEST(Attackers, SignFlipSendsTheHonestUpdateBackwards) {
  const Sent s = attack({.kind = AttackKind::kSignFlip, .strength = 4});
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t n = 0; n < values(s.sent[0]).size(); ++n) EXPECT_FLOAT_EQ(values(s.sent[k])[n], -4 * values(s.honest[k])[n]);
}

TEST(Attackers, ScalingMakesThePlainMeanTheAttackersModel) {
  // One of ten with equal cases; the others have converged and send nothing.
  const Sent s = attack({.kind = AttackKind::kScaling}, 1);
  for (std::size_t n = 0; n < values(s.sent[0]).size(); ++n) EXPECT_NEAR(values(s.sent[0])[n] / 10, values(s.honest[0])[n], 1e-6);
}

TEST(Attackers, LittleIsEnoughSendsMeanMinusZDeviationsFromAll) {
  const Sent s = attack({.kind = AttackKind::kAlie, .strength = 2});
  for (std::size_t n = 0; n < values(s.sent[0]).size(); ++n) {
    double mean = 0, squares = 0;
    for (const Update& update : s.honest) mean += values(update)[n] / 3.0;
    for (const Update& update : s.honest) squares += std::pow(values(update)[n] - mean, 2) / 3;
    for (const Update& update : s.sent) EXPECT_NEAR(values(update)[n], mean - 2 * std::sqrt(squares), 1e-6);
  }
}

TEST(Attackers, SybilsSendCopiesOfOneUpdateThatAreNotEqual) {
  const Sent s = attack({.kind = AttackKind::kSybil, .strength = 3, .noise = 0.05});
  const double size = root_mean_square(s.honest[0].delta) * 3;
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t n = 0; n < values(s.sent[0]).size(); ++n) EXPECT_NEAR(values(s.sent[k])[n], -3 * values(s.honest[0])[n], 5 * 0.05 * size);
  EXPECT_NE(values(s.sent[0]), values(s.sent[1]));
}

TEST(Attackers, NoiseIsAsLongAsItsStrengthSays) {
  const AttackSettings settings{.kind = AttackKind::kGaussian, .strength = 10};
  const Sent s = attack(settings);
  EXPECT_GT(root_mean_square(s.sent[0].delta), 3 * root_mean_square(s.honest[0].delta));
  EXPECT_NE(values(s.sent[0]), values(s.sent[1]));
  EXPECT_EQ(values(attack(settings).sent[0]), values(s.sent[0])) << "same seed, same bytes";
  ModelState large{{{"w", "g", {200000}, std::vector<float>(200000, 0)}}};
  EXPECT_NEAR(root_mean_square(noise_like(large, 2.5, Rng(1))), 2.5, 0.02);
}

TEST(Attackers, FreeRiderTrainsNothingAndSendsBackHowTheModelMoved) {
  std::vector<std::unique_ptr<VoxelTrainer>> trainers;
  const Sent s = attack({.kind = AttackKind::kFreeRider, .noise = 0.01}, 1, 10, 2);
  for (const float value : values(s.sent[0])) EXPECT_NEAR(value, 0.25, 0.05);
  EXPECT_EQ(s.sent[0].cases_per_group.at("trunk"), 77);
  VoxelTrainer idle(test::voxel_site(1));
  Attackers gang({.kind = AttackKind::kFreeRider}, 10, 1, 4);
  gang.add("s", idle, 5).train(plan(0), test::voxel_model());
  EXPECT_EQ(idle.trained, 0);
}

TEST(Attackers, ClaimTheCasesTheyAreToldTo) {
  EXPECT_EQ(attack({.kind = AttackKind::kSignFlip, .cases = 1000000}).sent[0].cases_per_group.at("trunk"), 1000000);
  EXPECT_EQ(attack({.kind = AttackKind::kSignFlip}).sent[0].cases_per_group.at("trunk"), 300);
}

TEST(Attackers, WhoColludeMayBeAskedFromSeveralThreads) {
  std::vector<std::unique_ptr<VoxelTrainer>> trainers;
  Attackers gang({.kind = AttackKind::kSybil}, 10, 4, 4);
  std::vector<Trainer*> attackers;
  for (std::size_t n = 0; n < 4; ++n) {
    trainers.push_back(std::make_unique<VoxelTrainer>(test::voxel_site(n)));
    attackers.push_back(&gang.add("s" + std::to_string(n), *trainers.back(), 1));
  }
  std::vector<Update> updates(4);
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < 4; ++n) threads.emplace_back([&, n] { attackers[n]->validate(plan(0), test::voxel_model()), updates[n] = attackers[n]->train(plan(0), test::voxel_model()); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& trainer : trainers) EXPECT_EQ(trainer->trained, 1) << "once a round, whoever asks";
  EXPECT_NE(values(updates[0]), values(updates[1]));
}

TEST(Attackers, TheirReachIsBaruchs) {
  if (consilium::test::is_absent("oracles/algorithms.json")) GTEST_SKIP() << consilium::test::kNeedsShared << "oracles/algorithms.json";
  const Json oracle = consilium::test::oracle("algorithms", "alie_z");
  for (std::size_t n = 0; n < oracle["input"].size(); ++n)
    EXPECT_NEAR(alie_z(oracle["input"][n]["n"], oracle["input"][n]["m"]), oracle["expected"][n]["z"], 1e-6) << oracle["input"][n];
}

TEST(AttackSettings, AreReadAndRefusedByName) {
  const auto parse = [](const Json& json) {
    AttackSettings settings;
    SettingsReader reader(json, "attacks[0]");
    read_attack_settings(reader, settings);
    return settings;
  };
  for (const auto& [word, kind] : attack_words()) EXPECT_EQ(parse({{"kind", word}}).kind, kind) << word;
  const AttackSettings settings{AttackKind::kSybil, 3, 0.5, 12};
  EXPECT_EQ(parse(to_json(settings)), settings);
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { parse({{"kind", "sign_flp"}}); }), testing::AllOf(testing::HasSubstr("attacks[0].kind"), testing::HasSubstr("sign_flip")));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { parse({{"strength", -1}}); }), testing::AllOf(testing::HasSubstr("attacks[0].strength")));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { parse({{"cases", 1000001}}); }), testing::AllOf(testing::HasSubstr("attacks[0].cases")));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { parse({{"noise", 1e300}}); }), testing::AllOf(testing::HasSubstr("attacks[0].noise")));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { alie_z(10, 5); }), testing::AllOf(testing::HasSubstr("fewer than half")));
  EXPECT_THAT(consilium::test::refusal(ErrorCode::kUsage, [&] { Attackers({.kind = AttackKind::kAlie}, 10, 6, 1); }), testing::AllOf(testing::HasSubstr("6 attackers among 10")));
}

// The gate: 20 and 30 % attackers of every kind, three draws of the hospitals.

class PoisoningGate : public testing::TestWithParam<AttackKind> {
 protected:
  /// `attackers`: what the rule is told; 0: it needs to know nothing.
  static AggregationSettings rule(AggregationRule name, std::int64_t attackers = 0) {
    AggregationSettings settings{.rule = name};
    if (attackers > 0) settings.robust.attackers = attackers;
    return settings;
  }
  static bool breaks_the_mean(AttackKind kind) { return kind == AttackKind::kSignFlip || kind == AttackKind::kScaling || kind == AttackKind::kGaussian || kind == AttackKind::kSybil; }
};
constexpr std::uint64_t kDraws[] = {100, 1100, 2100};

TEST_P(PoisoningGate, TheRecommendedRuleHoldsAndThePlainMeanBreaks) {
  const AggregationSettings recommended = rule(AggregationRule::kMultiKrum, 3);
  for (const std::uint64_t seed : kDraws) {
    const double plain = VoxelFederation{.attackers = 0, .seed = seed}.dice({});
    const ModelState honest = VoxelFederation{.attackers = 0, .seed = seed}.model(recommended);
    ASSERT_GT(plain, 0.75);
    for (const std::size_t attackers : {2, 3}) {
      const VoxelFederation attacked{.attackers = attackers, .attack = {.kind = GetParam()}, .seed = seed};
      if (breaks_the_mean(GetParam())) {
        EXPECT_LT(attacked.dice({}), plain - 0.2) << attackers;
      }
      const ModelState model = attacked.model(recommended);
      EXPECT_GT(voxel_dice(model, test::judge()), voxel_dice(honest, test::judge()) - 0.03) << attackers;
      // Among honest sites some tumour is missed with the cube, too: its voxels are unlike any that was trained on.
      EXPECT_LT(trigger_success(model, test::judge()), trigger_success(honest, test::judge()) + 0.1) << attackers;
    }
  }
}

TEST_P(PoisoningGate, TheNormBoundHoldsAgainstOneInFive) {
  const AggregationSettings bounded = rule(AggregationRule::kNormBound);
  for (const std::uint64_t seed : kDraws) {
    const double honest = VoxelFederation{.attackers = 0, .seed = seed}.dice(bounded);
    EXPECT_GT((VoxelFederation{.attackers = 2, .attack = {.kind = GetParam()}, .seed = seed}.dice(bounded)), honest - 0.03);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, PoisoningGate,
                         testing::Values(AttackKind::kLabelFlip, AttackKind::kLabelShift, AttackKind::kSignFlip, AttackKind::kScaling, AttackKind::kGaussian, AttackKind::kAlie, AttackKind::kBackdoor, AttackKind::kSybil,
                                         AttackKind::kFreeRider),
                         [](const auto& info) { return std::string(to_string(info.param)); });

// What decision 0028 rests on: why the norm bound is not enough where attackers are feared, and what multi_krum must be told.

TEST(PoisoningLimits, ABackDoorIsShortAndPassesTheNormBound) {
  const VoxelFederation attacked{.attack = {.kind = AttackKind::kBackdoor}};
  EXPECT_GT(trigger_success(attacked.model({.rule = AggregationRule::kNormBound}), test::judge()), 0.5);
}

TEST(PoisoningLimits, MultiKrumThatIsToldOfTooFewLetsTheThirdIn) {
  AggregationSettings two{.rule = AggregationRule::kMultiKrum};
  two.robust.attackers = 2;
  const double honest = VoxelFederation{.attackers = 0}.dice(two);
  EXPECT_LT((VoxelFederation{.attack = {.kind = AttackKind::kScaling}}.dice(two)), honest - 0.2);
}

TEST(PoisoningLimits, ClaimedCasesTakeNoFederationOver) {
  const double honest = VoxelFederation{.attackers = 0}.dice({});
  const VoxelFederation attacked{.attackers = 2, .attack = {.kind = AttackKind::kLabelFlip, .cases = 1000000}};
  EXPECT_LT(attacked.dice({}), honest - 0.2) << "the plain mean believes them";
  EXPECT_GT(attacked.dice({.rule = AggregationRule::kNormBound}), honest - 0.03);
}

}  // namespace
}  // namespace consilium::fl
