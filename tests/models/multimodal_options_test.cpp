#include "models/multimodal_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/unet3d.h"

namespace consilium::models {
namespace {

UNetOptions parse(const Json& json, int in_channels = 3) {
  UNetOptions options{.in_channels = in_channels};
  SettingsReader reader(json, "model");
  read_unet_options(reader, options);
  reader.finish();
  return options;
}

Json modalities() { return {{{"name", "CT"}}, {{"name", "MR"}, {"channels", 2}}}; }

std::string refusal(const Json& multimodal) {
  try {
    parse({{"multimodal", multimodal}});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  return "nothing was refused";
}

TEST(MultimodalOptions, WrittenAndReadAreTheSame) {
  const UNetOptions options = parse({{"multimodal", {{"modalities", modalities()}, {"fusion", "region"}, {"attention", true}, {"temperature", 0.2}, {"shared_share", 0.75}}}});
  EXPECT_EQ(options.multimodal.modalities, (std::vector<ModalityOptions>{{"CT", 1}, {"MR", 2}}));
  EXPECT_EQ(options.multimodal.fusion, Fusion::kRegion);
  EXPECT_EQ(parse(to_json(options)), options);
  EXPECT_NE(options, parse({{"multimodal", {{"modalities", modalities()}}}}));
}

TEST(MultimodalOptions, AModelWrittenWithoutThemIsThePlainNetwork) {
  EXPECT_TRUE(parse({{"filters", {8, 16}}}).multimodal.modalities.empty());
  EXPECT_EQ(parse(Json::object()).multimodal, MultimodalOptions{});
}

TEST(MultimodalOptions, WhatMakesNoNetworkIsRefused) {
  using testing::HasSubstr;
  EXPECT_THAT(refusal({{"modalities", {{{"name", "CT"}}}}}), HasSubstr("1 channels together, the network has 3"));
  EXPECT_THAT(refusal({{"modalities", {{{"name", "CT"}}, {{"name", "CT"}, {"channels", 2}}}}}), HasSubstr("CT is named twice"));
  EXPECT_THAT(refusal({{"modalities", {{{"name", "C.T"}}, {{"name", "MR"}, {"channels", 2}}}}}), HasSubstr("letters, digits"));
  EXPECT_THAT(refusal({{"modalities", {{{"name", "CT"}, {"channels", 0}}, {{"name", "MR"}, {"channels", 3}}}}}), HasSubstr("CT has 1 to 64 channels"));
  EXPECT_THAT(refusal({{"fusion", "gatd"}}), HasSubstr("gated"));
  EXPECT_THAT(refusal({{"modality_dropout", 1}}), HasSubstr("modality_dropout"));
  EXPECT_THAT(refusal({{"temperature", 0}}), HasSubstr("temperature"));
  EXPECT_THAT(refusal({{"shared_share", 0}}), HasSubstr("shared_share"));
  EXPECT_THAT(refusal({{"anchor_weight", -1}}), HasSubstr("anchor_weight"));
  EXPECT_THAT(refusal({{"temprature", 1}}), HasSubstr("temperature"));
}

}  // namespace
}  // namespace consilium::models
