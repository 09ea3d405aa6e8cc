#include "fl/compress/round_encoder.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "base/files.h"
#include "tests/fl/compress/deltas.h"
#include "tests/support/refusal.h"

namespace consilium::fl {
namespace {

RoundPlan plan_of(std::int64_t round, const CompressionSettings& settings) {
  return {round, 10, "digest of " + std::to_string(round), "{}", settings};
}

TEST(RoundEncoder, ARoundThatIsRepeatedGivesTheSameBytes) {
  for (const CompressionSettings& settings :
       {CompressionSettings{.codec = Codec::kTopK}, CompressionSettings{.codec = Codec::kPowerSgd, .rank = 2},
        CompressionSettings{.codec = Codec::kStochastic}}) {
    const TemporaryFolder folder;
    std::vector<std::string> first;
    for (int round = 0; round < 4; ++round) {
      const auto encode = [&] {
        const ModelState delta = test::heavy_tailed_delta(50 + 10 * static_cast<std::uint64_t>(round));
        return RoundEncoder("east", folder.path()).encode(plan_of(round, settings), delta, test::layout()).value();
      };
      first.push_back(encode());
      EXPECT_EQ(encode(), first.back()) << "killed after the memory was written, before the update was";
    }
  }
}

TEST(RoundEncoder, WhatWasLeftOutComesInTheNextRound) {
  const TemporaryFolder folder;
  const CompressionSettings settings{.codec = Codec::kTopK};
  const RoundEncoder encoder("east", folder.path());
  const ModelState global = test::layout();
  encoder.encode(plan_of(0, settings), test::heavy_tailed_delta(60), global);
  const std::string bytes = encoder.encode(plan_of(1, settings), global, global).value();  // nothing new: all that comes is old
  EXPECT_GT(test::norm(test::all_values(DeltaDecoder(ByteSource::of_bytes(bytes), global, "bytes").decode_all())), 0);
}

TEST(RoundEncoder, LeavesToOthersWhatNoCodecTakesAndWhatHasNone) {
  const TemporaryFolder folder;
  const RoundEncoder encoder("east", folder.path());
  ModelState delta = test::heavy_tailed_delta(65);
  EXPECT_FALSE(encoder.encode(plan_of(0, {}), delta, test::layout()).has_value());
  delta.tensors[1].values[0] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(encoder.encode(plan_of(0, {.codec = Codec::kTopK}), delta, test::layout()).has_value());
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(RoundEncoder, SomeRoundsMayBeMissedButNotMany) {
  const CompressionSettings settings{.codec = Codec::kTopK};
  const auto is_remembered = [&](std::int64_t round) {
    const TemporaryFolder folder, other;
    const RoundEncoder encoder("east", folder.path()), fresh("east", other.path());
    const ModelState delta = test::heavy_tailed_delta(80);
    encoder.encode(plan_of(0, settings), test::heavy_tailed_delta(70), test::layout());
    return encoder.encode(plan_of(round, settings), delta, test::layout()) !=
           fresh.encode(plan_of(round, settings), delta, test::layout());
  };
  EXPECT_TRUE(is_remembered(1));
  EXPECT_TRUE(is_remembered(1 + kMostMissedRounds)) << "as when sites take turns";
  EXPECT_FALSE(is_remembered(2 + kMostMissedRounds));
}

TEST(RoundEncoder, KeepsTwoRoundsOfMemoryAndNoneWhereNoneIsNeeded) {
  const TemporaryFolder folder, other;
  for (int round = 0; round < 5; ++round) {
    RoundEncoder("east", folder.path())
        .encode(plan_of(round, {.codec = Codec::kSign}), test::heavy_tailed_delta(90), test::layout());
    RoundEncoder("east", other.path())
        .encode(plan_of(round, {.codec = Codec::kInt8}), test::heavy_tailed_delta(90), test::layout());
  }
  std::set<std::string> names;
  for (const auto& file : fs::directory_iterator(folder.path())) names.insert(file.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"feedback_after_3.safetensors", "feedback_after_4.safetensors"}));
  EXPECT_TRUE(fs::is_empty(other.path()));
}

TEST(RoundEncoder, AMemoryOfAnotherModelIsRefused) {
  const TemporaryFolder folder;
  write_error_feedback(folder.path() / "feedback_after_0.safetensors",
                       {.residual = {{{"conv.weight", "trunk", {2}, {1, 2}}}}, .factors = {}});
  const auto encode = [&] {
    RoundEncoder("east", folder.path()).encode(plan_of(1, {.codec = Codec::kTopK}), test::heavy_tailed_delta(95), test::layout());
  };
  EXPECT_NE(test::refusal(ErrorCode::kMismatch, encode).find("conv.weight"), std::string::npos);
  write_file(folder.path() / "feedback_after_0.safetensors", "damaged");
  test::refusal(ErrorCode::kCorruptData, encode);
}

}  // namespace
}  // namespace consilium::fl
