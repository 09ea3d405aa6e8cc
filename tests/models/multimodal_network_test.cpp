#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <limits>

#include "base/error.h"
#include "models/features.h"
#include "models/predict.h"
#include "models/segmenter.h"
#include "tests/models/multimodal_case.h"

namespace consilium::models {
namespace {

using test::channels;
using test::small_network;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

at::Tensor image(std::int64_t samples, std::uint64_t seed = 1) {
  torch::manual_seed(seed);
  return torch::randn({samples, 4, 8, 8, 8});
}

UNetOptions with(Fusion fusion) {
  UNetOptions options = small_network();
  options.multimodal.fusion = fusion;
  return options;
}

class EveryFusion : public testing::TestWithParam<Fusion> {};
INSTANTIATE_TEST_SUITE_P(Fusions, EveryFusion, testing::Values(Fusion::kGated, Fusion::kHemis, Fusion::kRegion, Fusion::kExperts));

TEST(MultimodalNetwork, HasTheParametersThatTheDesignCounts) {
  UNetOptions options{.in_channels = 3, .out_channels = 4, .filters = {8, 16, 32, 64}};
  options.multimodal.modalities = {{"CT", 1}, {"MR", 1}, {"PET", 1}};
  const Segmenter segmenter(options, Rng(1));
  std::map<std::string, std::int64_t> counts;
  for (const NamedTensor& tensor : segmenter.state().tensors) counts[tensor.group] += static_cast<std::int64_t>(tensor.values.size());
  // The design's 827,224 less 56 biases of transposed convolutions, which this decoder, as the plain network's, has none of, and less 3 x 64 x 32 weights of projectors, which see half of the channels.
  EXPECT_EQ(counts["stem.CT"], 220152);
  EXPECT_EQ(counts["projector.MR"], 8320 - 64 * 32);
  EXPECT_EQ(counts["fusion"] + counts["fusion.several"] + counts["trunk"] + counts["head"], 141808 - 56);
  EXPECT_EQ(counts["head.single"], 4 * (8 + 16 + 32 + 64) + 4 * 4);
  EXPECT_EQ(counts["anchors.3"], 64);
  EXPECT_EQ(counts.size(), 3U + 3 + 4 + 1 + 4);
}

TEST(MultimodalNetwork, AStateLeavesAndComesBackAndASeedGivesTheSameBytes) {
  UNetOptions options = small_network();
  options.multimodal.attention = true;
  const Segmenter first(options, Rng(1));
  Segmenter second(options, Rng(2));
  EXPECT_NE(digest(second.state()), digest(first.state()));
  second.load(first.state());
  EXPECT_EQ(second.state(), first.state());
  EXPECT_EQ(digest(Segmenter(options, Rng(1)).state()), digest(first.state()));
}

TEST_P(EveryFusion, WhatAnAbsentChannelHoldsChangesNothing) {
  const Segmenter segmenter(with(GetParam()), Rng(1));
  const at::Tensor x = image(2);
  const Presence presence{{true, false, true}, {false, true, false}};
  at::Tensor spoiled = x.clone();
  spoiled[0][1].fill_(kNan);
  spoiled[1][0].fill_(1e30F);
  spoiled[1].narrow(0, 2, 2).fill_(kNan);
  EXPECT_TRUE(torch::equal(segmenter.logits(x, presence)[0], segmenter.logits(spoiled, presence)[0]));
}

TEST_P(EveryFusion, ASampleIsTheSameInEveryCompanyAndOrder) {
  constexpr double kRounding = 1e-5;  // one convolution of several samples sums in another order
  const Segmenter segmenter(with(GetParam()), Rng(1));
  const at::Tensor x = image(4);
  const Presence presence{{true, true, true}, {true, false, false}, {true, true, true}, {false, false, true}};
  const at::Tensor together = segmenter.logits(x, presence)[0];
  for (std::int64_t n = 0; n < 4; ++n) {
    const at::Tensor by_itself = segmenter.logits(x.narrow(0, n, 1), {presence[static_cast<std::size_t>(n)]})[0];
    EXPECT_LT((together[n] - by_itself[0]).abs().max().item<double>(), kRounding) << "sample " << n;
  }
  EXPECT_GT((together[0] - together[2]).abs().max().item<double>(), 0.01);
}

TEST_P(EveryFusion, EverySubsetHasALogitOfItsOwn) {
  const Segmenter segmenter(with(GetParam()), Rng(1));
  const at::Tensor x = image(1);
  std::vector<at::Tensor> seen;
  for (int bits = 1; bits < 8; ++bits) {
    seen.push_back(segmenter.logits(x, {{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0}})[0]);
    EXPECT_TRUE(torch::isfinite(seen.back()).all().item<bool>()) << bits;
    for (std::size_t other = 0; other + 1 < seen.size(); ++other) EXPECT_FALSE(torch::allclose(seen[other], seen.back(), 1e-3, 1e-3)) << bits << " and " << other + 1;
  }
  EXPECT_TRUE(torch::equal(segmenter.logits(x)[0], seen.back())) << "nothing said: all are there";
}

TEST_P(EveryFusion, GatesOfThoseThatAreThereAddUpToOne) {
  const Segmenter segmenter(with(GetParam()), Rng(1));
  const auto gates = gate_weights(segmenter, image(1)[0], channels(true, false, true), {.patch = {8, 8, 8}});
  ASSERT_EQ(gates.size(), 6U);
  for (const char* level : {"0", "1", "2"}) {
    const double ct = gates.at(std::string("CT.") + level), mr = gates.at(std::string("MR.") + level);
    EXPECT_NEAR(ct + mr, 1, 1e-5);
    EXPECT_GT(std::min(ct, mr), 0);
  }
  EXPECT_NEAR(gate_weights(segmenter, image(1)[0], channels(false, true, false), {.patch = {8, 8, 8}}).at("PET.2"), 1, 1e-5);
}

TEST(MultimodalNetwork, PredictionLeavesOutWhatIsNotPresent) {
  const Segmenter segmenter(small_network(), Rng(1));
  const at::Tensor x = image(1)[0];
  at::Tensor spoiled = x.clone();
  spoiled[1].fill_(kNan);
  const WindowOptions window{.patch = {8, 8, 8}};
  const at::Tensor some = predict_probabilities(segmenter, x, window, channels(true, false, true));
  EXPECT_TRUE(torch::equal(some, predict_probabilities(segmenter, spoiled, window, channels(true, false, true))));
  EXPECT_FALSE(torch::allclose(some, predict_probabilities(segmenter, x, window)));
  at::Tensor zeros = x.clone();
  zeros[1].zero_();
  EXPECT_FALSE(torch::allclose(some, predict_probabilities(segmenter, zeros, window))) << "absent is not zero";
}

TEST(MultimodalNetwork, APlainNetworkSeesZerosWhereAChannelIsAbsent) {
  const Segmenter segmenter({.in_channels = 2, .out_channels = 2, .filters = {4, 8}}, Rng(1));
  const at::Tensor x = image(1)[0].narrow(0, 0, 2);
  at::Tensor zeros = x.clone();
  zeros[1].zero_();
  const WindowOptions window{.patch = {8, 8, 8}};
  EXPECT_TRUE(torch::equal(predict_probabilities(segmenter, x, window, {true, false}), predict_probabilities(segmenter, zeros, window)));
}

TEST(MultimodalNetwork, EmbeddingsAreUnitVectorsOfOneModality) {
  const Segmenter segmenter(small_network(), Rng(1));
  const at::Tensor x = image(1)[0];
  at::Tensor spoiled = x.clone();
  spoiled[0].fill_(kNan);
  const WindowOptions window{.patch = {8, 8, 8}};
  const at::Tensor pet = embedding(segmenter, x, {}, "PET", window);
  EXPECT_EQ(pet.sizes(), at::IntArrayRef({4096}));
  EXPECT_NEAR(pet.norm().item<double>(), 1, 1e-5);
  EXPECT_TRUE(torch::equal(pet, embedding(segmenter, spoiled, channels(false, true, true), "PET", window)));
  EXPECT_THROW(embedding(segmenter, x, channels(false, true, true), "CT", window), Error);
  EXPECT_THROW(embedding(segmenter, x, {}, "US", window), Error);
}

/// A place counts in the cell in which its middle lies: windows that overlap in their common cells, padding nowhere.
TEST(MultimodalNetwork, EmbeddingsAreOfPlacesWithinTheImage) {
  const Segmenter segmenter(small_network(), Rng(1));
  const auto told = [&](std::int64_t depth) {
    const at::Tensor x = torch::randn({4, depth, 8, 8});
    return (embedding(segmenter, x, {}, "CT", {.patch = {8, 8, 8}}).view({-1, 64}).norm(2, 1) > 0).nonzero().squeeze(1);
  };
  // Places lie 4 voxels apart: two along 8 voxels, in the cells 1 and 3 of 4.
  EXPECT_TRUE(torch::equal(told(8), torch::tensor({21, 23, 29, 31, 53, 55, 61, 63})));
  EXPECT_TRUE(torch::equal(told(4), torch::tensor({37, 39, 45, 47}))) << "one place within the image, in cell 2 of 4; the other is padding";
  EXPECT_EQ(told(16).size(0), 16) << "four along it, of three windows";
}

TEST(MultimodalNetwork, ClassFeaturesAreOfOneModality) {
  const Segmenter segmenter(small_network(), Rng(1));
  const at::Tensor x = image(1)[0];
  std::vector<std::uint8_t> labels(512, 0);
  std::fill(labels.begin(), labels.begin() + 256, 2);
  at::Tensor spoiled = x.clone();
  spoiled[0].fill_(kNan);
  const WindowOptions window{.patch = {8, 8, 8}};
  const auto means = class_features(segmenter, x, labels, {}, "MR", window);
  EXPECT_THAT(means, testing::ElementsAre(testing::Key("0"), testing::Key("2")));
  EXPECT_NE(means.at("0"), means.at("2"));
  EXPECT_EQ(means, class_features(segmenter, spoiled, labels, channels(false, true, true), "MR", window));
}

TEST(MultimodalNetwork, WithoutAnchorsAttentionChangesNothingAndAnUntrainedOneNeither) {
  UNetOptions options = small_network();
  options.multimodal.attention = true;
  Segmenter segmenter(options, Rng(1));
  const at::Tensor x = image(1), before = segmenter.logits(x)[0];
  ModelState state = segmenter.state();
  for (NamedTensor& tensor : state.tensors)
    if (tensor.name == "anchors.1") std::fill(tensor.values.begin(), tensor.values.end(), 0.5F);
  segmenter.load(state);
  EXPECT_TRUE(torch::equal(segmenter.logits(x)[0], before)) << "the last layer begins with zeros";
  for (NamedTensor& tensor : state.tensors)
    if (tensor.name == "attention.out.weight") std::fill(tensor.values.begin(), tensor.values.end(), 0.1F);
  segmenter.load(state);
  EXPECT_FALSE(torch::allclose(segmenter.logits(x)[0], before));
}

TEST(MultimodalNetwork, HowLongAnAnchorIsDoesNotReachTheFeatures) {
  UNetOptions options = small_network();
  options.multimodal.attention = true;
  Segmenter segmenter(options, Rng(1));
  ModelState state = segmenter.state();
  const auto logits_with = [&](float length) {
    for (NamedTensor& tensor : state.tensors) {
      if (tensor.name == "attention.out.weight") std::fill(tensor.values.begin(), tensor.values.end(), 0.1F);
      if (!tensor.name.starts_with("anchors.")) continue;
      for (std::size_t n = 0; n < tensor.values.size(); ++n) tensor.values[n] = length * (tensor.name == "anchors.1" ? 1.0F + static_cast<float>(n) : 1.0F);
    }
    segmenter.load(state);
    return segmenter.logits(image(1))[0];
  };
  const at::Tensor once = logits_with(1);
  EXPECT_TRUE(torch::allclose(logits_with(1000), once, 1e-4, 1e-5));
}

TEST(MultimodalNetwork, PrivateChannelsAreFusedAndNotCompared) {
  const Segmenter segmenter(small_network(), Rng(1));
  int met = 0;
  for (const NamedTensor& tensor : segmenter.state().tensors) {
    const bool fuses = tensor.name == "fusion.2.mix.conv.weight" || tensor.name == "fusion.2.spread.conv.weight" || tensor.name == "fusion.2.gate.conv.weight";
    if (!fuses && tensor.name != "projectors.CT.first.weight") continue;
    EXPECT_EQ(tensor.shape[1], fuses ? 16 : 8) << tensor.name;
    ++met;
  }
  EXPECT_EQ(met, 4);
}

TEST(MultimodalNetwork, WhatIsNoSubsetOfTheModalitiesIsRefused) {
  const Segmenter segmenter(small_network(), Rng(1));
  const auto refusal = [&](const std::vector<bool>& present) {
    try {
      predict_probabilities(segmenter, image(1)[0], {.patch = {8, 8, 8}}, present);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kMismatch);
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_THAT(refusal({true, true, true, false}), testing::HasSubstr("1 of the 2 channels of MR"));
  EXPECT_THAT(refusal({false, false, false, false}), testing::HasSubstr("none of the network's modalities"));
  EXPECT_THAT(refusal({true}), testing::HasSubstr("says of 1 channels"));
  EXPECT_THROW(segmenter.logits(image(2), {{true, true, true}}), Error);
}

}  // namespace
}  // namespace consilium::models
