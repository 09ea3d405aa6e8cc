#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"
#include "models/attack/adversarial.h"
#include "models/features.h"
#include "models/multimodal_loss_module.h"
#include "models/predict.h"
#include "models/segmenter_net.h"
#include "models/teaching.h"
#include "tests/models/multimodal_case.h"

namespace consilium::models {
namespace {

using test::ball;
using test::channels;
using test::small_network;
using test::started;
using testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
const FitOptions kShort{.patch = {8, 8, 8}, .batch = 3};

/// Of every kind: all three, one missing, one alone.
std::vector<TrainingCase> mixed(float absent = 0) {
  return {ball(1), ball(2, channels(true, true, false), absent), ball(3, channels(false, false, true), absent), ball(4, channels(true, false, true), absent)};
}

UNetOptions full_network() {
  UNetOptions options = small_network();
  options.multimodal.attention = true;
  return options;
}

std::map<std::string, std::string> digests_by_group(const Segmenter& segmenter) {
  std::map<std::string, ModelState> groups;
  for (const NamedTensor& tensor : segmenter.state().tensors) groups[tensor.group].tensors.push_back(tensor);
  std::map<std::string, std::string> digests;
  for (const auto& [group, state] : groups) digests[group] = digest(state);
  return digests;
}

TEST(MultimodalFit, OneSeedGivesTheSameBytes) {
  at::set_num_threads(1);
  const auto run = [](std::uint64_t seed) {
    Segmenter segmenter = started(full_network());
    fit(segmenter, mixed(), {0, 4, 4}, kShort, Rng(seed));
    return digest(segmenter.state());
  };
  const std::string first = run(5);
  EXPECT_EQ(run(5), first);
  EXPECT_NE(run(6), first);
}

TEST(MultimodalFit, TwoRangesAreOne) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases = mixed();
  const auto run = [&](const std::vector<StepRange>& ranges, OptimiserKind kind) {
    FitOptions options = kShort;
    options.optimiser.kind = kind;
    Segmenter segmenter = started(full_network());
    OptimiserState state;
    for (const StepRange& range : ranges) {
      fit(segmenter, cases, range, options, Rng(5), &state);
      state = parse_optimiser_state(encode(state), "memory");
    }
    return digest(segmenter.state());
  };
  for (const OptimiserKind kind : {OptimiserKind::kAdamW, OptimiserKind::kSgd}) EXPECT_EQ(run({{0, 3, 7}, {3, 4, 7}}, kind), run({{0, 7, 7}}, kind));
}

/// Of one sample a step: most steps reach some encoder not at all, the first ones before it has any memory.
TEST(MultimodalFit, RangesAreOneWhereStepsReachOnlySomeEncoders) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1, channels(true, false, false)), ball(2, channels(false, true, false)), ball(3, channels(false, false, true)), ball(4)};
  const auto run = [&](const std::vector<StepRange>& ranges) {
    FitOptions options = kShort;
    options.batch = 1;
    Segmenter segmenter = started(small_network());
    OptimiserState state;
    for (const StepRange& range : ranges) fit(segmenter, cases, range, options, Rng(5), &state);
    return digest(segmenter.state());
  };
  EXPECT_EQ(run({{0, 1, 6}, {1, 1, 6}, {2, 1, 6}, {3, 3, 6}}), run({{0, 6, 6}}));
}

TEST(MultimodalFit, WhatAbsentChannelsHoldChangesNothing) {
  at::set_num_threads(1);
  const auto run = [](float absent, double eps) {
    FitOptions options = kShort;
    options.adversarial.eps = eps;
    Segmenter segmenter = started(full_network());
    const std::vector<TrainingCase> cases = mixed(absent);
    fit(segmenter, cases, {0, 4, 4}, options, Rng(5));
    return digest(segmenter.state());
  };
  EXPECT_EQ(run(kNan, 0), run(0, 0));
  EXPECT_EQ(run(kNan, 0.1), run(0, 0.1)) << "adversarial training";
}

