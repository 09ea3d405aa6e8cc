#include "pipelines/personal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/refusal.h"

namespace consilium::pipelines {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ModelState model(float value) {
  return {{{"down.conv.weight", "trunk", {2}, {value, value}}, {"down.norm1.bias", "trunk", {1}, {value + 1}}, {"down.norm1.weight", "trunk", {1}, {value + 2}}, {"output_block.bias", "head", {1}, {value + 3}}}};
}

TEST(Personal, PatternsChooseTensorsByName) {
  EXPECT_THAT(personal_tensors({"*.norm?.*"}, model(0)), ElementsAre(1, 2));
  EXPECT_THAT(personal_tensors({"output_block.*", "*.norm1.bias"}, model(0)), ElementsAre(1, 3));
  EXPECT_THAT(personal_tensors({}, model(0)), ElementsAre());
}

/// Elsewhere, local normalisation in a network without such layers is plain FedAvg, and nobody is told.
TEST(Personal, APatternThatFitsNothingIsAnError) {
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { personal_tensors({"*.norm?.*", "*.batch_norm.*"}, model(0)); }), HasSubstr("\"*.batch_norm.*\""));
  EXPECT_THAT(test::refusal(ErrorCode::kUsage, [] { personal_tensors({"*"}, model(0)); }), HasSubstr("nothing be shared"));
}

TEST(Personal, ASiteFindsItsOwnTensorsInTheGlobalModelAgain) {
  const TemporaryFolder folder;
  const PersonalTensors personal({"*.norm?.*"}, folder.path());
  EXPECT_EQ(personal.put_into(model(7), 3), model(7)) << "nothing is kept yet";
  personal.save(model(100), 1);
  personal.save(model(200), 3);
  ModelState expected = model(7);
  expected.tensors[1].values = {101};
  expected.tensors[2].values = {102};
  EXPECT_EQ(personal.put_into(model(7), 1), expected);
  EXPECT_EQ(personal.put_into(model(7), 2), expected) << "absent in round 2: the tensors of round 1";
  EXPECT_EQ(personal.put_into(model(7), 0), model(7));
  expected.tensors[1].values = {201};
  expected.tensors[2].values = {202};
  EXPECT_EQ(personal.put_into(model(7), 9), expected);
}

TEST(Personal, WhatIsSharedIsTheRest) {
  const ModelState shared = PersonalTensors({"*.norm?.*"}, "nowhere").without(model(1));
  ASSERT_EQ(shared.tensors.size(), 2U);
  EXPECT_EQ(shared.tensors[0].name, "down.conv.weight");
  EXPECT_EQ(shared.tensors[1].name, "output_block.bias");
}

TEST(Personal, TensorsOfAnotherModelAreRefused) {
  const TemporaryFolder folder;
  PersonalTensors({"*.norm?.*"}, folder.path()).save(model(1), 1);
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { PersonalTensors({"output_block.*"}, folder.path()).put_into(model(1), 1); }), HasSubstr("personal_after_1.safetensors"));
  EXPECT_THAT(test::refusal(ErrorCode::kMismatch, [&] { PersonalTensors({"*.norm1.bias", "output_block.*"}, folder.path()).put_into(model(1), 1); }), HasSubstr("output_block.bias"));
}

}  // namespace
}  // namespace consilium::pipelines
