#include "models/segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.h"
#include "models/segmenter_net.h"
#include "models/state/safetensors.h"

namespace consilium::models {
namespace {

UNetOptions small() { return {.in_channels = 2, .out_channels = 3, .filters = {4, 6, 8, 10}, .deep_supervision = 2}; }

at::Tensor to_tensor(const NamedTensor& t) { return torch::from_blob(const_cast<float*>(t.values.data()), t.shape, torch::kFloat32).clone(); }

TEST(Segmenter, GivesTheLogitsOfMonaisDynUnet) {
  constexpr double kTolerance = 1e-4;
  const ModelFile fixture = read_safetensors(std::string(CONSILIUM_SOURCE_DIR) + "/tests/models/fixtures/dynunet.safetensors");
  ModelState weights;
  at::Tensor input;
  std::vector<at::Tensor> expected(3);
  for (const NamedTensor& tensor : fixture.state.tensors) {
    if (tensor.name == "fixture.input") {
      input = to_tensor(tensor);
    } else if (tensor.name.starts_with("fixture.logits")) {
      expected[static_cast<std::size_t>(tensor.name.back() - '0')] = to_tensor(tensor);
    } else {
      weights.tensors.push_back(tensor);
    }
  }
  Segmenter segmenter(small(), Rng(1));
  segmenter.load(weights);
  const auto outputs = segmenter.logits(input);
  ASSERT_EQ(outputs.size(), 3U);
  for (std::size_t n = 0; n < 3; ++n) {
    ASSERT_EQ(outputs[n].sizes(), expected[n].sizes());
    EXPECT_GT(expected[n].abs().max().item<double>(), 0.5) << "the fixture is worth comparing";
    EXPECT_LT((outputs[n] - expected[n]).abs().max().item<double>(), kTolerance) << "output " << n;
  }
}

TEST(Segmenter, SameSeedGivesTheSameWeights) {
  EXPECT_EQ(digest(Segmenter(small(), Rng(7)).state()), digest(Segmenter(small(), Rng(7)).state()));
  EXPECT_NE(digest(Segmenter(small(), Rng(7)).state()), digest(Segmenter(small(), Rng(8)).state()));
}

TEST(Segmenter, AStateLeavesAndComesBack) {
  const Segmenter first(small(), Rng(1));
  Segmenter second(small(), Rng(2));
  second.load(first.state());
  EXPECT_EQ(second.state(), first.state());
}

TEST(Segmenter, GroupsAreStemTrunkAndHead) {
  UNetOptions options = small();
  options.stem_group = "stem.ct";
  for (const NamedTensor& tensor : Segmenter(options, Rng(1)).state().tensors) {
    const bool stem = tensor.name.starts_with("input_block."), head = tensor.name.starts_with("output_block.") || tensor.name.starts_with("deep_");
    EXPECT_EQ(tensor.group, stem ? "stem.ct" : head ? "head" : "trunk") << tensor.name;
  }
}

TEST(Segmenter, WrongStatesAndImagesAreRefusedAndChangeNothing) {
  Segmenter segmenter(small(), Rng(1));
  const ModelState before = segmenter.state();
  const auto refusal = [&](const ModelState& state) {
    try {
      segmenter.load(state);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kMismatch);
      return std::string(error.what());
    }
    ADD_FAILURE() << "nothing was thrown";
    return std::string();
  };
  ModelState wrong = Segmenter(small(), Rng(2)).state();
  wrong.tensors.back().shape.front() += 1;
  EXPECT_THAT(refusal(wrong), testing::HasSubstr(wrong.tensors.back().name));
  wrong.tensors.pop_back();
  EXPECT_THAT(refusal(wrong), testing::HasSubstr("is missing"));
  EXPECT_EQ(segmenter.state(), before);
  EXPECT_THROW(segmenter.logits(torch::zeros({1, 3, 16, 16, 16})), Error);
  EXPECT_THROW(segmenter.logits(torch::zeros({1, 2, 16, 12, 16})), Error);
}

TEST(UNetOptions, AnUnknownKeyNamesTheNearestOne) {
  UNetOptions options;
  try {
    const Json json{{"filtres", {8, 16}}};
    SettingsReader typo(json, "model");
    read_unet_options(typo, options);
    typo.finish();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("filters"));
  }
}

/// Running statistics and counters of batches are what other federations forget to average, or average to nonsense. This network has none: every value
/// it learns is a float32 parameter of its state.
TEST(Segmenter, TheNetworkHasNoBuffersThatAFederationCouldForget) {
  Segmenter segmenter(small(), Rng(1));
  EXPECT_TRUE(segmenter.net().module->named_buffers().is_empty());
  EXPECT_EQ(segmenter.state().tensors.size(), segmenter.net().module->named_parameters().size());
  for (const auto& entry : segmenter.net().module->named_parameters()) EXPECT_EQ(entry.value().scalar_type(), torch::kFloat32) << entry.key();
}

}  // namespace
}  // namespace consilium::models