/// The optimiser's memory and its weight decay would move what is not trained.
TEST(MultimodalFit, AModalityThatNoCaseHasStaysBitForBit) {
  at::set_num_threads(1);
  for (const OptimiserKind kind : {OptimiserKind::kAdamW, OptimiserKind::kSgd}) {
    FitOptions options = kShort;
    options.optimiser = {.kind = kind, .learning_rate = 1e-2, .weight_decay = 0.1, .momentum = 0.9};
    Segmenter segmenter = started(small_network());
    OptimiserState memory;
    const std::vector<TrainingCase> all = mixed();
    fit(segmenter, all, {0, 3, 9}, options, Rng(5), &memory);  // moments of every stem
    const auto before = digests_by_group(segmenter);
    const std::vector<TrainingCase> without_pet{ball(3, channels(false, false, true), kNan), ball(4, channels(true, false, true), kNan)};
    const FitReport report = fit(segmenter, without_pet, {3, 6, 9}, options, Rng(5), &memory);
    const auto after = digests_by_group(segmenter);
    for (const char* group : {"stem.PET", "projector.PET", "anchors.0", "anchors.1"}) EXPECT_EQ(after.at(group), before.at(group)) << group;
    for (const char* group : {"stem.CT", "stem.MR", "projector.CT", "projector.MR", "fusion", "trunk", "head", "head.single"}) EXPECT_NE(after.at(group), before.at(group)) << group;
    EXPECT_EQ(report.cases_per_group.at("stem.PET"), 0);
    EXPECT_EQ(report.cases_per_group.at("projector.CT"), 1);
    EXPECT_EQ(report.cases_per_group.at("stem.MR"), 2);
    EXPECT_EQ(report.cases_per_group.at("trunk"), 2);
    EXPECT_EQ(report.cases_per_group.at("anchors.1"), 2);
    for (const auto& entry : segmenter.net().module->named_parameters()) {
      if (entry.key().starts_with("stems.PET.")) {
        EXPECT_FALSE(entry.value().grad().defined()) << entry.key();
      }
      EXPECT_EQ(entry.value().requires_grad(), !entry.key().starts_with("anchors.")) << entry.key();
    }
  }
}

TEST(MultimodalFit, ASiteOfOneModalityTeachesNeitherGatesNorProjectors) {
  at::set_num_threads(1);
  UNetOptions options = small_network();
  options.multimodal.auxiliary_weight = 0;
  Segmenter segmenter(options, Rng(3));
  const ModelState before = segmenter.state();
  const std::vector<TrainingCase> cases{ball(1, channels(true, false, false)), ball(2, channels(true, false, false))};
  const FitReport report = fit(segmenter, cases, {0, 2, 2}, kShort, Rng(5));
  const ModelState after = segmenter.state();
  for (std::size_t n = 0; n < before.tensors.size(); ++n) {
    const std::string& name = before.tensors[n].name;
    const bool stays = name.find(".gate.") != std::string::npos || name.find(".spread.") != std::string::npos || name.starts_with("projectors.") || name.starts_with("single_head.") || name.starts_with("anchors.") ||
                       name.starts_with("stems.PET") || name.starts_with("stems.MR");
    EXPECT_EQ(before.tensors[n] == after.tensors[n], stays) << name;
  }
  for (const char* group : {"projector.CT", "head.single", "stem.MR", "fusion.several"}) EXPECT_EQ(report.cases_per_group.at(group), 0) << group;
  EXPECT_EQ(report.cases_per_group.at("fusion"), 2);
  EXPECT_EQ(report.cases_per_group.at("stem.CT"), 2);
}

TEST(MultimodalFit, EachGroupCountsTheCasesThatTrainIt) {
  const std::vector<TrainingCase> cases = mixed();
  for (const Fusion fusion : {Fusion::kGated, Fusion::kHemis, Fusion::kRegion, Fusion::kExperts}) {
    UNetOptions options = full_network();
    options.multimodal.fusion = fusion;
    const auto counts = cases_per_group(cases, options, OutputKind::kClasses);
    std::set<std::string> groups;
    for (const NamedTensor& tensor : Segmenter(options, Rng(1)).state().tensors) groups.insert(tensor.group);
    for (const std::string& group : groups) EXPECT_TRUE(counts.contains(group)) << group;
    EXPECT_EQ(counts.size(), groups.size());
    EXPECT_EQ(counts.at("fusion"), 4);
    EXPECT_EQ(counts.contains("fusion.several") ? counts.at("fusion.several") : 3, 3) << "the case that has MR alone chooses nothing";
    EXPECT_EQ(counts.contains("fusion.regions"), fusion == Fusion::kRegion);
  }
}

/// Anchors are means of fused features, which look at anchors: round by round what goes in comes out again.
TEST(MultimodalFit, AnchorsThatAreLookedAtDoNotGrowFromRoundToRound) {
  UNetOptions options = full_network();
  options.multimodal.shared_share = 1;
  FitOptions fast = kShort;
  fast.optimiser.learning_rate = 0.02;
  Segmenter segmenter(options, Rng(3));
  const std::vector<TrainingCase> cases = mixed();
  double longest = 0;
  for (std::int64_t round = 0; round < 12; ++round) {
    const FitReport report = fit(segmenter, cases, {round * 5, 5, 60}, fast, Rng(5));
    ModelState state = segmenter.state();
    for (NamedTensor& tensor : state.tensors) {
      if (!tensor.name.starts_with("anchors.") || !report.class_means.contains(tensor.name.substr(8))) continue;
      tensor.values = report.class_means.at(tensor.name.substr(8)).values;
      for (const float value : tensor.values) longest = std::max(longest, static_cast<double>(std::abs(value)));
    }
    segmenter.load(state);
  }
  EXPECT_LT(longest, 100);
}

TEST(MultimodalFit, ReportsTheMeansOfTheClassesThatThereAre) {
  at::set_num_threads(1);
  TrainingCase empty = ball(2, channels(true, true, false));
  std::fill(empty.labels.begin(), empty.labels.end(), 0);
  const std::vector<TrainingCase> cases{ball(1), empty};
  Segmenter segmenter(small_network(), Rng(3));
  const FitReport report = fit(segmenter, cases, {0, 3, 3}, kShort, Rng(5));
  ASSERT_THAT(report.class_means, testing::ElementsAre(testing::Key("0"), testing::Key("1")));
  EXPECT_EQ(report.class_means.at("0").count, 2);
  EXPECT_EQ(report.class_means.at("1").count, 1);
  EXPECT_EQ(report.class_means.at("1").values.size(), 16U);
  EXPECT_NE(report.class_means.at("0").values, report.class_means.at("1").values);
  UNetOptions plain = small_network();
  plain.multimodal.anchor_weight = 0;
  Segmenter without(plain, Rng(3));
  EXPECT_TRUE(fit(without, cases, {0, 1, 1}, kShort, Rng(5)).class_means.empty());
}

/// A batch of every kind of sample, at 8^3.
TrainingBatch batch() {
  const std::vector<TrainingCase> cases = mixed();
  FitOptions options = kShort;
  Rng rng(1);
  return draw_batch(cases, options, 6, small_network(), rng);
}

double loss_of(const UNetOptions& options, const TrainingBatch& batch) {
  Segmenter segmenter = started(options);
  auto& net = dynamic_cast<MultimodalNetImpl&>(*segmenter.net().module);
  MultimodalLoss loss(net, {.contrasts = options.multimodal.contrastive_weight > 0});
  Rng rng(4);
  return loss.of(batch, {}, rng).item<double>();
}

TEST(MultimodalLoss, OrderOfSamplesDoesNotMatter) {
  UNetOptions options = full_network();
  options.multimodal.modality_dropout = 0;
  const TrainingBatch first = batch();
  TrainingBatch turned{first.image.flip(0).contiguous(), first.labels.flip(0).contiguous(), {first.sets.rbegin(), first.sets.rend()}, {first.presence.rbegin(), first.presence.rend()}, {first.cases.rbegin(), first.cases.rend()}};
  EXPECT_NEAR(loss_of(options, turned), loss_of(options, first), 1e-4);
}

TEST(MultimodalLoss, EveryTermCountsByItsWeight) {
  UNetOptions none = full_network();
  MultimodalOptions& off = none.multimodal;
  off.modality_dropout = 0;
  off.auxiliary_weight = off.contrastive_weight = off.anchor_weight = off.decorrelation_weight = 0;
  const TrainingBatch given = batch();
  const double base = loss_of(none, given);
  const auto added = [&](double MultimodalOptions::*weight, double value) {
    UNetOptions options = none;
    options.multimodal.*weight = value;
    return loss_of(options, given) - base;
  };
  for (double MultimodalOptions::*weight : {&MultimodalOptions::auxiliary_weight, &MultimodalOptions::contrastive_weight, &MultimodalOptions::anchor_weight, &MultimodalOptions::decorrelation_weight}) {
    const double once = added(weight, 1);
    EXPECT_GT(once, 0.01);
    EXPECT_NEAR(added(weight, 2), 2 * once, 1e-3 * once);
  }
}

TEST(MultimodalLoss, ComparesSharedChannelsAndFusesAll) {
  const torch::NoGradGuard no_graph;
  Segmenter segmenter = started(full_network());
  auto& net = dynamic_cast<MultimodalNetImpl&>(*segmenter.net().module);
  const TrainingBatch given = batch();
  std::vector<ModalityFeatures> features = net.encode(given.image, given.presence);
  const at::Tensor compared = net.project(0, features[0]), fused = net.fuse(features, given.presence).back();
  features[0].levels.back() = features[0].levels.back().clone();
  net.own(features[0]).add_(1);
  EXPECT_TRUE(torch::equal(net.project(0, features[0]), compared));
  EXPECT_FALSE(torch::allclose(net.fuse(features, given.presence).back(), fused));
  net.shared(features[0]).mul_(-1);
  EXPECT_FALSE(torch::allclose(net.project(0, features[0]), compared));
}

TEST(MultimodalLoss, PatchesOfOneStudyAreNotToldFromOneAnother) {
  UNetOptions options = full_network();
  MultimodalOptions& m = options.multimodal;
  m.modality_dropout = m.auxiliary_weight = m.anchor_weight = m.decorrelation_weight = 0;
  m.contrastive_weight = 1;
  TrainingBatch given = batch();
  std::iota(given.cases.begin(), given.cases.end(), 0);
  const double strangers = loss_of(options, given);
  std::fill(given.cases.begin(), given.cases.end(), 0);
  EXPECT_LT(loss_of(options, given), strangers - 0.1) << "a place is told from those of its own patch only";
}

TEST(MultimodalLoss, ClassMeansAreOfTheFusedFeatures) {
  UNetOptions options = small_network();
  options.multimodal.modality_dropout = 0;
  Segmenter segmenter(options, Rng(3));
  auto& net = dynamic_cast<MultimodalNetImpl&>(*segmenter.net().module);
  MultimodalLoss loss(net, {.gathers_means = true});
  const TrainingBatch given = batch();
  Rng rng(4);
  loss.of(given, {}, rng);
  const torch::NoGradGuard no_graph;
  const at::Tensor fused = net.fuse(net.encode(given.image, given.presence), given.presence).back();
  for (std::int64_t c = 0; c < 2; ++c) {
    at::Tensor sum = torch::zeros({16});
    int samples = 0;
    for (std::int64_t n = 0; n < fused.size(0); ++n) {
      const at::Tensor share = torch::avg_pool3d((given.labels[n] == c).to(torch::kFloat32).unsqueeze(0).unsqueeze(0), 4)[0][0];
      if (share.sum().item<float>() == 0) continue;
      sum += (fused[n] * share).sum({1, 2, 3}) / share.sum();
      ++samples;
    }
    ASSERT_GT(samples, 0);
    EXPECT_TRUE(torch::allclose(torch::tensor(loss.class_means().at(c)), sum / samples, 1e-4, 1e-5)) << "class " << c;
  }
}

TEST(MultimodalFit, WhatDoesNotGoTogetherIsRefusedByName) {
  const auto refusal = [](const UNetOptions& network, const std::vector<TrainingCase>& cases, const FitOptions& options = kShort, const PrivateSteps& privacy = {}) {
    Segmenter segmenter(network, Rng(3));
    try {
      fit(segmenter, cases, {0, 1, 1}, options, Rng(5), nullptr, {}, {}, nullptr, privacy);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_THAT(refusal({.in_channels = 4, .out_channels = 2, .filters = {4, 8}}, mixed()), AllOf(HasSubstr("case ball 2"), HasSubstr("model.multimodal.modalities")));
  EXPECT_THAT(refusal(small_network(), {ball(1, {true, true, true, false})}), AllOf(HasSubstr("case ball 1"), HasSubstr("1 of the 2 channels of MR")));
  EXPECT_THAT(refusal(small_network(), {ball(1, {false, false, false, false})}), HasSubstr("none of the network's modalities"));
  UNetOptions regions = small_network();
  regions.out_channels = 3;
  regions.multimodal.fusion = Fusion::kRegion;
  FitOptions of_regions = kShort;
  of_regions.regions = true;
  EXPECT_THAT(refusal(regions, mixed(), of_regions), HasSubstr("fit.regions"));
  const PrivateSteps privacy{.clip = 1, .uniform = [] { return 0.5; }, .normal = [] { return 0.0; }};
  EXPECT_THAT(refusal(small_network(), mixed(), kShort, privacy), HasSubstr("model.multimodal.contrastive_weight"));
}

TEST(MultimodalFit, PrivateStepsSendNoMeansOfClasses) {
  UNetOptions network = small_network();
  network.multimodal.contrastive_weight = 0;
  Segmenter segmenter(network, Rng(3));
  const std::vector<TrainingCase> cases{ball(1), ball(4, channels(true, false, true))};
  const auto before = digests_by_group(segmenter);
  Rng noise(8);
  const FitReport report = fit(segmenter, cases, {0, 2, 2}, kShort, Rng(5), nullptr, {}, {}, nullptr, {.clip = 1, .uniform = [&] { return noise.uniform(); }, .normal = [&] { return noise.normal(); }});
  EXPECT_TRUE(report.class_means.empty());
  EXPECT_NE(digests_by_group(segmenter).at("stem.PET"), before.at("stem.PET"));
}

TEST(MultimodalFit, RegionsPartialLabelsAndEveryFusionTrain) {
  at::set_num_threads(1);
  for (const Fusion fusion : {Fusion::kGated, Fusion::kHemis, Fusion::kRegion, Fusion::kExperts}) {
    UNetOptions network = full_network();
    network.multimodal.fusion = fusion;
    network.deep_supervision = 1;
    network.out_channels = 4;
    std::vector<TrainingCase> cases = mixed();
    cases[0].sets.set_of_class = {0, 1, 1, 1};
    Segmenter segmenter = started(network);
    EXPECT_TRUE(std::isfinite(fit(segmenter, cases, {0, 2, 2}, kShort, Rng(5)).last_loss));
  }
  UNetOptions network = full_network();
  network.out_channels = 3;
  FitOptions options = kShort;
  options.regions = true;
  options.precision = Precision::kBfloat16;
  Segmenter segmenter = started(network);
  const FitReport report = fit(segmenter, mixed(), {0, 2, 2}, options, Rng(5));
  EXPECT_THAT(report.class_means, testing::ElementsAre(testing::Key("0"), testing::Key("1"))) << "WT and TC hold label 1, ET has none";
}

TEST(MultimodalFit, LearnsToFindABallInEverySubset) {
  at::set_num_threads(1);
  const std::vector<TrainingCase> cases{ball(1), ball(2), ball(3, channels(true, true, false)), ball(4, channels(false, false, true))};
  Segmenter segmenter(small_network(), Rng(3));
  FitOptions options{.patch = {16, 16, 16}, .batch = 2};
  options.optimiser.learning_rate = 5e-3;
  fit(segmenter, cases, {0, 90, 90}, options, Rng(7));
  const TrainingCase unseen = ball(9);
  const at::Tensor image = torch::tensor(unseen.image).view({4, 16, 16, 16});
  const at::Tensor truth = torch::tensor(std::vector<int>(unseen.labels.begin(), unseen.labels.end())).view({16, 16, 16}) > 0;
  for (int bits = 1; bits < 8; ++bits) {
    const auto present = channels((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
    const at::Tensor predicted = predict_probabilities(segmenter, image, {.patch = {16, 16, 16}}, present)[1] > 0.5;
    const double overlap = (predicted & truth).sum().item<double>(), total = predicted.sum().item<double>() + truth.sum().item<double>();
    EXPECT_GT(2 * overlap / total, 0.7) << "subset " << bits;
  }
}

/// Balls at different places and of different sizes: what CT and PET of one study have in common, and of two studies not.
TEST(MultimodalFit, TheContrastiveLossBringsModalitiesOfOneStudyTogether) {
  at::set_num_threads(1);
  std::vector<TrainingCase> cases;
  for (int n = 0; n < 8; ++n) cases.push_back(ball(static_cast<std::uint64_t>(20 + n), channels(true, true, false), 0, 2 + 0.7 * n));
  const WindowOptions window{.patch = {16, 16, 16}};
  const auto found = [&](const Segmenter& segmenter) {
    std::vector<at::Tensor> ct, pet;
    for (const TrainingCase& sample : cases) {
      const at::Tensor image = torch::tensor(sample.image).view({4, 16, 16, 16});
      ct.push_back(embedding(segmenter, image, sample.present, "CT", window));
      pet.push_back(embedding(segmenter, image, sample.present, "PET", window));
    }
    const auto unlike_others = [](const std::vector<at::Tensor>& images) {
      const at::Tensor all = torch::stack(images);
      return torch::nn::functional::normalize(all - all.mean(0, true));
    };
    const at::Tensor nearest = torch::matmul(unlike_others(ct), unlike_others(pet).t()).argmax(1);
    return (nearest == torch::arange(8)).sum().item<std::int64_t>();
  };
  UNetOptions network = small_network();
  network.multimodal.contrastive_weight = 1;
  Segmenter segmenter(network, Rng(3));
  EXPECT_LE(found(segmenter), 3) << "by chance it is one of eight";
  FitOptions options{.patch = {16, 16, 16}, .batch = 4};
  options.optimiser.learning_rate = 5e-3;
  options.augment = {.rotate_chance = 0, .intensity_chance = 0, .noise_chance = 0};
  fit(segmenter, cases, {0, 100, 100}, options, Rng(7));
  EXPECT_GE(found(segmenter), 5) << "five times chance";
}

TEST(MultimodalFit, AttackedImagesHaveAWorseLoss) {
  Segmenter segmenter = started(small_network());
  const AttackedCase attacked = attack_case(segmenter, ball(2, channels(true, true, false), kNan), {16, 16, 16}, false, {.eps = 0.1, .steps = 1}, Rng(1));
  EXPECT_GT(attacked.loss_after, attacked.loss_before);
}

}  // namespace
}  // namespace consilium::models
